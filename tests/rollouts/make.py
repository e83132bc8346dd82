"""Rollouts by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from aha.rollouts.measures import text_measures
from aha.types import Completion, Group, Problem, Rollout, Segment, Verdict, VerifierSpec

PROBLEM = Problem("p", "test", [{"role": "user", "content": "1+1"}], "2", VerifierSpec("number"))


GOOD = "<think> x </think> <answer> 2 </answer>"


UNRULED = replace(PROBLEM, verifier=VerifierSpec("none"), domain="general", reference=None)


def make_rollout(group_id, place, outcome, reward, text=GOOD, finish="stop", num=4, problem=PROBLEM):
    completion = Completion(
        f"{group_id}/{place}",
        np.arange(num, dtype=np.int32),
        np.linspace(-1, -0.1, num).astype(np.float32),
        finish,
        [Segment("model", 0, num, 3)],
        text,
    )
    points = {"correct": 1.0, "wrong": 0.0, "undecided": None}[outcome]
    verdict = Verdict(outcome, "2", "match" if outcome == "correct" else "mismatch", 0.5)
    verdict = verdict if problem.has_rule else Verdict("undecided", None, "no_rule")
    rewards = {"accuracy": points}
    return Rollout(
        completion.request_id, group_id, problem, (5, 6), completion, verdict, rewards, reward,
        measures=text_measures(text, "en"),
    )  # fmt: skip


def make_group(group_id, rollouts, **changes):
    made = [make_rollout(group_id, i, outcome, reward, **changes) for i, (outcome, reward) in enumerate(rollouts)]
    return Group(group_id, made)
