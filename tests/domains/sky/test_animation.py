"""Animations, read back by Pillow."""

import io

import numpy as np
import pytest
from PIL import Image

from gatewright.backends.png import encode_png
from gatewright.domains.sky import animated_png


@pytest.mark.parametrize("shape", [(12, 17), (12, 17, 3)])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_each_picture_is_shown_for_its_time(shape: tuple[int, ...], count: int) -> None:
    random = np.random.default_rng(5)
    levels = random.integers(0, 256, (count, *shape), dtype=np.uint8)
    pictures = [encode_png(one, Source=f"{n}") for n, one in enumerate(levels)]
    told = {"Left out": "„β“"}
    with Image.open(io.BytesIO(animated_png(pictures, 0.25, told))) as back:
        assert getattr(back, "n_frames", 1) == count
        text = back.text  # type: ignore[attr-defined]
        assert (text["Source"], text["Left out"]) == ("0", "„β“")
        for number in range(count):
            back.seek(number)
            assert np.array_equal(np.asarray(back), levels[number])
            if count > 1:
                assert back.info["duration"] == 250
                assert back.info["loop"] == 0


def test_pictures_with_a_palette_keep_their_colours() -> None:
    random = np.random.default_rng(6)
    levels = random.integers(0, 256, (3, 12, 17), dtype=np.uint8)
    palette = random.integers(0, 256, (256, 3), dtype=np.uint8)
    pictures = [encode_png(one, palette) for one in levels]
    with Image.open(io.BytesIO(animated_png(pictures, 0.25))) as back:
        for number in range(len(levels)):
            back.seek(number)
            shown = np.asarray(back.convert("RGB"))
            assert np.array_equal(shown, palette[levels[number]])


def test_pictures_of_several_sizes_kinds_or_palettes_or_none_are_refused() -> None:
    levels = np.zeros((4, 5), np.uint8)
    grey = encode_png(levels)
    one, other = (np.full((256, 3), value, np.uint8) for value in (3, 4))
    for others in (
        [],
        [grey, encode_png(np.zeros((5, 4), np.uint8))],
        [grey, encode_png(np.zeros((4, 5, 3), np.uint8))],
        [encode_png(levels, one), encode_png(levels, other)],
    ):
        with pytest.raises(ValueError, match="one size"):
            animated_png(others, 1.0)
