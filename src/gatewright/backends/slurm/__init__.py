"""Jobs on a Slurm cluster, by its own commands, run in the worker of each person."""

from gatewright.backends.slurm.plugin import plugin
from gatewright.backends.slurm.scheduler import SlurmScheduler

__all__ = ["SlurmScheduler", "plugin"]
