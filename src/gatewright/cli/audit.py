"""``gatewright audit``: checks the record of all changes."""

from pathlib import Path

import click

from gatewright.cli.identity import look
from gatewright.cli.options import gateway_options
from gatewright.core.caller import Caller
from gatewright.domains.identity import AuditVerdict, Identity


@click.group()
def audit() -> None:
    """Check the audit log."""


@audit.command()
@gateway_options
@click.option(
    "--head", default="", help="Hash that an earlier check printed; it must be there."
)
def verify(config_file: Path | None, state: Path | None, head: str) -> None:
    """Say whether the audit log is as it was written.

    Keep the hash that is printed: a log that was cut at its end shows only by it.
    """

    async def action(identity: Identity, caller: Caller) -> AuditVerdict:
        return await identity.audit.verify(head)

    verdict = look(config_file, state, action)
    click.echo(f"{verdict.records} records, head {verdict.head}")
    if verdict.fault:
        raise click.ClickException(verdict.fault)
