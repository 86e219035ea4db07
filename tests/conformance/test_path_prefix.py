"""A gateway below a path of its host, behind a real nginx that takes it off or not."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx
import pytest
from tests.conformance.test_proxy import PASSWORD, SECONDS, kept_ports, proxy
from tests.support import needs
from tests.support.gateway import command_here, running
from tests.support.gridded import write_ensemble
from typing_extensions import override

PREFIX = "/centre/gateway"
SETTINGS = """
[gateway]
listen = "127.0.0.1:{inner}"
state = "state"
url = "http://127.0.0.1:{port}{prefix}"
trusted_proxies = ["127.0.0.1"]
[identity]
owner = "ada"
[[systems]]
name = "local"
home = "home"
root = "home"
[[datasets]]
id = "ensemble"
source = "ensemble.nc"
"""
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off;
    {temporary}
    client_max_body_size 0;
    server {{
        listen 127.0.0.1:{port};
        location {prefix}/ {{
            proxy_pass http://127.0.0.1:{inner}{stripped};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_buffering off;
        }}
    }}
}}
"""


@pytest.fixture(scope="module", params=["passed on", "taken off"])
def url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The gateway's address, below a path that nginx passes on or takes off."""
    nginx = needs.program("nginx", "nginx-light")
    folder = tmp_path_factory.mktemp("prefix")
    (folder / "home").mkdir()
    write_ensemble(folder / "ensemble.nc")
    config = folder / "gatewright.toml"
    with kept_ports(2) as (inner, port):
        config.write_text(SETTINGS.format(inner=inner, port=port, prefix=PREFIX))
        command_here(
            "user", "add", "--config", str(config), "ada", "--password-stdin",
            "--role", "owner", stdin=PASSWORD,
        )  # fmt: skip
        kinds = ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
        settings = NGINX.format(
            folder=folder,
            temporary="".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds),
            port=port,
            prefix=PREFIX,
            inner=inner,
            stripped="/" if request.param == "taken off" else "",
        )
        with (
            running(["serve", "--config", str(config)], folder / "state"),
            proxy(nginx, folder, settings, port),
        ):
            yield f"http://127.0.0.1:{port}{PREFIX}"


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(timeout=SECONDS) as opened:
        yield opened


def token(client: httpx.Client, url: str) -> dict[str, str]:
    """Sign in as a page does, and return the fields of a program with a token."""
    own = {"Sec-Fetch-Site": "same-origin", "X-Requested-With": "gatewright"}
    asked = {"user": "ada", "password": PASSWORD}
    begun = client.post(f"{url}/api/v1/session", json=asked, headers=own)
    assert begun.status_code == 201, begun.text
    assert f"; Path={PREFIX};" in begun.headers["set-cookie"]
    made = client.post(f"{url}/api/v1/tokens", json={"label": "test"}, headers=own)
    assert made.status_code == 201, made.text
    assert made.headers["location"].startswith(f"{PREFIX}/api/v1/tokens/")
    client.cookies.clear()
    return {"Authorization": f"Bearer {made.json()['token']}"}


