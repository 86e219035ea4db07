"""Finds the kind of an image (science, weight, mask, ...) and its calibration level.

Both are recognized by words in the name of the HDU, the header and the name of the
file, as the archives of DECam, the Legacy Surveys, ZTF, Pan-STARRS, unWISE, HST, JWST
and SDSS use them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from gatewright.domains.sky.model import ImageKind

_SPLIT = re.compile(r"[^a-z0-9]+")
_ENDINGS = {"fits", "fit", "fts", "gz", "fz", "bz2"}
_UNWISE = re.compile(r"unwise.*-(n|std)-[mu]\b")
_DIFFERENCE = re.compile(r"(scimref)?diff(erence)?(img|image|im|exp)?$")
_NOT_SCIENCE: Mapping[str, ImageKind] = {
    word: kind
    for kind, words in {
        ImageKind.WEIGHT: "oow ow wtmap weight weights wht wtm ivar invvar",
        ImageKind.MASK: "ood od dqmask mask masks msk mskimg maskbits flag flags dq "
        "bpm badpix allmask",
        ImageKind.UNCERTAINTY: "err error errors sigma unc uncert uncertainty refunc "
        "rms rmsmap var variance stdev",
        ImageKind.EXPOSURE: "nexp expmap exptimemap refcov covmap coverage",
        ImageKind.REFERENCE: "refimg reference template",
        ImageKind.OTHER: "model psfsize psfdepth galdepth depth chi2",
    }.items()
    for word in words.split()
}
_AT_THE_END: Mapping[str, ImageKind] = {
    "wt": ImageKind.WEIGHT,
    "std": ImageKind.UNCERTAINTY,
    "exp": ImageKind.EXPOSURE,
    "num": ImageKind.EXPOSURE,
    "cov": ImageKind.EXPOSURE,
    "ref": ImageKind.REFERENCE,
    **dict.fromkeys(["bkg", "resid", "psf", "area", "con", "ctx"], ImageKind.OTHER),
}
"""Words that tell the kind only as the last word of a name. In ``exp-0012``, for
instance, ``exp`` is the number of an exposure and not an exposure map."""
PARTNERS = (ImageKind.WEIGHT, ImageKind.UNCERTAINTY, ImageKind.MASK)
"""Kinds of images that tell about the pixels of a science image."""
ROLES = frozenset(
    [
        *("image", "images", "img", "ooi", "sci", "science", "sciimg"),
        *("int", "data", "drz", "drc", "unconv"),
        *(
            word
            for words in (_NOT_SCIENCE, _AT_THE_END)
            for word, kind in words.items()
            if kind in PARTNERS
        ),
    ]
)
"""Words that tell in names whether a file is a science image or a partner of one."""
_VARIANCES = {"var", "variance"}
_CALIBRATIONS = ("bias", "zero", "dark", "flat", "arc", "lamp")
_COMBINED = {
    *("stack", "stacked", "stk", "coadd", "coadded", "coadds", "i2d", "drz", "drc"),
    *("mosaic", "combined", "legacysurvey", "unwise", "deepcoadd"),
}
_RAW = {"raw", "uncal", "e00"}


def image_kind(
    file_name: str,
    extension: str = "",
    told: Sequence[str] = (),
    rules: Mapping[str, str] | None = None,
) -> ImageKind:
    """Return the kind of an image.

    The first source that gives a kind decides: the rules, the name of the HDU, the
    header, the name of the file. If none does, the image is a science image.

    Parameters
    ----------
    file_name, extension
        Name of the file and EXTNAME of the HDU.
    told
        Values of the header's PRODTYPE, OBSTYPE and IMAGETYP.
    rules
        Kinds by patterns of file or HDU names, such as ``*.wt.fits``; the first that
        matches decides.
    """
    for pattern, kind in (rules or {}).items():
        for name in (file_name, extension):
            if fnmatchcase(name.lower(), pattern.lower()):
                return ImageKind(kind)
    if extension.strip().upper() != "SCI":
        for text in (extension, *told, file_name):
            found = _byname_words(text.lower())
            if found is not None:
                return found
    if any(word in text.lower() for text in told for word in _CALIBRATIONS):
        return ImageKind.CALIBRATION
    return ImageKind.SCIENCE


def _byname_words(text: str) -> ImageKind | None:
    words = name_words(text)
    for word in words:
        if _DIFFERENCE.match(word):
            return ImageKind.DIFFERENCE
        if word in _NOT_SCIENCE:
            return _NOT_SCIENCE[word]
    unwise = _UNWISE.search(text)
    if unwise is not None:
        return ImageKind.EXPOSURE if unwise[1] == "n" else ImageKind.UNCERTAINTY
    return _AT_THE_END.get(words[-1]) if words else None


def name_words(text: str) -> list[str]:
    """Return the words of a name in lower case, without endings of image files."""
    return [word for word in _SPLIT.split(text) if word and word not in _ENDINGS]


def extension_name(kind: ImageKind, *names: str) -> str:
    """Return the customary EXTNAME of an image beside others in a FITS file.

    ``names`` are those of the HDU and of the file. The first that says what the
    uncertainty is tells a variance from a standard deviation: ``var-star.fits`` may
    have an HDU ``ERR``.
    """
    if kind is ImageKind.WEIGHT:
        return "WHT"
    if kind is ImageKind.MASK:
        return "MSK"
    if kind is ImageKind.UNCERTAINTY:
        for name in names:
            words = [
                word
                for word in name_words(name.lower())
                if _NOT_SCIENCE.get(word, _AT_THE_END.get(word)) is kind
            ]
            if words:
                return "VAR" if words[-1] in _VARIANCES else "ERR"
        return "ERR"
    return "SCI"


def calibration_level(
    kind: ImageKind, file_name: str, told: Iterable[str] = (), combined: float = 1.0
) -> int:
    """Return the calibration level of ObsCore 1.1 (section 3.3.2).

    1 is raw data, 2 is calibrated, 3 is combined from several exposures.

    Parameters
    ----------
    kind
        Kind of the image.
    file_name
        Name of its file.
    told
        Values of the header's PROCTYPE and PRODTYPE.
    combined
        Number of exposures that the image combines.
    """
    words = {word for text in (file_name, *told) for word in name_words(text.lower())}
    if kind in {ImageKind.DIFFERENCE, ImageKind.REFERENCE} or combined > 1:
        return 3
    if words & _COMBINED:
        return 3
    return 1 if kind is ImageKind.CALIBRATION or words & _RAW else 2
