"""A scheduler that runs jobs on a Slurm cluster, by commands run as each user."""

from gatewright.backends.slurm.plugin import plugin
from gatewright.backends.slurm.scheduler import SlurmScheduler

__all__ = ["SlurmScheduler", "plugin"]