class Links(HTMLParser):
    """Collects what a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [v for n, v in attrs if n in {"href", "src"} and v]


def test_every_link_of_the_pages_leads_somewhere(
    client: httpx.Client, url: str
) -> None:
    for page in ("/", "/docs/api", "/sign-in", "/data/ensemble", "/nothing/here"):
        answer = client.get(f"{url}{page}", headers={"Accept": "text/html"})
        assert answer.status_code == (404 if "nothing" in page else 200)
        links = Links()
        links.feed(answer.text)
        assert len(links.found) > 3
        for link in links.found:
            assert link.startswith((f"{PREFIX}/", "#")), link
            assert client.get(urljoin(url, link)).status_code in {200, 307}, link


def test_modules_import_one_another(client: httpx.Client, url: str) -> None:
    page = client.get(f"{url}/").text
    (script,) = re.findall(r'<script type="module" src="([^"]+)"', page)
    todo, seen = [urljoin(url, script)], set()
    while todo:
        address = todo.pop()
        if address in seen:
            continue
        seen.add(address)
        answer = client.get(address)
        assert answer.status_code == 200, address
        named = re.findall(r'(?:from|import) ?\(?"(\.[^"]+)"', answer.text)
        todo += [urljoin(address, name) for name in named]
    assert len(seen) > 20


def test_redirects_and_links_stay_below_the_path(
    client: httpx.Client, url: str
) -> None:
    assert client.get(f"{url}/docs").headers["location"] == f"{PREFIX}/docs/api"
    slash = client.get(f"{url}/api/v1/datasets/")
    assert slash.headers["location"] == f"{PREFIX}/api/v1/datasets"
    service = client.get(f"{url}/api/v1").json()
    assert service["links"]["datasets"] == f"{PREFIX}/api/v1/datasets"
    for link in service["links"].values():
        assert client.get(urljoin(url, link)).status_code in {200, 401}, link
    document = client.get(f"{url}/api/v1/openapi.json").json()
    assert document["servers"] == [{"url": f"{PREFIX}/api/v1"}]


def test_data_is_where_its_links_say(client: httpx.Client, url: str) -> None:
    detail = client.get(f"{url}/api/v1/datasets/ensemble").json()
    texts = re.findall(r'"(https?://[^"\\]+)"', json.dumps(detail))
    own = [text for text in texts if text.startswith("http://127.0.0.1")]
    assert own
    assert all(text.startswith(f"{url}/") for text in own)
    listed = client.get(f"{url}/dap/").text.split()
    assert listed == [f"{url}/dap/ensemble"]
    assert client.get(f"{listed[0]}.dds").text.startswith("Dataset {")
    ranged = client.get(f"{listed[0]}.dods?t2m[0][0][0][0:2]")
    assert ranged.content.split(b"Data:\n")[0].count(b"[lon = 3]") >= 1
    capabilities = client.get(f"{url}/vo/sia/capabilities").text
    assert f"{url}/vo/sia" in capabilities


def test_jobs_files_and_their_addresses(client: httpx.Client, url: str) -> None:
    fields = token(client, url)
    script = {"Content-Type": "text/x-shellscript"}
    for _ in range(2):
        made = client.post(
            f"{url}/api/v1/jobs/local",
            content="#!/bin/sh\ntrue\n",
            headers=fields | script,
        )
        assert made.headers["location"].startswith(f"{PREFIX}/api/v1/jobs/local/")
        place = urljoin(url, made.headers["location"])
        assert client.get(place, headers=fields).status_code == 200
    page = client.get(f"{url}/api/v1/jobs/local?limit=1", headers=fields)
    following = page.links["next"]["url"]
    assert following.startswith(f"{PREFIX}/api/v1/jobs/local?")
    assert client.get(urljoin(url, following), headers=fields).status_code == 200
    name = f"{url}/api/v1/files/local/a%20b.txt"
    assert client.put(name, content=b"x", headers=fields).status_code == 201
    assert client.get(name, headers=fields).content == b"x"


def test_newt_signs_in_below_the_path(client: httpx.Client, url: str) -> None:
    hint = client.get(f"{url}/newt/queue/local")
    assert hint.json()["login_url"] == f"{PREFIX}/newt/auth/"
    asked = {"username": "ada", "password": PASSWORD}
    begun = client.post(f"{url}/newt/auth", data=asked)
    assert f"; Path={PREFIX}/newt;" in begun.headers["set-cookie"]
    assert client.get(f"{url}/newt/auth").json()["username"] == "ada"


def test_events_and_used_links(client: httpx.Client, url: str) -> None:
    fields = token(client, url)
    with client.stream("GET", f"{url}/api/v1/events", headers=fields) as answer:
        assert answer.status_code == 200
    used = client.get(f"{url}/sign-in", params={"code": "x" * 43})
    assert used.status_code == 401
    assert f'href="{PREFIX}/sign-in"' in used.text
