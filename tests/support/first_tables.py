"""A database as the first version with images, jobs and documents left it.

Its tables are those of the five schema files of that time. The rows are those that the
version wrote when it indexed three frames, ran a job and an array of two, and stored
documents; only the paths, the token's secret and the times at which things end were
changed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from gatewright.backends.sql import Database, Statement, Work
from gatewright.backends.sql.migrations import Dialect, migrate, schema_files

FILES = ("0001_events", "0010_identity", "0020_store", "0030_compute", "0040_sky")
TOKEN = f"gw_01m8n13yncxhrf82gs3d7fvptc.{'s' * 43}"
"""Ada's token, which the version gave her."""
PASSWORD = "a long enough password"
NEVER = 2e11
"""A moment in the far future."""
_HASH = (
    "$argon2id$v=19$m=8,t=1,p=1$X1aCW90qdBBOwny22amyQQ"
    "$80H05hZTSW4K+YzWbtaWAB7IoW4zUSaey+9jvhn14dQ"
)
_SCOPES = (
    "account:read admin data:read exec files:read jobs:read jobs:submit sky:read store"
)
_KEY = "01m8n13yncxhrf82gs3d7fvptc"
_SUMMARY = (
    '{"images": 3, "t_min": 58120.12783564815, "t_max": 58151.128530092596, '
    '"kinds": {"science": 3}, "bands": {"g": 2}, "cells": 6, '
    '"area": 5.035761871267001}'
)
_SPEC = (
    '{"executable":"/bin/echo","script":null,"arguments":["hi"],"directory":null,'
    '"name":"%s","inherit_environment":true,"environment":{},"stdin_path":null,'
    '"stdout_path":null,"stderr_path":null,"resources":{"node_count":null,'
    '"process_count":null,"processes_per_node":null,"cpu_cores_per_process":1,'
    '"gpu_cores_per_process":0,"memory":null},"attributes":{"duration":null,'
    '"queue_name":null,"project_name":null,"reservation":null},"array":%s,'
    '"dependencies":[],"hold":false}'
)
_EVENT = (
    '{"id":"1","system":"local","name":"hello","state":"completed",'
    '"native_state":"COMPLETED","reason":"","exit_code":0,'
    '"submitted_at":"2026-11-30T01:29:11.608Z",'
    '"started_at":"2026-11-30T01:29:12.151Z",'
    '"ended_at":"2026-11-30T01:29:12.164Z","array_index":null}'
)
_G = ("g DECam SDSS c0001 4720.0 1520.0", "g", 4.01e-07, 5.5e-07, None, None)
OUTLINES = (
    """
10.016493131 19.984499238 9.999467963 19.984500000 9.982442796 19.984499136
9.982441012 20.000499135 9.982439227 20.016499134 9.999467855 20.016499999
10.016496484 20.016499236 10.016494807 20.000499237;0.017900654 -30.015498788
359.999422560 -30.015499998 359.980944466 -30.015498627 359.980947538 -29.999498628
359.980950609 -29.983498630 359.999422746 -29.983499999 0.017894882 -29.983498791
0.017897768 -29.999498790;200.015558839 4.984499818 199.999498102 4.984500000
199.983437365 4.984499793 199.983436960 5.000499792 199.983436556 5.016499791
199.999498077 5.016499999 200.015559599 5.016499816 200.015559219 5.000499817
""".strip()
    .replace("\n", " ")
    .split(";")
)
"""Outlines of the three images, which the version stored."""


def frames(folder: Path) -> None:
    """Write the three frames that were indexed."""
    folder.mkdir()
    for name, place, date in (
        ("a", (10.0, 20.0), "2018-01-02T03:04:05"),
        ("b", (0.0, -30.0), "2018-02-02T03:04:05"),
    ):
        header = _header(*place)
        header["DATE-OBS"], header["EXPTIME"] = date, 60.0
        header["FILTER"], header["OBSID"] = _G[0], f"obs-{name}"
        header["TELESCOP"], header["INSTRUME"] = "Blanco", "DECam"
        header["OBJECT"] = "field 1"
        pixels = np.arange(1024, dtype="f4").reshape(32, 32)
        fits.PrimaryHDU(pixels, header).writeto(folder / f"{name}.fits")
    second = fits.ImageHDU(np.ones((32, 32), "i2"), _header(200.0, 5.0), name="CCD1")
    fits.HDUList([fits.PrimaryHDU(), second]).writeto(folder / "c.fits")


def _header(ra: float, dec: float) -> fits.Header:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cdelt = [ra, dec], [16, 16], [-1e-3, 1e-3]
    return wcs.to_header()


async def make(
    database: Database, dialect: Dialect, images: Path, home: Path, scanned: float
) -> None:
    """Create the tables of the first version, and the rows that it left in them.

    ``images`` is the survey's folder, ``home`` that of the jobs, and ``scanned`` the
    moment of the survey's last scan.
    """
    schema = schema_files()
    wanted = {f"{name}.sql": schema[f"{name}.sql"] for name in FILES}
    await migrate(database, dialect, wanted)
    rows = {**_accounts(), **_documents(), **_jobs(home), **_images(images, scanned)}

    def work() -> Work[None]:
        for table, some in rows.items():
            for row in some:
                marks = ", ".join("?" for _ in row)
                yield Statement(f"INSERT INTO {table} VALUES ({marks})", row)

    await database.run(work)


