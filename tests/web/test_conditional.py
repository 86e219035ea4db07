import time

import pytest
from starlette.requests import Request
from tests.support.asgi import Pair, scope_of

from gatewright.core.errors import InvalidRequest, PreconditionFailed
from gatewright.web.conditional import (
    check_preconditions,
    entity_tags,
    http_date,
    not_modified,
    tag_matches,
    validators,
)

MOMENT = 1_700_000_000.5
DATE = b"Tue, 14 Nov 2023 22:13:20 GMT"
BEFORE = b"Tue, 14 Nov 2023 22:13:19 GMT"


def request(method: str = "GET", **fields: bytes) -> Request:
    headers: list[Pair] = [
        (name.replace("_", "-").encode(), value) for name, value in fields.items()
    ]
    return Request(scope_of(method, headers=headers))


@pytest.mark.parametrize(
    ("field", "tags"),
    [
        ('"a"', ['"a"']),
        ('"a", W/"b" ,"c,d"', ['"a"', 'W/"b"', '"c,d"']),
        (' ,"a",, "b",', ['"a"', '"b"']),
        ('""', ['""']),
    ],
)
def test_lists_of_tags_are_read(field: str, tags: list[str]) -> None:
    assert entity_tags(field) == tags


@pytest.mark.parametrize("field", ["", "a", '"a', 'a"b"', '"a" "b"', "*, x", "W/a"])
def test_what_is_no_list_of_tags_is_a_400(field: str) -> None:
    with pytest.raises(InvalidRequest):
        entity_tags(field)


def test_weak_and_strong_comparison() -> None:
    """The table of RFC 9110, section 8.8.3.2."""
    table = {
        ('W/"1"', 'W/"1"'): (False, True),
        ('W/"1"', 'W/"2"'): (False, False),
        ('W/"1"', '"1"'): (False, True),
        ('"1"', '"1"'): (True, True),
    }
    for (field, etag), (strong, weak) in table.items():
        assert tag_matches(field, etag, weak=False) is strong
        assert tag_matches(field, etag, weak=True) is weak


def test_nothing_matches_only_nothing() -> None:
    assert not tag_matches("*", None, weak=True)
    assert not tag_matches('"a"', None, weak=False)
    assert tag_matches(" * ", '"a"', weak=False)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_if_none_match_saves_a_read(method: str) -> None:
    assert check_preconditions(request(method, if_none_match=b'W/"a"'), '"a"')
    assert not check_preconditions(request(method, if_none_match=b'"b"'), '"a"')
    assert check_preconditions(request(method, if_none_match=b"*"), '"a"')


def test_if_none_match_guards_a_write() -> None:
    assert not check_preconditions(request("PUT", if_none_match=b"*"), None)
    for field in (b"*", b'"a"'):
        with pytest.raises(PreconditionFailed):
            check_preconditions(request("PUT", if_none_match=field), '"a"')


def test_if_match_guards_a_write() -> None:
    assert not check_preconditions(request("PUT", if_match=b'"a"'), '"a"')
    assert not check_preconditions(request("PUT", if_match=b"*"), '"a"')
    with pytest.raises(PreconditionFailed) as caught:
        check_preconditions(request("PUT", if_match=b'"b"'), '"a"')
    assert caught.value.headers == {"ETag": '"a"'}
    for field in (b"*", b'"a"'):
        with pytest.raises(PreconditionFailed):
            check_preconditions(request("PUT", if_match=field), None)


def test_dates() -> None:
    assert check_preconditions(request(if_modified_since=DATE), None, MOMENT)
    assert not check_preconditions(request(if_modified_since=BEFORE), None, MOMENT)
    assert not check_preconditions(request("PUT", if_modified_since=DATE), None, MOMENT)
    assert not check_preconditions(request(if_modified_since=DATE), '"a"')
    assert not check_preconditions(request(if_unmodified_since=DATE), None, MOMENT)
    with pytest.raises(PreconditionFailed):
        check_preconditions(request(if_unmodified_since=BEFORE), None, MOMENT)


@pytest.mark.parametrize(
    "date", [b"yesterday", b"", b"1", b"Tue, 99 Foo 9999 25:61:61"]
)
def test_a_date_that_cannot_be_read_is_passed_over(date: bytes) -> None:
    for asked in (request(if_modified_since=date), request(if_unmodified_since=date)):
        assert not check_preconditions(asked, None, MOMENT)


def test_a_date_without_a_zone_is_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form of asctime, which a server has to read (RFC 9110, 5.6.7)."""
    date = time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(MOMENT)).encode()
    for zone in ("UTC0", "PST8", "NZST-12"):
        with monkeypatch.context() as patch:
            patch.setenv("TZ", zone)
            time.tzset()
            same = check_preconditions(request(if_modified_since=date), None, MOMENT)
            newer = request(if_modified_since=date)
            assert same
            assert not check_preconditions(newer, None, MOMENT + 1)
        time.tzset()


def test_tags_count_before_dates() -> None:
    both = request(if_none_match=b'"b"', if_modified_since=DATE)
    assert not check_preconditions(both, '"a"', MOMENT)
    both = request("PUT", if_match=b'"a"', if_unmodified_since=BEFORE)
    assert not check_preconditions(both, '"a"', MOMENT)


def test_an_answer_304_has_the_validators() -> None:
    answer = not_modified('"a"', MOMENT, {"Cache-Control": "no-cache"})
    assert answer.status_code == 304
    assert answer.body == b""
    assert answer.headers["etag"] == '"a"'
    assert answer.headers["last-modified"].encode() == DATE
    assert answer.headers["cache-control"] == "no-cache"
    assert validators(None) == {}
    assert http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT"
