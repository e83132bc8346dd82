"""A small stage of fakes: problems `a+b`, a sampler that answers by seed, a learner of two numbers."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from aha.config.settings import RLStage
from aha.engines.fake import LetterTokenizer, RecordingLearner, ScriptedSampler
from aha.rollouts.grading import Grader
from aha.rollouts.problems import ProblemStream
from aha.runtime import files
from aha.runtime.clock import PhaseClock
from aha.runtime.distributed import World
from aha.runtime.metrics import MetricsLog
from aha.runtime.run_directory import RunDirectory
from aha.runtime.workers import CallResult
from aha.stages.interrupt import StopRequest
from aha.stages.parts import RLParts
from aha.types import Evaluation, Interval, Problem, Request, VerifierSpec


class Sums:
    """A task of `n` sums."""

    def __init__(self, n: int = 7, name: str = "sums") -> None:
        self.name = name
        self._problems = [
            Problem(f"{name}-{i}", name, [{"role": "user", "content": f"{i}+1"}], str(i + 1), VerifierSpec("number"))
            for i in range(n)
        ]

    def problems(self) -> list[Problem]:
        return self._problems

    def gold_response(self, problem: Problem) -> str:
        return f"<think> x </think> <answer> {problem.reference} </answer>"


class Requests(Sums):
    """Sums that no rule decides: general prompts."""

    def __init__(self, n: int = 5, name: str = "requests", domain: str = "general") -> None:
        super().__init__(n, name)
        self._problems = [
            replace(each, verifier=VerifierSpec("none"), domain=domain, reference=None) for each in self._problems
        ]


class Spy:
    """A reward model that gives the length of what it was shown, and remembers it."""

    def __init__(self, sees=None, points=lambda text: float(len(text))):
        self.sees, self.points, self.given, self.num_calls = sees, points, [], 0

    def scores(self, texts):
        self.given += list(texts)
        self.num_calls += 1
        return [self.points(text) for _, text in texts]


class InlinePool:
    """Calls in this thread; `break_at(k)` makes call k fail."""

    def __init__(self, failures: dict[int, str] | None = None) -> None:
        self.failures, self.calls = failures or {}, []

    def submit(self, target, arguments, cpu_seconds=None):
        failure = self.failures.get(len(self.calls))
        self.calls.append((target, arguments))
        future: Future[CallResult] = Future()
        value = None if failure else getattr(import_module(target.split(":")[0]), target.split(":")[1])(**arguments)
        future.set_result(CallResult(value, failure, "", 0.25 * len(self.calls)))
        return future


def script(request: Request, version: int) -> str:
    """Right for every third seed; without format for every fifth."""
    a = "".join(chr(token) for token in request.token_ids).split("+")[0]
    answer = int(a) + (1 if request.seed % 3 == 0 else 2)
    if request.seed % 5 == 0:
        return str(answer)
    return f"<think> {version} </think> <answer> {answer} </answer>"


def settings(**changes) -> RLStage:
    base = {
        "kind": "rl",
        "model": "base",
        "data": {"tasks": ["lab:arithmetic"]},
        "rounds": 4,
        "sampling": {"num_problems": 3, "group_size": 4, "max_new_tokens": 80},
        "logging": {"checkpoint_every": 2},
    }
    return RLStage.model_validate(base | changes)


def scores_of(value: float, benchmark: str = "heldout", half_width: float = 0.0) -> Evaluation:
    interval = Interval(value, value - half_width, value + half_width)
    problems = [{"id": "p", "sample": "Wait, no. 1+1=2", "outcomes": "c"}]
    return Evaluation(
        benchmark, "hash", 1, 4, 0, {"pass@1": interval, "pass@k": interval, "cons@k": interval},
        0.5, 12.0, 0.0, 0.0, {"temperature": 0.6, "top_p": 0.95, "max_new_tokens": 80.0}, problems,
    )  # fmt: skip


def make_parts(folder: Path, stage: RLStage | None = None, **changes) -> RLParts:
    tokenizer = LetterTokenizer()
    stage = stage or settings()
    directory = RunDirectory(folder).stage("zero")
    files.make_folder(directory.path)
    tasks = changes.pop("tasks", [Sums()])

    def export(target, weights):
        files.make_folder(target)
        files.write_tensors(target / "model.safetensors", {name: tensor.clone() for name, tensor in weights})

    known = dict(
        name="zero", stage=stage, key="key", seed=1, directory=directory,
        sampler=ScriptedSampler(script, tokenizer, order_seed=changes.pop("order_seed", 0)),
        learner=RecordingLearner(), reference=None,
        grader=Grader(changes.pop("pool", None) or InlinePool(), stage.rewards, tokenizer),
        stream=ProblemStream(tasks, [1 / len(tasks)] * len(tasks), 1, "zero", True, changes.pop("starts", None)),
        render=lambda problem: tuple(tokenizer.encode(problem.messages[-1]["content"])),
        stop_token_ids=(0,), evaluate=lambda name: scores_of(0.5), export=export,
        machine={"num_threads": 1, "torch": "x", "instruction_set": "y", "compiler": False},
        world=World(), stop=StopRequest(), clock=PhaseClock(), log=MetricsLog(directory),
    )  # fmt: skip
    return RLParts(**(known | changes))


def stop_at(parts: RLParts, version: int) -> None:
    """Ask for a stop while policy `version` samples, and in no other round."""
    script = parts.sampler.script

    def ask(request, now):
        parts.stop.requested = now == version
        return script(request, now)

    parts.sampler.script = ask
