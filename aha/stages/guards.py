"""When going on would waste time: dead verifiers, a sampler that is not the learner, no groups to learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aha.errors import DivergedError
from aha.rollouts.collect import Collected
from aha.stages.parts import RLParts
from aha.stages.progress import UNDECIDED_WINDOW


def check_refilled(parts: RLParts, collected: Collected, step: int) -> None:
    """Where `filter: refill` did not fill a round within its bound, say so. Raises DivergedError with `refill_short:
    stop`."""
    found, wanted = len(collected.filtered.kept), parts.stage.sampling.num_problems
    if parts.stage.algorithm.filter != "refill" or found >= wanted:
        return
    what = f"round {step} has {found} of {wanted} groups whose rewards differ after {collected.num_samplings} samplings"
    if parts.stage.algorithm.refill_short == "stop":
        raise DivergedError(
            f"{parts.name}: {what}, and algorithm.refill_short is stop.",
            cure="Give problems that are neither too easy nor too hard, raise algorithm.refill_rounds or set train.",
        )
    if parts.writes:
        parts.event("not_refilled", stage=parts.name, step=step, found=found, wanted=wanted)
        parts.tell(f"{parts.name}: {what}; {'it trains on those' if found else 'nothing is trained'}.")


def check_undecided(window: Sequence[tuple[int, int]], limit_frac: float) -> None:
    """Raise DivergedError when over a full window of rounds more than `limit_frac` of the verdicts were undecided.

    A round in which nothing at all was decided stops at once.
    """
    if window and window[-1][1] and window[-1][0] == window[-1][1]:
        raise DivergedError(
            f"All {window[-1][0]} verdicts of the round were undecided.",
            cure="Read the reasons in the rollouts (crash, timeout, lost_worker); try the verifier with `aha verify`.",
        )
    undecided, total = (sum(column) for column in zip(*window, strict=True)) if window else (0, 0)
    if len(window) >= UNDECIDED_WINDOW and undecided > limit_frac * total:
        raise DivergedError(
            f"{undecided} of {total} verdicts of the last {len(window)} rounds were undecided, "
            f"more than algorithm.max_undecided_frac = {limit_frac}.",
            cure="Read the reasons in the rollouts; raise engine.verifier_seconds where they say timeout.",
        )


def check_gap(metrics: Mapping[str, float], limit: float) -> None:
    """Raise DivergedError when sampler and learner disagree on log-probs by more than `limit` on average."""
    gap = metrics.get("logprob_gap/mean", 0.0)
    if gap > limit:
        raise DivergedError(
            f"Sampler and learner log-probs differ by {gap:.4f} on average; engine.max_logprob_gap is {limit}.",
            cure="Set engine.dtype to float32; if the gap stays, the sampler does not hold the learner's weights.",
        )
