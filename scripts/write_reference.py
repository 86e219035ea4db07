"""Writes the reference pages that are generated from the code."""

from pathlib import Path

import click

from gatewright.cli.main import COMMANDS, main
from gatewright.core.config_text import reference

DOCS = Path(__file__).resolve().parents[1] / "docs"
DECISIONS = DOCS / "explanation" / "decisions"
DECISIONS_HEAD = """\
# Decisions

Why the house is as it is. Each page has the context, the decision and what follows from
it; a later page may replace an earlier one and says so.
"""


def commands_page() -> str:
    """Return the help of every command as one page."""
    parts = ["# Commands\n", "This page is generated from the commands' own help.\n"]
    with main.make_context("gatewright", [], resilient_parsing=True) as context:
        for name in sorted(COMMANDS):
            command = main.get_command(context, name)
            assert command is not None
            parts += _help(command, context, f"gatewright {name}")
    return "\n".join(parts)


def _help(command: click.Command, parent: click.Context, title: str) -> list[str]:
    name = title.rpartition(" ")[2]
    context = click.Context(command, info_name=name, parent=parent, terminal_width=79)
    with context as own:
        lines = [f"## `{title}`\n", f"```text\n{command.get_help(own)}\n```\n"]
        if isinstance(command, click.Group):
            for inner in command.list_commands(own):
                found = command.get_command(own, inner)
                assert found is not None
                lines += _help(found, own, f"{title} {inner}")
    return lines


def decisions_page() -> str:
    """Return the list of decisions."""
    lines = [DECISIONS_HEAD]
    for page in sorted(DECISIONS.glob("[0-9]*.md")):
        title = page.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
        lines.append(f"- [{title}]({page.name})")
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """Return the generated pages by their files."""
    return {
        DOCS / "reference" / "configuration.md": reference(),
        DOCS / "reference" / "commands.md": commands_page(),
        DECISIONS / "index.md": decisions_page(),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        print(path)
