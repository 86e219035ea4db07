"""What the failures of Slurm's programs mean."""

from dataclasses import dataclass

import pytest
from typing_extensions import override

from gatewright.backends.slurm.client import Client
from gatewright.backends.slurm.commands import Call
from gatewright.backends.slurm.failures import (
    Away,
    cancel_failure,
    change_failure,
    failure,
    order_failure,
    refusal,
    without_accounting,
)
from gatewright.core.errors import (
    BackendFailed,
    Conflict,
    GatewayError,
    InvalidContent,
    NotAllowed,
    PersonAbsent,
    TimedOut,
    Unavailable,
)
from gatewright.domains.files import Outcome


def outcome(stderr: str, code: int = 1, *, timed_out: bool = False) -> Outcome:
    return Outcome(code, b"", stderr.encode(), timed_out=timed_out)


class TestFailures:
    @pytest.mark.parametrize(
        ("program", "text", "kind"),
        [
            ("squeue", "error: Unable to contact slurm controller", Away),
            ("sbatch", "error: Socket timed out on send/recv", TimedOut),
            ("sbatch", "error: Batch job submission failed: Bad", InvalidContent),
            ("sacct", "sacct: error: slurm_persist_conn_open: refused", Away),
            ("squeue", "something else", BackendFailed),
            ("sbatch", "", BackendFailed),
        ],
    )  # fmt: skip
    def test_what_they_mean(self, program: str, text: str, kind: type) -> None:
        assert type(failure(program, outcome(text))) is kind

    @pytest.mark.parametrize(
        "text",
        [
            "Unexpected missing socket error",
            "Unable to contact slurm controller (send failure)",
            "Unable to contact slurm controller (receive failure)",
            "Unable to contact slurm controller (shutdown failure)",
            "Zero Bytes were transmitted or received",
            "Message send failure",
            "Message receive failure",
            "Communication shutdown failure",
            "Unexpected message received",
            "Insane message length",
            "Connection reset by peer",
            "Transport endpoint is not connected",
            "Broken pipe",
            "Software caused connection abort",
            "No route to host",
            "Resource temporarily unavailable",
        ],
    )
    def test_a_connection_that_breaks_off_leaves_it_unknown(self, text: str) -> None:
        """The controller may have taken the job before it was killed."""
        said = f"sbatch: error: Batch job submission failed: {text}"
        assert type(failure("sbatch", outcome(said))) is TimedOut
        assert type(failure("squeue", outcome(said))) is Unavailable

    @pytest.mark.parametrize(
        "text",
        [
            "Unable to contact slurm controller (connect failure)",
            "Communication connection failure",
            "Protocol authentication error",
            "Connection refused",
        ],
    )
    def test_a_connection_that_never_was_means_no_job(self, text: str) -> None:
        said = f"sbatch: error: Batch job submission failed: {text}"
        assert type(failure("sbatch", outcome(said))) is Away

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("Access/permission denied for job 7", NotAllowed),
            ("slurm_update error: Job has already finished", Conflict),
            ("slurm_update error: Invalid job id specified", Conflict),
            ("slurm_update error: Requested time limit is invalid", InvalidContent),
            ("", InvalidContent),
            ("Unable to contact slurm controller", Away),
        ],
    )
    def test_why_an_order_is_refused(self, text: str, kind: type) -> None:
        assert type(refusal("scontrol", outcome(text))) is kind

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("7_0: Job has already finished\n7_1-9: No error", type(None)),
            ("7_0: Job has already finished", Conflict),
            ("7_0: Access/permission denied\n7_1-9: No error", NotAllowed),
        ],
    )
    def test_an_array_is_changed_though_elements_have_ended(
        self, text: str, kind: type
    ) -> None:
        assert type(change_failure("scontrol", outcome(text))) is kind
        done = Outcome(0, b"", b"", False, False, False)
        assert change_failure("scontrol", done) is None

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("Access/permission denied for job 7", NotAllowed),
            ("Job has already finished for job 7", type(None)),
            ("Job is no longer pending execution for job 7", type(None)),
            ("Unable to contact slurm controller", Away),
        ],
    )
    def test_why_a_job_is_not_held_or_released(self, text: str, kind: type) -> None:
        assert type(order_failure(outcome(text))) is kind

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("", type(None)),
            ("Kill job error on job id 7_0: Invalid job id specified", type(None)),
            ("Kill job error on job id 7_[0-3]: Access/permission denied", NotAllowed),
            ("Kill job error on job id 7: Job update not available", InvalidContent),
            ("Unable to contact slurm controller", Away),
        ],
    )
    def test_why_a_job_is_not_canceled(self, text: str, kind: type) -> None:
        """With ``--quiet``, scancel says nothing of jobs that are gone."""
        said = f"scancel: error: {text}" if text else ""
        assert type(cancel_failure(outcome(said))) is kind
        done = Outcome(0, b"", b"", False, False, False)
        assert cancel_failure(done) is None

    def test_one_that_took_too_long(self) -> None:
        assert isinstance(failure("sbatch", outcome("", timed_out=True)), TimedOut)
        assert without_accounting(outcome("Slurm accounting storage is disabled"))


@dataclass
class Ended(Client):
    """A cluster whose commands are run by a worker that ends."""

    error: GatewayError

    @override
    async def run(self, user: str, call: Call, seconds: float = 0) -> Outcome:
        raise self.error


@pytest.mark.parametrize(
    ("error", "kind"),
    [(Unavailable("It has ended."), TimedOut), (PersonAbsent(), PersonAbsent)],
)
async def test_a_submission_goes_on_without_its_worker(
    error: GatewayError, kind: type[GatewayError]
) -> None:
    """So Slurm may have taken the job, unless the command was never begun."""
    with pytest.raises(kind) as raised:
        await Ended(error).submit("ada", Call(("sbatch",), {}))
    assert type(raised.value) is kind
