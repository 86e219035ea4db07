"""Jobs on the compute systems: submission, records, queue and output."""

from gatewright.domains.compute.array import Array, parse_array
from gatewright.domains.compute.check import check_capacity, check_spec
from gatewright.domains.compute.efficiency import Efficiency, efficiency
from gatewright.domains.compute.everyone import QueueFilter, SeenJob
from gatewright.domains.compute.follow import follow
from gatewright.domains.compute.job_columns import Counts, JobColumns
from gatewright.domains.compute.job_tokens import (
    IssuedToken,
    JobToken,
    JobTokens,
    JobTokenTable,
    TokenFiles,
    TokenIssuer,
)
from gatewright.domains.compute.many import Cancellation
from gatewright.domains.compute.model import (
    ENDED,
    UNREADABLE,
    Attributes,
    Capabilities,
    Changes,
    ComputeSystem,
    Condition,
    Dependency,
    Estimate,
    Job,
    JobFilter,
    JobSpec,
    JobState,
    JobStatus,
    NativeDependency,
    Refusal,
    Resources,
    Stream,
    Submission,
)
from gatewright.domains.compute.monitor import JobMonitor
from gatewright.domains.compute.news import LONGEST_WAIT, JobNews
from gatewright.domains.compute.orders import (
    ChangeArrayLimit,
    ChangeLimit,
    JobSignal,
    Order,
    OrderKind,
    Requeue,
    SendSignal,
)
from gatewright.domains.compute.ports import (
    Admission,
    Admitted,
    JobTable,
    KeyUse,
    NewJob,
    OutputFile,
    OutputFiles,
    Scheduler,
)
from gatewright.domains.compute.queue_index import Queue
from gatewright.domains.compute.records import JobRecords, satisfied
from gatewright.domains.compute.service import JobService
from gatewright.domains.compute.snapshot import (
    Component,
    Node,
    Partition,
    QueuedJob,
    Reservation,
    Snapshot,
)
from gatewright.domains.compute.submitting import Charge, Gate
from gatewright.domains.compute.token_request import TokenRequest
from gatewright.domains.compute.used import Usage
from gatewright.domains.compute.waiting import (
    WAITS_FOR_A_START,
    WAITS_FOR_ANOTHER,
    with_own_numbers,
)

__all__ = [
    "ENDED",
    "LONGEST_WAIT",
    "UNREADABLE",
    "WAITS_FOR_ANOTHER",
    "WAITS_FOR_A_START",
    "Admission",
    "Admitted",
    "Array",
    "Attributes",
    "Cancellation",
    "Capabilities",
    "ChangeArrayLimit",
    "ChangeLimit",
    "Changes",
    "Charge",
    "Component",
    "ComputeSystem",
    "Condition",
    "Counts",
    "Dependency",
    "Efficiency",
    "Estimate",
    "Gate",
    "IssuedToken",
    "Job",
    "JobColumns",
    "JobFilter",
    "JobMonitor",
    "JobNews",
    "JobRecords",
    "JobService",
    "JobSignal",
    "JobSpec",
    "JobState",
    "JobStatus",
    "JobTable",
    "JobToken",
    "JobTokenTable",
    "JobTokens",
    "KeyUse",
    "NativeDependency",
    "NewJob",
    "Node",
    "Order",
    "OrderKind",
    "OutputFile",
    "OutputFiles",
    "Partition",
    "Queue",
    "QueueFilter",
    "QueuedJob",
    "Refusal",
    "Requeue",
    "Reservation",
    "Resources",
    "Scheduler",
    "SeenJob",
    "SendSignal",
    "Snapshot",
    "Stream",
    "Submission",
    "TokenFiles",
    "TokenIssuer",
    "TokenRequest",
    "Usage",
    "check_capacity",
    "check_spec",
    "efficiency",
    "follow",
    "parse_array",
    "satisfied",
    "with_own_numbers",
]
