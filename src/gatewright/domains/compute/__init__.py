"""Compute: jobs on the systems of the gateway."""

from gatewright.domains.compute.array import Array, parse_array
from gatewright.domains.compute.check import check_spec
from gatewright.domains.compute.follow import follow
from gatewright.domains.compute.model import (
    ENDED,
    Attributes,
    Capabilities,
    ComputeSystem,
    Condition,
    Dependency,
    Job,
    JobFilter,
    JobSpec,
    JobState,
    JobStatus,
    NativeDependency,
    Queue,
    Resources,
    Snapshot,
    Stream,
    Submission,
    Usage,
)
from gatewright.domains.compute.monitor import JobMonitor
from gatewright.domains.compute.ports import (
    Admission,
    JobTable,
    KeyUse,
    NewJob,
    OutputFile,
    OutputFiles,
    Scheduler,
)
from gatewright.domains.compute.records import JobRecords, satisfied
from gatewright.domains.compute.service import JobService

__all__ = [
    "ENDED",
    "Admission",
    "Array",
    "Attributes",
    "Capabilities",
    "ComputeSystem",
    "Condition",
    "Dependency",
    "Job",
    "JobFilter",
    "JobMonitor",
    "JobRecords",
    "JobService",
    "JobSpec",
    "JobState",
    "JobStatus",
    "JobTable",
    "KeyUse",
    "NativeDependency",
    "NewJob",
    "OutputFile",
    "OutputFiles",
    "Queue",
    "Resources",
    "Scheduler",
    "Snapshot",
    "Stream",
    "Submission",
    "Usage",
    "check_spec",
    "follow",
    "parse_array",
    "satisfied",
]
