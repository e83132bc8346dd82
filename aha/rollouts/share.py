"""Rollouts between processes: each one samples its share of the groups, all of them train on all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from aha.rollouts.grading import PendingGroup
from aha.runtime.distributed import World
from aha.types import Completion, Group, Json, Problem, Rollout, Segment, Verdict


def gather_groups(own: Sequence[Group], pending: Sequence[PendingGroup], world: World) -> list[Group]:
    """The groups of all processes, in the order of `pending`, which every process holds in full.

    `own` are those of `pending[rank::size]`. Numbers survive exactly.
    """
    if world.size == 1:
        return list(own)
    shares = world.gather_json([[to_record(rollout) for rollout in group.rollouts] for group in own])
    groups = []
    for place, waiting in enumerate(pending):
        rollouts = shares[place % world.size][place // world.size]
        groups.append(Group(waiting.id, [from_record(record, waiting.problem) for record in rollouts]))
    return groups


def gather_drawn(pending: Sequence[PendingGroup], world: World) -> None:
    """Give every process what the others' requests have so far; each knows its own share."""
    if world.size > 1:
        own = [
            {name: completion_record(each) for name, each in group.drawn.items()}
            for group in pending[world.rank :: world.size]
        ]
        shares = world.gather_json(own)
        for place, waiting in enumerate(pending):
            found = shares[place % world.size][place // world.size]
            waiting.drawn = {name: completion_from(name, each) for name, each in found.items()}


def to_record(rollout: Rollout) -> dict[str, Json]:
    """A rollout without its problem, as JSON."""
    return {
        "id": rollout.id,
        "group_id": rollout.group_id,
        "prompt_ids": list(rollout.prompt_ids),
        **completion_record(rollout.completion),
        "verdict": asdict(rollout.verdict),
        "rewards": rollout.rewards,
        "reward": rollout.reward,
        "measures": rollout.measures,
    }


def from_record(record: dict[str, Json], problem: Problem) -> Rollout:
    """The reverse of `to_record`."""
    return Rollout(
        id=record["id"],
        group_id=record["group_id"],
        problem=problem,
        prompt_ids=tuple(record["prompt_ids"]),
        completion=completion_from(record["id"], record),
        verdict=Verdict(**record["verdict"]),
        rewards=record["rewards"],
        reward=record["reward"],
        measures=record["measures"],
    )


def completion_record(completion: Completion) -> dict[str, Json]:
    """A completion without its request's id, as JSON."""
    logprobs_N = completion.logprobs_N
    return {
        "token_ids": completion.token_ids_N.tolist(),
        "logprobs": None if logprobs_N is None else logprobs_N.tolist(),
        "finish": completion.finish,
        "segments": [asdict(segment) for segment in completion.segments],
        "text": completion.text,
    }


def completion_from(request_id: str, record: dict[str, Json]) -> Completion:
    """The reverse of `completion_record`; further keys are passed over."""
    logprobs = record["logprobs"]
    return Completion(
        request_id=request_id,
        token_ids_N=np.array(record["token_ids"], dtype=np.int32),
        logprobs_N=None if logprobs is None else np.array(logprobs, dtype=np.float32),
        finish=record["finish"],
        segments=[Segment(**segment) for segment in record["segments"]],
        text=record["text"],
    )
