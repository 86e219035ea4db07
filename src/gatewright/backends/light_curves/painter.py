"""Draws light curves with the pool of reader processes."""

from gatewright.backends.readers import ReaderPool, Shared
from gatewright.domains.processing import CurvePicture

PROGRAM = "gatewright.backends.light_curves.program"
"""Module whose functions the reader processes run."""


class PooledCurvePainter:
    """Implements :class:`gatewright.domains.processing.CurvePainter`.

    Parameters
    ----------
    pool
        The reader processes, which must load :data:`PROGRAM`.
    """

    def __init__(self, pool: ReaderPool) -> None:
        self._pool = pool

    async def draw(self, shown: CurvePicture, form: str) -> bytes:
        arguments = {
            "title": shown.title,
            "subtitle": shown.subtitle,
            "time_axis": shown.time_axis,
            "value_axis": shown.value_axis,
            "downwards": shown.downwards,
            "marks": [
                [one.mjd, one.value, one.error, one.limit, one.series, one.sure]
                for one in shown.marks
            ],
        }
        async with self._pool.window(
            f"{PROGRAM}:draw", {"form": form}, shared=Shared.named_by_content(arguments)
        ) as view:
            return bytes(view)
