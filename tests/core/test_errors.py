"""The tree of errors is what its docstring draws, and each has a code of its own."""

import re

import pytest

from gatewright.core import errors
from gatewright.core.errors import GatewayError, NotFound, TooLarge


def tree(kind: type[GatewayError] = GatewayError) -> list[type[GatewayError]]:
    inside = [sub for sub in kind.__subclasses__() if sub.__module__ == errors.__name__]
    return [kind, *(found for sub in inside for found in tree(sub))]


def test_the_drawing_names_every_error_with_its_status_and_code() -> None:
    drawn = re.findall(
        r"(\w+) (\d{3}) ([a-z-]+)(, transient)?$", errors.__doc__ or "", re.MULTILINE
    )
    assert {(n, int(s), c, bool(t)) for n, s, c, t in drawn} == {
        (e.__name__, e.status, e.code, e.transient) for e in tree()
    }


@pytest.mark.parametrize("kind", tree())
def test_an_error_without_words_has_its_title(kind: type[GatewayError]) -> None:
    assert kind().text == kind.title


def test_an_error_carries_what_the_answer_needs() -> None:
    error = TooLarge("Too much.", headers={"A": "1"}, estimate=5)
    assert error.headers == {"A": "1"}
    assert error.details == {"estimate": 5}
    assert str(NotFound("No job 3.")) == "No job 3."
