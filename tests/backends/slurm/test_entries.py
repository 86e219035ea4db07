"""The whole queue is read again and again; what did not change is not made anew."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.backends.slurm import parse
from gatewright.backends.slurm.commands import QUEUE_FIELDS, parting
from gatewright.backends.slurm.entries import QueueEntries
from gatewright.backends.slurm.looks import Looks
from gatewright.backends.slurm.rows import QueueRow
from gatewright.backends.slurm.statuses import PriorityOrder, living, own_id
from gatewright.core.errors import BackendFailed
from gatewright.domains.compute import JobState, QueuedJob, Snapshot

COLUMNS = QUEUE_FIELDS.count(",") + 1
ROW = QueueRow(
    number="1", shown="1", account="ada", state="PENDING", reason="Priority",
    dependency="", cores=8, nodes=1, partition="batch", project="science",
    priority=5, memory="4G", limit=60.0, submitted_at=1.0, started_at=None,
    ended_at=None, places="", name="run", comment="",
)  # fmt: skip


def answer(records: Sequence[Sequence[str]], nonce: str) -> str:
    between, end = parting(nonce)
    return "".join(between.join(fields) + end + "\n" for fields in records)


def fields_of(number: int, **others: str) -> list[str]:
    told = dict.fromkeys(QUEUE_FIELDS.split(","), "")
    assert set(others) <= set(told)
    told |= {"JobID": str(number), "ArrayTaskID": "N/A", "State": "PENDING"} | others
    return list(told.values())


CELLS = st.text(st.characters(exclude_characters="@", codec="utf-8"), max_size=5)
QUEUES = st.lists(st.lists(CELLS, min_size=COLUMNS, max_size=COLUMNS), max_size=6)


@given(st.lists(QUEUES, min_size=1, max_size=4))
def test_rows_are_those_of_a_parser_that_saw_nothing_before(
    queues: Sequence[Sequence[Sequence[str]]],
) -> None:
    parser = parse.QueueParser()
    for count, records in enumerate(queues):
        text = answer(records, f"@{count}f")
        assert parser.parse(text, f"@{count}f") == parse.queue(text, f"@{count}f")


def test_a_job_that_did_not_change_is_the_same_object() -> None:
    parser = parse.QueueParser()
    first = parser.parse(answer([fields_of(1), fields_of(2)], "@a"), "@a")
    changed = fields_of(2, State="RUNNING")
    again = parser.parse(answer([changed, fields_of(3), fields_of(1)], "@b"), "@b")
    assert again[2] is first[0]
    assert [row.number for row in again] == ["2", "3", "1"]
    assert [row.state for row in again] == ["RUNNING", "PENDING", "PENDING"]


def test_a_record_with_a_field_too_few_is_no_record_that_was_seen() -> None:
    """Its name has the character in it with which the parser compares records."""
    parser = parse.QueueParser()
    parser.parse(answer([fields_of(1)], "@a"), "@a")
    one, two, *others = fields_of(1)
    with pytest.raises(BackendFailed):
        parser.parse(answer([[f"{one}\x1f{two}", *others]], "@b"), "@b")


def test_a_name_that_moved_into_the_comment_is_read_again() -> None:
    """Both have the character in them with which the parser compares records."""
    parser = parse.QueueParser()
    before = fields_of(1, Name="a", Comment="b\x1fc")
    after = fields_of(1, Name="a\x1fb", Comment="c")
    parser.parse(answer([before], "@a"), "@a")
    (row,) = parser.parse(answer([after], "@b"), "@b")
    assert (row.name, row.comment) == ("a\x1fb", "c")


def test_an_answer_that_was_cut_off_is_refused() -> None:
    text = answer([fields_of(1)], "@a")
    with pytest.raises(BackendFailed):
        parse.QueueParser().parse(text[:-4], "@a")


def entries(made: QueueEntries, *rows: QueueRow) -> list[QueuedJob]:
    return made.of(rows, {}, PriorityOrder.of(rows))


def test_a_job_that_did_not_change_has_the_same_entry() -> None:
    made = QueueEntries()
    running = replace(ROW, number="2", state="RUNNING", reason="None", started_at=2.0)
    first = entries(made, ROW, running)
    again = entries(made, ROW, replace(running, name="other"))
    assert again[0] is first[0]
    assert [job.name for job in again] == ["run", "other"]


def test_a_job_whose_place_changed_says_so() -> None:
    made = QueueEntries()
    (before,) = entries(made, ROW)
    ahead = replace(ROW, number="2", priority=9, submitted_at=5.0)
    after, _ = entries(made, ROW, ahead)
    assert before.status.reason == "Waits for its turn in batch; it is next."
    assert after.status.reason == "Waits for its turn in batch; 1 job is ahead."


def test_a_job_of_the_gateway_has_the_status_that_the_gateway_found() -> None:
    made = QueueEntries()
    row = replace(ROW, comment="gw:01hv:ada")
    order = PriorityOrder.of([row])
    native = str(own_id(row))
    held = replace(living(row, native, order), state=JobState.HELD)
    (first,) = made.of([row], {native: held}, order)
    (same,) = made.of([row], {native: replace(held)}, order)
    (other,) = made.of([row], {native: replace(held, reason="other")}, order)
    assert first.status == held
    assert same is first
    assert other.status.reason == "other"


async def test_a_snapshot_is_read_as_it_was_kept(tmp_path: Path) -> None:
    ours, theirs = Looks(tmp_path), Looks(tmp_path)
    two = replace(ROW, number="2", shown="2")
    for rows in ([ROW], [ROW, two], [ROW, ROW], []):
        made = entries(QueueEntries(), *rows)
        await ours.keep(Snapshot(as_of=2.0, jobs=made))
        found = await theirs.last()
        assert list(found.jobs) == made
        assert replace(found, jobs=()) == Snapshot(
            as_of=2.0, jobs=(), nodes=[], partitions=[], reservations=[]
        )
