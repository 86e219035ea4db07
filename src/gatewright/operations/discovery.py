"""Records the detections of a difference as candidates."""

from collections.abc import Sequence

from gatewright.domains.discovery import Discovery, Finding, Origin
from gatewright.domains.processing import FrameRef, Product


async def record_difference(
    discovery: Discovery, difference: Product, science: Sequence[FrameRef]
) -> None:
    """Store the detections of a difference as candidates; repeating it changes nothing.

    Their time is the mean time of the science frames that have one.
    """
    times = [frame.mjd for frame in science if frame.mjd is not None]
    origin = Origin(
        difference=difference.id,
        surveys=difference.surveys,
        mjd=sum(times) / len(times) if times else None,
        time_assumed=any(frame.assumed for frame in science),
    )
    findings = [
        Finding(
            number=one.number,
            ra=one.ra,
            dec=one.dec,
            x=one.x,
            y=one.y,
            snr=one.snr,
            flux=one.flux,
            flux_error=one.flux_error,
            features=one.features,
            reason=None if one.aside is None else str(one.aside),
        )
        for one in difference.detections
    ]
    await discovery.record(origin, findings)
