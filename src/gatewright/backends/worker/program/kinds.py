"""The names of `typing` that this program uses, for type checkers alone.

To import ``typing`` takes a seventh of the time in which a worker starts.
"""

TYPE_CHECKING = False  # type checkers take it for true
if TYPE_CHECKING:
    from typing import Any, NoReturn, Protocol
else:
    Any = NoReturn = Protocol = object

__all__ = ["TYPE_CHECKING", "Any", "NoReturn", "Protocol"]
