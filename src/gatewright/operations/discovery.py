"""Records the detections of a difference as candidates."""

from collections.abc import Sequence

from gatewright.domains.discovery import Discovery, Finding, Origin
from gatewright.domains.processing import FrameRef, Product
from gatewright.operations.judging import Judges


async def record_difference(
    discovery: Discovery,
    judges: Judges,
    difference: Product,
    science: Sequence[FrameRef],
) -> None:
    """Store the detections of a difference as candidates, unless that was done before.

    Their time is the mean time of the science frames that have one, and their band that
    of all of them. They are scored by
    the active classifier of the first survey of the science frames that has one. Votes
    on them count for the classifiers of all surveys of the difference.
    """
    if await discovery.recorded(difference.id):
        return
    times = [frame.mjd for frame in science if frame.mjd is not None]
    bands = {frame.band for frame in science}
    found = difference.detections
    told = None
    surveys = list(dict.fromkeys(name for one in science for name in one.surveys))
    for survey in surveys:
        told = await judges.judge(survey, [one.features for one in found])
        if told is not None:
            break
    origin = Origin(
        difference=difference.id,
        surveys=difference.surveys,
        mjd=sum(times) / len(times) if times else None,
        time_assumed=any(frame.assumed for frame in science),
        classifier=None if told is None else told.classifier,
        band=bands.pop() if len(bands) == 1 else None,
        reference=difference.reference,
        science=surveys,
    )
    scores = [None] * len(found) if told is None else told.scores
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
            score=score,
        )
        for one, score in zip(found, scores, strict=True)
    ]
    await discovery.record(origin, findings)
