"""Images as rows of ObsCore 1.1, with all of its mandatory columns."""

from urllib.parse import quote

from gatewright.domains.sky import Image, ImageKind
from gatewright.faces.vo.votable.wire import Column, Value

AUTHORITY = "ivo://gatewright"
MEDIA_TYPES = {
    "fits": "application/fits",
    "gz": "application/gzip",
    "bz2": "application/x-bzip2",
}
"""Media type of a file by its compression."""

_UCDS = {
    ImageKind.WEIGHT: "stat.weight",
    ImageKind.UNCERTAINTY: "stat.error",
    ImageKind.MASK: "meta.code.qual",
    ImageKind.EXPOSURE: "time.duration;obs.exposure",
}
"""UCD of the pixel values, for images whose pixels are not fluxes."""

_CHAR = "obscore:Char."


def _text(name: str, ucd: str, utype: str, description: str) -> Column:
    return Column(
        name, "char", ucd, f"obscore:{utype}", "", "*", description=description
    )


def _number(
    name: str, ucd: str, utype: str, unit: str, description: str, ref: str = ""
) -> Column:
    return Column(
        name, "double", ucd, f"obscore:{utype}", unit, description=description, ref=ref
    )


def _whole(name: str, ucd: str, utype: str, description: str, unit: str = "") -> Column:
    return Column(name, "long", ucd, f"obscore:{utype}", unit, description=description)


COLUMNS = (
    _text("dataproduct_type", "meta.code.class", "ObsDataset.dataProductType", "image"),
    Column(
        "calib_level",
        "int",
        "meta.code;obs.calib",
        "obscore:ObsDataset.calibLevel",
        description="Level of calibration, 0 to 4",
    ),
    _text("obs_collection", "meta.id", "DataID.collection", "Survey"),
    _text("obs_id", "meta.id", "DataID.observationID", "Observation"),
    _text(
        "obs_publisher_did",
        "meta.ref.ivoid",
        "Curation.publisherDID",
        "Identifier of the image",
    ),
    _text("access_url", "meta.ref.url", "Access.reference", "URL of the file"),
    _text("access_format", "meta.code.mime", "Access.format", "Media type"),
    _whole(
        "access_estsize", "phys.size;meta.file", "Access.size", "File size", "kbyte"
    ),
    _text("target_name", "meta.id;src", "Target.name", "Object or field"),
    _number(
        "s_ra",
        "pos.eq.ra",
        "Char.SpatialAxis.Coverage.Location.Coord.Position2D.Value2.C1",
        "deg",
        "Right ascension of the centre",
        "icrs",
    ),
    _number(
        "s_dec",
        "pos.eq.dec",
        "Char.SpatialAxis.Coverage.Location.Coord.Position2D.Value2.C2",
        "deg",
        "Declination of the centre",
        "icrs",
    ),
    _number(
        "s_fov",
        "phys.angSize;instr.fov",
        "Char.SpatialAxis.Coverage.Bounds.Extent.diameter",
        "deg",
        "Diameter of the enclosing circle",
    ),
    Column(
        "s_region",
        "double",
        "pos.outline;obs.field",
        f"{_CHAR}SpatialAxis.Coverage.Support.Area",
        "deg",
        "*",
        "polygon",
        "Outline of the image",
        "icrs",
    ),
    _number(
        "s_resolution",
        "pos.angResolution",
        "Char.SpatialAxis.Resolution.Refval.value",
        "arcsec",
        "FWHM of the point-spread function",
    ),
    _whole("s_xel1", "meta.number", "Char.SpatialAxis.numBins1", "Columns of pixels"),
    _whole("s_xel2", "meta.number", "Char.SpatialAxis.numBins2", "Rows of pixels"),
    _number(
        "t_min",
        "time.start;obs.exposure",
        "Char.TimeAxis.Coverage.Bounds.Limits.StartTime",
        "d",
        "Beginning of the exposure, MJD",
        "utc",
    ),
    _number(
        "t_max",
        "time.end;obs.exposure",
        "Char.TimeAxis.Coverage.Bounds.Limits.StopTime",
        "d",
        "End of the exposure, MJD",
        "utc",
    ),
    _number(
        "t_exptime",
        "time.duration;obs.exposure",
        "Char.TimeAxis.Coverage.Support.Extent",
        "s",
        "Exposure time",
    ),
    _number(
        "t_resolution",
        "time.resolution",
        "Char.TimeAxis.Resolution.Refval.value",
        "s",
        "Resolution in time",
    ),
    _whole("t_xel", "meta.number", "Char.TimeAxis.numBins", "Samples in time"),
    _number(
        "em_min",
        "em.wl;stat.min",
        "Char.SpectralAxis.Coverage.Bounds.Limits.LoLimit",
        "m",
        "Shortest wavelength",
    ),
    _number(
        "em_max",
        "em.wl;stat.max",
        "Char.SpectralAxis.Coverage.Bounds.Limits.HiLimit",
        "m",
        "Longest wavelength",
    ),
    _number(
        "em_res_power",
        "spect.resolution",
        "Char.SpectralAxis.Resolution.ResolPower.refVal",
        "",
        "Resolving power",
    ),
    _whole("em_xel", "meta.number", "Char.SpectralAxis.numBins", "Spectral samples"),
    _text("o_ucd", "meta.ucd", "Char.ObservableAxis.ucd", "UCD of the pixel values"),
    _text(
        "pol_states",
        "meta.code;phys.polarization",
        "Char.PolarizationAxis.stateList",
        "Polarization states",
    ),
    _whole("pol_xel", "meta.number", "Char.PolarizationAxis.numBins", "Polarizations"),
    _text(
        "facility_name",
        "meta.id;instr.tel",
        "Provenance.ObsConfig.Facility.name",
        "Telescope",
    ),
    _text(
        "instrument_name",
        "meta.id;instr",
        "Provenance.ObsConfig.Instrument.name",
        "Camera",
    ),
    _text(
        "dataproduct_subtype",
        "meta.id",
        "ObsDataset.dataProductSubtype",
        f"Kind of image: {', '.join(ImageKind)}",
    ),
)


