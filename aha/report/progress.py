"""The doctor's checks of the machinery: log-probs, updates, evaluations, reward against held-out accuracy, time."""

from __future__ import annotations

from statistics import median

from aha.report.findings import THRESHOLDS, Finding, Level, column, early, graded, late, share
from aha.report.read import StageRecord
from aha.report.series import eval_benchmarks


def logprob_gap(stage: StageRecord) -> list[Finding]:
    """Sampler against learner."""
    value = late(stage, "logprob_gap/mean")
    if value is None:
        return []
    level = graded(value, "logprob_gap/mean")
    most = max(column(stage.rounds, "logprob_gap/max"), default=value)
    numbers = f"mean gap {value:.2g} nats, largest {most:.2g}"
    if level == "ok":
        return [Finding("ok", "logprob_gap", f"Sampler and learner agree on log-probs ({numbers}).", "")]
    return [
        Finding(
            level,
            "logprob_gap",
            f"Sampler and learner disagree on log-probs ({numbers}), so the gradient is off-policy.",
            "Use the same engine.dtype for both, float32 to be sure, or algorithm.denominator: learner.",
        )
    ]


def skipped(stage: StageRecord) -> list[Finding]:
    """Updates left out because something was not finite."""
    values = column(stage.rounds, "update_skipped")
    if not values or sum(values) == 0:
        return []
    level = graded(sum(values) / len(values), "skipped_share")
    return [
        Finding(
            level,
            "skipped_updates",
            f"{sum(values):.0f} updates in {len(values)} rounds were skipped: not finite.",
            "Lower optimizer.lr, add warm-up, or use float32.",
        )
    ]


def evaluations(stage: StageRecord) -> list[Finding]:
    """Held-out evaluations that are missing or old."""
    names = eval_benchmarks(stage)
    if not names:
        return [
            Finding(
                "warn",
                "evaluation",
                "No held-out evaluation was made, so nobody knows whether the model learned or memorised.",
                "Set evaluate.on and evaluate.every.",
            )
        ]
    steps = [line["step"] for line in stage.metrics if f"eval/{names[0]}/pass@1" in line]
    last = stage.metrics[-1]["step"]
    level = graded((last - steps[-1]) / max(last, 1), "evaluation_age")
    if level != "ok" and last > 5:
        return [
            Finding(
                level,
                "evaluation",
                f"The last held-out evaluation is from round {steps[-1]} of {last}.",
                "Lower evaluate.every.",
            )
        ]
    if steps[0] != 0:
        return [
            Finding(
                "warn",
                "evaluation",
                f"The first held-out evaluation is from round {steps[0]}, so there is no “before”.",
                "Leave the evaluation at the start on.",
            )
        ]
    return [
        Finding("ok", "evaluation", f"Held-out evaluations: {len(steps)}, the last at round {steps[-1]} of {last}.", "")
    ]


def hacking(stage: StageRecord) -> list[Finding]:
    """Reward that rises while held-out accuracy does not."""
    names = eval_benchmarks(stage)
    first, last = early(stage, "reward/mean"), late(stage, "reward/mean")
    held_out = column(stage.metrics, f"eval/{names[0]}/pass@1") if names else []
    if first is None or last is None or len(held_out) < 2 or len(stage.rounds) < 10:
        return []
    gain, heldout_gain = last - first, held_out[-1] - held_out[0]
    if (
        gain < THRESHOLDS["hacking_reward_gain"][0] * max(abs(first), 0.1)
        or heldout_gain > THRESHOLDS["hacking_accuracy_gain"][0]
    ):
        return []
    level: Level = "bad" if heldout_gain < THRESHOLDS["hacking_accuracy_gain"][1] else "warn"
    return [
        Finding(
            level,
            "reward_hacking",
            f"Reward rose from {first:.2f} to {last:.2f}, but held-out pass@1 went from {share(held_out[0])} to "
            f"{share(held_out[-1])}: the model may earn reward without answering better.",
            "Read the rollouts with the highest reward, find the part that rose, and mend or lower it.",
        )
    ]


def bottleneck(stage: StageRecord) -> list[Finding]:
    """Where the time goes."""
    totals = {
        key.removeprefix("seconds/"): sum(column(stage.timing, key))
        for line in stage.timing
        for key in line
        if key.startswith("seconds/")
    }
    whole = sum(totals.values())
    if whole <= 0:
        return []
    name, most = max(totals.items(), key=lambda item: item[1])
    cures = {
        "sample": "Lower sampling.max_new_tokens, raise engine.max_rows and engine.cache_tokens; on CPU install g++.",
        "verify": "Raise engine.verifier_workers, or make the verifier faster.",
        "update": "Raise engine.micro_batch_tokens.",
        "evaluate": "Raise evaluate.every, or lower evaluate.k or evaluate.num_problems.",
    }
    level = graded(most / whole, "phase_share")
    cure = next((text for word, text in cures.items() if word in name), "See timing.jsonl.") if level != "ok" else ""
    return [
        Finding(
            "ok" if level == "ok" else "warn",
            "time",
            f"Most of the time goes to {name}: {share(most / whole)} of {whole:.0f} seconds.",
            cure,
        )
    ]


def gradient(stage: StageRecord) -> list[Finding]:
    """Spikes of the gradient norm."""
    values = column(stage.rounds, "grad_norm")
    if len(values) < 10 or median(values) <= 0:
        return []
    factor = max(values) / median(values)
    level = graded(factor, "gradient_spike")
    if level == "ok":
        return []
    return [
        Finding(
            level,
            "gradient_spike",
            f"The gradient norm once was {factor:.0f} times its median.",
            "Lower optimizer.max_grad_norm or optimizer.lr.",
        )
    ]
