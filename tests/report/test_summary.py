"""The opening words of the page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from aha.report.read import read_run
from aha.report.summary import duration, percent, sentences, tiles, with_interval


def _set_score(run: Path, stage: str, value: float, low: float, high: float) -> None:
    path = run / f"stages/{stage}/evaluation-heldout.json"
    record: dict[str, Any] = json.loads(path.read_text())
    record["pass@1"] = {"value": value, "low": low, "high": high}
    path.write_text(json.dumps(record))


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ((0.68, 0.63, 0.72), "the model got better, and the 95 % intervals are apart"),
        ((0.1, 0.05, 0.12), "the model got worse"),
        ((0.23, 0.2, 0.26), "the 95 % intervals overlap, so this may be chance"),
    ],
)
def test_the_lead_says_what_happened(run: Path, after: tuple[float, float, float], words: str) -> None:
    _set_score(run, "base", 0.21, 0.18, 0.24)
    _set_score(run, "zero", *after)
    lead = sentences(read_run(run))[0].replace("\u00a0", " ")
    assert lead.startswith("Held-out pass@1 went from 21 % [18–24] to ")
    assert words in lead


def test_more_sentences_and_tiles(finished: Path) -> None:
    run = read_run(finished)
    text = " ".join(sentences(run))
    for part in (
        "The most frequent of 16 answers",
        "right format alone",
        "200 problems with 16 samples",
        "trained for 20 rounds in",
    ):
        assert part in text, part
    assert [tile["label"] for tile in tiles(run)] == [
        "Held-out pass@1",
        "Held-out cons@16",
        "Held-out pass@16",
        "format right",
        "tokens a response",
    ]


def test_without_final_evaluation_the_curve_is_told(run: Path) -> None:
    (run / "stages/zero/evaluation-heldout.json").unlink()
    (run / "stages/zero/evaluation-ood-numbers.json").unlink()
    assert "so far (no intervals" in sentences(read_run(run))[0]
    assert tiles(read_run(run)) == []
    (run / "stages/zero/metrics.jsonl").write_text('{"step": 0, "eval/heldout/pass@1": 0.2}\n{"step": 1}\n')
    assert "it was measured once so far" in sentences(read_run(run))[0]
    (run / "stages/zero/metrics.jsonl").write_text('{"step": 1, "accuracy": 0.25}\n{"step": 2, "accuracy": 0.5}\n')
    assert "which can mislead" in sentences(read_run(run))[0]
    (run / "stages/zero/metrics.jsonl").write_text('{"step": 1}\n')
    assert sentences(read_run(run))[0] == "No evaluation was made, and no accuracy was logged."


def test_without_training_it_is_said(run: Path) -> None:
    shutil.rmtree(run / "stages/zero")
    assert sentences(read_run(run))[0] == "No training round has been logged in this run yet."


def test_an_unfinished_run_is_said(run: Path) -> None:
    (run / "status.json").write_text('{"state": "stopped"}')
    assert "its state is “stopped”" in sentences(read_run(run))[-1]


def test_numbers_in_words() -> None:
    assert [percent(v).replace("\u00a0", " ") for v in (0, 0.004, 0.215, 0.994, 1)] == [
        "0 %",
        "0.4 %",
        "22 %",
        "99.4 %",
        "100 %",
    ]
    assert with_interval({"value": 0.5}).replace("\u00a0", " ") == "50 %"
    assert [duration(s) for s in (45, 480, 12600)] == ["45 seconds", "8 minutes", "3.5 hours"]
