"""One finished run and its report for all tests that only read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.fake_run import write_fake_run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory nobody may change."""
    return write_fake_run(tmp_path_factory.mktemp("runs") / "lab-zero", rounds=20, problems=3, group=4)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A small run directory to change."""
    return write_fake_run(tmp_path / "small", rounds=10, problems=2, group=4)
