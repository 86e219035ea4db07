"""The command lines that ask Slurm about accounts, shares and usage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gatewright.backends.slurm.commands import Call, Slurm

ACCOUNT_FIELDS = "Account,Coordinators,Organization,Description"
"""Columns of ``sacctmgr show account``; text that an administrator wrote is last."""
ASSOCIATION_FIELDS = (
    "Account,User,Partition,ParentName,GrpTRESMins,GrpTRES,GrpJobs,GrpSubmit,MaxJobs,"
    "MaxSubmit,MaxWall,QOS"
)
"""Columns of ``sacctmgr show assoc``."""
SHARE_FIELDS = (
    "Account,User,Partition,RawShares,NormShares,RawUsage,EffectvUsage,FairShare,"
    "LevelFS,GrpTRESRaw"
)
"""Columns of ``sshare``."""
USE_FIELDS = (
    "User,Account,Partition,AllocCPUS,AllocNodes,AllocTRES,ElapsedRaw,Start,End,JobID,"
    "State,Submit"
)
"""Columns of ``sacct`` for usage."""
RUN_FIELDS = "JobID,User,Submit"
"""Columns of ``sacct`` for the runs of jobs."""


@dataclass(frozen=True, slots=True)
class AccountQueries:
    """Builds the command lines for the accounts of one installation of Slurm."""

    slurm: Slurm
    """Its programs and configuration."""

    def accounts(self) -> Call:
        """List the accounts, with their coordinators."""
        return self._sacctmgr("account", "withcoord", f"format={ACCOUNT_FIELDS}")

    def associations(self, cluster: str) -> Call:
        """List the accounts and users of a cluster with their limits."""
        return self._sacctmgr(
            "assoc", f"cluster={cluster}", f"format={ASSOCIATION_FIELDS}"
        )

    def level(self, account: str) -> Call:
        """Show the administrative level of a Unix account."""
        return self._sacctmgr("user", account, "format=AdminLevel")

    def configuration(self) -> Call:
        """Show the configuration of the accounting database."""
        return self._sacctmgr("configuration")

    def shares(self) -> Call:
        """List the fair shares of all accounts and users."""
        return self.slurm.question(
            "sshare",
            "--all",
            "--partition",
            "--noheader",
            "--parsable2",
            f"--format={SHARE_FIELDS}",
        )

    def usage(self, nonce: str, start: float, end: float) -> Call:
        """List what each job used between two times, in seconds since 1970 UTC.

        Jobs that were requeued are listed once for each run.
        """
        return self._runs(
            nonce,
            f"--format={USE_FIELDS}",
            "--truncate",
            f"--starttime={_time(start)}",
            f"--endtime={_time(end)}",
        )

    def later_runs(self, nonce: str, start: float, numbers: Sequence[str]) -> Call:
        """List the runs of some jobs that wait, go on or end after a time.

        It is in seconds since 1970 UTC.
        """
        return self._runs(
            nonce,
            f"--format={RUN_FIELDS}",
            f"--starttime={_time(start)}",
            f"--jobs={','.join(numbers)}",
        )

    def _runs(self, nonce: str, *more: str) -> Call:
        """List each run of jobs on a line, without its steps."""
        return self.slurm.question(
            "sacct",
            "--noheader",
            "--allusers",
            "--allocations",
            "--duplicates",
            "--parsable2",
            f"--delimiter={nonce}",
            *more,
        )

    def _sacctmgr(self, *words: str) -> Call:
        options = ("--noheader", "--parsable2", "--readonly")
        return self.slurm.question("sacctmgr", *options, "show", *words)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
