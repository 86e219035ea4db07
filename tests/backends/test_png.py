"""The PNG encoder, read back by Pillow."""

import io

import numpy as np
import pytest
from PIL import Image

from gatewright.backends.png import encode_png


@pytest.mark.parametrize("shape", [(7, 5), (7, 5, 3), (1, 1), (300, 200, 3)])
def test_pictures_come_back_as_they_were(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(4).integers(0, 256, shape, dtype=np.uint8)
    with Image.open(io.BytesIO(encode_png(pixels))) as found:
        assert found.mode == ("L" if len(shape) == 2 else "RGB")
        np.testing.assert_array_equal(np.asarray(found), pixels)


def test_texts_of_any_letters_go_along() -> None:
    pixels = np.zeros((2, 2), np.uint8)
    data = encode_png(pixels, Title="Zürich", Description="気温")
    with Image.open(io.BytesIO(data)) as found:
        found.load()
        assert found.info["Title"] == "Zürich"
        assert found.info["Description"] == "気温"
    assert b"tEXtTitle\0" in data
    assert b"iTXtDescription\0" in data
