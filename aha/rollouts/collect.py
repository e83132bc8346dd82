"""Problems to graded groups: completions are graded while others are still being sampled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aha.config.settings import SamplingSettings
from aha.rewards.routing import graders
from aha.rollouts.filters import Filtered, FilterMode, filter_groups
from aha.rollouts.grading import Grader, PendingGroup
from aha.rollouts.partial import in_a_loop, is_cut, joined, left_over, next_segment, taken_up, with_earlier
from aha.rollouts.problems import ProblemStream
from aha.rollouts.scoring import Scorers, score_groups
from aha.rollouts.share import gather_drawn, gather_groups
from aha.runtime.distributed import World
from aha.runtime.seeds import seed_of
from aha.types import Group, Problem, Request, Sampler

Render = Callable[[Problem], tuple[int, ...]]
"""A problem to its prompt's token ids."""
OnProgress = Callable[[str, int, int], None]
"""What is being done, and how much of it is done of how much in all (0: unknown)."""


NO_SCORERS: Scorers = {}


def quiet(doing: str, done: int, total: int) -> None:
    """An OnProgress that tells nobody."""


@dataclass(slots=True, frozen=True)
class RoundPlan:
    """What one round's requests need besides their problems."""

    seed: int
    stage: str
    step: int
    sampling: SamplingSettings
    max_new_tokens: int
    stop_token_ids: tuple[int, ...]
    filter: FilterMode
    refill_rounds: int
    update: int = 0
    """Updates done before this round, of `total_updates` that the stage will make."""
    total_updates: int = 1


@dataclass(slots=True)
class Collected:
    """All groups of a round, and what the filter made of them."""

    groups: list[Group] = field(default_factory=list)
    filtered: Filtered = field(default_factory=Filtered)
    num_samplings: int = 0
    held: list[PendingGroup] = field(default_factory=list)
    """Groups of which some answers go on in the next round."""


def collect(
    stream: ProblemStream,
    plan: RoundPlan,
    render: Render,
    sampler: Sampler,
    grader: Grader,
    *,
    world: World,
    scorers: Scorers = NO_SCORERS,
    held: Sequence[PendingGroup] = (),
    on_progress: OnProgress = quiet,
) -> Collected:
    """One round's groups. With `refill` dropped groups are replaced by new problems, up to `refill_rounds` times.

    `held` groups of the round before go on, in the place of as many new problems: with `segment_tokens` a group is
    there as often as it finishes answers, and in `filtered` with all that it has finished so far.

    Each process of `world` samples its share of the groups and returns all of them. `on_progress` is told of each
    completion (`sampling`) and each graded group (`verifying`), and before reward models are asked (`judging`), and may
    raise to stop.
    """
    collected = Collected()
    repeats: Counter[str] = Counter()
    pending = [taken_up(group) for group in held]
    for _ in range(1 + (plan.refill_rounds if plan.filter == "refill" else 0)):
        num_missing = plan.sampling.num_problems - len(collected.filtered.kept) - len(pending)
        if not num_missing and not pending:
            break
        for task, problem in stream.draw(num_missing, plan.update):
            group_id = f"{plan.step}/{len(collected.groups) + len(pending)}"
            names = graders(grader.rewards, problem, task, plan.update, plan.total_updates)
            requests = requests_of(group_id, problem, plan, render, repeats)
            pending.append(PendingGroup(group_id, problem, requests, graders=names, task=task))
        own = sample_groups(pending[world.rank :: world.size], sampler, grader, plan.sampling, on_progress)
        groups = gather_groups(own, pending, world)
        gather_drawn(pending, world)
        if scorers:
            on_progress("judging", 0, 0)
            score_groups(groups, pending, grader, scorers, world)
        collected.groups += [group for group in groups if group.rollouts]
        merge(collected.filtered, filter_groups(with_earlier(groups, pending), plan.filter))
        left = [left_over(group, finished) for group, finished in zip(pending, groups, strict=True)]
        collected.held += [group for group in left if group is not None]
        collected.num_samplings, pending = collected.num_samplings + 1, []
    return collected


def requests_of(
    group_id: str, problem: Problem, plan: RoundPlan, render: Render, repeats: Counter[str]
) -> list[Request]:
    """The group's requests. Sample indices go on where a problem comes again in the same round, so that no seed is
    used twice; request ids are rollout ids."""
    prompt_ids, first = render(problem), repeats[problem.id] * plan.sampling.group_size
    repeats[problem.id] += 1
    return [
        Request(
            id=f"{group_id}/{member}",
            token_ids=prompt_ids,
            seed=seed_of(plan.seed, plan.stage, plan.step, problem.id, first + member),
            max_new_tokens=problem.max_new_tokens or plan.max_new_tokens,
            temperature=plan.sampling.temperature,
            top_p=plan.sampling.top_p,
            stop_token_ids=plan.stop_token_ids,
        )
        for member in range(plan.sampling.group_size)
    ]


def sample_groups(
    pending: Sequence[PendingGroup],
    sampler: Sampler,
    grader: Grader,
    sampling: SamplingSettings,
    on_progress: OnProgress,
) -> list[Group]:
    """Sample and grade what is finished; the result is in request order, whatever the order of completions and verdicts
    was. What `segment_tokens` cut off stays in `PendingGroup.drawn`, but for what `cut_repeats` ends there."""
    cut, times = sampling.segment_tokens, sampling.cut_repeats
    owners = {request.id: (group, request) for group in pending for request in group.requests}
    sampler.submit([next_segment(each, group.drawn.get(each.id), cut) for group in pending for each in group.requests])
    try:
        for done, completion in enumerate(sampler.completions(), 1):
            group, request = owners[completion.request_id]
            whole = joined(group.drawn.pop(request.id, None), completion, grader.tokenizer)
            waits = is_cut(request, whole)
            if waits and cut and times and in_a_loop(whole, cut, times):
                whole.finish, waits = "repeats", False
            if waits:
                group.drawn[request.id] = whole
            else:
                grader.add(group, whole)
            on_progress("sampling", done, len(owners))
    except BaseException:
        sampler.abort(list(owners))
        raise
    groups: list[Group] = []
    for group in pending:
        on_progress("verifying", len(groups), len(pending))
        groups.append(grader.finish(group))
    return groups


def merge(into: Filtered, more: Filtered) -> None:
    """Add the outcome of one more sampling."""
    into.kept += more.kept
    for reason, count in more.dropped.items():
        into.dropped[reason] += count
