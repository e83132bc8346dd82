"""The page's opening: what happened in this run, in plain words, with intervals, from the numbers alone."""

from __future__ import annotations

from aha.report.evaluations import Pair, pairs, score
from aha.report.read import Row, RunRecord, StageRecord
from aha.report.reads import planned
from aha.report.series import eval_benchmarks


def sentences(run: RunRecord) -> list[str]:
    """The lead sentence first, then one sentence a fact that the run knows."""
    found = pairs(run)
    stage = run.trained[-1] if run.trained else None
    if found:
        stage = next((each for each in run.trained if each.name == found[0].after_stage), stage)
        lead = [_lead(found[0]), *_from_pair(found[0])]
    elif stage and eval_benchmarks(stage):
        lead = [_from_curve(stage)]
    elif stage:
        lead = [_from_batches(stage)]
    else:
        lead = ["No training round has been logged in this run yet."]
    return lead + ([_training(run, stage)] if stage else []) + _whole_run(run) + _state(run)


def tiles(run: RunRecord) -> list[Row]:
    """Up to five key figures, each `{label, before, after}` as text."""
    found = pairs(run)
    if not found:
        return []
    before, after = found[0].before, found[0].after
    rows = []
    for name in ("pass@1", "cons@k", "pass@k"):
        first, last = score(before, name), score(after, name)
        if first and last:
            rows.append(
                {
                    "label": f"{_title(found[0].benchmark)} {_plain(name, after)}",
                    "before": percent(first["value"]),
                    "after": percent(last["value"]),
                }
            )
    for key, label, show in (("format_rate", "format right", percent), ("mean_tokens", "tokens a response", _whole)):
        if isinstance(before.get(key), int | float) and isinstance(after.get(key), int | float):
            rows.append({"label": label, "before": show(before[key]), "after": show(after[key])})
    return rows


def percent(value: float) -> str:
    """A share in words: `21 %`; one digit more close to the ends."""
    shown = 100 * value
    return f"{shown:.1f}\u00a0%" if 0 < shown < 1 or 99 < shown < 100 else f"{shown:.0f}\u00a0%"


def with_interval(row: Row) -> str:
    """`21 % [18–24]`, the brackets holding the 95 % interval where there is one."""
    if not isinstance(row.get("low"), int | float) or not isinstance(row.get("high"), int | float):
        return percent(row["value"])
    return f"{percent(row['value'])} [{100 * row['low']:.0f}–{100 * row['high']:.0f}]"


def _lead(pair: Pair) -> str:
    first, last = score(pair.before, "pass@1"), score(pair.after, "pass@1")
    if not first or not last:
        return f"Benchmark {pair.benchmark} was evaluated twice, but without a pass@1."
    text = f"{_title(pair.benchmark)} pass@1 went from {with_interval(first)} to {with_interval(last)}"
    if any("low" not in row or "high" not in row for row in (first, last)):
        return f"{text}."
    if last["low"] > first["high"]:
        return f"{text}: the model got better, and the 95 % intervals are apart."
    if last["high"] < first["low"]:
        return f"{text}: the model got worse, and the 95 % intervals are apart."
    return f"{text}: the 95 % intervals overlap, so this may be chance."


def _from_pair(pair: Pair) -> list[str]:
    before, after, out = pair.before, pair.after, []
    first, last = score(before, "cons@k"), score(after, "cons@k")
    if first and last:
        k = after.get("k", "k")
        out.append(
            f"The most frequent of {k} answers is right for {with_interval(last)} of the problems "
            f"(before: {with_interval(first)})."
        )
    first, last = score(before, "pass@1_formatted"), score(after, "pass@1_formatted")
    if first and last:
        out.append(
            f"Among answers in the right format alone, accuracy went from {with_interval(first)} "
            f"to {with_interval(last)}."
        )
    out.append(
        f"Measured on {after.get('num_problems', '?')} problems with {after.get('k', '?')} samples each; "
        f"“before” is stage {pair.before_stage}, “after” is stage {pair.after_stage}."
    )
    return out


def _from_curve(stage: StageRecord) -> str:
    benchmark = eval_benchmarks(stage)[0]
    values = [line[f"eval/{benchmark}/pass@1"] for line in stage.metrics if f"eval/{benchmark}/pass@1" in line]
    if len(values) == 1:
        return f"Pass@1 on {benchmark} is {percent(values[0])}; it was measured once so far."
    return (
        f"Pass@1 on {benchmark} went from {percent(values[0])} to {percent(values[-1])} so far "
        "(no intervals: the final evaluation is missing)."
    )


def _from_batches(stage: StageRecord) -> str:
    values = [line["accuracy"] for line in stage.rounds if "accuracy" in line]
    if not values:
        return "No evaluation was made, and no accuracy was logged."
    return (
        f"No held-out evaluation was made; accuracy on the training problems went from {percent(values[0])} to "
        f"{percent(values[-1])}, which can mislead."
    )


def _training(run: RunRecord, stage: StageRecord) -> str:
    seconds = sum(
        value
        for line in stage.timing
        for key, value in line.items()
        if key.startswith("seconds/") and isinstance(value, int | float)
    )
    wanted = None if stage.result.get("ended") == "tokens" else stage.settings.get("rounds")
    done = stage.rounds[-1]["step"]
    unit = "rounds" if stage.kind in ("rl", "") else "updates"
    rounds = f"{done} of {wanted} {unit}" if wanted and wanted != done else f"{done} {unit}"
    return f"Stage {stage.name} trained for {rounds}" + (f" in {duration(seconds)}." if seconds else ".")


def _whole_run(run: RunRecord) -> list[str]:
    """How far a run of several stages has come, and which ended for another reason than their length."""
    stages = planned(run)
    if len(stages) < 3:
        return []
    done = [stage for stage in run.stages if stage.result]
    early = {"plateau": "on a plateau", "over_optimised": "because the reward model was over-optimised"}
    reasons = [(stage.name, early.get(str(stage.result.get("ended")))) for stage in done]
    told = [f"{name} ended {reason}" for name, reason in reasons if reason]
    return [f"{len(done)} of {len(stages)} stages are done{': ' if told else ''}{'; '.join(told)}."]


def _state(run: RunRecord) -> list[str]:
    state = str(run.status.get("state") or "")
    if state in ("", "done", "finished", "complete", "completed"):
        return []
    return [f"The run is not finished: its state is “{state}”."]


def duration(seconds: float) -> str:
    """Seconds in words: `45 seconds`, `8 minutes`, `3.5 hours`."""
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _plain(name: str, evaluation: Row) -> str:
    return name.replace("@k", f"@{evaluation.get('k', 'k')}")


def _title(benchmark: str) -> str:
    return "Held-out" if benchmark == "heldout" else benchmark


def _whole(value: float) -> str:
    return f"{value:.0f}"
