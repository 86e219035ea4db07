"""Small images of the sky as JSON: what runs in a reader process."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from gatewright.backends.png import encode_png
from gatewright.backends.readers import Output
from gatewright.core.errors import NotFound, TooLarge

__all__ = ["cut", "scan"]


def scan(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Return what the image of a file is."""
    file = Path(arguments["path"])
    plate = json.loads(file.read_text())
    height, width = len(plate["rows"]), len(plate["rows"][0])
    up = height * plate["scale"] / 7200
    aside = width * plate["scale"] / 7200 / math.cos(math.radians(plate["dec"]))
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return {
        "polygon": [
            [plate["ra"] + x * aside, plate["dec"] + y * up] for x, y in corners
        ],
        "ra": plate["ra"],
        "dec": plate["dec"],
        "fov": 2 * math.hypot(aside, up),
        "width": width,
        "height": height,
        "scale": plate["scale"],
        "file_size": file.stat().st_size,
    }


def cut(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Return the box round a circle, as JSON or PNG."""
    plate = json.loads(Path(arguments["path"]).read_text())
    ra, dec, radius = arguments["circle"]
    height, width = len(plate["rows"]), len(plate["rows"][0])
    aside = (plate["ra"] - ra) * math.cos(math.radians(plate["dec"]))
    x = width / 2 + 3600 * aside / plate["scale"]
    y = height / 2 + 3600 * (dec - plate["dec"]) / plate["scale"]
    half = 3600 * radius / plate["scale"]
    left, right = max(0, math.floor(x - half)), min(width, math.ceil(x + half))
    low, high = max(0, math.floor(y - half)), min(height, math.ceil(y + half))
    if left >= right or low >= high:
        raise NotFound("The region has no pixel of this image.")
    rows = [row[left:right] for row in plate["rows"][low:high]]
    if arguments["format"] == "png":
        return {"data": encode_png(np.array(rows, np.uint8))}
    data = json.dumps({**plate, "rows": rows}).encode()
    if len(data) > arguments["maximum"]:
        raise TooLarge(f"The cut-out would be {len(data)} bytes.")
    return {"data": data}
