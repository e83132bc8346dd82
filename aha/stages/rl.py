"""Reinforcement learning with verifiable rewards: the whole loop.

problems → completions → verdicts, rewards → groups → advantages → samples → updates → new weights for the sampler.
"""

from __future__ import annotations

from aha.errors import Interrupted
from aha.rollouts.collect import Collected, RoundPlan, collect
from aha.rollouts.credit import value_metrics, weight_metrics
from aha.rollouts.measures import late_weights
from aha.stages.guards import check_gap, check_refilled, check_undecided
from aha.stages.learning import make_samples, refresh_reference, run_updates
from aha.stages.logs import log_round, log_start
from aha.stages.monitor import add_proxy
from aha.stages.parts import RLParts
from aha.stages.progress import Progress, length_limit
from aha.stages.resume import checkpoint_due, resume, save_checkpoint
from aha.stages.scores import held_out_scores


def train(parts: RLParts) -> Progress:
    """Run the stage from where its directory stands to its end; returns where it ended.

    Raises Interrupted, after a checkpoint, when asked to stop, and DivergedError when going on would waste time.
    """
    progress = resume(parts)
    try:
        if progress is None:
            progress = before_training(parts)
        while not progress.finished(parts.stage):
            progress = one_round(parts, progress)
            if checkpoint_due(parts.stage, progress):
                save_checkpoint(parts, progress)
    except Interrupted:
        if progress is not None:
            save_checkpoint(parts, progress)
        raise
    return progress


def before_training(parts: RLParts) -> Progress:
    """Step 0: the base as it is, scored."""
    parts.sampler.sync(parts.learner.weights(), 0)
    progress = Progress(cursor=dict(parts.stream.cursor))
    with parts.clock.phase("evaluate"):
        metrics = held_out_scores(parts, progress)
    log_start(parts, metrics)
    if checkpoint_due(parts.stage, progress):
        save_checkpoint(parts, progress)
    return progress


def one_round(parts: RLParts, before: Progress) -> Progress:
    """Sample, grade, learn, hand the new weights to the sampler, score, log."""
    clock = parts.clock
    with clock.phase("sample"):
        collected = sample_round(parts, before)
    check_refilled(parts, collected, before.round + 1)
    parts.busy("scoring", 0, 0)
    with clock.phase("score"):
        samples, advantages = make_samples(parts, collected.filtered.kept, before.policy_version)
        metrics = value_metrics(collected.filtered.kept, samples, parts.stage.algorithm)
        metrics |= weight_metrics(samples, parts.stage.algorithm)
    parts.stop.check()
    with clock.phase("update"):
        learned, num_trained = run_updates(parts, samples, before)
        metrics |= learned
    parts.stream.record(collected.groups)
    after = before.after(collected, parts.stream, parts.learner.update_count, num_trained)
    add_proxy(parts, after, collected.groups)
    with clock.phase("sync"):
        parts.sampler.sync(parts.learner.weights(), after.policy_version)
        refresh_reference(parts, after)
    with clock.phase("evaluate"):
        metrics |= held_out_scores(parts, after)
    metrics |= late_weights(parts.stage.rewards, before.update, parts.stage.total_updates)
    log_round(parts, after, collected, advantages, metrics)
    check_undecided(after.undecided, parts.stage.algorithm.max_undecided_frac)
    check_gap(metrics, parts.stage.engine.max_logprob_gap)
    return after


def sample_round(parts: RLParts, before: Progress) -> Collected:
    """The round's graded groups, under the policy as it is and the length limit of this update."""
    plan = RoundPlan(
        seed=parts.seed,
        stage=parts.name,
        step=before.round + 1,
        sampling=parts.stage.sampling,
        max_new_tokens=length_limit(parts.stage, before.update),
        stop_token_ids=parts.stop_token_ids,
        filter=parts.stage.algorithm.filter,
        refill_rounds=parts.stage.algorithm.refill_rounds,
        update=before.update,
        total_updates=parts.stage.total_updates,
    )

    def on_progress(doing: str, done: int, total: int) -> None:
        parts.stop.check_alone()
        parts.busy(doing, done, total)

    return collect(
        parts.stream,
        plan,
        parts.render,
        parts.sampler,
        parts.grader,
        world=parts.world,
        scorers=parts.scorers,
        held=before.held,
        on_progress=on_progress,
    )
