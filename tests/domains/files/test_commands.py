import pytest
from tests.support.app import caller

from gatewright.core.caller import Caller, Role
from gatewright.core.errors import InvalidContent, InvalidRequest, NotAllowed, NotFound
from gatewright.domains.files import Command, CommandService, Outcome

ADA = caller()


class Runner:
    def __init__(self) -> None:
        self.ran: list[tuple[str, Command]] = []

    async def home(self, user: str) -> bytes:
        return b"/home"

    async def run(self, user: str, command: Command) -> Outcome:
        self.ran.append((user, command))
        return Outcome(0, b"out", b"")


@pytest.fixture
def runner() -> Runner:
    return Runner()


@pytest.fixture
def commands(runner: Runner) -> CommandService:
    return CommandService({"local": runner}, 10.0, 100)


async def test_a_command_is_run_in_a_folder_within_limits(
    commands: CommandService, runner: Runner
) -> None:
    await commands.run(ADA, "local", Command((b"ls",), b"x", seconds=10))
    await commands.run(ADA, "local", Command((b"ls",), b"", seconds=1, output_bytes=5))
    assert commands.longest_seconds == 10
    (user, first), (_, second) = runner.ran
    assert user == "ada"
    assert (first.directory, first.output_bytes) == (b"/home/x", 100)
    assert (second.directory, second.output_bytes) == (b"/home", 5)


@pytest.mark.parametrize(
    "command",
    [
        Command((), b"", seconds=1),
        Command((b"",), b"", seconds=1),
        Command((b"a", b"b\0"), b"", seconds=1),
        Command((b"a",), b"", {b"": b"x"}, seconds=1),
        Command((b"a",), b"", {b"a=": b"x"}, seconds=1),
        Command((b"a",), b"", {b"a": b"\0"}, seconds=1),
        Command((b"a",), b"", seconds=0),
        Command((b"a",), b"", seconds=10.5),
        Command((b"a",), b"", seconds=float("nan")),
    ],
)
async def test_commands_that_are_refused(
    commands: CommandService, command: Command
) -> None:
    with pytest.raises(InvalidContent):
        await commands.run(ADA, "local", command)


async def test_who_and_where(commands: CommandService) -> None:
    good = Command((b"ls",), b"", {b"A": b"b"}, seconds=1)
    with pytest.raises(NotFound):
        await commands.run(ADA, "other", good)
    with pytest.raises(InvalidRequest):
        await commands.run(ADA, "local", Command((b"ls",), b"..", seconds=1))
    for who in (
        caller("eve", Role.GUEST),
        Caller("ada", frozenset({"files:write"}), role=Role.OWNER),
    ):
        with pytest.raises(NotAllowed):
            await commands.run(who, "local", good)
