"""One gateway with the shared real data, for the clients that people use."""

from collections.abc import Iterator

import pytest
from tests.support import needs
from tests.support.gateway import RunningGateway, demo


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A demo that publishes ``../shared/data``."""
    data = needs.shared_data()
    state = tmp_path_factory.mktemp("archive") / "state"
    with demo(state, "--data", str(data)) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A demo with the example archives alone."""
    with demo(tmp_path_factory.mktemp("laptop") / "state") as gateway:
        yield gateway
