"""Trials and training of classifiers in the processing workers."""

from collections.abc import Sequence
from typing import Any

from gatewright.backends.processing.workshop import Workshop, frame_message
from gatewright.domains.processing import FrameRef
from gatewright.operations.classification import Found, Learned, Material

PROGRAM = "gatewright.backends.processing.trials"


class PoolTrainer:
    """Implements :class:`gatewright.operations.classification.Trainer`."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    async def trial(
        self,
        science: FrameRef,
        reference: FrameRef,
        *,
        epoch: int,
        plain: bool,
        seed: int,
        person: str,
    ) -> Found:
        arguments = {
            "science": frame_message(science),
            "reference": frame_message(reference),
            "epoch": epoch,
            "plain": plain,
            "seed": seed,
        }
        found = await self._call("trial", arguments, [science, reference], person)
        return Found(found["examples"], found["trials"], found["square_degrees"])

    async def learn(
        self, material: Material, other: object, *, seed: int, person: str
    ) -> Learned:
        arguments = {
            "examples": list(material.examples),
            "trials": list(material.trials),
            "searched": dict(material.searched),
            "seed": seed,
            "other": other,
        }
        found = await self._call("learn", arguments, [], person)
        return Learned(found["judge"], found["report"])

    async def _call(
        self,
        function: str,
        arguments: dict[str, Any],
        frames: Sequence[FrameRef],
        person: str,
    ) -> dict[str, Any]:
        return await self._workshop.call(
            f"{PROGRAM}:{function}", arguments, frames, person
        )
