"""Commands on the systems, for a caller with the scope ``exec``."""

from collections.abc import Mapping
from dataclasses import replace

from gatewright.core.caller import Caller, Scope
from gatewright.core.errors import InvalidContent, NotFound
from gatewright.domains.files.model import Command, Outcome
from gatewright.domains.files.path import resolve
from gatewright.domains.files.ports import CommandRunner


class CommandService:
    """Runs commands as the caller.

    Parameters
    ----------
    systems
        What runs commands, by the names of the systems.
    seconds
        Longest time that a command may be given.
    output_bytes
        Most of each output stream that is kept.
    """

    def __init__(
        self,
        systems: Mapping[str, CommandRunner],
        seconds: float,
        output_bytes: int,
    ) -> None:
        self._systems = dict(systems)
        self._seconds = seconds
        self._output_bytes = output_bytes

    @property
    def longest_seconds(self) -> float:
        """Longest time that a command may be given."""
        return self._seconds

    def systems(self, caller: Caller) -> list[str]:
        """Return the names of the systems that run commands."""
        caller.require(Scope.EXEC)
        return list(self._systems)

    async def run(self, caller: Caller, system: str, command: Command) -> Outcome:
        """Run a command; its directory may be relative, ``~`` or empty for home.

        Raises
        ------
        InvalidContent
            There is no program, NUL bytes in what cannot have them, or a time that is
            not above 0 and within the limit.
        """
        caller.require(Scope.EXEC)
        runner = self._systems.get(system)
        if runner is None:
            raise NotFound(f"There is no system “{system}” with commands.")
        self._check(command)
        home = await runner.home(caller.user)
        return await runner.run(
            caller.user,
            replace(
                command,
                directory=resolve(command.directory, home),
                output_bytes=min(command.output_bytes, self._output_bytes),
            ),
        )

    def _check(self, command: Command) -> None:
        if not command.argv or not command.argv[0]:
            raise InvalidContent("“command” names a program and its arguments.")
        if any(b"\0" in argument for argument in command.argv):
            raise InvalidContent("An argument has no NUL byte.")
        for name, value in command.environment.items():
            if not name or b"=" in name or b"\0" in name + value:
                raise InvalidContent("A variable's name has no “=”, neither has NUL.")
        if not 0 < command.seconds <= self._seconds:
            raise InvalidContent(f"“seconds” is above 0 and at most {self._seconds}.")
