"""What people are told when Slurm refuses their job for good."""

import pytest

from gatewright.backends.slurm.failures import failure
from gatewright.core.errors import BackendFailed, InvalidContent
from gatewright.domains.files import Outcome

PREFIX = "sbatch: error: Batch job submission failed: "
NODES = f"{PREFIX}Requested node configuration is not available\n"
POLICY = (
    f"{PREFIX}Job violates accounting/QOS policy (job submit limit, user's size and/or "
    "time limits)\n"
)


def told(stderr: str) -> str:
    error = failure("sbatch", Outcome(1, b"", stderr.encode()))
    assert type(error) is InvalidContent
    return error.text


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("Invalid account or account/partition combination specified", "account"),
        ("Invalid partition name specified", "no such partition"),
        ("No partition specified or system default partition", "Choose a partition"),
        ("User's group not permitted to use this partition", "for other groups"),
        ("Required partition not available (inactive or drain)", "takes no jobs now"),
        ("Requested partition configuration not available now", "takes no jobs now"),
        ("Partition in DOWN state", "takes no jobs now"),
        ("Invalid qos specification", "no such QOS"),
        (
            "Requested account has breached requested QOS usage threshold",
            "used too much",
        ),
        ("More processors requested than permitted", "more cores"),
        ("Requested more tasks than available processors", "more cores"),
        ("CPU count specification invalid", "more cores"),
        ("Memory required by task is not available", "as much memory"),
        ("Node count specification invalid", "more machines"),
        ("Requested node configuration is not available", "has all that the job asks"),
        (
            "Requested time limit is invalid (missing or exceeds some limit)",
            "shorter one",
        ),
        ("Invalid feature specification", "constraint"),
        ("Invalid preferred feature specification", "constraint"),
        ("Job dependency problem", "dependencies"),
        ("Invalid --nice value", "not for you to choose"),
        ("Circular job dependency", "dependencies"),
        ("Invalid license specification", "licence"),
        ("Access denied to requested reservation", "for other people"),
        ("Requested reservation is invalid", "no such reservation"),
        ("Requested reservation not usable now", "cannot be used at this time"),
        ("Requested reservation is in use", "cannot be used at this time"),
        ("Invalid generic resource (gres) specification", "GPUs"),
        (
            "Invalid GRES specification (with and without type identification)",
            "GPUs",
        ),
        ("Invalid Trackable RESource (TRES) specification", "GPUs"),
        ("Invalid job array specification", "smaller ones"),
        ("Requested nodes not in this partition", "asked for by name"),
        ("Invalid node name specified", "asked for by name"),
        ("Invalid wckey specification", "workload key"),
        ("System submissions disabled", "closed the system"),
        ("Access/permission denied", "rights of an administrator"),
    ],
)
def test_each_refusal_says_what_to_change(words: str, why: str) -> None:
    """The words are Slurm's, as ``slurm_strerror`` of version 22.05 has them."""
    text = told(f"{PREFIX}{words}\n")
    assert why in text
    assert text.startswith("Slurm does not take the job. ")
    assert text.endswith(f" Its words: “{words}”.")


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [
        ("Memory specification can not be satisfied", NODES, "as much memory"),
        ("CPU count per node can not be satisfied", NODES, "more cores"),
        (
            "Socket, core and/or thread specification can not be satisfied",
            NODES,
            "more cores",
        ),
        ("Node feature requirements can not be satisfied", NODES, "constraint"),
        ("Temporary disk specification can not be satisfied", NODES, "has all that"),
        ("AssocMaxSubmitJobLimit", POLICY, "as many jobs as your account allows"),
        ("AssocGrpSubmitJobsLimit", POLICY, "as many jobs as your account allows"),
        ("MaxSubmitJobsPerAccount", POLICY, "as many jobs as the QOS allows"),
        ("QOSMaxSubmitJobPerUserLimit", POLICY, "as many jobs as the QOS allows"),
        ("QOSJobLimit", POLICY, "as many jobs as the QOS allows"),
        ("AssocMaxWallDurationPerJobLimit", POLICY, "longer than your account allows"),
        ("QOSMaxWallDurationPerJobLimit", POLICY, "longer than the QOS allows"),
        ("QOSTimeLimit", POLICY, "longer than the QOS allows"),
        ("AssocMaxCpuMinutesPerJobLimit", POLICY, "left of what your account allows"),
        ("QOSGrpCPUMinutesLimit", POLICY, "left of what the QOS allows"),
        ("QOSUsageThreshold", POLICY, "left of what the QOS allows"),
        ("AssocMaxCpuPerJobLimit", POLICY, "GPUs or machines than your account"),
        ("QOSMaxGRESPerUser", POLICY, "GPUs or machines than the QOS"),
        ("QOSMinCpuNotSatisfied", POLICY, "less than the QOS is for"),
        ("QOSNotAllowed", POLICY, "may not use the QOS"),
    ],
)
def test_the_line_before_the_last_says_more(first: str, last: str, why: str) -> None:
    text = told(f"sbatch: error: {first}\n{last}")
    assert why in text
    assert f"Its words: “{first}; " in text


