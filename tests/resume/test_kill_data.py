"""Stages that make data, killed at any moment: the same command leaves the same bytes and pays for no answer twice."""

from __future__ import annotations

import json
import os
import random
import signal
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from aha.runtime import files
from benchmarks.measuring.same_run import contents, differences
from tests.engines.words_server import gold_server
from tests.resume.test_kill import DieAt
from tests.stages.data_run import ENGINE, no_processes, run, write_rows

SUMS = {f"What is {a} plus {b}?": str(a + b) for a in (3, 17) for b in (4, 9, 25)}
NUM_PARALLEL = 2
USER = "User: {question} HOW\nAssistant:"
HOW = {"en": "Check every step.", "ko": "단계마다 확인하라.", "ru": "Проверяй каждый шаг."}
SUMMARY = {"en": "The answer is \\boxed{{answer}}.", "ko": "답은 \\boxed{{answer}}.", "ru": "Ответ \\boxed{{answer}}."}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A gold server in a process of its own, which notes each call in calls.txt."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            with gold_server(SUMS) as (server, gold):

                def noted(number: int, path: str, body: Any) -> Any:
                    with (tmp_path / "calls.txt").open("a") as log:
                        log.write(json.dumps(body, sort_keys=True)[:2000] + "\n")
                    return gold(number, path, body)

                server.answer = noted
                os.write(writing, server.url.encode())
                time.sleep(3600)
        finally:
            os._exit(1)
    try:
        yield f"{os.read(reading, 200).decode()}#gold"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def stages(folder: Path, address: str) -> dict[str, dict[str, Any]]:
    """A cold start in two ways, few-shot from the first of them, and general data."""
    problems = write_rows(folder / "sums.jsonl", *({"prompt": asked, "answer": said} for asked, said in SUMS.items()))
    general = write_rows(
        folder / "general.jsonl", *({"prompt": f"Say {n}.", "answer": f"Here: {n}."} for n in range(6))
    )
    cold = {
        "kind": "collect",
        "way": "direct",
        "model": address,
        "data": {"tasks": [problems], "verify_gold": 0},
        "num_problems": 6,
        "num_samples": 3,
        "num_parallel": NUM_PARALLEL,
        "engine": ENGINE,
    }
    writer = {"model": address, "num_parallel": NUM_PARALLEL}
    return {
        "direct": cold,
        "rewrite": cold | {"way": "rewrite", "writer": writer},
        "fewshot": cold | {"way": "fewshot", "examples": "stage/direct"},
        "general": {"kind": "general", "files": [{"name": general}], "writer": writer, "engine": ENGINE},
    }


def start(folder: Path, name: str, made: dict[str, dict[str, Any]], die_at: int | None = None) -> int:
    """The run in a process of its own; its id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        torch.set_num_threads(1)
        from aha.stages import collect, general

        no_processes(pytest.MonkeyPatch(), collect, general)
        fault = DieAt(die_at)
        files.set_fault(fault)
        files.make_folder(folder / name)
        run(folder / name, **made)
        (folder / "count.txt").write_text(str(fault.count))
        code = 0
    except BaseException:
        (folder / "failure.txt").write_text(traceback.format_exc())
    finally:
        os._exit(code)


def whole(folder: Path, name: str, made: dict[str, dict[str, Any]]) -> None:
    """A run to its end."""
    assert os.waitpid(start(folder, name, made), 0)[1] == 0, (folder / "failure.txt").read_text()


def num_calls(folder: Path) -> int:
    return len((folder / "calls.txt").read_text().splitlines())


@pytest.mark.parametrize("num_kills", [4, pytest.param(30, marks=pytest.mark.slow)])
@pytest.mark.timeout(1800)
def test_killed_at_file_calls_it_ends_in_the_same_bytes(tmp_path: Path, address: str, num_kills: int) -> None:
    made = stages(tmp_path, address)
    whole(tmp_path, "whole", made)
    total, paid = int((tmp_path / "count.txt").read_text()), num_calls(tmp_path)
    chance = random.Random(num_kills)
    kills = 0
    for _ in range(num_kills):
        moment = chance.randrange(1, max(2, total // (2 if num_kills < 10 else 8)))
        kills += os.waitpid(start(tmp_path, "cut", made, moment), 0)[1] == signal.SIGKILL
    whole(tmp_path, "cut", made)
    assert kills > num_kills // 2
    found = contents(tmp_path / "whole" / "run")
    assert [name for name in found if name.endswith("examples.jsonl")] == [
        f"stages/{name}/data/examples.jsonl" for name in ("direct", "fewshot", "general", "rewrite")
    ]
    assert differences(tmp_path / "whole" / "run", tmp_path / "cut" / "run") == []
    assert num_calls(tmp_path) - paid <= paid + kills * NUM_PARALLEL, "only what was on its way is paid twice"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_local_model_killed_at_random_moments(tmp_path: Path) -> None:
    cold = {
        "kind": "collect",
        "way": "direct",
        "model": "lab",
        "data": {"tasks": ["lab:mixed"], "template": "plain", "verify_gold": 0},
        "prompt": {code: USER.replace("HOW", how) for code, how in HOW.items()},
        "summary": SUMMARY,
        "num_problems": 12,
        "num_samples": 2,
        "max_new_tokens": 128,
        "engine": ENGINE,
    }
    begun = time.monotonic()
    whole(tmp_path, "whole", {"cold": cold})
    duration, chance = time.monotonic() - begun, random.Random(1)
    for _ in range(6):
        child = start(tmp_path, "cut", {"cold": cold})
        time.sleep(chance.uniform(0.1, 0.9) * duration)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    whole(tmp_path, "cut", {"cold": cold})
    assert differences(tmp_path / "whole" / "run", tmp_path / "cut" / "run") == []
