"""Jobs that Slurm hides from the account that reads the queue (``PrivateData``)."""

import logging
from collections.abc import Collection

from gatewright.backends.slurm.account_commands import AccountQueries
from gatewright.backends.slurm.client import Client
from gatewright.core.errors import GatewayError

SEEING = frozenset({"Operator", "Administrator"})
"""Administrative levels for which Slurm hides nothing."""
_SECONDS = 5.0
_log = logging.getLogger(__name__)


class HiddenJobs:
    """Tells the operator, in the log, that the service account does not see all jobs.

    Parameters
    ----------
    client
        Runs Slurm's commands.
    service
        Account that reads the queue for all users.
    """

    def __init__(self, client: Client, service: str) -> None:
        self._client = client
        self._service = service
        self._told = False

    async def look(self, private: Collection[str]) -> None:
        """Log a warning if jobs became hidden; ``private`` is Slurm's PrivateData."""
        hides = not {"jobs", "all"}.isdisjoint(private)
        hidden = hides and not await self._sees_all()
        if hidden and not self._told:
            account = await self._client.account(self._service)
            _log.warning(
                "Slurm keeps jobs private (PrivateData), so the account %s sees none "
                "of other accounts. In multi-user mode people's jobs are then followed "
                "only while these people send requests. Make it an operator: "
                "sacctmgr modify user %s set AdminLevel=Operator",
                account,
                account,
            )
        self._told = hidden

    async def _sees_all(self) -> bool:
        """Return whether the account is an operator of Slurm; false if not known."""
        queries = AccountQueries(self._client.slurm)
        try:
            account = await self._client.account(self._service)
            if account == "root":
                return True
            call = queries.level(account)
            outcome = await self._client.run(self._service, call, _SECONDS)
        except GatewayError:
            return False
        return outcome.stdout.decode("utf-8", "replace").strip() in SEEING
