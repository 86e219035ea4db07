"""Rules that say which account a person has."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.core.account_template import Claimed, parse_template
from gatewright.domains.identity import Mapped, Rule, Rules, is_name
from gatewright.domains.identity.claims import claim_at

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,9}", fullmatch=True)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.text(max_size=4))
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
CLAIMS = st.dictionaries(
    st.sampled_from(["sub", "groups", "email", "email_verified", "name", "a.b", "a"]),
    JSON,
)
WANTED = st.one_of(st.booleans(), st.integers(-2, 2), st.text(max_size=4))
WHERE = st.dictionaries(
    st.sampled_from(["sub", "groups", "email", "a.b", "missing"]),
    st.lists(WANTED, max_size=2),
    max_size=2,
)
Where = dict[str, list[str | int | bool]]
TEMPLATES = st.sampled_from(
    ["ada", "{name}", "{name%@x}", "g-{sub}", "{email}", "{a.b}"]
)


def rule(account: str, **where: Any) -> Rule:
    """Return a rule; ``__`` in a claim's name stands for a dot."""
    return Rule(
        parse_template(account),
        {
            name.replace("__", "."): wanted if isinstance(wanted, list) else [wanted]
            for name, wanted in where.items()
        },
    )


@pytest.mark.parametrize(
    ("one", "claims", "account"),
    [
        (rule("ada"), {}, "ada"),
        (rule("{preferred_username}"), {"preferred_username": "bob"}, "bob"),
        (rule("{preferred_username}"), {}, None),
        (rule("{preferred_username}"), {"preferred_username": ""}, None),
        (rule("{uid}"), {"uid": 1000}, None),
        (rule("{uid}"), {"uid": ["bob"]}, None),
        (rule("g-{uid}.x"), {"uid": "bob"}, "g-bob.x"),
        (rule("{eppn%@example.org}"), {"eppn": "bob@example.org"}, "bob"),
        (rule("{eppn%@example.org}"), {"eppn": "bob@evil.example"}, None),
        (rule("{eppn%@example.org}"), {"eppn": "@example.org"}, None),
        (rule("{eppn%@x}"), {"eppn": "bob@x@x"}, "bob@x"),
        (rule("ada", groups="a"), {"groups": ["b", "a"]}, "ada"),
        (rule("ada", groups="a"), {"groups": "a"}, "ada"),
        (rule("ada", groups="a"), {"groups": "ab"}, None),
        (rule("ada", groups=["a", "b"]), {"groups": ["b"]}, "ada"),
        (rule("ada", groups=[]), {"groups": ["b"]}, None),
        (rule("ada", groups="a", sub="1"), {"groups": ["a"]}, None),
        (rule("ada", level=1), {"level": True}, None),
        (rule("ada", level=True), {"level": 1}, None),
        (rule("ada", level=1), {"level": "1"}, None),
        (rule("ada", level=2), {"level": 2}, "ada"),
        (rule("ada", realm__roles="x"), {"realm": {"roles": ["x"]}}, "ada"),
        (rule("ada", realm__roles="x"), {"realm": ["x"]}, None),
        (rule("ada", realm__roles="x"), {"realm.roles": "x", "realm": {}}, "ada"),
        (rule("ada", email="a@b"), {"email": "a@b"}, None),
        (rule("ada", email="a@b"), {"email": "a@b", "email_verified": "true"}, None),
        (rule("ada", email="a@b"), {"email": "a@b", "email_verified": True}, "ada"),
        (rule("{email%@b}"), {"email": "a@b", "email_verified": False}, None),
        (rule("{email%@b}"), {"email": "a@b", "email_verified": True}, "a"),
    ],
)
async def test_which_account_a_person_has(
    one: Rule, claims: Mapping[str, object], account: str | None
) -> None:
    found = await Rules([one]).account(claims)
    assert (None if found is None else found.name) == account


async def test_the_first_rule_that_fits_decides() -> None:
    rules = Rules([rule("{name}", group="x"), rule("{sub}"), rule("ada")])
    assert await rules.account({"sub": "s", "name": "n"}) == Mapped("s", exact=False)
    found = await rules.account({"sub": "s", "name": "n", "group": "x"})
    assert found == Mapped("n", exact=False)
    assert await rules.account({}) == Mapped("ada", exact=True)
    assert await Rules([]).account({"sub": "s"}) is None


@given(CLAIMS, WHERE, TEMPLATES)
def test_a_rule_fits_only_if_all_that_it_wants_is_said(
    claims: dict[str, object], where: Where, account: str
) -> None:
    one = Rule(parse_template(account), where)
    name = one.account_of(claims)
    if name is None:
        return
    for claim, wanted in where.items():
        said = claim_at(claims, claim)
        values = said if isinstance(said, list) else [said]
        assert {(type(v), v) for v in wanted} & {
            (type(v), v) for v in values if isinstance(v, str | int | bool)
        }
    if "email" in account or "email" in where:
        assert claims["email_verified"] is True
    for part in one.account:
        if isinstance(part, Claimed):
            said = claim_at(claims, part.claim)
            assert isinstance(said, str)
            assert said.removesuffix(part.ending) in name


@given(CLAIMS, st.lists(st.tuples(TEMPLATES, WHERE), max_size=3))
async def test_more_wanted_never_lets_more_people_in(
    claims: dict[str, object],
    parts: list[tuple[str, dict[str, list[str | int | bool]]]],
) -> None:
    rules = [Rule(parse_template(account), where) for account, where in parts]
    stricter = [
        Rule(one.account, {**one.where, "absent": ["never said"]}) for one in rules
    ]
    assert await Rules(stricter).account(claims) is None
    found = await Rules(rules).account(claims)
    assert found is None or found.name in {one.account_of(claims) for one in rules}


@given(NAMES, NAMES)
def test_an_exact_name_is_what_is_written(name: str, said: str) -> None:
    one = Rule(parse_template(name), {})
    assert one.exact
    assert one.account_of({"sub": said}) == name
    assert is_name(name)


@given(st.text(st.sampled_from("{}%ab@"), max_size=9))
def test_a_template_is_whole_or_refused(text: str) -> None:
    try:
        parts = parse_template(text)
    except ValueError:
        return
    again = "".join(
        part
        if isinstance(part, str)
        else f"{{{part.claim}{'%' if part.ending else ''}{part.ending}}}"
        for part in parts
    )
    assert again == text


@pytest.mark.parametrize(
    "text", ["", "{", "}", "{}", "a{b", "{a}}", "{a%}", "{%a}", "{{a}}"]
)
def test_a_template_with_a_mistake(text: str) -> None:
    with pytest.raises(ValueError, match="it has to be the name of an account"):
        parse_template(text)
