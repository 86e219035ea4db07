"""Writes the reference pages that are generated from the code."""

from pathlib import Path

import click

from gatewright.cli.main import COMMANDS, main
from gatewright.core.config_text import reference

DOCS = Path(__file__).resolve().parents[1] / "docs" / "reference"


def commands_page() -> str:
    """Return the help of every command as one page."""
    parts = ["# Commands\n", "This page is generated from the commands' own help.\n"]
    with click.Context(main, info_name="gatewright") as context:
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


def pages() -> dict[Path, str]:
    """Return the generated pages by their files."""
    return {
        DOCS / "configuration.md": reference(),
        DOCS / "commands.md": commands_page(),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        print(path)
