"""Which curves the page shows: plain descriptions (title, unit, series) that the page's script draws."""

from __future__ import annotations

from collections.abc import Callable

from aha.report.read import Row, StageRecord
from aha.report.series import (
    chart,
    column,
    eval_benchmarks,
    eval_points,
    number,
    points,
    score_names,
    series,
    short_name,
)

KINDS = {"recheck": "re-check", "backtrack": "back-track", "another_approach": "another approach"}
"""Reflection kinds and their plain names."""


HEALTH: list[tuple[str, str, str, str, list[tuple[str, str]]]] = [
    (
        "entropy",
        "Entropy",
        "nats",
        "How undecided the model is about its next token. Near 0 it has stopped exploring.",
        [("entropy", "entropy")],
    ),
    (
        "kl",
        "KL divergence",
        "nats",
        "Distance to the reference model, and between sampler and learner.",
        [("to reference", "kl/reference"), ("sampler to learner", "kl/sampler")],
    ),
    (
        "clip",
        "Clipped tokens",
        "percent",
        "Share of tokens whose probability ratio hit the lower or upper bound.",
        [("low", "clip_frac/low"), ("high", "clip_frac/high")],
    ),
    (
        "groups",
        "Groups of the round",
        "percent",
        "A group whose answers are all right or all wrong teaches nothing.",
        [
            ("kept", "groups/kept_frac"),
            ("all right", "groups/all_correct_frac"),
            ("all wrong", "groups/all_wrong_frac"),
        ],
    ),
    (
        "gap",
        "Log-prob gap, sampler against learner",
        "nats",
        "Mean |Δ log-prob| of the same tokens. Should stay far below 0.1.",
        [("mean", "logprob_gap/mean")],
    ),
    ("grad", "Gradient norm", "", "Before clipping.", [("gradient norm", "grad_norm")]),
    (
        "loss",
        "Loss",
        "",
        "Near 0 by construction when advantages are mean-centred and data is on-policy; its size says little.",
        [("loss", "loss")],
    ),
    ("lr", "Learning rate", "", "", [("learning rate", "lr")]),
]
"""Name, title, unit, caption and (label, metric) of the curves that tell a healthy run from a sick one."""


def figure_charts(stage: StageRecord) -> list[Row]:
    """The paper's two figures: held-out pass@1 and cons@k, and mean response length, from round 0."""
    evaluate = stage.settings.get("evaluate")
    k = evaluate.get("k", "k") if isinstance(evaluate, dict) else "k"
    scores = []
    for benchmark in eval_benchmarks(stage):
        for name in score_names(stage, benchmark):
            key = f"eval/{benchmark}/{name}"
            band = (points(stage.metrics, f"{key}/low"), points(stage.metrics, f"{key}/high"))
            scores.append(series(_score_label(benchmark, name, k), points(stage.metrics, key), band))
    lengths = [
        series("held-out, mean", eval_points(stage, "mean_tokens")),
        column(stage, "training, mean", "length/mean"),
        column(stage, "training, 95th percentile", "length/p95"),
    ]
    return [
        chart(
            "accuracy",
            "Held-out accuracy over training",
            "percent",
            scores,
            "No held-out evaluation was made during training.",
            "pass@1: share of single samples that are right. cons@k: share of problems whose most frequent "
            "answer among k is right.",
        ),
        chart(
            "length",
            "Response length over training",
            "tokens",
            lengths,
            "Lengths were not logged.",
            "Mean number of new tokens in a response. Round 0 is the model before training; training figures start "
            "with round 1, sampled by that same model.",
        ),
    ]


def _score_label(benchmark: str, name: str, k: object) -> str:
    return f"{short_name(benchmark)} {name.replace('@k', f'@{k}')}"


def reward_charts(stage: StageRecord) -> list[Row]:
    """Reward and its parts; accuracy, format, truncation and undecided verdicts in training batches."""
    parts = sorted(
        {key for line in stage.metrics for key in line if key.startswith("reward/")} - {"reward/mean", "reward/std"}
    )
    rewards = [column(stage, "sum (weighted)", "reward/mean")] + [
        column(stage, short_name(key.removeprefix("reward/")), key) for key in parts
    ]
    shares = [
        column(stage, label, key)
        for label, key in (
            ("accuracy", "accuracy"),
            ("format right", "format_rate"),
            ("truncated", "truncated_frac"),
            ("ended in a loop", "repeats_frac"),
            ("undecided", "undecided_frac"),
            ("repetition", "repetition_rate"),
            ("language consistency", "language_consistency"),
        )
    ]
    return [
        chart(
            "rewards",
            "Reward and its parts",
            "points",
            rewards,
            "No reward was logged.",
            "Mean points a rollout of the round earned, by grader.",
        ),
        chart(
            "shares",
            "What training responses look like",
            "percent",
            shares,
            "Shares were not logged.",
            "Shares of the round's rollouts. Truncated: cut off at the length limit, or in a loop.",
        ),
    ]


