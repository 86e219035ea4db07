import json
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from tests.support.asgi import scope_of

from gatewright.core.pages import Page
from gatewright.web.listing import json_response, listing, next_link


def test_the_last_page_has_no_link() -> None:
    page = Page([{"name": "a", "size": float("nan")}])
    answer = listing(Request(scope_of(target="/api/v1/jobs/local")), "jobs", page)
    body = {"jobs": [{"name": "a", "size": None}], "next": None}
    assert json.loads(bytes(answer.body)) == body
    assert "link" not in answer.headers
    assert answer.media_type == "application/json"


def test_a_page_leads_to_the_next() -> None:
    request = Request(
        scope_of(target="/api/v1/files/local/a%ff?limit=2&cursor=old&q=%C3%A9")
    )
    extra, headers = {"as_of": "now"}, {"ETag": '"a"'}
    page = Page([1, 2], next="new&cursor")
    answer = listing(request, "entries", page, extra=extra, headers=headers)
    body = {"entries": [1, 2], "next": "new&cursor", "as_of": "now"}
    assert json.loads(bytes(answer.body)) == body
    assert answer.headers["etag"] == '"a"'
    reference, _, relation = answer.headers["link"].partition("; ")
    assert relation == 'rel="next"'
    parts = urlsplit(reference.strip("<>"))
    assert parts.path == "/api/v1/files/local/a%ff"
    query = {"limit": ["2"], "q": ["é"], "cursor": ["new&cursor"]}
    assert parse_qs(parts.query) == query


def test_a_scope_without_a_raw_path_has_a_link_too() -> None:
    scope = scope_of() | {"path": "/a b", "raw_path": None}
    assert next_link(Request(scope), "c") == '</a%20b?cursor=c>; rel="next"'


def test_json_is_written_with_a_status() -> None:
    answer = json_response({"a": 1}, 201, {"Location": "/a"})
    assert (answer.status_code, answer.headers["location"]) == (201, "/a")
