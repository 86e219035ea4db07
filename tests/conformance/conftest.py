"""One gateway with the shared real data, for the clients that people use."""

import time
from collections.abc import Iterator

import pytest
from tests.support import needs
from tests.support.gateway import RunningGateway, demo


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give tests more time: many start gateways, which is long on a slow machine."""
    if item.get_closest_marker("timeout") is None:
        item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A demo that publishes ``../shared/data``."""
    data = needs.shared_data()
    state = tmp_path_factory.mktemp("archive") / "state"
    with demo(state, "--data", str(data)) as gateway:
        _wait_for_images(gateway)
        yield gateway


def _wait_for_images(gateway: RunningGateway) -> None:
    """Wait until all images are known; a gateway that has many is ready before."""
    deadline = time.monotonic() + 120
    with gateway.client() as client:
        while "vosi:note" in client.get("/vo/sia/availability").text:
            assert time.monotonic() < deadline, "the images are still being read"
            time.sleep(0.1)


@pytest.fixture(scope="session")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A demo with the example archives alone."""
    with demo(tmp_path_factory.mktemp("laptop") / "state") as gateway:
        yield gateway
