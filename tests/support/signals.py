"""Signals as programs have them that a person or a service manager starts."""

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def hangups() -> Iterator[None]:
    """Have programs that tests start take SIGHUP.

    What ``nohup`` starts ignores it, and so do its children.
    """
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)
