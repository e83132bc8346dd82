"""A task and a verifier in one file of the user's."""

from pathlib import Path

import pytest

from aha.errors import ConfigError, DataError
from aha.tasks.base import validate
from aha.tasks.plugin import plugin_task
from tests.tasks.fakes import InlinePool

FILE = """
from aha.types import Problem, VerifierSpec

def rows(size, start=0):
    return [{"prompt": f"{n}+{n}?", "answer": 2 * n} for n in range(start, start + size)]

def ready():
    return [Problem("a", "mine", [{"role": "user", "content": "q"}], "4", VerifierSpec("number"))]

def doubled():
    return ready() * 2

def words():
    return "no list"

def even(answer, reference, *, least=0):
    return int(answer) % 2 == 0 and int(answer) >= least

def odd_gold():
    return [{"prompt": "an even number?", "answer": "3"}]
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return str(path)


def test_rows_become_problems(file: str) -> None:
    task = plugin_task(f"{file}:rows?size=3", start=5, instruction="Go.")
    assert [p.messages[0]["content"] for p in task.problems()] == ["5+5?\nGo.", "6+6?\nGo.", "7+7?\nGo."]
    validate(task, 3, InlinePool())


def test_problems_are_taken_as_they_are(file: str) -> None:
    task = plugin_task(f"{file}:ready")
    assert task.problems()[0].id == "a"
    validate(task, 1, InlinePool())


def test_a_verifier_of_ones_own(file: str) -> None:
    validate(plugin_task(f"{file}:rows", size=4, verifier={"name": f"{file}:even", "least": 0}), 4, InlinePool())
    with pytest.raises(DataError, match=r"mine\.py:even' rejects the gold answer"):
        validate(plugin_task(f"{file}:odd_gold", verifier=f"{file}:even"), 1, InlinePool())
    with pytest.raises(DataError, match="no argument 'most'"):
        plugin_task(f"{file}:rows", size=1, verifier={"name": f"{file}:even", "most": 1}).problems()


def test_what_goes_wrong_is_named(file: str) -> None:
    with pytest.raises(ConfigError, match="needs the argument 'size'"):
        plugin_task(f"{file}:rows")
    with pytest.raises(DataError, match="returned str"):
        plugin_task(f"{file}:words").problems()
    with pytest.raises(DataError, match="gives an id twice"):
        plugin_task(f"{file}:doubled").problems()
    with pytest.raises(DataError, match="holds no problems"):
        plugin_task(f"{file}:rows", size=0).problems()
    with pytest.raises(DataError, match="no function 'nothing'"):
        plugin_task(f"{file}:nothing")
