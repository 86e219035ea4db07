"""Trials and learning as the processes do them, on the DECam frames."""

from itertools import pairwise
from typing import Any

import pytest
from tests.support.needs import shared_data

from gatewright.backends.fits.files import stat_identity
from gatewright.backends.processing.trials import learn, trial
from gatewright.backends.readers import Output
from gatewright.core.errors import TooLarge


def _ref(name: str) -> dict[str, Any]:
    path = shared_data("sky", "decam_mini") / f"{name}.mini.fits"
    identity = stat_identity(path.stat())
    told = {"image": name, "path": str(path), "identity": identity}
    return {**told, "hdu": 0, "seeing": None, "weight": None}


def _trial(science: str, reference: str, epoch: int, seed: int) -> dict[str, Any]:
    arguments = {
        "science": _ref(science),
        "reference": _ref(reference),
        "epoch": epoch,
        "plain": seed < 4,
        "seed": seed,
        "memory": 1 << 30,
    }
    return trial(arguments, Output())


def test_trials_are_learned_from_and_the_one_in_use_is_measured_beside() -> None:
    names = [f"DEC-OBS18{letter}" for letter in "abcde"]
    examples: list[Any] = []
    trials: list[Any] = []
    for epoch in (0, 1):
        for seed, pair in enumerate(2 * [*pairwise(names)]):
            made = _trial(*pair, epoch, seed)
            assert 0.5 < made["square_degrees"] / (256 * 0.2623 / 3600) ** 2 < 2
            held = {one["held_out"] for one in made["examples"] + made["trials"]}
            assert held <= {bool(epoch)}
            for one in made["trials"]:
                place = one["example"]
                trials.append(
                    {**one, "example": None if place is None else place + len(examples)}
                )
            examples += made["examples"]
    sources = {one["source"] for one in examples}
    assert sources == {"injected", "found"}
    arguments = {
        "examples": examples,
        "trials": trials,
        "searched": {
            "data": "DECam",
            "frames": 4,
            "square_degrees": 0.001,
            "zero_point": "0",
        },
        "seed": 1,
    }
    first = learn(arguments, Output())
    assert first["report"]["labels"]["injected"] > 20
    assert 0 <= first["report"]["missed"]["value"] <= 1
    assert "active_missed" not in first["report"]
    again = learn({**arguments, "other": first["judge"]}, Output())
    assert again["judge"] == first["judge"]
    beside = again["report"]["active_missed"]["value"]
    assert beside == pytest.approx(first["report"]["missed"]["value"], abs=1e-9)


def test_the_same_seed_gives_the_same_trial_and_another_another() -> None:
    one, same, other = (
        _trial("DEC-OBS04a", "DEC-OBS04b", 0, seed) for seed in (1, 1, 2)
    )
    assert one == same
    assert one["trials"] != other["trials"]


def test_a_frame_that_needs_more_than_a_process_has_is_refused() -> None:
    arguments = {
        "science": _ref("DEC-OBS04a"),
        "reference": _ref("DEC-OBS04b"),
        "epoch": 0,
        "plain": True,
        "seed": 1,
        "memory": 1 << 20,
    }
    with pytest.raises(TooLarge, match="MiB"):
        trial(arguments, Output())