def watched_charts(stage: StageRecord) -> list[Row]:
    """Proxy beside truth, and refusals by domain, each where the stage logged it."""
    monitor = stage.settings.get("monitor")
    truth = short_name(str(monitor.get("truth"))) if isinstance(monitor, dict) and monitor.get("truth") else None
    proxy = column(stage, "the reward (mean points)", "monitor/proxy")
    truths = [name for name in eval_benchmarks(stage) if short_name(name) == truth]
    held_out = [column(stage, f"{truth} pass@1", f"eval/{name}/pass@1") for name in truths]
    refusing = sorted({key for line in stage.metrics for key in line if key.startswith("refusal_rate/")})
    refusals = [column(stage, key.partition("/")[2], key) for key in refusing]
    found = [
        chart(
            "monitor",
            "What is rewarded, and what it stands for",
            "",
            [proxy, *held_out] if proxy["x"] else [],
            "No reward was watched.",
            "A reward that rises while the held-out truth falls is over-optimised.",
        ),
        chart(
            "refusals",
            "Answers that refuse",
            "percent",
            refusals,
            "Refusals were not logged.",
            "Share of the answers about which no rule decides, by domain.",
        ),
    ]
    return [one for one in found if not one["missing"]]


def reflection_charts(stage: StageRecord) -> list[Row]:
    """Responses that reflect, and reflections by kind."""
    rates = [
        series("held-out", eval_points(stage, "reflection_rate")),
        column(stage, "training", "reflection_rate"),
    ]
    kinds = [column(stage, label, f"reflection/{kind}") for kind, label in KINDS.items()]
    return [
        chart(
            "reflection",
            "Responses that reflect",
            "percent",
            rates,
            "Reflection was not logged.",
            "Share of responses with at least one re-check, back-track or change of approach. Round 1 is sampled "
            "by the model before any update.",
        ),
        chart(
            "kinds",
            "Reflections by kind",
            "per response",
            kinds,
            "Reflections by kind were not logged.",
            "Mean count in a response.",
        ),
    ]


def health_charts(stage: StageRecord) -> list[Row]:
    """What tells a healthy run from a sick one."""
    charts = [
        chart(name, title, unit, [column(stage, label, key) for label, key in keys], f"{title}: not logged.", caption)
        for name, title, unit, caption, keys in HEALTH
    ]
    return [*charts, time_chart(stage)]


def time_chart(stage: StageRecord) -> Row:
    """Seconds a round by phase, stacked."""
    totals: dict[str, float] = {}
    for line in stage.timing:
        for key in line:
            if key.startswith("seconds/"):
                totals[key] = totals.get(key, 0.0) + (number(line[key]) or 0.0)
    keys = sorted(totals, key=lambda key: -totals[key])
    steps = [int(line["step"]) for line in stage.timing]
    curves = []
    for key in keys:
        points = [(step, number(line.get(key)) or 0.0) for step, line in zip(steps, stage.timing, strict=True)]
        curves.append(series(key.removeprefix("seconds/"), points))
    return chart(
        "time",
        "Time per phase",
        "seconds",
        curves,
        "No timing was logged.",
        "Seconds of each round, stacked.",
    ) | {"stacked": True}


def sections(stage: StageRecord) -> dict[str, list[Row]]:
    """Charts of a stage by section. A stage that only imitates or compares has no rewards, reflection or clipping."""
    found = {section: make(stage) for section, make in SECTIONS.items()}
    if stage.kind not in WRITTEN:
        return found
    known = {name: [one | {"step": "update"} for one in drawn if not one["missing"]] for name, drawn in found.items()}
    loss = [one for one in known["health"] if one["name"] == "loss"]
    rest = [one for one in known["health"] if one["name"] != "loss"]
    return known | {
        "figures": [*(one | {"caption": WRITTEN[stage.kind]} for one in loss), *known["figures"]],
        "health": rest,
    }


WRITTEN = {
    "sft": "Mean negative log-probability of a token of the answers, in nats.",
    "reward_model": "Mean loss of a pair or label, in nats; 0.69 is a guess.",
    "pretrain": "Mean negative log-probability of a token, in nats.",
}
"""Kinds that learn from written data, and what their loss is."""


SECTIONS: dict[str, Callable[[StageRecord], list[Row]]] = {
    "figures": figure_charts,
    "rewards": lambda stage: [*reward_charts(stage), *watched_charts(stage)],
    "reflection": reflection_charts,
    "health": health_charts,
}
"""Chart groups of the page by section."""
