"""The OpenAPI document against answers to what only administrators may ask."""

from collections.abc import Iterator

import pytest
import schemathesis
from tests.conformance.test_openapi_is_true import API, Asked
from tests.support.documented import without_defaults
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.xdist_group("laptop")


@pytest.fixture(scope="module")
def ask(laptop: RunningGateway) -> Iterator[Asked]:
    with laptop.client(laptop.token()) as client:
        document = without_defaults(client.get(f"{API}/openapi.json").json())
        yield Asked(client, document, schemathesis.openapi.from_dict(document))


def test_what_administrators_see_and_change(ask: Asked, laptop: RunningGateway) -> None:
    laptop.add_user("looked-at", "a long enough password")
    with laptop.client() as client:
        account = {"user": "looked-at", "password": "a long enough password"}
        origin = {"Origin": laptop.url, "X-Requested-With": "x"}
        client.post(f"{API}/session", json=account, headers=origin).raise_for_status()
    ask("GET", "/admin/people?limit=1", 200)
    person = "/admin/people/looked-at"
    (found,) = ask("GET", f"{person}/sessions", 200).json()["sessions"]
    ask("DELETE", f"{person}/sessions/{found['key']}", 204)
    ask("DELETE", f"{person}/sessions/{found['key']}", 404)
    ask("PATCH", person, 200, json={"disabled": True})
    ask("PATCH", person, 200, json={"disabled": False})
    ask("PATCH", "/admin/people/demo", 409, json={"disabled": True})
    ask("PATCH", "/admin/people/nobody", 404, json={"disabled": True})
    laptop.token(user="looked-at")
    tokens = ask("GET", "/admin/tokens?user=looked-at&limit=1", 200).json()
    ask("DELETE", f"/admin/tokens/{tokens['tokens'][0]['key']}", 204)
    left = ask("GET", "/admin/tokens?user=looked-at&limit=1", 200).json()["tokens"]
    assert left == []
    ask("GET", "/admin/tokens?limit=1", 200)
    ask("GET", "/admin/audit?limit=1&method=PATCH&from=2026-01-01T00:00:00Z", 200)
    ask("GET", "/admin/audit?outcome=sold", 422)
    ask("GET", "/admin/health", 200)
