"""A scheduler that runs jobs as processes of this machine, from a durable queue."""

from gatewright.backends.processes.launcher import Launcher, WorkerLauncher
from gatewright.backends.processes.leader import Settings
from gatewright.backends.processes.plugin import plugin
from gatewright.backends.processes.scheduler import ProcessScheduler

__all__ = ["Launcher", "ProcessScheduler", "Settings", "WorkerLauncher", "plugin"]
