"""Wavelength limits of filters in nanometres, and the words that headers use for them.

The limits are the half-transmission wavelengths that the papers below quote. They are
good for finding images by wavelength, not for calibrating them. Sources:

- u g r i z of SDSS: Fukugita et al. 1996; y and w of Pan-STARRS 1: Tonry et al. 2012
- U B V R I of Johnson and Cousins: Bessell 1990; Stromgren: Bessell 2005
- J H K of MKO: Tokunaga et al. 2002; Y: Hillenbrand et al. 2002
- ATLAS: Tonry et al. 2018; WISE: Wright et al. 2010; GALEX: Morrissey et al. 2007
- HST: handbooks of ACS and WFC3; JWST: documentation of NIRCam, NIRISS and MIRI
"""

Edges = tuple[float, float]

BANDS: dict[str, Edges] = {
    "u": (324.0, 381.0),
    "g": (401.0, 550.0),
    "r": (555.0, 695.0),
    "i": (695.0, 845.0),
    "z": (830.0, 1000.0),
    "y": (918.0, 1001.0),
    "w": (400.0, 850.0),
    "Y": (970.0, 1070.0),
    "J": (1170.0, 1330.0),
    "H": (1490.0, 1780.0),
    "K": (2030.0, 2370.0),
    "Ks": (1990.0, 2310.0),
    "U": (333.0, 398.0),
    "B": (392.0, 488.0),
    "V": (507.0, 595.0),
    "R": (580.0, 720.0),
    "I": (732.0, 881.0),
    "clear": (350.0, 1000.0),
    "Stromgren u": (333.0, 367.0),
    "Stromgren v": (402.0, 421.0),
    "Stromgren b": (458.0, 476.0),
    "Stromgren y": (535.0, 559.0),
    "cyan": (420.0, 650.0),
    "orange": (560.0, 820.0),
    "FUV": (134.0, 179.0),
    "NUV": (177.0, 283.0),
    "W1": (2750.0, 3870.0),
    "W2": (3960.0, 5340.0),
    "W3": (7440.0, 17_260.0),
    "W4": (19_520.0, 27_910.0),
    "Halpha": (651.0, 661.0),
    "Hbeta": (481.0, 491.0),
    "OIII": (495.0, 506.0),
    "SII": (666.0, 678.0),
}
"""Lower and upper limit of each filter in nm, by the filter's common name."""

HUBBLE: dict[str, Edges] = {
    "F218W": (206.0, 239.0),
    "F225W": (214.0, 260.0),
    "F275W": (248.0, 297.0),
    "F300W": (260.0, 340.0),
    "F300X": (236.0, 322.0),
    "F336W": (310.0, 361.0),
    "F350LP": (340.0, 1000.0),
    "F390W": (344.0, 440.0),
    "F390M": (380.0, 401.0),
    "F410M": (402.0, 420.0),
    "F435W": (390.0, 480.0),
    "F438W": (401.0, 464.0),
    "F439W": (401.0, 468.0),
    "F450W": (406.0, 506.0),
    "F467M": (458.0, 478.0),
    "F475W": (403.0, 547.0),
    "F475X": (394.0, 595.0),
    "F547M": (514.0, 580.0),
    "F550M": (530.0, 585.0),
    "F555W": (458.0, 610.0),
    "F600LP": (600.0, 1000.0),
    "F606W": (480.0, 708.0),
    "F621M": (591.0, 652.0),
    "F625W": (558.0, 702.0),
    "F675W": (613.0, 760.0),
    "F689M": (650.0, 719.0),
    "F702W": (616.0, 825.0),
    "F763M": (724.0, 803.0),
    "F775W": (695.0, 846.0),
    "F791W": (725.0, 875.0),
    "F814W": (707.0, 938.0),
    "F845M": (800.0, 888.0),
    "F850LP": (832.0, 1060.0),
    "F098M": (903.0, 1070.0),
    "F105W": (905.0, 1200.0),
    "F110W": (900.0, 1400.0),
    "F125W": (1100.0, 1402.0),
    "F127M": (1240.0, 1309.0),
    "F139M": (1352.0, 1417.0),
    "F140W": (1202.0, 1600.0),
    "F153M": (1498.0, 1566.0),
    "F160W": (1400.0, 1689.0),
}
"""Limits in nm of the wide and medium filters of the Hubble cameras."""

