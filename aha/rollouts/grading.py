"""Completions to rollouts: verdicts and rewards from the worker pool, gathered in request order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from aha.config.settings import RewardSettings
from aha.rewards import BUILT_IN, Written, combine, custom_call, grade, read_points
from aha.rollouts.measures import text_measures
from aha.runtime.workers import CallResult
from aha.tasks.base import Pool, verdict_call, verdict_seconds
from aha.text.answers import opens_thought
from aha.text.refusal import refuses
from aha.types import CUT_OFF, NO_RULE, Completion, Finish, Group, Problem, Request, Rollout, Tokenizer, Verdict

OVERLONG = "overlong"
OPENING_TOKENS = 16
"""Tokens at a prompt's end in which an opened thought is looked for."""
TRUNCATED = Verdict("wrong", None, "truncated")
UNRULED = Verdict("undecided", None, NO_RULE)
REASONS = {"exception": "crash", "timeout": "timeout", "memory": "crash", "lost_worker": "lost_worker"}
"""A failed call to the reason of an undecided verdict."""
LengthPoints = Callable[[int, int], float]
"""Completion length and its limit in tokens to points, e.g. `algorithms.rewards.overlong_penalty`."""


@dataclass(slots=True)
class PendingGroup:
    """A problem on its way to being a group."""

    id: str
    problem: Problem
    requests: list[Request]
    completions: dict[str, Completion] = field(default_factory=dict)
    verdicts: dict[str, Future[Verdict]] = field(default_factory=dict)
    points: dict[str, Future[CallResult]] = field(default_factory=dict)
    """Custom rewards by name: one call a group."""
    graders: Collection[str] | None = None
    """Names of the rewards that grade this problem now; None: all."""
    task: str = ""
    """Where the problem came from."""
    drawn: dict[str, Completion] = field(default_factory=dict)
    """What requests have that a round cut off (partial rollouts), by their ids."""
    earlier: list[Rollout] = field(default_factory=list)
    """What was finished in earlier rounds."""

    @property
    def done(self) -> list[Request]:
        """The requests that are answered, in order."""
        return [request for request in self.requests if request.id in self.completions]

    def graded_by(self, name: str) -> bool:
        """Whether a reward applies to this problem and has begun."""
        return self.graders is None or name in self.graders


