"""Contract tests for conditions: a part of those for stores of candidates.

A store's answers are compared with those of :func:`holds`, which evaluates a condition
on the values themselves.
"""

import operator
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gatewright.domains.discovery import (
    COLUMNS,
    FEATURE,
    Among,
    Candidate,
    CandidateQuery,
    CandidateStore,
    Choice,
    Claim,
    Column,
    Comparison,
    Condition,
    Contains,
    Every,
    Finding,
    Kind,
    Literal,
    Not,
    Operator,
    Origin,
    Some,
    condition_text,
    kind_of,
    parse_condition,
)

SEEN = ("night", "team")
Labelled = Mapping[str, Collection[tuple[str, str]]]
"""The labels of candidates by identifier: the column and the name of each."""
FEATURES = ("fwhm", "chi2", "a")
_COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.MORE: operator.gt,
    Operator.AT_LEAST: operator.ge,
}


def holds(
    condition: Condition,
    one: Candidate,
    everything: Sequence[Candidate],
    labels: Labelled | None = None,
) -> bool:
    """Return whether a condition holds for a candidate.

    ``everything`` are all candidates that the person may see.
    """
    match condition:
        case Not(part):
            return not holds(part, one, everything, labels)
        case Every(parts):
            return all(holds(part, one, everything, labels) for part in parts)
        case Some(parts):
            return any(holds(part, one, everything, labels) for part in parts)
        case Contains(column, value):
            given = labels or {}
            same = [other.id for other in everything if other.object == one.object]
            return any((column, value) in given.get(name, ()) for name in same)
        case Among(column, values):
            return value_of(column, one, everything) in values
        case Comparison(column, sign, other):
            left = value_of(column, one, everything)
            right = other
            if isinstance(other, Column):
                right = value_of(other.name, one, everything)
            if sign in {Operator.EQUAL, Operator.UNEQUAL}:
                return (left == right) == (sign is Operator.EQUAL)
            both = isinstance(left, float) and isinstance(right, float)
            return both and _COMPARE[sign](left, right)


def value_of(column: str, one: Candidate, everything: Sequence[Candidate]) -> Literal:
    """Return the value of a column; None if it is unknown."""
    finding, origin, votes = one.finding, one.origin, one.votes
    if column.startswith(FEATURE):
        return finding.features.get(column.removeprefix(FEATURE))
    others = [c for c in everything if c.object == one.object and c.id != one.id]
    times = [c.origin.mjd for c in others if c.origin.mjd is not None]
    values: dict[str, Literal] = {
        "snr": finding.snr,
        "strength": abs(finding.snr),
        "score": finding.score,
        "flux": finding.flux,
        "flux_error": finding.flux_error,
        "ra": finding.ra,
        "dec": finding.dec,
        "x": finding.x,
        "y": finding.y,
        "mjd": origin.mjd,
        "time_assumed": origin.time_assumed,
        "band": origin.band,
        "reason": finding.reason,
        "difference": origin.difference,
        "reference": origin.reference,
        "object": one.object,
        "classifier": origin.classifier,
        "votes.all": float(votes.real + votes.bogus + votes.unsure),
        "votes.real": float(votes.real),
        "votes.bogus": float(votes.bogus),
        "votes.unsure": float(votes.unsure),
        "history.count": float(len(others)),
        "history.first": min(times, default=None),
        "history.last": max(times, default=None),
        "history.real": float(sum(c.votes.real for c in others)),
        "history.bogus": float(sum(c.votes.bogus for c in others)),
    }
    return values[column]


async def filled(store: CandidateStore, dice: random.Random) -> None:
    """Store candidates of some objects, with unknown values, and votes on them."""
    for number in range(12):
        origin = Origin(
            f"d-{number}",
            dice.choice([["night"], ["night", "team"], ["team"], ["hidden"]]),
            dice.choice([None, 58000.0 + number, 58340.5]),
            time_assumed=dice.random() < 0.5,
            classifier=dice.choice([None, "c-1"]),
            band=dice.choice([None, "r", "g", "é"]),
            reference=dice.choice([None, "c-2", "c-3"]),
        )
        findings = [
            replace(
                Finding(n, float(n % 4), 20.0, n / 8, 4.0, 0.0, 100.0, 10.0),
                snr=dice.choice([-1, 1]) * dice.randint(5, 40) / 4,
                flux=dice.uniform(-1e3, 1e3),
                flux_error=dice.uniform(1, 1e3),
                score=dice.choice([None, 0.25, 0.6, dice.random()]),
                reason=dice.choice([None, None, "dipole", "edge"]),
                features={
                    name: dice.choice([None, 2.5, dice.uniform(-1e6, 1e6)])
                    for name in dice.sample(FEATURES, 2)
                },
            )
            for n in range(1, 9)
        ]
        await store.add(origin, findings)
        for finding in findings:
            for person in ("ada", "eve"):
                if dice.random() < 0.3:
                    name = f"{origin.difference}.{finding.number}"
                    choice = dice.choice(list(Choice))
                    await store.vote(name, person, choice, 1.0)


