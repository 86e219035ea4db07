"""Checks the accounts and groups to which rights are granted."""

from gatewright.core.errors import InvalidContent
from gatewright.domains.store.model import Permissions
from gatewright.domains.store.names import check_account
from gatewright.domains.store.ports import Accounts


async def check_recipients(
    permissions: Permissions | None, accounts: Accounts | None
) -> None:
    """Refuse rights for accounts and groups that do not exist.

    Whoever got that name later would have the rights.

    Parameters
    ----------
    permissions
        The permissions to check; None for nothing.
    accounts
        The existing accounts and groups; None to allow any valid name.

    Raises
    ------
    InvalidContent
        A name is not valid, or no account or group has it.
    """
    if permissions is None:
        return
    for name in (*permissions.users, *permissions.groups):
        check_account(name)
    if accounts is None:
        return
    for name in permissions.users:
        if not await accounts.exists(name):
            raise InvalidContent(f"There is no account “{name}” to give rights to.")
    for name in permissions.groups:
        if not await accounts.group_exists(name):
            raise InvalidContent(
                f"There is no group “{name}” with somebody in it to give rights to."
            )
