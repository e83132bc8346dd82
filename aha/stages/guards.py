"""When going on would waste time: dead verifiers, and a sampler that is not the learner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aha.errors import DivergedError
from aha.stages.progress import UNDECIDED_WINDOW


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