def publisher_did(image: Image) -> str:
    """Return the publisher DID (IVOA identifier) of an image."""
    return f"{AUTHORITY}/{image.survey}?{image.id}"


def image_of_did(did: str) -> str | None:
    """Return the image id in a publisher DID; None for a DID of another publisher."""
    prefix, _, image = did.partition("?")
    known = prefix.lower().startswith(f"{AUTHORITY}/")
    return image if known and image else None


def access_format(image: Image) -> str:
    """Return the media type of an image's file."""
    suffix = image.path.rpartition(".")[2].lower()
    return MEDIA_TYPES.get(suffix, MEDIA_TYPES["fits"])


def row(image: Image, base: str) -> tuple[Value, ...]:
    """Return the values of :data:`COLUMNS` for an image.

    ``base`` is the URL of the native API.
    """
    states = image.polarizations
    polarizations = states.count("/") - 1 if states else None
    # If there are more planes than wavelengths and polarizations, others may be times.
    one_time = image.planes == image.samples * (polarizations or 1)
    return (
        "image" if image.planes == 1 else "cube",
        image.calib_level,
        image.survey,
        image.observation,
        publisher_did(image),
        f"{base}/images/{quote(image.id, safe='~=')}/file",
        access_format(image),
        -(-image.file_size // 1000),
        image.target,
        image.ra,
        image.dec,
        image.fov,
        [number for vertex in image.polygon for number in vertex] or None,
        image.seeing,
        image.width,
        image.height,
        image.t_min,
        image.t_max,
        image.exposure,
        None,
        1 if one_time else None,
        image.em_min,
        image.em_max,
        None,
        image.samples,
        _UCDS.get(image.kind, "phot.count"),
        states,
        polarizations,
        image.facility,
        image.instrument,
        str(image.kind),
    )
