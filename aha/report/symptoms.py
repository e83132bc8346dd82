"""The doctor's checks of what is paid for: accuracy, differences inside groups, verdicts, format, cut-offs."""

from __future__ import annotations

from collections import Counter

from aha.report.findings import THRESHOLDS, Finding, column, graded, late, share
from aha.report.read import StageRecord
from aha.report.rollouts import read_columns
from aha.types import NO_RULE

EXPECTED = (
    "reward/mean",
    "accuracy",
    "format_rate",
    "length/mean",
    "truncated_frac",
    "entropy",
    "logprob_gap/mean",
    "grad_norm",
    "loss",
)
"""Metrics that every RL stage logs; the doctor says which are missing."""


def not_logged(stage: StageRecord) -> list[Finding]:
    """Metrics that should be there and are not."""
    missing = [key for key in EXPECTED if not column(stage.rounds, key)]
    if not missing:
        return []
    return [
        Finding(
            "warn",
            "not_logged",
            f"These metrics were not logged, so they are not judged: {', '.join(missing)}.",
            "Look for an error in events.jsonl, or update aha and run again.",
        )
    ]


def accuracy_zero(stage: StageRecord) -> list[Finding]:
    """No right answer at all, and the likeliest reason."""
    accuracy = late(stage, "accuracy")
    if accuracy is None or accuracy > 0:
        return []
    format_rate = late(stage, "format_rate")
    reasons = [
        (
            (late(stage, "undecided_frac") or 0) > 0.5,
            "most verdicts are undecided",
            "Repair the verifier: the reasons stand in the sample browser.",
        ),
        (
            (late(stage, "truncated_frac") or 0) > 0.5,
            "most responses are cut off before they answer",
            "Raise sampling.max_new_tokens.",
        ),
        (
            format_rate is not None and format_rate < THRESHOLDS["format_rate"][1],
            "responses do not follow the template, so no answer is found in them",
            "Check data.template, and read some responses in the report.",
        ),
    ]
    why, cure = next(
        ((w, c) for hit, w, c in reasons if hit),
        (
            "the problems are too hard for this model, or the reference answers are wrong",
            "Start with easier problems, check gold answers with data.verify_gold, or use a stronger base.",
        ),
    )
    return [Finding("bad", "accuracy_zero", f"Accuracy is 0 in training: {why}.", cure)]


def no_variance(stage: StageRecord) -> list[Finding]:
    """Groups without difference carry no advantage."""
    spread, kept = late(stage, "reward/std"), late(stage, "groups/kept_frac")
    levels = [
        graded(value, key, low_is_bad=True)
        for value, key in ((spread, "reward/std"), (kept, "groups/kept_frac"))
        if value is not None
    ]
    if not levels or set(levels) == {"ok"}:
        return []
    right, wrong = late(stage, "groups/all_correct_frac") or 0.0, late(stage, "groups/all_wrong_frac") or 0.0
    why = f"{share(right)} of the groups are all right and {share(wrong)} all wrong"
    if right > wrong:
        cure = "The problems have become too easy: add harder ones, or stop here."
    else:
        cure = "Use easier problems, a larger sampling.group_size, or algorithm.filter: refill."
    return [
        Finding(
            "bad" if "bad" in levels else "warn",
            "no_variance",
            f"Rewards hardly differ inside groups, so advantages and gradient are near 0: {why}.",
            cure,
        )
    ]


def loss_zero(stage: StageRecord) -> list[Finding]:
    """A loss of 0 is normal on-policy; without a gradient it is not."""
    loss, gradient = late(stage, "loss"), late(stage, "grad_norm")
    if gradient == 0:
        return [
            Finding(
                "bad",
                "gradient_zero",
                "The gradient is 0: no token carries an advantage, so nothing is learned.",
                "The other findings say why; see whether algorithm.truncated masks every response.",
            )
        ]
    if loss is None or gradient is None or abs(loss) > 1e-3:
        return []
    return [
        Finding(
            "ok",
            "loss_zero",
            f"The loss is near 0 ({loss:.1e}) and that is normal: at ratio 1 mean-centred advantages cancel. "
            f"The gradient is not 0 (norm {gradient:.3g}).",
            "",
        )
    ]


def undecided(stage: StageRecord) -> list[Finding]:
    """Verifier failures, with their commonest reason."""
    value = late(stage, "undecided_frac")
    if value is None:
        return []
    level = graded(value, "undecided_frac")
    if level == "ok":
        return [Finding("ok", "undecided", f"Verdicts: {share(value)} undecided.", "")]
    reasons: Counter[str] = Counter()
    for path in list(stage.rollouts.values())[-5:]:
        reasons.update(
            str(row.get("reason"))
            for row in read_columns(path, [], ("outcome", "reason"))
            if row.get("outcome") == "undecided" and row.get("reason") != NO_RULE
        )
    most = f", mostly “{reasons.most_common(1)[0][0]}”" if reasons else ""
    return [
        Finding(
            level,
            "undecided",
            f"{share(value)} of the verdicts are undecided{most}: the verifier failed, so these teach nothing.",
            "timeout: raise engine.verifier_seconds; crash or bad_reference: repair the verifier or the data.",
        )
    ]


def format_wrong(stage: StageRecord) -> list[Finding]:
    """Responses outside the template."""
    value = late(stage, "format_rate")
    if value is None:
        return []
    level = graded(value, "format_rate", low_is_bad=True)
    if level == "ok":
        return [Finding("ok", "format", f"Format: {share(value)} of the responses follow the template.", "")]
    return [
        Finding(
            level,
            "format",
            f"Only {share(value)} of the responses follow the template.",
            "Check data.template against the model, keep the format reward, and see whether responses are cut off.",
        )
    ]


def truncation(stage: StageRecord) -> list[Finding]:
    """Responses that met the length limit, or were ended in a loop."""
    value, loops = late(stage, "truncated_frac"), late(stage, "repeats_frac") or 0.0
    if value is None:
        return []
    level = graded(value, "truncated_frac")
    if level == "ok":
        return [Finding("ok", "truncation", f"Truncation: {share(value)} of the responses are cut off.", "")]
    if loops > value / 2:
        return [
            Finding(
                level,
                "truncation",
                f"{share(value)} of the responses are cut off, most of them in a loop ({share(loops)} of all).",
                "Set algorithm.truncated: punish, or start from a model that repeats itself less; read some of them.",
            )
        ]
    return [
        Finding(
            level,
            "truncation",
            f"{share(value)} of the responses are cut off at the length limit and rarely carry an answer.",
            "Raise sampling.max_new_tokens, or set algorithm.truncated: mask or punish.",
        )
    ]
