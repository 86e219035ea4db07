"""The page on formats: its package is installed beside the gateway, and works."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import netCDF4
import numpy as np
import pytest
from click.testing import CliRunner
from tests.support.app import client
from tests.support.gridded import VISITOR, write_ensemble
from tests.support.outside import blocks, install, run_tests

from gatewright.cli.main import main
from gatewright.composition.arrays import open_datasets
from gatewright.composition.readers import open_readers
from gatewright.core.config import Config, DatasetSource, Gateway
from gatewright.core.config_file import ConfigurationError, load_config, parse_config
from gatewright.core.errors import InvalidRequest
from gatewright.faces.api import face
from gatewright.faces.dap import face as dap

VALUES = np.arange(24, dtype="i2").reshape(2, 3, 4)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = install(blocks("readers.md"), tmp_path / "site", monkeypatch)
    np.save(folder / "grid.npy", VALUES)
    return folder


class Catalogue:
    """What of the services the data routes use."""

    def __init__(self, config: Config, found: Any) -> None:
        self.config = config
        self.datasets = found


@pytest.fixture
async def services(site: Path) -> AsyncIterator[Any]:
    """The page's data sets, and others that tell who reads what."""
    write_ensemble(site / "ens.nc")
    settings = load_config(site / "gatewright.toml")
    settings = settings.model_copy(
        update={
            "gateway": Gateway(state=site / "state"),
            "datasets": [
                *settings.datasets,
                DatasetSource(id="ens", source=site / "ens.nc"),
                DatasetSource(id="wrong", source=site / "ens.nc", reader="npy"),
                DatasetSource(id="other", source=site / "grid.npy", reader="netcdf"),
                DatasetSource(id="absent", source=site / "absent.npy"),
                DatasetSource(id="folder", source=site),
            ],
        }
    )
    async with AsyncExitStack() as stack:
        pool = await open_readers(settings, stack)
        yield Catalogue(settings, open_datasets(settings, pool))


@pytest.fixture
async def visitor(services: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with client(face.build(services), services, VISITOR) as made:
        yield made


def test_check_knows_what_is_installed(site: Path) -> None:
    with (site / "gatewright.toml").open("a") as file:
        file.write(f'[gateway]\nstate = "{site}"\n')
    done = CliRunner().invoke(main, ["check", str(site / "gatewright.toml")])
    assert done.exit_code == 0, done.output


def test_a_reader_that_is_not_installed_is_a_mistake_with_its_line(site: Path) -> None:
    text = '[[datasets]]\nid = "a"\nsource = "a.npy"\nreader = "{}"\n'
    assert parse_config(text.format("npy")).datasets[0].reader == "npy"
    mistake = "line 4: datasets[1].reader: There is no gatewright.array_readers plug-in"
    with pytest.raises(ConfigurationError, match=re.escape(mistake)):
        parse_config(text.format("zarr"))
    with pytest.raises(ConfigurationError, match="line 4"):
        parse_config(text.format("npy").replace('"npy"', "3"))
    # Where the package goes after the configuration was read.
    config = Config(datasets=[DatasetSource(id="a", source=site, reader="zarr")])
    with pytest.raises(InvalidRequest, match="npy"):
        open_datasets(config, None)  # type: ignore[arg-type]  # nothing is read


@pytest.mark.parametrize("name", ["grid", "named"])
async def test_a_file_of_the_format_is_a_data_set(
    visitor: httpx.AsyncClient, name: str
) -> None:
    about = (await visitor.get(f"/datasets/{name}")).json()
    assert about["format"] == "NPY"
    (variable,) = about["variables"]
    assert (variable["name"], variable["shape"]) == ("values", [2, 3, 4])
    answer = await visitor.get(f"/datasets/{name}/subset?var=values&format=json")
    assert answer.json()["variables"]["values"]["values"] == list(range(24))
    made = await visitor.get(f"/datasets/{name}/subset?var=values")
    with netCDF4.Dataset("made", memory=made.content) as file:
        assert np.array_equal(file["values"][:], VALUES)


async def test_arrays_of_the_format_by_dap(services: Any) -> None:
    async with client(dap.build(services), services, VISITOR) as made:
        answer = await made.get("/grid.dods?values%5B1%5D%5B0:2:2%5D%5B3%5D")
        assert answer.status_code == 200
        assert np.frombuffer(answer.content[-8:], ">i4").tolist() == [15, 23]


async def test_each_source_is_read_by_its_own_reader(
    visitor: httpx.AsyncClient,
) -> None:
    answer = await visitor.get("/datasets/ens")
    assert answer.json()["format"] == "NetCDF-4"
    for name in ("wrong", "other"):
        assert (await visitor.get(f"/datasets/{name}")).status_code == 502
    for name in ("absent", "folder"):
        assert (await visitor.get(f"/datasets/{name}")).status_code == 404


@pytest.mark.timeout(360)
def test_the_page_s_own_tests_pass(site: Path) -> None:
    assert " passed" in run_tests(site, "test_gatewright_npy.py")
