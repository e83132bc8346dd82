"""The doctor's checks of slow drifts: entropy, length, KL and clipping."""

from __future__ import annotations

from aha.report.findings import THRESHOLDS, Finding, early, graded, late, share
from aha.report.read import StageRecord


def entropy(stage: StageRecord) -> list[Finding]:
    """Collapse (no exploration left) or explosion (the policy falls apart)."""
    first, last = early(stage, "entropy"), late(stage, "entropy")
    if first is None or last is None:
        return []
    level = graded(last, "entropy", low_is_bad=True)
    if level != "ok":
        return [
            Finding(
                level,
                "entropy_collapse",
                f"Entropy fell from {first:.2g} to {last:.2g} nats: the model repeats itself and explores no more.",
                "Raise algorithm.clip_high or the temperature, lower optimizer.lr, or add algorithm.entropy_coef.",
            )
        ]
    level = graded(last / first, "entropy_growth") if first > 0 else "ok"
    if level != "ok":
        return [
            Finding(
                level,
                "entropy_growth",
                f"Entropy rose from {first:.2g} to {last:.2g} nats: the model is losing its certainty.",
                "Lower optimizer.lr, or add a KL pull with algorithm.kl.",
            )
        ]
    return [Finding("ok", "entropy", f"Entropy went from {first:.2g} to {last:.2g} nats.", "")]


def length(stage: StageRecord) -> list[Finding]:
    """Responses that run away or shrink to nothing while accuracy does not rise."""
    first, last = early(stage, "length/mean"), late(stage, "length/mean")
    if first is None or last is None or first <= 0:
        return []
    gain = (late(stage, "accuracy") or 0.0) - (early(stage, "accuracy") or 0.0)
    numbers = f"from {first:.0f} to {last:.0f} tokens"
    grown, shrunk = graded(last / first, "length_growth"), graded(last / first, "length_shrink", low_is_bad=True)
    if grown != "ok" and gain < THRESHOLDS["hacking_accuracy_gain"][0]:
        return [
            Finding(
                grown,
                "length_runaway",
                f"Responses grew {numbers} while accuracy did not rise.",
                "Use algorithm.aggregate: token_mean or algorithm.truncated: punish, and look for repetition.",
            )
        ]
    if shrunk != "ok" and gain < THRESHOLDS["hacking_accuracy_gain"][0]:
        return [
            Finding(
                shrunk,
                "length_collapse",
                f"Responses shrank {numbers} while accuracy did not rise.",
                "Check that no reward pays for stopping early, and raise the weight of accuracy.",
            )
        ]
    return [Finding("ok", "length", f"Responses went {numbers}.", "")]


def kl(stage: StageRecord) -> list[Finding]:
    """Distance to the reference."""
    value = late(stage, "kl/reference")
    if value is None:
        return []
    level = graded(value, "kl/reference")
    if level == "ok":
        return [Finding("ok", "kl", f"KL to the reference is {value:.2g} nats a token.", "")]
    return [
        Finding(
            level,
            "kl_growth",
            f"KL to the reference has grown to {value:.2g} nats a token: the model has left its base far behind.",
            "Raise algorithm.kl.coef, lower optimizer.lr, or refresh the reference with algorithm.kl.reference_every.",
        )
    ]


def clipping(stage: StageRecord) -> list[Finding]:
    """Tokens whose ratio left the trust region."""
    low, high = late(stage, "clip_frac/low"), late(stage, "clip_frac/high")
    if low is None and high is None:
        return []
    total = (low or 0.0) + (high or 0.0)
    level = graded(total, "clip_frac")
    if level == "ok":
        return [Finding("ok", "clipping", f"Clipped tokens: {share(total)}.", "")]
    return [
        Finding(
            level,
            "clipping",
            f"{share(total)} of the tokens are clipped, so much of the batch gives no gradient.",
            "Lower optimizer.lr or algorithm.num_updates, or widen algorithm.clip_high.",
        )
    ]