class Grader:
    """Grades completions as they come. Which worker answers, and when, changes only `seconds`."""

    def __init__(
        self, pool: Pool, rewards: Sequence[RewardSettings], tokenizer: Tokenizer, overlong: LengthPoints | None = None
    ) -> None:
        """`overlong`: points by length, added to every rollout's reward as `overlong`."""
        self.pool, self.rewards, self.tokenizer, self.overlong = pool, list(rewards), tokenizer, overlong
        self.weights = {reward.name: reward.weight for reward in rewards}

    def verdict(self, problem: Problem, text: str) -> Future[Verdict]:
        """The verdict to come on a whole response to a problem."""
        return then(self.pool.submit(*verdict_call(problem, text), verdict_seconds(problem)), to_verdict)

    def add(self, group: PendingGroup, completion: Completion) -> None:
        """Take one whole completion: its verdict is asked for at once, and custom rewards with the group's last one."""
        group.completions[completion.request_id] = completion
        found = settled(group.problem, completion.finish)
        asked = known(found) if found else self.verdict(group.problem, self.response(group, completion))
        group.verdicts[completion.request_id] = asked
        if len(group.completions) == len(group.requests):
            self.ask_all_custom(group)

    def ask_all_custom(self, group: PendingGroup) -> None:
        """Ask for the points of every custom reward that grades the group and was not asked yet."""
        for reward in self.rewards if group.completions else ():
            asked = reward.name in group.points or reward.model is not None or is_built_in(reward)
            if not asked and group.graded_by(reward.name):
                group.points[reward.name] = self.ask_custom(group, reward)

    def ask_custom(self, group: PendingGroup, reward: RewardSettings) -> Future[CallResult]:
        """Points of the group's answers by a function of the user's, called as TRL calls a reward."""
        completions = [group.completions[request.id] for request in group.done]
        texts = [self.response(group, completion) for completion in completions]
        token_ids = [completion.token_ids_N.tolist() for completion in completions]
        return self.pool.submit(*custom_call(reward.name, group.problem, texts, token_ids, reward.arguments))

    def response(self, group: PendingGroup, completion: Completion) -> str:
        """The completion's text, after the `<think>` that its prompt may have opened."""
        opened = opens_thought(self.tokenizer.decode(group.requests[0].token_ids[-OPENING_TOKENS:]))
        return ("<think>" if opened else "") + completion.text

    def finish(self, group: PendingGroup) -> Group:
        """Wait for the group's verdicts and points: its rollouts in request order, of the requests that are answered.

        Built-in rewards compare them with what the group finished in earlier rounds, whose points stay. A custom reward
        that fails is our failure: it makes every verdict of the group undecided.
        """
        self.ask_all_custom(group)
        results = {name: future.result() for name, future in group.points.items()}
        failed = {name: result for name, result in results.items() if result.failure is not None}
        points = {name: read_points(name, result, len(group.done)) for name, result in results.items()}
        earlier = [self.written(group, rollout.completion, rollout.verdict) for rollout in group.earlier]
        verdicts = [undecided_by(failed, group.verdicts[request.id].result()) for request in group.done]
        answers = [
            self.written(group, group.completions[request.id], verdict)
            for request, verdict in zip(group.done, verdicts, strict=True)
        ]
        for reward in self.rewards:
            if is_built_in(reward) and group.graded_by(reward.name):
                points[reward.name] = grade(reward.name, [*earlier, *answers], reward.arguments)[len(earlier) :]
        rollouts = [
            self.rollout(group, request, answer, {name: found[place] for name, found in points.items()})
            for place, (request, answer) in enumerate(zip(group.done, answers, strict=True))
        ]
        return Group(group.id, rollouts)

    def written(self, group: PendingGroup, completion: Completion, verdict: Verdict) -> Written:
        """What a reward sees of one completion. One that was ended in a loop is as long as its limit, where it was
        going, so that ending it early moves no points of length."""
        response, limit = self.response(group, completion), group.requests[0].max_new_tokens
        return Written(
            response,
            verdict,
            group.problem,
            opened=response != completion.text,
            cut_off=completion.finish in CUT_OFF,
            num_tokens=limit if completion.finish == "repeats" else len(completion.token_ids_N),
            max_new_tokens=limit,
        )

    def total(self, rewards: Mapping[str, float | None]) -> float:
        """The weighted sum of the points that exist."""
        return combine(rewards, {**self.weights, OVERLONG: 1.0})

    def rollout(
        self, group: PendingGroup, request: Request, written: Written, points: Mapping[str, float | None]
    ) -> Rollout:
        """One rollout with its rewards in the order of the settings, their weighted sum, and its measures.

        A reward that does not apply has no points (None), and neither has a reward model's yet (rollouts.scoring).
        """
        rewards = {name: points.get(name) for name in self.weights}
        if self.overlong is not None:
            rewards[OVERLONG] = self.overlong(written.num_tokens, request.max_new_tokens)
        measured = text_measures(
            written.response, group.problem.language, opened=written.opened, cut_off=written.cut_off
        )
        return Rollout(
            id=request.id,
            group_id=group.id,
            problem=group.problem,
            prompt_ids=request.token_ids,
            completion=group.completions[request.id],
            verdict=written.verdict,
            rewards=rewards,
            reward=self.total(rewards),
            measures={
                **measured,
                **({} if group.problem.has_rule else {"refusal": float(refuses(written.response))}),
                "opened": float(written.opened),
            },
        )


def undecided_by(failed: Mapping[str, CallResult], verdict: Verdict) -> Verdict:
    """The verdict, undecided where custom rewards failed."""
    for name, result in failed.items():
        reason, detail = REASONS[str(result.failure)], f"{name}: {result.message}"
        verdict = replace(verdict, outcome="undecided", reason=reason, detail=detail)
    return verdict


def is_built_in(reward: RewardSettings) -> bool:
    """Whether its points come from a function of BUILT_IN; the name of a reward model's is free."""
    return reward.model is None and reward.name in BUILT_IN


def settled(problem: Problem, finish: Finish) -> Verdict | None:
    """The verdict without a verifier: no rule decides, or the answer was cut off. None: a verifier must be asked."""
    if not problem.has_rule:
        return UNRULED
    return TRUNCATED if finish in CUT_OFF else None


def to_verdict(result: CallResult) -> Verdict:
    """A worker's answer; a call that failed is undecided."""
    if result.failure is not None:
        return Verdict("undecided", None, REASONS[result.failure], result.seconds, result.message)
    value = result.value
    return Verdict(**{**value, "seconds": result.seconds})


def known(verdict: Verdict) -> Future[Verdict]:
    """A verdict that needs no call."""
    future: Future[Verdict] = Future()
    future.set_result(verdict)
    return future


def then(source: Future[CallResult], change: Callable[[CallResult], Verdict]) -> Future[Verdict]:
    """The future of `change(result)`."""
    target: Future[Verdict] = Future()

    def pass_on(done: Future[CallResult]) -> None:
        if done.cancelled():
            target.cancel()
        else:
            target.set_result(change(done.result()))

    source.add_done_callback(pass_on)
    return target
