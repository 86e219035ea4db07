"""Writes the reference pages that are generated from the code."""

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from gatewright.cli.main import COMMANDS, main
from gatewright.core.config_text import reference
from gatewright.core.errors import GatewayError

sys.path.insert(0, str(Path(__file__).parent))

from kit_reference import client_page, elements_page

DOCS = Path(__file__).resolve().parents[1] / "docs"
DECISIONS = DOCS / "explanation" / "decisions"
DECISIONS_HEAD = """\
# Decisions

Why the house is as it is. Each page has the context, the decision and what follows from
it; a later page may replace an earlier one and says so.
"""
COMMANDS_HEAD = """\
# Commands

After `make demo` the command is `.venv/bin/gatewright`; after `pip install .` it is
`gatewright`. This page is generated from the commands' own help.

| exit code | meaning |
|---|---|
| 0 | done; of `serve` and `demo`: stopped by SIGTERM or Ctrl-C |
| 1 | refused or failed; a line that begins with `Error:` says why and what to do |
| 2 | wrongly typed; the line says what is missing |
| other | of `serve` and `demo`: the gateway did not start; its log says why |

In bash, `eval "$(_GATEWRIGHT_COMPLETE=bash_source gatewright)"` completes commands and
options with Tab; `zsh_source` and `fish_source` are for those shells.
"""
ERRORS_HEAD = """\
# Errors

A refused request is answered with a problem document
([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)), as `application/problem+json`:

```json
{
  "type": "about:blank#precondition-failed",
  "title": "Precondition failed",
  "status": 412,
  "code": "precondition-failed",
  "detail": "The resource has changed since you read it; read it again.",
  "request_id": "01m82jat9r429zamt9g1nqknz7"
}
```

Programs look at `code`, which does not change; `detail` is for people, and
`request_id` finds the request in the operator's log. An error that may go away by
itself has `Retry-After`. The kit raises a `GatewayError` with the same members.
OPeNDAP, the Virtual Observatory and NEWT get the same errors in their own forms.

This page is generated from the code.

| status | `code` | what is the matter | what to do |
|---|---|---|---|"""
INTERNAL = (
    "Something went wrong in the gateway, and nothing of it is told.",
    "Tell the operator the `request_id`.",
)


def errors_page() -> str:
    """Return the page of all errors, with their meaning and what to do."""
    rows = [(500, GatewayError.code, *INTERNAL), *_errors(GatewayError)]
    lines = [f"| {s} | `{c}` | {what} | {do} |" for s, c, what, do in sorted(rows)]
    return "\n".join([ERRORS_HEAD, *lines]) + "\n"


def _errors(above: type[GatewayError]) -> Iterator[tuple[int, str, str, str]]:
    for error in above.__subclasses__():
        if error.code == above.code or error.__module__ != GatewayError.__module__:
            continue
        what, do = inspect.getdoc(error).split("\n\n")
        yield error.status, error.code, _markdown(what), _markdown(do)
        yield from _errors(error)


def _markdown(text: str) -> str:
    return re.sub("``", "`", " ".join(text.split()))


def commands_page() -> str:
    """Return the page with the help of every command."""
    parts = [COMMANDS_HEAD]
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
    """Return the index of the decision records."""
    lines = [DECISIONS_HEAD]
    for page in sorted(DECISIONS.glob("[0-9]*.md")):
        title = page.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
        lines.append(f"- [{title}]({page.name})")
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """Return the text of each generated page, by its file."""
    return {
        DOCS / "reference" / "configuration.md": reference(),
        DOCS / "reference" / "commands.md": commands_page(),
        DOCS / "reference" / "errors.md": errors_page(),
        DOCS / "reference" / "client.md": client_page(),
        DOCS / "reference" / "elements.md": elements_page(),
        DECISIONS / "index.md": decisions_page(),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        print(path)
