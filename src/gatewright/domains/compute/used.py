"""What a job was given by its scheduler, and what it has used of that."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """What a job was given, and what it has used of that."""

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
    nodes: int = 0
    """Nodes allocated to the job; 0 if unknown."""
    partition: str = ""
    """Queue or partition in which it ran; empty if unknown."""
    project: str = ""
    """Project or account that it was charged to; empty if unknown."""
    limit_seconds: float | None = None
    """Its time limit, seconds; None without one, or if unknown."""