def some_condition(
    dice: random.Random, everything: Sequence[Candidate], depth: int = 3
) -> Condition:
    """Return a condition whose values are those of candidates, or near them."""
    if depth and dice.random() < 0.5:
        parts = [
            some_condition(dice, everything, depth - 1)
            for _ in range(dice.randint(2, 3))
        ]
        kinds: list[Condition] = [Not(parts[0]), Every((*parts,)), Some((*parts,))]
        return dice.choice(kinds)
    columns = [*COLUMNS, *(FEATURE + name for name in FEATURES)]
    column = dice.choice(columns)
    kind = kind_of(column)
    if kind is Kind.WORDS:
        return Contains(column, dice.choice(["SN Ia", "x"]))
    signs = (
        list(Operator) if kind is Kind.NUMBER else [Operator.EQUAL, Operator.UNEQUAL]
    )
    sign = dice.choice(signs)
    known = [value_of(column, dice.choice(everything), everything) for _ in range(3)]
    values = [value for value in known if isinstance(value, float | str)]
    if dice.random() < 0.2:
        others = [name for name in columns if kind_of(name) is kind]
        return Comparison(column, sign, Column(dice.choice(others)))
    if kind is not Kind.TRUTH and values and dice.random() < 0.3:
        return Among(column, (*values,))
    if known[0] is None and sign not in {Operator.EQUAL, Operator.UNEQUAL}:
        return Comparison(column, sign, 1.0)
    return Comparison(column, sign, known[0])


class ConditionContract:
    """Tests that every :class:`CandidateStore` must pass for conditions."""

    async def everything(self, store: CandidateStore) -> Sequence[Candidate]:
        page = await store.page(SEEN, CandidateQuery(), person="", limit=1000)
        return page.items

    async def test_conditions_hold_as_they_are_defined(
        self, store: CandidateStore
    ) -> None:
        dice = random.Random(5)  # noqa: S311  # examples
        await filled(store, dice)
        everything = await self.everything(store)
        assert 20 < len(everything) < 12 * 8
        found_any = 0
        for _ in range(250):
            condition = some_condition(dice, everything)
            text = condition_text(condition)
            assert parse_condition(text, FEATURES) == condition
            wanted = [one for one in everything if holds(condition, one, everything)]
            query = CandidateQuery(conditions=[condition])
            page = await store.page(SEEN, query, person="", limit=1000)
            assert page.next is None
            assert page.items == wanted, text
            found_any += 0 < len(wanted) < len(everything)
        assert found_any > 100

    async def test_conditions_join_with_all_else(self, store: CandidateStore) -> None:
        dice = random.Random(6)  # noqa: S311  # examples
        await filled(store, dice)
        everything = await self.everything(store)
        text = "snr > 0 and history.count > 1"
        bright = parse_condition(text, FEATURES)
        kept = parse_condition("reason == null", FEATURES)
        for query in (
            CandidateQuery(),
            CandidateQuery(surveys=["team"]),
            CandidateQuery(difference=everything[0].origin.difference),
            CandidateQuery(min_score=0.3),
            CandidateQuery(min_score=0.3, unscanned=True),
            CandidateQuery(unscanned=True, without=[everything[0].id]),
        ):
            whole = await store.page(SEEN, query, person="", limit=1000)
            wanted = [
                one.id
                for one in whole.items
                if holds(bright, one, everything) and one.finding.reason is None
            ]
            both = replace(query, conditions=[bright, kept])
            found: list[str] = []
            cursor: str | None = None
            while cursor is not None or not found:
                page = await store.page(SEEN, both, person="", limit=3, cursor=cursor)
                found += [one.id for one in page.items]
                cursor = page.next
                if cursor is None:
                    break
            assert found == wanted
        unscanned = replace(CandidateQuery(unscanned=True), conditions=[bright])
        claim = Claim("ada", 1.0, 60.0)
        claimed = await store.claim(SEEN, unscanned, claim, 4)
        free = await store.page(SEEN, unscanned, person="ada", limit=4)
        assert claimed.items == free.items
        assert claimed.next is None
