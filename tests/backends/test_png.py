"""The PNG encoder, read back by Pillow."""

import io
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gatewright.backends.png import encode_png, is_noise


def pictures() -> dict[str, NDArray[np.uint8]]:
    """Return pictures that are compressed in different ways, by name."""
    random = np.random.default_rng(7)
    sky = random.normal(120, 20, (200, 300)).clip(0, 255).astype(np.uint8)
    table = random.integers(0, 256, (256, 3), dtype=np.uint8)
    bands = random.normal(120, 20, (200, 300, 3)).clip(0, 255).astype(np.uint8)
    areas = np.zeros((200, 300, 3), np.uint8)
    areas[40:90, 100:280] = 60, 200, 90
    return {
        "sky": sky,
        "bands": bands,
        "padded": np.vstack([sky, np.zeros_like(sky[:150])]),
        "colour map": table[sky],
        "enlarged": sky[:40, :60].repeat(5, axis=0).repeat(5, axis=1),
        "mask": np.where(bands[..., 0] > 175, 255, 0).astype(np.uint8),
        "areas": areas,
    }


@pytest.mark.parametrize(
    "shape", [(7, 5), (7, 5, 3), (1, 1), (1, 9), (9, 1, 3), (300, 200, 3)]
)
def test_pictures_come_back_as_they_were(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(4).integers(0, 256, shape, dtype=np.uint8)
    with Image.open(io.BytesIO(encode_png(pixels))) as found:
        assert found.mode == ("L" if len(shape) == 2 else "RGB")
        np.testing.assert_array_equal(np.asarray(found), pixels)


@pytest.mark.parametrize("count", [1, 5, 256])
@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (200, 300)])
def test_levels_with_a_palette_come_back_as_its_colours(
    shape: tuple[int, int], count: int
) -> None:
    random = np.random.default_rng(5)
    levels = random.integers(0, count, shape, dtype=np.uint8)
    palette = random.integers(0, 256, (count, 3), dtype=np.uint8)
    data = encode_png(levels, palette, Title="Zürich")
    with Image.open(io.BytesIO(data)) as found:
        assert found.mode == "P"
        np.testing.assert_array_equal(np.asarray(found), levels)
        np.testing.assert_array_equal(np.asarray(found.convert("RGB")), palette[levels])
        assert found.info["Title"] == "Zürich"


def test_texts_of_any_letters_go_along() -> None:
    pixels = np.zeros((2, 2), np.uint8)
    data = encode_png(pixels, Title="Zürich", Description="気温")
    with Image.open(io.BytesIO(data)) as found:
        found.load()
        assert found.info["Title"] == "Zürich"
        assert found.info["Description"] == "気温"
    assert b"tEXtTitle\0" in data
    assert b"iTXtDescription\0" in data


@pytest.mark.parametrize("name", pictures())
def test_every_kind_of_picture_comes_back_and_is_small(name: str) -> None:
    pixels = pictures()[name]
    data = encode_png(pixels)
    with Image.open(io.BytesIO(data)) as found:
        np.testing.assert_array_equal(np.asarray(found), pixels)
    lines = np.insert(pixels.reshape(len(pixels), -1), 0, 0, axis=1)
    assert len(data) < 1.1 * len(zlib.compress(lines.tobytes())) + 100


def test_noise_is_told_from_pictures_that_repeat() -> None:
    noise = {name for name, pixels in pictures().items() if is_noise(pixels)}
    assert noise == {"sky", "bands", "padded"}
    # A column has no neighbours.
    assert is_noise(np.zeros((5, 1), np.uint8))
    assert not is_noise(np.zeros((5, 1, 3), np.uint8))
