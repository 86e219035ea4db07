"""JSON texts are kept as they are, or refused for a reason."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.core.errors import InvalidContent, InvalidRequest, TooLarge
from gatewright.domains.store import check_content, decode, merge

LIMIT = 1 << 20
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
)
KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("text", ['["", ":"]', '{"a": ["b", ":c", " :"]}', '":"'])
def test_a_value_that_begins_with_a_colon_is_no_name(text: str) -> None:
    assert check_content(text.encode(), LIMIT).value == json.loads(text)


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_any_json_is_kept(value: Any, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    content = check_content(text.encode(), LIMIT)
    assert content.text == text
    assert content.size == len(text.encode())
    assert content.value == json.loads(text)


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"nul", b"NaN", b"Infinity", b"-Infinity", b"[NaN]", b"1e400",
        b"-1e400", b"01", b"+1", b".5", b"'a'", b"{a:1}", b'{"a":1,}', b"[1,]", b"1 2",
        b'"\xff"', b'"\xed\xa0\x80"', b"\xef\xbb\xbf1", b'"a\nb"', b'"\x00"',
        b'"\\ud800"', b'"\\udc00\\ud800"', b'{"\\ud800": 1}', b'["\\ud800x"]',
        b"1" * 5000, b"/* */ 1",
    ],
)  # fmt: skip
def test_what_is_not_json(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        decode(body)
    assert caught.value.status in {400, 422}


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a": 2}',
        b'{"a": 1, "\\u0061": 2}',
        b'[{"b": {"c" : 1, "c"\n: 1}}]',
        b'"\\u0000"',
        b'{"\\u0000": 1}',
        b'"\\\\\\u0000"',
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"[" * 100_000 + b"]" * 100_000,
    ],
)
def test_json_that_cannot_be_kept(body: bytes) -> None:
    with pytest.raises(InvalidContent):
        decode(body)


@pytest.mark.parametrize(
    "body",
    [
        b'"\\\\u0000"',
        b'{"a": "a\\":", "b": ":"}',
        b"[" * 64 + b"]" * 64,
        b"[" * 64 + b"1" + b"]" * 64,
        b'{"a": {"a": [{"a": 1}]}}',
        b'"\\ud83d\\ude00"',
    ],
)
def test_json_that_only_looks_wrong(body: bytes) -> None:
    assert decode(body) == json.loads(body)


def test_the_limit() -> None:
    assert check_content(b'"' + b"x" * 98 + b'"', 100).size == 100
    with pytest.raises(TooLarge):
        check_content(b'"' + b"x" * 99 + b'"', 100)


def _merge(target: Any, patch: Any) -> Any:
    """Return what RFC 7396's own pseudocode gives."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merge(result.get(name), value)
    return result


@given(VALUES, VALUES)
def test_a_merge_patch(target: Any, patch: Any) -> None:
    merged = merge(json.dumps(target).encode(), json.dumps(patch, indent=1).encode())
    assert json.loads(merged) == _merge(target, patch)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        # The examples of RFC 7396, appendix A.
        ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
        ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
        ('{"a":"b"}', '{"a":null}', "{}"),
        ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
        ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
        ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
        ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
        ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
        ('["a","b"]', '["c","d"]', '["c","d"]'),
        ('{"a":"b"}', '["c"]', '["c"]'),
        ('{"a":"foo"}', "null", "null"),
        ('{"a":"foo"}', '"bar"', '"bar"'),
        ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
        ("[1,2]", '{"a":"b","c":null}', '{"a":"b"}'),
        ("{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
        # Numbers that the patch does not name keep every digit.
        (
            '{"x": 1.10, "n": 12345678901234567890123, "e": 1E22}',
            '{"y": 0.30}',
            '{"x":1.10,"n":12345678901234567890123,"e":1E22,"y":0.30}',
        ),
    ],
)
def test_examples_of_merging(target: str, patch: str, result: str) -> None:
    merged = merge(target.encode(), patch.encode()).decode()
    assert merged.replace(" ", "") == result
