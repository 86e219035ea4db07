"""``gatewright audit``: shows and checks the audit log."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import click

from gatewright.cli.identity import look
from gatewright.cli.options import gateway_options
from gatewright.core.caller import Caller
from gatewright.core.clock import timestamp
from gatewright.domains.identity import AuditSearch, AuditVerdict, Identity, Outcome


@click.group()
def audit() -> None:
    """Show and check the audit log."""


@audit.command()
@gateway_options
@click.option(
    "--head",
    default="",
    help="Hash that an earlier check printed; the log must still contain it.",
)
@click.option(
    "--records",
    default=0,
    type=click.IntRange(min=0),
    help="Number of records that the earlier check printed.",
)
def verify(
    config_file: Path | None, state: Path | None, head: str, records: int
) -> None:
    """Check that the audit log was not changed; name the first record that is wrong.

    Keep the number and the hash that are printed: only with them can a later check find
    that records were cut off at the end.
    """

    async def action(identity: Identity, caller: Caller) -> AuditVerdict:
        return await identity.audit.verify(head, records)

    verdict = look(config_file, state, action)
    click.echo(f"{verdict.records} records, head {verdict.head}")
    if verdict.fault:
        raise click.ClickException(verdict.fault)


@audit.command("list")
@gateway_options
@click.option(
    "--after",
    default=0,
    type=click.IntRange(min=0),
    help="Print only records with a higher number.",
)
@click.option("--user", help="Print only requests of this account.")
@click.option("--method", help="Print only this HTTP method, or CLI for commands.")
@click.option("--path", default="", help="Print only paths that begin so.")
@click.option(
    "--route",
    help="Print only requests of the route with this template, such as "
    "/api/v1/jobs/{system}/{job_id}.",
)
@click.option(
    "--app",
    default="",
    help="Print only requests sent with what begins so: browser, program, token:LABEL, "
    "job:LABEL or cli.",
)
@click.option(
    "--outcome",
    type=click.Choice([one.value for one in Outcome]),
    help="Print only what became so.",
)
def list_records(
    config_file: Path | None,
    state: Path | None,
    after: int,
    outcome: str | None,
    **wanted: Any,
) -> None:
    """Print the audit log, oldest first, one JSON object per line.

    A record has all fields that its hash is computed from, so that a copy of all
    records can be checked elsewhere.
    """
    search = AuditSearch(outcome=Outcome(outcome) if outcome else None, **wanted)

    async def action(identity: Identity, caller: Caller) -> None:
        number = after
        while records := await identity.audit.after(number):
            for record in records:
                if not search.finds(record.entry):
                    continue
                told = {"number": record.number, "time": timestamp(record.entry.at)}
                told |= dataclasses.asdict(record.entry) | {"hash": record.hash}
                click.echo(json.dumps(told))  # it escapes control characters
            number = records[-1].number

    look(config_file, state, action)