def _accounts() -> Mapping[str, Sequence[Sequence[object]]]:
    digest = hashlib.sha256(TOKEN.partition(".")[2].encode()).hexdigest()
    record = ("ada", _KEY, "PUT", "/api/v1/store/notes")
    return {
        "account": [
            ("ada", "owner", _HASH, 1796002150.0103526),
            ("bob", "guest", None, 1796002150.7024813),
        ],
        "account_group": [("bob", "supernovae")],
        "token": [
            (
                _KEY,
                digest,
                "ada",
                "test",
                _SCOPES,
                "",
                1796002151.084588,
                NEVER,
                None,
                "",
            )
        ],
        "audit_record": [
            (
                *(1, 1796002151.400021, *record, 201, "01m8n13ynqr6vsqq8900bmxjnv"),
                *("127.0.0.1", ""),
                "c78478864cbe5da1abbea36ceeca6d33460c86459f5e28869119b044b5051867",
            )
        ],
    }


def _documents() -> Mapping[str, Sequence[Sequence[object]]]:
    made = 1796002151.5089865
    changed = 1796002151.6045537
    one, two = "eb845d0f73a36b98cb70332b38c4de91", "363379742f80b51bdb9206579af77549"
    base = 1796002151255
    own = ("ada", "ada", made)
    return {
        "store_collections": [
            ("notes", "ada", 1796002151.255865, base + 5, base, 0, 2, 22, '{"n":true}')
        ],
        "store_documents": [
            (
                *("notes", "one", base + 3, one, 15, *own, made, None),
                *(1, 0, '{"n":1,"t":"x"}'),
            ),
            ("notes", "two", base + 2, two, 7, *own, made, NEVER, 0, 0, '{"n":2}'),
            ("notes", "three", base + 5, "", 0, *own, changed, None, 0, 1, ""),
        ],
        "store_entries": [
            ("notes", "n", "one", 1.0, None),
            ("notes", "n", "two", 2.0, None),
        ],
        "store_grants": [("notes", "", "user:ada", 3), ("notes", "one", "user:bob", 1)],
        "store_usage": [("ada", 2, 22)],
    }


def _jobs(home: Path) -> Mapping[str, Sequence[Sequence[object]]]:
    def job(
        number: int, index: int, uuid: str, name: str, began: float
    ) -> Sequence[object]:
        stem = f"{home}/job-{number}" + (f"_{index}" if index >= 0 else "")
        return (
            *(number, index, uuid, "local", "ada", name, "completed", "COMPLETED"),
            *(uuid, began - 1.0, str(home), f"{stem}.out", f"{stem}.err"),
            *(began - 1.0, began, began + 0.25, 0, None, "", 0.25, 0.125, 4096),
        )

    return {
        "job_submissions (system, owner, spec)": [
            ("local", "ada", _SPEC % ("hello", "null")),
            ("local", "ada", _SPEC % ("many", '"0-1"')),
        ],
        "jobs": [
            job(1, -1, "01m8n13z5rh1ebhfttxwnppe71", "hello", 1796002152.0),
            job(2, 0, "01m8n13zrtrav94qybw1g2x792", "many", 1796002153.0),
            job(2, 1, "01m8n13zrt4strqdfqwmscvjjz", "many", 1796002154.0),
        ],
        "events (at, kind, subject, owner, data)": [
            (1796002152.1855152, "job.completed", "jobs/local/1", "ada", _EVENT)
        ],
    }


def _images(folder: Path, scanned: float) -> Mapping[str, Sequence[Sequence[object]]]:
    first, second = 58120.12783564815, 58151.12783564815
    fov = 0.04525483185692898
    size = (32, 32, 3.5999999985997984, 8640)
    camera = ("Blanco", "DECam", "field 1")
    files = {name: f"{folder}/{name}.fits" for name in "abc"}
    minute = 0.00069444444670807570

    def image(
        number: int, name: str, hdu: int, t: float, ra: float, dec: float, of: str
    ) -> Sequence[object]:
        return (
            *(number, f"night~{name}~{hdu}", "night", files[name], f"old-{name}", hdu),
            *(t, OUTLINES[number - 1], ra, dec, fov, *size, of, "science"),
        )

    return {
        "survey": [
            (
                *("night", "One night", f"{folder}/*.fits", '"public"', 1, minute),
                *("", 0.0, scanned, _SUMMARY),
            )
        ],
        "survey_file": [("night", files[name], f"old-{name}", "[]") for name in "abc"],
        "image": [
            (
                *image(
                    1, "a", 0, first, 9.999467909423725, 20.000499999205918, "obs-a"
                ),
                *(first, first + minute, 60.0, *_G, *camera),
            ),
            (
                *image(
                    2, "b", 0, second, 359.9994226526397, -29.999499998740436, "obs-b"
                ),
                *(second, second + minute, 60.0, *_G, *camera),
            ),
            (
                *image(3, "c", 1, 1e300, 199.99949808969805, 5.0004999998091, "c.fits"),
                *(None for _ in range(12)),
            ),
        ],
        "cover": [
            *((cell, second, 2) for cell in (16447, 16490, 16533, 16576)),
            (19863, first, 1),
            (26406, 1e300, 3),
        ],
    }
