"""Custom rewards get what TRL gives them, and what they return is checked."""

import json
from pathlib import Path
from types import SimpleNamespace as CallResult
from typing import Any

import pytest

from aha.errors import DataError
from aha.rewards import custom_call, read_points
from aha.rewards.custom import call
from aha.types import Problem, VerifierSpec
from aha.verifiers.functions import load_function

FILE = '''
def plain(completions, answer, **kwargs):
    return [float(a in c) for c, a in zip(completions, answer)]

def chat(prompts, completions, solution):
    assert all(p[-1]["role"] == "user" for p in prompts)
    return [float(c[0]["content"].strip() == s) for c, s in zip(completions, solution)]

def everything(**columns):
    assert set(columns) == {"prompts", "completions", "completion_ids", "answer", "level", "scale"}, columns
    return [columns["scale"][0]] * len(columns["completions"])

def only_ids(completion_ids):
    return [len(ids) for ids in completion_ids]

async def later(completions, **kwargs):
    return [True, None]

def short(completions):
    return [1.0]

def infinite(completions):
    return [0.0, float("inf")]

def wordy(completions):
    return ["good", "bad"]

def scalar(completions):
    return 1.0

constant = 3
'''


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "my_rewards.py"
    path.write_text(FILE)
    return str(path)


def problem(prompt: Any = "2+2?", **metadata: Any) -> Problem:
    messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    return Problem("1", "t", messages, "4", VerifierSpec("number"), metadata={"prompt": prompt, **metadata})


def score(function: str, of: Problem, texts: list[str], **arguments: Any) -> Any:
    target, sent = custom_call(function, of, texts, [[1, 2], [3]], arguments)
    assert target == "aha.rewards.custom:call"
    return call(**json.loads(json.dumps(sent)))


def test_plain_prompts_give_texts(file: str) -> None:
    assert score(f"{file}:plain", problem(), ["it is 4", "5"]) == {"points": [1.0, 0.0]}


def test_message_prompts_give_messages(file: str) -> None:
    prompt = [{"role": "system", "content": "s"}, {"role": "user", "content": "2+2?"}]
    assert score(f"{file}:chat", problem(prompt, solution="4"), [" 4", "5"]) == {"points": [1.0, 0.0]}


def test_all_columns_arrive_under_kwargs(file: str) -> None:
    assert score(f"{file}:everything", problem(level=3), ["a", "b"], scale=0.5) == {"points": [0.5, 0.5]}


def test_a_row_without_prompt_column_counts_as_plain(file: str) -> None:
    bare = Problem("1", "t", [{"role": "user", "content": "q"}], "4", VerifierSpec("number"))
    assert score(f"{file}:plain", bare, ["4", "5"]) == {"points": [1.0, 0.0]}


def test_only_what_the_signature_takes_is_passed(file: str) -> None:
    assert score(f"{file}:only_ids", problem(), ["a", "b"]) == {"points": [2.0, 1.0]}


def test_async_functions_and_booleans_and_none(file: str) -> None:
    assert score(f"{file}:later", problem(), ["a", "b"]) == {"points": [1.0, None]}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("short", "returned 1 points for 2 completions"),
        ("infinite", "inf at index 1"),
        ("wordy", "'good' at index 0"),
        ("scalar", "returned float"),
    ],
)
def test_bad_points_name_function_and_index(file: str, name: str, message: str) -> None:
    value = score(f"{file}:{name}", problem(), ["a", "b"])
    with pytest.raises(DataError, match=rf"my_rewards\.py:{name} .*{message}"):
        read_points(f"{file}:{name}", CallResult(value=value, failure=None), 2)


def test_a_failed_call_leaves_the_reward_out() -> None:
    assert read_points("f", CallResult(failure="timeout"), 3) == [None, None, None]


def test_good_points_pass() -> None:
    assert read_points("f", CallResult(value={"points": [1.0, None]}, failure=None), 2) == [1.0, None]


@pytest.mark.parametrize(
    ("target", "message"),
    [("nothing", "names no function"), ("no/such.py:f", "no file"), ("no_such_module_x:f", "no module")],
)
def test_missing_functions(target: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_function(target)


def test_missing_name_lists_what_is_there(file: str) -> None:
    with pytest.raises(DataError, match="It holds: chat, everything"):
        load_function(f"{file}:constant")


def test_functions_of_modules() -> None:
    assert load_function("aha.rewards.combine:combine")({"a": 1.0}, {"a": 2.0}) == 2.0
