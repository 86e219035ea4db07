"""Converts images to frames for processing, and products to images for cut-outs."""

from collections.abc import Sequence

from gatewright.domains.processing import FrameRef, Plane, Product, WeightRef
from gatewright.domains.sky import Image, ImageKind


def frame_of(image: Image, partners: Sequence[Image] = ()) -> FrameRef:
    """Return an image as a frame for processing, with its time in mid-exposure.

    Of its ``partners`` the weight map is used.
    """
    weights = [
        WeightRef(one.id, one.path, one.identity, one.hdu)
        for one in partners
        if one.kind is ImageKind.WEIGHT
    ]
    times = [t for t in (image.t_min, image.t_max) if t is not None]
    return FrameRef(
        image=image.id,
        surveys=(image.survey,),
        path=image.path,
        identity=image.identity,
        hdu=image.hdu,
        mjd=sum(times) / len(times) if times else None,
        assumed=image.time_assumed,
        band=image.band,
        seeing=image.seeing,
        weight=weights[0] if weights else None,
    )


def image_of(product: Product, plane: Plane, ra: float, dec: float) -> Image:
    """Return a plane of a product as an image that the reader can cut."""
    assert product.path is not None  # noqa: S101  # it is ready
    return Image(
        id=f"{product.id}.{plane}",
        survey="",
        path=product.path,
        identity=product.identity,
        hdu=product.planes[str(plane)],
        polygon=(),
        ra=ra,
        dec=dec,
        fov=0.0,
        width=0,
        height=0,
        scale=0.0,
        file_size=0,
        observation=product.id,
    )
