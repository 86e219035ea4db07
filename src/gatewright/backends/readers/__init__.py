"""Reader processes: files of others are parsed here, never in the gateway.

A small single-threaded zygote has imported the *programs* (allow-listed modules such
as ``gatewright.backends.gridded.program``) and forks readers, which have limited
memory, no network and see only the published folders. The gateway asks a reader for
one call at a time over a ``SOCK_SEQPACKET`` socket; large answers come through a
sealed shared ring. See :class:`ReaderPool`.

A program's functions have the one signature ::

    def thing(arguments: dict[str, Any], output: Output) -> dict[str, Any]

and are named in the module's ``__all__``.
"""

from gatewright.backends.readers.output import Output
from gatewright.backends.readers.pool import ReaderPool, open_pool
from gatewright.backends.readers.settings import PoolSettings
from gatewright.backends.readers.shared import Shared
from gatewright.backends.readers.turns import Weight

__all__ = ["Output", "PoolSettings", "ReaderPool", "Shared", "Weight", "open_pool"]