WEBB: dict[str, Edges] = {
    "F070W": (621.0, 781.0),
    "F090W": (795.0, 1005.0),
    "F115W": (1013.0, 1282.0),
    "F140M": (1331.0, 1479.0),
    "F150W": (1331.0, 1668.0),
    "F150W2": (1007.0, 2380.0),
    "F158M": (1488.0, 1688.0),
    "F162M": (1542.0, 1713.0),
    "F182M": (1722.0, 1968.0),
    "F200W": (1755.0, 2227.0),
    "F210M": (1992.0, 2201.0),
    "F250M": (2412.0, 2595.0),
    "F277W": (2423.0, 3132.0),
    "F300M": (2831.0, 3157.0),
    "F322W2": (2430.0, 4013.0),
    "F335M": (3177.0, 3537.0),
    "F356W": (3135.0, 3981.0),
    "F360M": (3426.0, 3814.0),
    "F380M": (3726.0, 3931.0),
    "F410M": (3866.0, 4302.0),
    "F430M": (4167.0, 4398.0),
    "F444W": (3881.0, 4982.0),
    "F460M": (4515.0, 4747.0),
    "F480M": (4662.0, 4973.0),
    "F560W": (5054.0, 6171.0),
    "F770W": (6581.0, 8687.0),
    "F1000W": (9023.0, 10_891.0),
    "F1130W": (10_953.0, 11_667.0),
    "F1280W": (11_588.0, 14_115.0),
    "F1500W": (13_527.0, 16_640.0),
    "F1800W": (16_519.0, 19_502.0),
    "F2100W": (18_477.0, 23_159.0),
    "F2550W": (23_301.0, 26_733.0),
}
"""Limits in nm of the wide and medium filters of the Webb cameras."""

HUBBLE_LINES = frozenset(
    [
        "F280N",
        "F343N",
        "F373N",
        "F395N",
        "F437N",
        "F469N",
        "F487N",
        "F502N",
        "F631N",
        "F645N",
        "F656N",
        "F657N",
        "F658N",
        "F660N",
        "F665N",
        "F672N",
        "F673N",
        "F674N",
        "F680N",
        "F750N",
        "F953N",
        "F126N",
        "F128N",
        "F130N",
        "F132N",
        "F164N",
        "F167N",
    ]
)
"""Narrow filters of the Hubble cameras. Each reaches 1 % to either side of the
wavelength in its name."""

WEBB_LINES = frozenset(["F164N", "F187N", "F212N", "F323N", "F405N", "F466N", "F470N"])
"""Narrow filters of NIRCam. The number in the name is the wavelength in units of 10 nm.
"""

SLOAN_WORDS = frozenset(
    [
        "sdss",
        "sloan",
        "ps1",
        "ps",
        "panstarrs",
        "des",
        "decam",
        "ztf",
        "lsst",
        "rubin",
        "hsc",
        "bok",
        "90prime",
        "prime",
        "megacam",
        "megaprime",
        "gmos",
        "legacy",
        "skymapper",
    ]
)
"""Lower-case words of a filter's name that put its letter in the system u g r i z y."""

JOHNSON_WORDS = frozenset(
    [
        "johnson",
        "bessell",
        "bessel",
        "bess",
        "bes",
        "cousins",
        "kron",
        "harris",
        "landolt",
        "jc",
        "kc",
        "special",
    ]
)
"""Lower-case words of a filter's name that put its letter in the system U B V R I."""

INFRARED_WORDS = frozenset(
    ["mko", "2mass", "twomass", "ukidss", "vista", "wircam", "wfcam"]
)
"""Lower-case words of a filter's name that put its letter in the system Y J H K."""

LETTERS: dict[str, str] = {
    **{band: band for band in BANDS if len(band) < 3},
    "j": "J", "h": "H", "k": "K", "kshort": "Ks", "Kshort": "Ks", "K'": "Ks",
    **{f"{band}{mark}": band for band in "ugriz" for mark in ("'", "p", "prime")},
    **{f"{word}{b}": b for b in "ugriz" for word in ("sdss", "SDSS", "sloan", "ps1")},
    **{f"{b}{word}": b for b in "ugriz" for word in ("sdss", "SDSS", "sloan", "ps1")},
    "zs": "z", "zd": "z", "bokr": "r", "bokg": "g", "bokz": "z",
    "Rc": "R", "RC": "R", "Ic": "I", "IC": "I",
}  # fmt: skip
"""Common name of the filter that a single word means; upper and lower case differ."""

LINES: dict[str, str] = {
    "halpha": "Halpha", "ha": "Halpha", "halpha6563": "Halpha", "ha656": "Halpha",
    "ha6563": "Halpha", "halpha656": "Halpha", "hbeta": "Hbeta", "hb": "Hbeta",
    "oiii": "OIII", "o3": "OIII", "oiii5007": "OIII", "oiii501": "OIII", "sii": "SII",
    "sii672": "SII", "sii6720": "SII",
}  # fmt: skip
"""Common name of each filter for an emission line at rest. The keys are in lower case,
without blanks, brackets, dashes and underscores."""
