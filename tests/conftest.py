"""Fixtures that tests of several rooms share."""

import os
import tomllib
from collections.abc import Generator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from _pytest.nodeid import NodeId
from hypothesis import settings
from tests.support.oidc_provider import providers
from tests.support.postgresql import postgresql_server, postgresql_url
from tests.support.postgresql_tables import kept_places, postgresql_tables
from tests.support.signals import hangups

__all__ = [
    "hangups",
    "kept_places",
    "postgresql_server",
    "postgresql_tables",
    "postgresql_url",
    "providers",
]

# Machines that run tests are loaded now and then: a slow example is no failure. A check
# of a submission tries the same examples each time; at a desk they are new ones.
settings.register_profile("gatewright", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("gatewright")


# Threads of NumPy spin while they wait for one another, which takes time of the tests
# that run beside: one thread, as in the reader processes. NumPy is not imported yet.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

SERVICES = frozenset({"postgresql_server", "chromium", "cluster", "providers"})
"""Fixtures that start something large."""


def pytest_configure() -> None:
    """Say in one sentence that the package has to be installed anew, if it has."""
    pyproject = Path(__file__).resolve().parents[1] / "pyproject.toml"
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    for group, points in project["entry-points"].items():
        missing = set(points) - {point.name for point in entry_points(group=group)}
        if missing:
            pytest.exit(
                f"The entry points {sorted(missing)} of {group} are not installed: run "
                "python -m pip install --no-deps --no-build-isolation --editable .",
                returncode=4,
            )


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of the daily check."""
    parser.addoption(
        "--quick", action="store_true", help="leave out tests with a browser or server"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Group tests, and deselect, and so count, those that the daily check leaves out.

    Tests of a module that share a fixture are a group: one process runs them, so that
    their gateway or data are made once and not by each process. Groups come first, the
    largest first of all, so that no process has a long one to do alone at the end.
    """
    if getattr(config.option, "loadgroup", False):
        for item in items:
            if group := _group_of(item):
                # pytest-xdist 3.8 writes this to where pytest 9.2 no longer reads it.
                item._id = NodeId.parse(f"{item.nodeid}@{group}")
    if config.getoption("--quick"):
        apart = [one for one in items if SERVICES & set(one.fixturenames)]  # type: ignore[attr-defined]
        config.hook.pytest_deselected(items=apart)
        items[:] = [one for one in items if one not in apart]


def _group_of(item: pytest.Item) -> str:
    """Return the group that an item is marked with, or that of its module, or none."""
    if mark := item.get_closest_marker("xdist_group"):
        return str(mark.args[0])
    fixtures = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
    shares = any(
        made[-1].scope in {"class", "module"} and not name.startswith("_")
        for name, made in fixtures.items()
        if made
    )
    module = item.path.relative_to(item.config.rootpath).with_suffix("")
    return ".".join(module.parts) if shares else ""


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable(
    report: pytest.TestReport | pytest.CollectReport,
) -> Generator[None, Any, Any]:
    """Write names of files that are not UTF-8 so that a report of them can be sent."""
    return _printable((yield))


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_printable(key): _printable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_printable(item) for item in value)
    return value
