"""Evaluations before and after training: the table, accuracy by difficulty, and the same problem side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean

from aha.report.read import Row, RunRecord
from aha.report.reads import root_of

MAX_BINS = 8
"""More distinct difficulties than this are put into equal-count bins."""
SCORES = ("pass@1", "pass@1_formatted", "cons@k", "pass@k")
KIND_ORDER = ("fixed", "broke", "kept", "missed")


@dataclass(slots=True, frozen=True)
class Pair:
    """The first and the last evaluation of one benchmark in stage order."""

    benchmark: str
    before_stage: str
    after_stage: str
    before: Row
    after: Row


def score(evaluation: Row, name: str) -> Row | None:
    """The `{value, low, high}` of a score such as `pass@1`; None where it is missing."""
    found = evaluation.get(name)
    return found if isinstance(found, dict) and isinstance(found.get("value"), int | float) else None


def pairs(run: RunRecord) -> list[Pair]:
    """One pair a benchmark that two stages of one descent evaluated; held-out first. Stages that descend from another
    model (a student of another family) do not end a pair; where several descents have one, that of the first stage
    counts."""
    seen: dict[tuple[str, str], list[tuple[str, Row]]] = defaultdict(list)
    for stage in run.stages:
        for benchmark, record in stage.evaluations.items():
            seen[benchmark, str(root_of(run, stage.name))].append((stage.name, record))
    found: dict[str, Pair] = {}
    for (benchmark, _), items in seen.items():
        if len(items) > 1:
            found.setdefault(benchmark, Pair(benchmark, items[0][0], items[-1][0], items[0][1], items[-1][1]))
    return sorted(found.values(), key=lambda pair: ("heldout" not in pair.benchmark, pair.benchmark))


def table(run: RunRecord) -> list[Row]:
    """Rows of the evaluation table, benchmark by benchmark in stage order."""
    rows = []
    for stage in run.stages:
        for benchmark, record in stage.evaluations.items():
            keys = (
                "num_problems",
                "k",
                "seed",
                "format_rate",
                "mean_tokens",
                "repetition_rate",
                "undecided_frac",
                "model_hash",
                "sampling",
            )
            row = {key: record.get(key) for key in keys} | {"benchmark": benchmark, "stage": stage.name}
            row |= {name: score(record, name) for name in SCORES}
            rows.append(row)
    order = {pair.benchmark: index for index, pair in enumerate(pairs(run))}
    return sorted(rows, key=lambda row: (order.get(row["benchmark"], len(order)), row["benchmark"]))


def problems(evaluation: Row) -> list[Row]:
    """Per-problem records that name their outcomes."""
    return [row for row in evaluation.get("problems") or [] if isinstance(row, dict) and row.get("outcomes")]


def by_difficulty(pair: Pair) -> list[Row]:
    """Two charts a source: accuracy and mean tokens before and after, by difficulty."""
    before, after = _by_source(pair.before), _by_source(pair.after)
    charts = []
    for source in sorted(set(before) & set(after)):
        cells = []
        for low, high in _bins([row["difficulty"] for row in before[source] + after[source]]):
            sides = [[row for row in rows[source] if low <= row["difficulty"] <= high] for rows in (before, after)]
            if all(sides):
                cells.append((_label(low, high), sides))
        labels = [label for label, _ in cells]
        counts = ", ".join(f"{label}: {len(sides[1])}" for label, sides in cells)
        for name, unit, figure in (("accuracy", "percent", _accuracy), ("tokens", "tokens", _tokens)):
            series = [
                {"label": label, "x": list(range(len(cells))), "y": [figure(sides[side]) for _, sides in cells]}
                for side, label in enumerate(("before", "after"))
            ]
            charts.append(
                {
                    "name": name,
                    "title": f"{source}: {name}",
                    "unit": unit,
                    "labels": labels,
                    "series": series,
                    "x_label": "difficulty",
                    "missing": "",
                    "caption": f"Problems by difficulty: {counts}.",
                }
            )
    return charts


def side_by_side(pair: Pair, limit: int, max_chars: int) -> list[Row]:
    """Problems whose sample text both evaluations kept, taken in turn from each kind of change, at most `limit`.

    Kinds judge the shown sample: `fixed` (wrong, then right), `broke` (right, then wrong), `kept` (right twice) and
    `missed` (wrong twice).
    """
    earlier = {str(row.get("id")): row for row in problems(pair.before) if isinstance(row.get("sample"), str)}
    kinds: dict[str, list[Row]] = {kind: [] for kind in KIND_ORDER}
    for row in problems(pair.after):
        first = earlier.get(str(row.get("id")))
        if first is None or not isinstance(row.get("sample"), str):
            continue
        right = (first["outcomes"][0] == "c", row["outcomes"][0] == "c")
        kind = {(False, True): "fixed", (True, False): "broke", (True, True): "kept", (False, False): "missed"}[right]
        kinds[kind].append(
            {
                "id": str(row.get("id")),
                "source": str(row.get("source", "")),
                "difficulty": row.get("difficulty"),
                "kind": kind,
                "prompt": shorten(str(row.get("prompt", "")), max_chars),
                "reference": str(row.get("reference", "")),
                "texts": [shorten(first["sample"], max_chars), shorten(row["sample"], max_chars)],
                "outcomes": [first["outcomes"], row["outcomes"]],
            }
        )
    return _in_turn([kinds[kind] for kind in KIND_ORDER], limit)


def shorten(text: str, max_chars: int) -> str:
    """The text, or its two ends with a note of how many characters were cut between them."""
    if len(text) <= max_chars:
        return text
    half = max_chars // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters cut …]\n{text[-half:]}"


def _in_turn(lists: Sequence[list[Row]], limit: int) -> list[Row]:
    depth = max((len(rows) for rows in lists), default=0)
    return [rows[index] for index in range(depth) for rows in lists if index < len(rows)][:limit]


def _by_source(evaluation: Row) -> dict[str, list[Row]]:
    sources: dict[str, list[Row]] = defaultdict(list)
    for row in problems(evaluation):
        if isinstance(row.get("difficulty"), int | float):
            sources[str(row.get("source", ""))].append(row)
    return sources


def _bins(values: Iterable[float]) -> list[tuple[float, float]]:
    """Closed intervals that cover the values: one a distinct value, or MAX_BINS of about equal count."""
    ordered = sorted(values)
    distinct = sorted(set(ordered))
    if len(distinct) <= MAX_BINS:
        return [(value, value) for value in distinct]
    edges: list[tuple[float, float]] = []
    for index in range(MAX_BINS):
        low = ordered[index * len(ordered) // MAX_BINS]
        high = ordered[(index + 1) * len(ordered) // MAX_BINS - 1]
        low = low if not edges or low > edges[-1][1] else next((v for v in distinct if v > edges[-1][1]), low)
        if high >= low:
            edges.append((low, high))
    return edges


def _label(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g}–{high:g}"


def _accuracy(rows: list[Row]) -> float:
    return mean([float(row["outcomes"].count("c") / len(row["outcomes"])) for row in rows])


def _tokens(rows: list[Row]) -> float | None:
    counts = [mean(row["tokens"]) for row in rows if row.get("tokens")]
    return mean(counts) if counts else None
