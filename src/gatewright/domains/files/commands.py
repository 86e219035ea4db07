"""Runs commands on the systems for callers with the scope ``exec``."""

from collections.abc import Mapping
from dataclasses import replace

from gatewright.core.caller import Caller, Scope
from gatewright.core.errors import InvalidContent, NotFound
from gatewright.domains.files.model import Command, Outcome
from gatewright.domains.files.path import resolve
from gatewright.domains.files.ports import CommandRunner


class CommandService:
    """Runs commands under the caller's account.

    All methods raise NotAllowed, or NotSignedIn for a visitor, without the scope
    ``exec``.

    Parameters
    ----------
    systems
        Command runners by the names of their systems.
    seconds
        Longest time limit that a command may be given, seconds.
    output_bytes
        Largest part of each output stream that is kept, bytes.
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
        """Longest time limit that a command may be given, in seconds."""
        return self._seconds

    def systems(self, caller: Caller) -> list[str]:
        """Return the names of the systems that run commands."""
        caller.require(Scope.EXEC)
        return list(self._systems)

    async def run(self, caller: Caller, system: str, command: Command) -> Outcome:
        """Run a command; a relative directory is taken from the caller's home.

        Raises
        ------
        NotFound
            No system of this name runs commands.
        InvalidContent
            The program is missing, an argument or variable has a NUL byte, or the time
            limit is not above 0 and within the allowed range.
        """
        caller.require(Scope.EXEC)
        runner = self._systems.get(system)
        if runner is None:
            raise NotFound(f"There is no system “{system}” with commands.")
        if not command.argv or not command.argv[0]:
            raise InvalidContent("“command” names a program and its arguments.")
        if any(b"\0" in argument for argument in command.argv):
            raise InvalidContent("An argument must not contain a NUL byte.")
        for name, value in command.environment.items():
            if not name or b"=" in name or b"\0" in name + value:
                raise InvalidContent(
                    "The name of a variable must not contain “=”, and neither its name "
                    "nor its value a NUL byte."
                )
        if not 0 < command.seconds <= self._seconds:
            raise InvalidContent(f"“seconds” is above 0 and at most {self._seconds}.")
        home = await runner.home(caller.user)
        return await runner.run(
            caller.user,
            replace(
                command,
                directory=resolve(command.directory, home),
                output_bytes=min(command.output_bytes, self._output_bytes),
            ),
        )
