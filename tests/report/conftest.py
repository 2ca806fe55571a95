"""The made-up study, and the report written of it, shared by the tests that only look at them."""

from pathlib import Path

import pytest

from sim.report.page import write_report
from sim.report.tables import Results

from .made_up import build


@pytest.fixture(scope="session")
def study() -> Results:
    return build()


@pytest.fixture(scope="session")
def written(study: Results, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_report(study, tmp_path_factory.mktemp("report") / "deep" / "er")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
