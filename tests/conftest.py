"""Options and fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples in every run, so that a change is judged by itself; --long draws new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("fresh", derandomize=False, deadline=None)
settings.load_profile("steady")

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run fault, load and soak tests in their long form")
    parser.addoption("--clips", metavar="DIR", type=Path, help="keep rendered clips in this folder and use them again")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--long"):
        settings.load_profile("fresh")


def data_folder() -> Path | None:
    """The folder of real photographs, or None where there is none."""
    folder = Path(os.environ.get("NPR_EDGE_DATA", REPOSITORY.parent / "shared" / "data"))
    return folder if folder.is_dir() else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    without_data = pytest.mark.skip(reason="no folder of real photographs; set NPR_EDGE_DATA to run this")
    short = pytest.mark.skip(reason="long form; runs with --long")
    for item in items:
        if "data" in item.keywords and data_folder() is None:
            item.add_marker(without_data)
        if "slow" in item.keywords and not config.getoption("--long"):
            item.add_marker(short)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real photographs; use together with the mark ``data``."""
    folder = data_folder()
    assert folder is not None
    return folder


@pytest.fixture(scope="session")
def long_form(pytestconfig: pytest.Config) -> bool:
    """True when fault, load and soak tests shall run in their long form."""
    return bool(pytestconfig.getoption("--long"))


@pytest.fixture
def clip_folder(pytestconfig: pytest.Config, tmp_path: Path) -> Path:
    """Where rendered clips go; with ``--clips`` they stay there for the next run."""
    kept = pytestconfig.getoption("--clips")
    if kept is None:
        return tmp_path
    folder = Path(kept).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
