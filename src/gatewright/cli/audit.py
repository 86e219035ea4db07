"""``gatewright audit``: shows and checks the audit log."""

import dataclasses
import json
from pathlib import Path

import click

from gatewright.cli.identity import look
from gatewright.cli.options import gateway_options
from gatewright.core.caller import Caller
from gatewright.core.clock import timestamp
from gatewright.domains.identity import AuditVerdict, Identity


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
def list_records(config_file: Path | None, state: Path | None, after: int) -> None:
    """Print the audit log, oldest first, one JSON object per line.

    A record has all fields that its hash is computed from, so that a copy can be
    checked elsewhere.
    """

    async def action(identity: Identity, caller: Caller) -> None:
        number = after
        while records := await identity.audit.after(number):
            for record in records:
                told = {"number": record.number, "time": timestamp(record.entry.at)}
                told |= dataclasses.asdict(record.entry) | {"hash": record.hash}
                click.echo(json.dumps(told))  # it escapes control characters
            number = records[-1].number

    look(config_file, state, action)
