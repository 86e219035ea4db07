"""``gatewright user``: manages local accounts."""

import sys
from functools import partial
from pathlib import Path

import click

from gatewright.cli.identity import change, change_of, look
from gatewright.cli.options import chosen_config, gateway_options
from gatewright.core.caller import Caller, Role
from gatewright.core.clock import timestamp
from gatewright.core.pages import pages
from gatewright.domains.identity import Identity, User

SHORT = 8


@click.group()
def user() -> None:
    """Create, list, change and remove local accounts."""


@user.command()
@gateway_options
@click.argument("name")
@click.option(
    "--password-stdin",
    is_flag=True,
    required=True,
    help="Read the password from the first line of standard input.",
)
@click.option(
    "--role",
    type=click.Choice([Role.OWNER.value, Role.GUEST.value]),
    default=Role.GUEST.value,
    show_default=True,
    help="An owner has files, commands and jobs, which run as the gateway's user.",
)
def add(
    config_file: Path | None,
    state: Path | None,
    name: str,
    *,
    password_stdin: bool,
    role: str,
) -> None:
    """Create the account NAME."""
    password = read_password()

    async def action(identity: Identity, caller: Caller) -> User:
        return await identity.users.add(caller, name, password, Role(role))

    made = change(config_file, state, f"user add {name} --role {role}", action)
    click.echo(f"{made.name} is created, as {made.role}.")


@user.command("list")
@gateway_options
def list_users(config_file: Path | None, state: Path | None) -> None:
    """List all accounts: name, role, date of creation, groups."""

    async def action(identity: Identity, caller: Caller) -> list[User]:
        every = pages(partial(identity.users.page, caller, None))
        return [one async for page in every for one in page.items]

    for one in look(config_file, state, action):
        day = timestamp(one.created_at)[:10]
        groups = ",".join(sorted(one.groups)) or "-"
        click.echo(f"{one.name}\t{one.role}\t{day}\t{groups}")


@user.command()
@gateway_options
@click.argument("name")
def remove(config_file: Path | None, state: Path | None, name: str) -> None:
    """Remove the account NAME with its sessions and tokens.

    Rights that others gave it on their documents are removed, too. What it created
    remains.
    """

    async def action(identity: Identity, caller: Caller) -> None:
        await identity.users.remove(caller, name)

    change(config_file, state, f"user remove {name}", action)
    click.echo(f"{name} is removed.")


@user.command()
@gateway_options
@click.argument("name")
def disable(config_file: Path | None, state: Path | None, name: str) -> None:
    """Let nobody sign in to the account NAME or use its tokens.

    Its sessions end. Its tokens work again when it is enabled; its jobs go on.
    """

    async def action(identity: Identity, caller: Caller) -> None:
        await identity.users.set_disabled(caller, name, disabled=True)

    change(config_file, state, f"user disable {name}", action)
    click.echo(f"{name} is disabled.")


@user.command()
@gateway_options
@click.argument("name")
def enable(config_file: Path | None, state: Path | None, name: str) -> None:
    """Let the account NAME be used again after it was disabled."""

    async def action(identity: Identity, caller: Caller) -> None:
        await identity.users.set_disabled(caller, name, disabled=False)

    change(config_file, state, f"user enable {name}", action)
    click.echo(f"{name} is enabled.")


@user.command("password")
@gateway_options
@click.argument("name")
@click.option(
    "--password-stdin",
    is_flag=True,
    required=True,
    help="Read the password from the first line of standard input.",
)
def set_password(
    config_file: Path | None, state: Path | None, name: str, *, password_stdin: bool
) -> None:
    """Change the password of NAME; its sessions end, its tokens remain valid."""
    password = read_password()

    async def action(identity: Identity, caller: Caller) -> None:
        await identity.users.set_password(caller, name, password)

    change(config_file, state, f"user password {name}", action)
    click.echo(f"The password of {name} is changed.")


@user.command()
@gateway_options
@click.argument("name")
def link(config_file: Path | None, state: Path | None, name: str) -> None:
    """Print a link that signs NAME in once, within a day."""

    async def action(identity: Identity, caller: Caller) -> str:
        return await identity.make_sign_in_link(name)

    config = chosen_config(config_file, state)
    code = change_of(config, f"user link {name}", action)
    address = config.url
    if address.endswith(":0"):
        click.echo(
            "The gateway's port changes at each start: put the address that it printed "
            "in front of this.",
            err=True,
        )
        address = ""
    click.echo(f"{address}/sign-in?code={code}")


@user.group()
def group() -> None:
    """Add accounts to groups, and remove them."""


@group.command("add")
@gateway_options
@click.argument("name")
@click.argument("group_name", metavar="GROUP")
def join(
    config_file: Path | None, state: Path | None, name: str, group_name: str
) -> None:
    """Add the account NAME to GROUP."""

    async def action(identity: Identity, caller: Caller) -> None:
        await identity.users.join(caller, name, group_name)

    change(config_file, state, f"user group add {name} {group_name}", action)
    click.echo(f"{name} is in {group_name}.")


@group.command("remove")
@gateway_options
@click.argument("name")
@click.argument("group_name", metavar="GROUP")
def leave(
    config_file: Path | None, state: Path | None, name: str, group_name: str
) -> None:
    """Remove the account NAME from GROUP."""

    async def action(identity: Identity, caller: Caller) -> None:
        await identity.users.leave(caller, name, group_name)

    change(config_file, state, f"user group remove {name} {group_name}", action)
    click.echo(f"{name} is out of {group_name}.")


def read_password() -> str:
    """Return the first line of standard input; warn if it is short."""
    password = sys.stdin.readline().rstrip("\r\n")
    if 0 < len(password) < SHORT:
        click.echo(
            f"The password is shorter than {SHORT} characters: easy to guess.", err=True
        )
    return password
