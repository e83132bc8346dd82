"""What the project promises as a whole: few dependencies, torch-free folders, clean lint and strict types."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tomllib

import pytest

from aha.config.block import Block
from aha.config.recipe import Recipe
from aha.config.schema import stage_kinds
from tests.house.source import PACKAGE, ROOT, folder, modules

TORCH_FREE = ("types", "errors", "config", "text", "verifiers", "sandbox")


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)


def test_ruff_is_clean() -> None:
    result = _run(sys.executable, "-m", "ruff", "check", ".")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.timeout(900)
def test_mypy_strict_is_clean() -> None:
    result = _run(sys.executable, "-m", "mypy")
    assert result.returncode == 0, result.stdout + result.stderr


def test_at_most_10_core_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert len(project["dependencies"]) <= 10


def test_constraints_pin_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["gym"], *extras["dev"], *extras["bench"], *extras["verify"]]
    names = {item.split(">")[0].split("=")[0].split("<")[0].lower().replace("_", "-") for item in wanted}
    assert names <= pinned
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert not [line for line in lines if "+" in line or "@" in line or "/" in line]


def test_light_folders_never_import_torch_or_transformers() -> None:
    names = [
        ".".join(("aha", *path.with_suffix("").parts)).removesuffix(".__init__")
        for path in modules()
        if folder(path) in TORCH_FREE
    ]
    code = (
        f"import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\n"
        "heavy = {'torch', 'transformers', 'pyarrow', 'matplotlib'} & set(sys.modules)\nassert not heavy, heavy"
    )
    result = _run(sys.executable, "-c", code)
    assert result.returncode == 0, result.stderr


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom aha.cli import main\nsys.argv = ['aha', '--help']\n"
        "try: main()\nexcept SystemExit as done: assert not done.code\n"
        "heavy = {'torch', 'transformers', 'pyarrow', 'matplotlib', 'numpy', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    result = _run(sys.executable, "-c", code)
    assert result.returncode == 0, result.stderr


def test_help_answers_in_half_a_second() -> None:
    """Seconds of processor, so that a busy machine does not decide."""
    _run(sys.executable, "-m", "aha.cli", "--help")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "doctor" in _run(sys.executable, "-m", "aha.cli", "--help").stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def test_blocks_have_at_most_25_keys() -> None:
    blocks = [Recipe, *stage_kinds().values(), *Block.__subclasses__()]
    assert not {block.__name__: len(block.model_fields) for block in blocks if len(block.model_fields) > 25}


def test_scripts_are_one_word_each_and_executable() -> None:
    scripts = [*(ROOT / "scripts").iterdir(), ROOT / ".ci" / "run"]
    assert {"demo", "test", "check", "bench"} <= {script.name for script in scripts}
    for script in scripts:
        assert script.name.isalpha(), script
        assert os.access(script, os.X_OK), f"{script} is not executable"
        assert _run("bash", "-n", str(script)).returncode == 0


def test_licence_is_apache_2() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_lab_model_is_small_and_only_safetensors() -> None:
    files = [path for path in (PACKAGE / "lab" / "model").iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 12e6
    assert not [path.name for path in files if path.suffix in (".bin", ".pt", ".pth", ".pkl")]
