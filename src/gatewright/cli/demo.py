"""``gatewright demo``: a whole gateway on one machine, with example archives."""

import os
import sys
import time
from pathlib import Path

import click
from pydantic import ValidationError

from gatewright.cli.publish import datasets_under, surveys_under
from gatewright.cli.root import warn_if_root
from gatewright.cli.serve import announce, warn_of_absent
from gatewright.core.config import (
    CatalogueSource,
    Config,
    DatasetSource,
    Gateway,
    Identity,
    SurveySource,
    System,
)
from gatewright.core.config_file import FILE_NAME
from gatewright.core.config_text import to_toml
from gatewright.web.server.supervisor import serve as serve_gateway

USER = "demo"
REANALYSIS = "simulated-reanalysis"
SURVEY = "simulated-sky"
STARS = "simulated-stars.csv"


@click.command()
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Also publish every NetCDF and FITS file under this folder.",
)
@click.option(
    "--cors-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Let pages of this origin, such as http://localhost:5173, call the API with a "
    "token; may be repeated.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port on 127.0.0.1; 0 picks a free one.",
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the demo's files and database.",
)
def demo(
    data: Path | None, origins: tuple[str, ...], port: int, state: Path | None
) -> None:
    """Start a gateway with example archives, and print how to sign in.

    Its files are in its state folder: by default ~/.local/state/gatewright-demo, or
    gatewright-demo below XDG_STATE_HOME.
    """
    try:
        Gateway(cors_origins=list(origins))
    except ValidationError as error:
        reason = error.errors()[0]["ctx"]["error"]
        raise click.BadParameter(str(reason), param_hint="--cors-origin") from error
    folder = (state or default_state()).resolve()
    warn_if_root()
    try:
        prepare(folder)
        config = demo_config(folder, port, data.resolve() if data else None, origins)
        # Renamed into place, so that a crash leaves no half-written file.
        written = folder / f"{FILE_NAME}.new"
        written.write_text(to_toml(config), encoding="utf-8")
        written.replace(folder / FILE_NAME)
    except OSError as error:
        raise click.ClickException(
            f"The state folder “{folder}” cannot be used: {error.strerror}. Choose "
            "another, which you may write to, with --state DIR."
        ) from error
    print("Starting the gateway …", file=sys.stderr, flush=True)
    warn_of_absent(config)

    def welcome(url: str) -> None:
        announce(url)
        # Imported here, since the import would double the time to start.
        from gatewright.cli.identity import change_of

        code = change_of(
            config,
            f"demo: sign-in link of {USER}",
            lambda identity, _: identity.make_sign_in_link(USER),
        )
        print(f"Sign in at {url}/sign-in?code={code}", flush=True)

    sys.exit(serve_gateway(lambda: config, welcome))


def default_state() -> Path:
    """Return the demo's default state folder (XDG Base Directory Specification).

    Raises
    ------
    click.UsageError
        The user has no home folder.
    """
    base = os.environ.get("XDG_STATE_HOME")
    try:
        state = Path(base) if base else Path.home() / ".local" / "state"
    except RuntimeError as error:
        raise click.UsageError(
            "You have no home folder; say with --state DIR where the demo may write."
        ) from error
    return state / "gatewright-demo"


def prepare(folder: Path) -> None:
    """Create the demo's folders, and the example archives if they are missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "home").mkdir(exist_ok=True)
    archives = folder / "archives"
    reanalysis, survey = archives / f"{REANALYSIS}.nc", archives / SURVEY
    # A crash of the machine can leave empty files.
    there = (reanalysis, survey / "transients.csv", survey / STARS)
    if all(path.is_file() and path.stat().st_size for path in there):
        return
    from gatewright.cli.examples import write_reanalysis, write_survey

    print("Making the example archives …", end=" ", file=sys.stderr, flush=True)
    began = time.monotonic()
    archives.mkdir(exist_ok=True)
    write_reanalysis(reanalysis)
    write_survey(survey)
    print(f"done in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def demo_config(
    folder: Path, port: int, data: Path | None, origins: tuple[str, ...] = ()
) -> Config:
    """Return the demo's configuration; files under ``data`` are published, too."""
    archives, home = folder / "archives", folder / "home"
    datasets = [DatasetSource(id=REANALYSIS, source=archives / f"{REANALYSIS}.nc")]
    surveys = [
        SurveySource(
            id=SURVEY,
            images=f"{archives / SURVEY}/*.fits",
            title="Simulated sky survey (not observations)",
            catalogue=CatalogueSource(
                file=archives / SURVEY / STARS,
                name="Simulated stars (not observations)",
                system="AB",
                bands={band: (band, f"e_{band}") for band in "gri"},
            ),
        )
    ]
    if data is not None:
        taken = {REANALYSIS, SURVEY}
        datasets += [found for found in datasets_under(data) if found.id not in taken]
        surveys += [found for found in surveys_under(data) if found.id not in taken]
    return Config(
        gateway=Gateway(
            title="Gatewright demo",
            listen=f"127.0.0.1:{port}",
            state=folder,
            cors_origins=list(origins),
        ),
        identity=Identity(owner=USER),
        systems=[System.model_validate({"name": "local", "home": home, "root": home})],
        datasets=datasets,
        surveys=surveys,
    )