def test_a_limit_without_a_name() -> None:
    assert "how many jobs you may have" in told(POLICY)


def test_a_line_of_the_script_that_sbatch_does_not_know() -> None:
    text = told(
        "sbatch: unrecognized option '--gpu-memory=9'\n"
        'Try "sbatch --help" for more information\n'
    )
    assert "A line “#SBATCH” of the script has an option" in text
    assert "“unrecognized option '--gpu-memory=9'; Try" in text


@pytest.mark.parametrize(
    ("stderr", "why"),
    [
        ("sbatch: error: Invalid --time specification\n", "cannot be read"),
        (
            (
                "Invalid time specification (pos=0): soon\n"
                "sbatch: error: Invalid --begin specification\n"
            ),
            "cannot be read",
        ),
        (
            (
                "sbatch: unrecognized option '--nosuch=3'\n"
                'Try "sbatch --help" for more information\n'
            ),
            "does not know",
        ),
        (
            (
                "sbatch: option '--mem' requires an argument\n"
                'Try "sbatch --help" for more information\n'
            ),
            "lacks its value",
        ),
    ],
)
def test_an_option_that_sbatch_cannot_read(stderr: str, why: str) -> None:
    """It then exits with 255, which otherwise is no answer about the job."""
    error = failure("sbatch", Outcome(255, b"", stderr.encode()))
    assert type(error) is InvalidContent
    assert why in error.text
    lost = failure("sbatch", Outcome(255, b"", b"sbatch: error: Aborted\n"))
    assert type(lost) is BackendFailed


def test_the_line_ends_of_another_system() -> None:
    text = told(
        "sbatch: error: Batch script contains DOS line breaks (\\r\\n)\n"
        "sbatch: error: instead of expected UNIX line breaks (\\n).\n"
    )
    assert "Save it with those of Unix" in text


def test_the_dry_run_says_the_same() -> None:
    text = told("allocation failure: Invalid qos specification\n")
    assert "no such QOS" in text
    assert text.endswith(" Its words: “Invalid qos specification”.")


def test_a_warning_is_not_the_reason() -> None:
    text = told(
        "sbatch: warning: can't honor --ntasks-per-node set to 4\n"
        f"{PREFIX}Invalid qos specification\n"
    )
    assert text.endswith(" Its words: “Invalid qos specification”.")


def test_what_a_site_says_itself_is_quoted() -> None:
    """Its own programs may refuse a job (``JobSubmitPlugins``), in their own words."""
    text = told(
        f"sbatch: error: Please write a real job name.\n{PREFIX}Unspecified error\n"
    )
    expected = "Please write a real job name; Unspecified error."
    assert text == f"Slurm does not take the job: {expected}"


def test_long_words_are_cut() -> None:
    text = told(f"sbatch: error: {'x' * 999}\n{POLICY}")
    assert text.endswith(f"“{'x' * 300}…”.")
    assert "limit of your account" in text
