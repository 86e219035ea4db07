"""What is refused before a face is reached is told in the face's own form."""

from pathlib import Path

import pytest
from tests.support.whole import OWNER, PASSWORD, whole

from gatewright.web.prefixes import longest_first, prefix_of

WRONG = {"Authorization": "Bearer gw_wrong.token"}
NUL = b"executable=a%00b"


@pytest.mark.parametrize(
    ("path", "status", "kind", "begins"),
    [
        ("/newt/file/local/", 403, "application/json", '{"status": "ERROR", "output"'),
        (
            "/newt/api/file",
            403,
            "application/json",
            '{"status": "ERROR", "status_code"',
        ),
        ("/dap/data.dods", 401, "text/plain", "Error {"),
        ("/vo/sia/query", 401, "application/x-votable+xml", "<?xml"),
        ("/api/v1/files", 401, "application/problem+json", '{"type"'),
        ("/newtons", 401, "application/problem+json", '{"type"'),
    ],
)
async def test_a_token_that_is_not_valid(
    tmp_path: Path, path: str, status: int, kind: str, begins: str
) -> None:
    async with whole(tmp_path) as gateway:
        client = await gateway.client()
        answer = await client.get(path, headers=WRONG)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(kind)
    assert answer.text.startswith(begins)
    assert "The token is not valid" in answer.text
    assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize("query", ["v%00", "v%ff", "v%zz"])
async def test_dap_says_in_its_form_what_is_malformed(
    tmp_path: Path, query: str
) -> None:
    async with whole(tmp_path) as gateway:
        client = await gateway.client()
        answer = await client.get(f"/dap/data.dods?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-description"] == "dods-error"
    assert answer.text.startswith("Error {")


async def test_newt_says_in_its_form_where_to_sign_in_and_what_is_malformed(
    tmp_path: Path,
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with whole(tmp_path) as gateway:
        client = await gateway.client()
        where = await client.get("/newt/queue/local", headers=WRONG)
        second = await client.get("/newt/api/job", headers=WRONG)
        owner = await gateway.client(OWNER, **form)
        malformed = await owner.post("/newt/command/local", content=NUL)
        page = {"username": OWNER, "password": PASSWORD}
        await client.post("/newt/auth", data=page)
        foreign = await client.post(
            "/newt/command/local",
            data={"executable": "id"},
            headers={"Origin": "https://other.example"},
        )
    assert where.json()["login_url"] == "/newt/auth/"
    assert second.json()["output"] == {"login_url": "/newt/api/auth/"}
    assert (malformed.status_code, malformed.json()["status"]) == (400, "ERROR")
    assert (foreign.status_code, foreign.json()["status"]) == (403, "ERROR")


def test_the_longest_prefix_wins_part_by_part() -> None:
    prefixes = longest_first(["", "/a", "/a/b"])
    asked = ("/a/b/c", "/a/b", "/a/bc", "/a", "/ab", "/")
    found = [prefix_of(path, prefixes) for path in asked]
    assert found == ["/a/b", "/a/b", "/a", "/a", "", ""]
    assert prefix_of("/x", longest_first(["/a"])) is None
