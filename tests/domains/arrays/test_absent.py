"""The catalogue tells which sources are not there."""

from pathlib import Path

import pytest
from tests.support.gridded import VISITOR, datasets, write_ensemble

from gatewright.core.errors import NotFound


async def test_a_source_that_goes_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "ens.nc"
    catalogue = datasets(path)
    (one,) = catalogue.page(VISITOR).items
    assert await catalogue.look([one]) == [None]
    assert not catalogue.is_there(one)
    write_ensemble(path)
    assert (await catalogue.look([one]))[0] is not None
    assert catalogue.is_there(one)
    await catalogue.open(VISITOR, "ens")
    path.unlink()
    with pytest.raises(NotFound):
        await catalogue.open(VISITOR, "ens")
    assert await catalogue.look([one]) == [None]
    assert not catalogue.is_there(one)
    write_ensemble(path)
    await catalogue.open(VISITOR, "ens")
    assert catalogue.is_there(one)


async def test_a_damaged_source_is_there(tmp_path: Path) -> None:
    (tmp_path / "broken.nc").write_bytes(b"no file of data")
    catalogue = datasets(tmp_path / "broken.nc")
    (one,) = catalogue.page(VISITOR).items
    assert await catalogue.look([one]) == [None]
    assert catalogue.is_there(one)
