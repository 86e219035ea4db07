"""The resources that a job has used."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Resources that a job has used."""

    wall_seconds: float = 0.0
    """Wall-clock time from start to end, seconds."""
    cpu_seconds: float = 0.0
    """CPU time of all its processes, seconds."""
    peak_memory_bytes: int = 0
    """Largest memory of all its processes together, bytes, as sampled."""
    cores: int = 0
    """CPU cores allocated to the job; 0 if unknown."""
    memory_limit_bytes: int = 0
    """Memory allocated to the job, bytes; 0 if unlimited or unknown."""
    gpus: int = 0
    """GPUs allocated to the job; 0 if it had none, or if unknown."""
    gpus_busy: float | None = None
    """Most GPUs that were busy at once in the samples of the site, as an upper bound:
    1.5 means one and a half. None if the site does not sample GPUs."""
