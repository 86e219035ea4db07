"""To whom rights on documents may be given."""

from gatewright.core.errors import InvalidContent
from gatewright.domains.store.model import Permissions
from gatewright.domains.store.names import check_account
from gatewright.domains.store.ports import Accounts


async def check_recipients(
    permissions: Permissions | None, accounts: Accounts | None
) -> None:
    """Refuse rights for nobody: whoever came to that name later would have them.

    Parameters
    ----------
    permissions
        What is to be given; None for nothing.
    accounts
        Who is there; None where any name may be given rights.

    Raises
    ------
    InvalidContent
        A name is none that an account may have, or nobody has it.
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
