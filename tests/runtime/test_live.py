"""The live view: its figures, its plain form, and that no text can drive the terminal."""

from __future__ import annotations

import io
import re
import time

import pytest
from rich.console import Console

from aha.runtime.live import LiveView, clock, plain_text, sparkline

HOSTILE = "a\x1b]52;c;aGk=\x07b\x9b31m\u202ec\r[bold]d[/bold]\ud800"
ROUND = {"accuracy": 0.5, "reward/mean": 1.25, "length/mean": 33.4, "format_rate": 0.9, "entropy": 0.41}


def _view(*, terminal: bool) -> tuple[LiveView, io.StringIO]:
    out = io.StringIO()
    return LiveView("zero", 4, Console(file=out, force_terminal=terminal, width=120, color_system=None)), out


def _shown(out: io.StringIO) -> str:
    """What is left when rich's own cursor movements are taken away."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())


def test_without_a_terminal_a_round_is_one_line() -> None:
    view, out = _view(terminal=False)
    with view:
        view.update({"eval/heldout/pass@1": 0.21, "eval/ood/pass@1": 0.9}, 0, None)
        view.update(ROUND | {"eval/heldout/pass@1": 0.68}, 4, 0.0)
    assert out.getvalue().splitlines() == [
        "zero: round 0/4, held-out pass@1 21%",
        "zero: round 4/4, reward 1.25, accuracy 50%, format 90%, length 33 tokens, entropy 0.41, "
        "held-out pass@1 68% (before 21%)",
    ]


def test_steps_have_their_name_and_a_loss_is_shown_where_there_are_epochs() -> None:
    out = io.StringIO()
    with LiveView("tune", 4, Console(file=out, width=120), unit="update") as view:
        view.update({"loss": 1.5, "epoch": 0.5}, 4, 0.0)
    assert out.getvalue() == "tune: update 4/4, epoch 0.50, loss 1.500\n"
    view, out = _view(terminal=False)
    with view:
        view.update(ROUND | {"loss": 1.5}, 4, 0.0)
    assert "loss" not in out.getvalue()


def test_plain_lines_are_periodic(monkeypatch: pytest.MonkeyPatch) -> None:
    view, out = _view(terminal=False)
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with view:
        view.update(ROUND, 2, 65)
        assert out.getvalue() == ""
        now[0] += 30
        view.update(ROUND, 3, 65)
        view.phase("sample", 3, 8)
        now[0] += 30
        view.phase("sample", 5, 8)
    lines = out.getvalue().splitlines()
    assert "1 min 05 s left" in lines[0]
    assert lines[1].endswith("sample 5/8")
    assert len(lines) == 3


def test_a_stage_without_rounds_shows_its_phase_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    out, now = io.StringIO(), [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for terminal, expected in ((False, "after, evaluating 3/8\n"), (True, "0 s so far · evaluating 3/8")):
        with LiveView("after", 0, Console(file=out, force_terminal=terminal, width=80, color_system=None)) as view:
            now[0] += 0 if terminal else 30
            view.phase("evaluating", 3, 8)
        assert expected in _shown(out)
        assert "round" not in _shown(out)


def test_a_terminal_shows_figures_sample_and_sparkline() -> None:
    view, out = _view(terminal=True)
    with view:
        view.update(ROUND | {"eval/heldout/pass@1": 0.2}, 0, None)
        view.update({"accuracy": 0.99, "eval/heldout/pass@1": 0.6}, 1, 20)
        view.phase("verify", 0, 0)
        view.sample("What is 2+3?", "<think> 5 </think>", "correct (match)")
        view.note("checkpoint written")
    text = _shown(out)
    for part in (
        "zero",
        "round 1/4",
        "rounds/min",
        "20 s left",
        "verify",
        "accuracy 99%",
        "▅█",
        "What is 2+3?",
        "<think> 5 </think>",
        "correct (match)",
        "checkpoint written",
        "held-out pass@1 60% (before 20%)",
    ):
        assert part in text, part


@pytest.mark.parametrize("terminal", [True, False])
def test_model_text_cannot_drive_the_terminal(terminal: bool) -> None:
    view, out = _view(terminal=terminal)
    with view:
        view.phase(HOSTILE, 1, 2)
        view.sample(HOSTILE, HOSTILE, HOSTILE)
        view.note(HOSTILE)
    text = _shown(out)
    assert not re.search(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u202e]", text)
    assert "52;c" in text
    assert "[bold]d[/bold]" in text


def test_long_samples_keep_both_ends() -> None:
    view, out = _view(terminal=True)
    with view:
        view.sample("q", "start " + "word " * 1000 + "end", "wrong")
        view.note("")
    text = _shown(out)
    assert "start" in text
    assert "end" in text
    assert len(text) < 4000


def test_nan_does_not_replace_a_number() -> None:
    view, out = _view(terminal=False)
    with view:
        view.update({"reward/mean": 1.0}, 1, None)
        view.update({"reward/mean": float("nan")}, 4, None)
    assert out.getvalue().splitlines()[-1] == "zero: round 4/4, reward 1.00"


def test_small_words() -> None:
    assert [clock(s) for s in (-3, 42, 200, 7500)] == ["0 s", "42 s", "3 min 20 s", "2 h 05 min"]
    assert sparkline([0.0, 0.5, 1.0, 2.0, -1.0]) == "▁▅██▁"
    assert sparkline([0.1] * 100, width=3) == "▁▁▁"
    assert plain_text("a\tb\nc\x1b") == "a\tb\nc\ufffd"
