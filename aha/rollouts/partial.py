"""Partial rollouts: a completion that a round cuts off goes on in the next one, under the new policy.

Kimi k1.5 (arXiv 2501.12599), 2.6.2. Between rounds a group waits with the answers that are finished, whose points stay
in its baseline, and what the others have so far. One that repeats itself at the cut can be ended there: it would only
cost its rounds up to the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

import numpy as np

from aha.rollouts.grading import PendingGroup
from aha.rollouts.share import completion_from, completion_record, from_record, to_record
from aha.types import Completion, Group, Json, Problem, Request, Rollout, Segment, Tokenizer


def next_segment(request: Request, drawn: Completion | None, segment_tokens: int | None) -> Request:
    """What is asked of the sampler in this round: the rest of a request, at most `segment_tokens` of it."""
    if segment_tokens is None:
        return request
    ids = () if drawn is None else tuple(drawn.token_ids_N.tolist())
    return replace(
        request,
        token_ids=(*request.token_ids, *ids) if ids else request.token_ids,
        num_drawn=len(ids),
        max_new_tokens=min(segment_tokens, request.max_new_tokens - len(ids)),
    )


def joined(drawn: Completion | None, more: Completion, tokenizer: Tokenizer) -> Completion:
    """The completion so far and its next segment as one."""
    if drawn is None:
        return more
    start = len(drawn.token_ids_N)
    token_ids_N = np.concatenate([drawn.token_ids_N, more.token_ids_N])
    known = drawn.logprobs_N is not None and more.logprobs_N is not None
    return Completion(
        request_id=more.request_id,
        token_ids_N=token_ids_N,
        logprobs_N=np.concatenate([drawn.logprobs_N, more.logprobs_N]) if known else None,
        finish=more.finish,
        segments=drawn.segments + [shifted(segment, start) for segment in more.segments],
        text=tokenizer.decode(token_ids_N[:-1].tolist() if more.finish == "stop" else token_ids_N.tolist()),
    )


def shifted(segment: Segment, start: int) -> Segment:
    """A segment of what follows `start` tokens."""
    return replace(segment, start=segment.start + start, end=segment.end + start)


def is_cut(request: Request, completion: Completion) -> bool:
    """Whether a completion was cut by the round and not by its own limit."""
    return completion.finish == "length" and len(completion.token_ids_N) < request.max_new_tokens


def in_a_loop(completion: Completion, segment_tokens: int, cut_repeats: int) -> bool:
    """Whether it ends with one block of tokens, `cut_repeats` times in a row or more, over half a segment or more.

    Honest work hardly writes that: the numbers of a column, the digits of a period or the lines of a table would have
    to be the same ones for half a segment, a whole sentence would have to come so many times. A loop that varies a
    little goes on.
    """
    back_N = completion.token_ids_N[::-1]
    longest = len(back_N) // cut_repeats
    for length in (np.flatnonzero(back_N[1 : longest + 1] == back_N[0]) + 1).tolist():
        span = max(cut_repeats * length, segment_tokens // 2)
        if np.array_equal(back_N[length:span], back_N[: span - length]):
            return True
    return False


def taken_up(held: PendingGroup) -> PendingGroup:
    """A group that waited, for another round; what waits stays as it is, so that a round can be broken off."""
    return replace(held, completions={}, verdicts={}, points={}, drawn=dict(held.drawn))


def left_over(group: PendingGroup, finished: Group) -> PendingGroup | None:
    """What waits for the next round, where some answers were cut; `finished` are those of this round."""
    if not group.drawn:
        return None
    requests = [request for request in group.requests if request.id in group.drawn]
    rollouts = [*group.earlier, *finished.rollouts]
    return replace(group, requests=requests, completions={}, verdicts={}, points={}, earlier=rollouts)


def with_earlier(groups: Sequence[Group], pending: Sequence[PendingGroup]) -> list[Group]:
    """The groups that finished something, each with all that it has finished so far."""
    return [
        Group(group.id, [*waiting.earlier, *group.rollouts])
        for group, waiting in zip(groups, pending, strict=True)
        if group.rollouts
    ]


def held_record(group: PendingGroup) -> dict[str, Json]:
    """A group that waits, as JSON; its problem by name. Verdicts forget how long they took, which is no result."""
    return {
        "id": group.id,
        "task": group.task,
        "problem": group.problem.id,
        "graders": None if group.graders is None else list(group.graders),
        "requests": [asdict(request) for request in group.requests],
        "drawn": {name: completion_record(completion) for name, completion in group.drawn.items()},
        "earlier": [to_record(_timeless(rollout)) for rollout in group.earlier],
    }


def held_from(record: dict[str, Json], find: Callable[[str, str], Problem]) -> PendingGroup:
    """The reverse of `held_record`; `find` gives the problem of a task by its id."""
    problem = find(record["task"], record["problem"])
    requests = [
        Request(**each | {name: tuple(each[name]) for name in ("token_ids", "stop_token_ids")})
        for each in record["requests"]
    ]
    return PendingGroup(
        record["id"],
        problem,
        requests,
        graders=None if record["graders"] is None else tuple(record["graders"]),
        task=record["task"],
        drawn={name: completion_from(name, each) for name, each in record["drawn"].items()},
        earlier=[from_record(each, problem) for each in record["earlier"]],
    )


def _timeless(rollout: Rollout) -> Rollout:
    return replace(rollout, verdict=replace(rollout.verdict, seconds=0.0))
