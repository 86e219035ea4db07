"""Reader processes, which parse untrusted files in place of the gateway.

A small single-threaded process, the zygote, imports the *programs* (allow-listed
modules such as ``gatewright.backends.gridded.program``) and forks readers. Readers have
limited memory, no network, and can see only the published folders. The gateway sends a
reader one call at a time over a ``SOCK_SEQPACKET`` socket; large answers come back
through a shared memory of fixed size (a ring of slots). See :class:`ReaderPool`.

All functions of a program have the signature ::

    def thing(arguments: dict[str, Any], output: Output) -> dict[str, Any]

and are listed in the module's ``__all__``.
"""

from gatewright.backends.readers.call_queue import Weight
from gatewright.backends.readers.output import Output
from gatewright.backends.readers.pool import ReaderPool, open_pool
from gatewright.backends.readers.settings import PoolSettings
from gatewright.backends.readers.shared import Shared

__all__ = ["Output", "PoolSettings", "ReaderPool", "Shared", "Weight", "open_pool"]
