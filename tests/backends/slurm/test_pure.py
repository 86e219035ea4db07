"""What is run, and what it means: values without a cluster."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.backends.slurm.made import JOB

from gatewright.backends.slurm import parse, values
from gatewright.backends.slurm.checks import capabilities_of, check, mark_column
from gatewright.backends.slurm.commands import (
    COMMENT,
    SUBMIT_LINE,
    Slurm,
    array_text,
)
from gatewright.backends.slurm.looks import Looks
from gatewright.backends.slurm.marks import Mark, NativeId, mark_in, mark_of, native_id
from gatewright.backends.slurm.rows import AccountingRow, QueueRow
from gatewright.backends.slurm.statuses import (
    PriorityOrder,
    counted,
    ended,
    living,
    queued,
    whole_of,
)
from gatewright.backends.slurm.words import why_it_ended
from gatewright.core.errors import (
    BackendFailed,
    InvalidContent,
    Unavailable,
)
from gatewright.domains.compute import (
    Attributes,
    Condition,
    JobSpec,
    JobState,
    Partition,
    QueuedJob,
    Resources,
    Snapshot,
    Submission,
    parse_array,
)

MARK = Mark("01hv", "ada")


WAITING = QueueRow(
    "21", "21", "root", "PENDING", "Priority", "", 1, 1, "batch", "science", 1, "0",
    600.0, 90.0, None, None, "", "a", "",
)  # fmt: skip


def options(job: Submission, *indices: int) -> list[str]:
    return list(Slurm().submit(job, MARK, "", [], indices).argv[1:])


class TestCommands:
    def test_each_option_is_one_word(self) -> None:
        spec = JobSpec(
            executable="true",
            inherit_environment=False,
            stdin_path="in%",
            hold=True,
            resources=Resources(
                node_count=2, processes_per_node=3, gpu_cores_per_process=1,
                memory=3 << 20,
            ),
            attributes=Attributes(61, "-x,y", "p", "r", "q", "a&b", "m:2"),
        )  # fmt: skip
        slurm = Slurm("/opt/slurm/bin/", "/etc/slurm.conf")
        call = slurm.submit(
            replace(JOB, spec=spec),
            MARK,
            "#!/bin/sh\n",
            [("5", Condition.AFTER_NOT_OK)],
        )
        assert call.argv[0] == "/opt/slurm/bin/sbatch"
        assert call.environment == {"SLURM_CONF": "/etc/slurm.conf"}
        assert call.stdin == b"#!/bin/sh\n"
        assert set(call.argv[1:]) == {
            "--parsable", "--ignore-pbs", "--hold", "--comment=gw:01hv:ada",
            "--job-name=a,b c", "--chdir=/w", "--export=NIL",
            "--kill-on-invalid-dep=yes", "--output=/w/50%%.out", "--error=/w/7.err",
            "--open-mode=append", "--input=in%%", "--nodes=2", "--ntasks-per-node=3",
            "--gpus-per-task=1", "--mem=2M", "--time=2", "--partition=-x,y",
            "--account=p", "--reservation=r", "--qos=q", "--constraint=a&b",
            "--licenses=m:2", "--dependency=afternotok:5",
        }  # fmt: skip

    def test_the_elements_of_an_array_are_named(self) -> None:
        element = replace(JOB, array_index=1, array_id="7", array_limit=2)
        assert "--array=1,3%2" in options(element, 1, 3)
        assert "--output=/dev/null" in options(element, 1, 3)
        assert "--array=1" in options(replace(element, array_limit=None), 1)

    @given(st.sets(st.integers(0, 300), min_size=1))
    def test_the_text_of_an_array_means_the_same_indices(
        self, chosen: set[int]
    ) -> None:
        indices = tuple(sorted(chosen))
        assert parse_array(array_text(indices), 400).indices == indices

    @pytest.mark.parametrize(
        "text", ["0-2000", "1-3999:2", "0,3-5", "7", "0-90:10,105-195:10"]
    )
    def test_a_range_stays_a_range(self, text: str) -> None:
        """Slurm takes 8,192 characters, and 2,000 indices by themselves have more."""
        assert array_text(parse_array(text, 4000).indices) == text

    def test_what_a_script_asks_for_itself_is_not_overruled(self) -> None:
        """An option counts more than a line of the script, as one core did once."""
        assert not any(
            option.startswith(("--ntasks", "--cpus", "--nodes", "--mem", "--time"))
            for option in options(JOB)
        )
        asked = Resources(process_count=1, cpu_cores_per_process=2)
        given = options(replace(JOB, spec=JobSpec(executable="a", resources=asked)))
        assert {"--ntasks=1", "--cpus-per-task=2"} <= set(given)

    def test_questions_are_asked_in_utc(self) -> None:
        for call in (
            Slurm().queue("n"), Slurm().accounting("n", ["1"]), Slurm().nodes("n"),
            Slurm().partitions("n"), Slurm().settings(), Slurm().exit_codes(["1"]),
            Slurm().reservations(),
        ):  # fmt: skip
            assert call.environment["TZ"] == "UTC0"
        assert Slurm().cancel(["1", "2"]).argv == ("scancel", "--quiet", "1", "2")
        assert Slurm().hold(["1"]).argv == ("scontrol", "uhold", "1")
        assert Slurm().release(["1"]).argv == ("scontrol", "release", "1")
        argv = Slurm().signal(["1", "2_3"], "USR1").argv
        assert argv == ("scancel", "--full", "--signal=USR1", "1", "2_3")
        argv = Slurm().limit(["1", "2_3"], 5).argv
        assert argv == ("scontrol", "update", "JobId=1,2_3", "TimeLimit=5")
        argv = Slurm().array_limit(["2"], 0).argv
        assert argv == ("scontrol", "update", "JobId=2", "ArrayTaskThrottle=0")
        assert Slurm().requeue(["1", "2_3"]).argv == ("scontrol", "requeue", "1,2_3")

    def test_a_dry_run_is_the_same_submission_and_submits_nothing(self) -> None:
        call = Slurm("", "/c").submit(JOB, MARK, "#!/bin/sh\n", [])
        tried = Slurm().dry_run(call)
        assert tried.argv == ("sbatch", "--test-only", *call.argv[1:])
        assert tried.stdin == call.stdin
        assert tried.environment == {"SLURM_CONF": "/c", "SLURM_TIME_FORMAT": "%s"}
        text = (
            "sbatch: Job 4 to start at 1795964624 using 2 processors on nodes "
            "n[1-2] in partition batch\n"
        )
        assert parse.estimated(text) == (1795964624.0, 2, "n[1-2]", "batch")
        assert parse.estimated("sbatch: hello\n") is None


class TestMarks:
    def test_a_comment_says_whose_job_it_is(self) -> None:
        assert mark_in("gw:01hv:ada") == MARK
        assert mark_in("gw:01hv:a:b") == Mark("01hv", "a:b")
        for text in ("", "gw:01hv", "other:01hv:ada", "gw:../x:ada", "gw::ada"):
            assert mark_in(text) is None

    def test_an_id_counts_with_its_mark_and_account_only(self) -> None:
        native = NativeId("5_3", "01hv", "root", "ada")
        assert native_id(str(native)) == native
        assert (native.mark, native.index) == (MARK, "3")
        assert native_id("01m8k7f253hj0wz53dfgzrffrn") is None
        row = AccountingRow(
            "5_3", "9", "", "root", "COMPLETED", 1.0, 2.0, 3.0, 0.5, 0, 1, 1.0,
            "gw:01hv:ada", 0, 0,
        )  # fmt: skip
        assert counted([row], native) == row
        assert counted([row, replace(row, comment="gw:02:ada")], native) == row
        for other in (
            replace(row, comment="gw:02:ada"),
            replace(row, account="eve"),
            replace(row, number="6"),
            replace(row, state="RUNNING"),
        ):
            assert counted([other], native) is None
        unmarked = replace(row, comment="")
        assert counted([unmarked], native) == unmarked
        assert counted([unmarked, unmarked], native) is None

    def test_the_elements_of_an_array_share_their_mark(self) -> None:
        one, two = (
            replace(JOB, array_id="7", array_index=i, uuid=f"u{i}") for i in (1, 2)
        )
        assert mark_of(one) == mark_of(two) != mark_of(replace(one, submitted_at=6.0))
        assert mark_of(JOB) == MARK
        assert mark_in(mark_of(one).comment) == mark_of(one)


def test_why_jobs_ended() -> None:
    assert "time limit" in why_it_ended("TIMEOUT", "None", 0, 0)
    assert why_it_ended("FAILED", "x", 0, 9) == "Ended by signal 9."
    assert "not found" in why_it_ended("FAILED", "x", 127, 0)
    assert "may not be run" in why_it_ended("FAILED", "x", 126, 0)
    assert "output file cannot be written" in why_it_ended("FAILED", "x", 181, 53)
    assert why_it_ended("FAILED", "New", 0, 0) == "Slurm says: New."
    assert why_it_ended("CANCELLED", "x", 0, 0) == "Canceled."
    assert "waited for" in why_it_ended("CANCELLED", "DependencyNeverSatisfied", 0, 0)


class TestHeterogeneousJobs:
    """Their parts are rows of the queue, of the same job with different resources."""

    def parts(self, *states: str) -> list[QueuedJob]:
        rows = [
            replace(
                WAITING, number=str(21 + n), shown=f"21+{n}", state=state, cores=n + 1,
                partition=("cpu", "gpu")[n % 2], started_at=100.0 + n,
            )
            for n, state in enumerate(states)
        ]  # fmt: skip
        return [
            queued(row, living(row, row.number, PriorityOrder()), "ada") for row in rows
        ]

    def test_they_are_one_job(self) -> None:
        whole = whole_of(self.parts("PENDING", "PENDING"))
        assert (whole.number, whole.cores, whole.nodes) == ("21", 3, 2)
        assert whole.partition == "cpu,gpu"
        assert whole.status.state is JobState.QUEUED
        assert whole.status.expected_start_at == 101.0
        numbers = [(part.number, part.cores) for part in whole.components]
        assert numbers == [("21+0", 1), ("21+1", 2)]

    def test_one_part_that_runs_is_enough(self) -> None:
        whole = whole_of(self.parts("COMPLETED", "RUNNING", "PENDING"))
        assert whole.status.state is JobState.ACTIVE
        assert whole.status.started_at == 101.0
        states = [part.state for part in whole.components]
        assert states == [JobState.COMPLETED, JobState.ACTIVE, JobState.QUEUED]

    def test_no_start_is_expected_while_a_part_has_none(self) -> None:
        one, other = self.parts("PENDING", "PENDING")
        other = replace(other, status=replace(other.status, expected_start_at=None))
        assert whole_of([one, other]).status.expected_start_at is None


@pytest.mark.parametrize("reason", [
    "launch failed requeued held",
    "launch_failed_requeued_held",
])  # fmt: skip
def test_a_job_that_its_machine_refused_is_held(reason: str) -> None:
    row = replace(WAITING, reason=reason)
    status = living(row, row.number, PriorityOrder())
    assert status.state is JobState.HELD
    assert status.reason.startswith("Held: its machine could not start it.")
    down = "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher"
    status = living(replace(row, reason=down), row.number, PriorityOrder())
    assert status.state is JobState.QUEUED
    assert status.reason.startswith("The machines that it needs are down")


def test_gpus_of_several_tasks() -> None:
    """Each task may have been as busy as the busiest, and all steps at once."""
    job = AccountingRow(
        "5", "5", "", "root", "COMPLETED", 1.0, 2.0, 3.0, 0.5, 0, 1, 1.0, "", 0, 0,
        gpus=4,
    )  # fmt: skip
    batch, step = (
        replace(job, step=name, gpus_busy=busy)
        for name, busy in (("batch", 0.0), ("0", 2.0))
    )
    assert ended(job, [batch, step], "5").usage.gpus_busy == 2.0
    assert ended(job, [step] * 3, "5").usage.gpus_busy == 4.0
    assert ended(job, [], "5").usage.gpus_busy is None
    assert ended(replace(job, gpus=0), [step], "5").usage.gpus_busy is None


def test_what_is_too_large_is_refused() -> None:
    batch = Partition("batch", "up", True, 2, 8, 0, 1 << 30, duration=60.0)
    free = replace(batch, name="free", default=False, duration=None)
    seen = Snapshot(1.0, [], partitions=[batch, free])
    has = capabilities_of(seen)
    assert (has.cores, has.nodes, has.queues) == (8, 2, ("batch", "free"))
    patternless = ",".join(str(n * n) for n in range(1500))
    for spec in (
        JobSpec(executable="a", attributes=Attributes(duration=61)),
        JobSpec(executable="a", attributes=Attributes(queue_name="free,none")),
        JobSpec(executable="a", resources=Resources(node_count=3)),
        JobSpec(executable="a", array=patternless),
    ):
        with pytest.raises(InvalidContent):
            check(replace(JOB, spec=spec), seen, has)
        # Before the first look Slurm alone decides.
        if spec.array is None:
            check(replace(JOB, spec=spec), None, capabilities_of(None))
    long = Attributes(duration=10_000, queue_name="free")
    check(replace(JOB, spec=JobSpec(executable="a", attributes=long)), seen, has)


async def test_looks_are_shared_by_the_processes(tmp_path: Path) -> None:
    one, other = Looks(tmp_path / "s"), Looks(tmp_path / "s")
    with pytest.raises(Unavailable):
        await other.last()
    await one.keep_failure("It is away.")
    with pytest.raises(Unavailable, match="It is away"):
        await other.last()
    await one.keep(Snapshot(5.0, []))
    assert (await other.last()).as_of == 5.0
    await other.keep_failure("It is away.")
    found = await one.last()
    assert (found.as_of, found.failure) == (5.0, "It is away.")
    (tmp_path / "s" / "look").write_bytes(b"of another version")
    assert (await one.last()).as_of == 5.0


def test_numbers_as_slurm_writes_them() -> None:
    assert values.seconds("1-02:03:04") == 93_784
    assert values.seconds("10:00") == 600
    assert values.seconds("infinite") is None
    assert values.size("1.5G", "M") == 3 << 29
    assert values.size("x", "M") is None
    assert values.count("4-8") == 4
    assert values.memory("billing=4,cpu=4,mem=1000M,node=1") == 1000 << 20
    assert values.memory("cpu=00:00:01,energy=0,mem=2134K,pages=0") == 2134 << 10
    assert values.memory("mem=1.50G") == 3 << 29
    assert values.memory("") == values.memory("mem=?") == values.memory("vmem=1G") == 0
    assert values.gpus("gpu:a100:4(S:0-3),gpu:2,mps:100") == 6
    assert parse.submitted("sbatch: hello\n77;cluster\n") == "77"
    with pytest.raises(BackendFailed):
        parse.submitted("none")
    with pytest.raises(BackendFailed):
        parse.accounting("1@x2\n", "@x")
    assert parse.accounting("\n", "@x") == []
    assert parse.exit_codes("5_1 1792\n6 9\nnonsense\n") == {"5_1": (7, 0), "6": (0, 9)}


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(0, 6))
def test_a_job_s_place_is_the_number_of_jobs_of_a_higher_priority(
    priorities: list[int], own: int
) -> None:
    waiting = [
        replace(WAITING, priority=priority, partition="batch")
        for priority in priorities
    ]
    elsewhere = replace(WAITING, priority=9, partition="gpu")
    held = replace(WAITING, priority=9, partition="batch", reason="JobHeldUser")
    order = PriorityOrder.of([*waiting, elsewhere, held])
    job = replace(WAITING, priority=own, partition="batch")
    assert order.ahead(job) == sum(priority > own for priority in priorities)
    assert order.ahead(replace(job, partition="none")) == 0


@pytest.mark.parametrize(
    ("flags", "version", "column"),
    [
        ("job_comment", "20.11.9", COMMENT),
        ("job_script,job_comment", "", COMMENT),
        ("(null)", "22.05.8", SUBMIT_LINE),
        ("job_script", "21.08.0", SUBMIT_LINE),
        ("(null)", "20.11.9", None),
        ("(null)", "unknown", None),
    ],
)
def test_the_column_of_accounting_that_has_the_marks(
    flags: str, version: str, column: str | None
) -> None:
    settings = {"AccountingStoreFlags": flags, "SLURM_VERSION": version}
    assert mark_column(settings) == column
