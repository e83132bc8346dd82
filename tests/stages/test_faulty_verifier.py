"""A verifier that raises, hangs and dies on some answers: those teach nothing, the others are graded and learned as
ever, and the report says what happened."""

from __future__ import annotations

import math
import random
from hashlib import blake2b

import numpy as np
import pytest

from aha.engines.fake import LetterTokenizer, RecordingLearner, ScriptedSampler
from aha.report.doctor import diagnose
from aha.report.page import page_data
from aha.report.read import read_run
from aha.runtime.metrics import read_lines
from aha.runtime.rollout_store import read_rollouts
from aha.runtime.workers import WorkerPool
from aha.stages.rl import train
from aha.types import Problem, VerifierSpec
from tests.stages.world import Sums, make_parts, settings

ROUNDS = 12
FAULTY_OF = 50
"""One answer in this many meets the fault."""
VERIFIER = f"""
import os
from hashlib import blake2b

def verdict(answer, reference, faulty):
    number = int.from_bytes(blake2b(answer.encode(), digest_size=4).digest(), "big")
    if faulty and number % {FAULTY_OF} == 0:
        kind = number // {FAULTY_OF} % 3
        if kind == 0:
            raise RuntimeError("this answer meets the fault")
        while kind == 1:
            pass
        os.abort()
    return answer.split("#")[0] == reference
"""
TOKENIZER = LetterTokenizer()


def meets_fault(answer: str) -> bool:
    return int.from_bytes(blake2b(answer.encode(), digest_size=4).digest(), "big") % FAULTY_OF == 0


class Bandit(RecordingLearner):
    """One number, the logit of answering right, moved by the policy gradient."""

    def update(self, samples):
        metrics = super().update(samples)
        self.logit = getattr(self, "logit", -1.5)
        chance = 1 / (1 + math.exp(-self.logit))
        steps = []
        for sample in samples:
            text = TOKENIZER.decode(sample.token_ids_T.tolist())
            right = int(text.partition("<answer>")[2].partition("#")[0]) == int(text.partition("+")[0]) + 1
            steps.append(float(sample.advantages_T[sample.loss_mask_T].mean()) * (right - chance))
        self.logit += 4.0 * float(np.mean(steps)) if steps else 0.0
        return metrics


def learn(folder, faulty, seed):
    """A run of the toy; its parts, and the accuracy of each round."""
    folder.mkdir()
    (folder / "verifier.py").write_text(VERIFIER)
    task = Sums(8)
    spec = VerifierSpec(f"{folder / 'verifier.py'}:verdict", {"faulty": faulty})
    task._problems = [Problem(p.id, p.source, p.messages, p.reference, spec) for p in task.problems()]
    learner = Bandit()
    learner.logit = -1.5

    def script(request, version):
        draw = random.Random(request.seed)
        question = int(TOKENIZER.decode(request.token_ids).split("+")[0])
        right = draw.random() < 1 / (1 + math.exp(-learner.logit))
        return f"<think> x </think> <answer>{question + (1 if right else 2)}#{draw.randrange(10**6)}</answer>"

    stage = settings(rounds=ROUNDS, sampling={"num_problems": 4, "group_size": 8, "max_new_tokens": 80},
                     logging={"checkpoint_every": ROUNDS}, algorithm={"max_undecided_frac": 0.2})  # fmt: skip
    with WorkerPool(2, cpu_seconds=0.2, memory_bytes=1 << 30) as pool:
        parts = make_parts(
            folder, stage, tasks=[task], learner=learner, pool=pool, seed=seed,
            sampler=ScriptedSampler(script, TOKENIZER, order_seed=seed),
        )  # fmt: skip
        train(parts)
    return parts, [line["accuracy"] for line in read_lines(parts.directory.metrics) if line["step"]]


def rows_of(parts):
    return [row for step in range(1, ROUNDS + 1) for row in read_rollouts(parts.directory.rollout_file(step))]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faulty")
    return {faulty: learn(folder / str(faulty), faulty, seed=3) for faulty in (False, True)}


def test_exactly_the_answers_that_meet_the_fault_are_undecided(runs):
    rows = rows_of(runs[True][0])
    answers = [row["completion"].partition("<answer>")[2].partition("</answer>")[0] for row in rows]
    assert [row["outcome"] == "undecided" for row in rows] == [meets_fault(answer) for answer in answers]
    assert {row["reason"] for row in rows if row["outcome"] == "undecided"} == {"crash", "timeout", "lost_worker"}
    assert not [row for row in rows_of(runs[False][0]) if row["outcome"] == "undecided"]


def test_they_teach_nothing_and_every_other_verdict_is_the_healthy_one(runs):
    parts, _ = runs[True]
    rows = rows_of(parts)
    undecided = {row["rollout_id"] for row in rows if row["outcome"] == "undecided"}
    trained = {sample.rollout_id for update in parts.learner.seen for sample in update}
    assert undecided
    assert not undecided & trained
    for row in rows:
        if row["outcome"] != "undecided":
            question, said = (
                int(text) for text in (row["prompt"].split("+")[0], row["completion"].split("answer>")[1].split("#")[0])
            )
            assert row["outcome"] == ("correct" if said == question + 1 else "wrong")


def test_the_run_learns_the_same_within_the_interval(runs):
    """Mean accuracy of the last four rounds; its standard error by binomial chance is 0.044 at most."""
    ends = {faulty: float(np.mean(accuracies[-4:])) for faulty, (_, accuracies) in runs.items()}
    starts = {faulty: float(np.mean(accuracies[:2])) for faulty, (_, accuracies) in runs.items()}
    assert all(ends[faulty] > starts[faulty] + 0.3 for faulty in runs)
    assert abs(ends[True] - ends[False]) < 1.96 * math.sqrt(2) * 0.044


def test_report_and_doctor_say_what_happened(runs, tmp_path):
    parts, _ = runs[True]
    run = parts.directory.path.parents[1]
    rows = rows_of(parts)
    page = page_data(read_run(run))
    said = {row["reason"]: row for row in page["stages"][0]["verdicts"] if row["outcome"] == "undecided"}
    assert sum(row["count"] for row in said.values()) == sum(row["outcome"] == "undecided" for row in rows)
    assert "RuntimeError: this answer meets the fault (verifier.py:" in said["crash"]["details"][0]
    assert "took more than 0.2 CPU seconds" in said["timeout"]["details"][0]
    assert "the worker died of SIGABRT" in said["lost_worker"]["details"][0]
    (finding,) = [finding for finding in diagnose(run) if finding.name == "undecided"]
    assert "undecided" in finding.sentence
    assert finding.level in ("warn", "ok")
