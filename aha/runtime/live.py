"""What a stage is doing right now: a live panel in a terminal, a plain line now and then where there is none."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

BARS = "▁▂▃▄▅▆▇█"
MAX_SAMPLE_CHARS = 700
PLAIN_EVERY_SECONDS = 20.0
"""Without a terminal at most one line of progress in this time."""
SHOWN = {
    "reward/mean": ("reward", "{:.2f}"),
    "accuracy": ("accuracy", "{:.0%}"),
    "format_rate": ("format", "{:.0%}"),
    "length/mean": ("length", "{:.0f} tokens"),
    "entropy": ("entropy", "{:.2f}"),
    "epoch": ("epoch", "{:.2f}"),
    "loss": ("loss", "{:.3f}"),
    "pair_accuracy": ("pairs right", "{:.0%}"),
}
"""Metrics of the panel: label and format, in order."""
STYLES = {"correct": "green", "wrong": "red", "undecided": "yellow"}


def plain_text(text: str) -> str:
    """The text without control characters (tab and newline excepted), so that it cannot drive a terminal.

    C0 and C1 controls, escape sequences' first byte among them, and direction overrides become U+FFFD.
    """
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "\ufffd", text)


def sparkline(values: list[float], width: int = 48) -> str:
    """The last `width` values (fractions 0 to 1) as one bar character each."""
    return "".join(BARS[min(len(BARS) - 1, max(0, int(value * len(BARS))))] for value in values[-width:])


def clock(seconds: float) -> str:
    """`42 s`, `3 min 20 s`, `2 h 05 min`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


@dataclass(slots=True)
class _State:
    """What the view knows; rendered anew each time."""

    stage: str
    total_steps: int
    unit: str
    step: int = 0
    eta_seconds: float | None = None
    values: dict[str, float] = field(default_factory=dict)
    accuracies: list[float] = field(default_factory=list)
    heldout: list[float] = field(default_factory=list)
    phase: tuple[str, int, int] | None = None
    sample: tuple[str, str, str] | None = None
    counted_from: tuple[int, float] | None = None
    """Round and time of the first update, from which the rate counts (a resumed run starts late)."""


class LiveView:
    """Shows one stage while it runs; a context manager. Writes to standard error, or to `console`.

    `total_steps` is the stage's rounds, or what else `unit` calls them; 0 for a stage without any, of which only the
    phase is shown.
    Values are metrics by their documented names. Prompts, completions and notes may hold any text.
    """

    def __init__(self, stage: str, total_steps: int, console: Console | None = None, unit: str = "round") -> None:
        self._state = _State(plain_text(stage), total_steps, unit)
        self._console = console or Console(stderr=True)
        self._live: Live | None = None
        self._started = self._printed = time.monotonic()
        self._last_line = ""

    def __enter__(self) -> Self:
        self._started = self._printed = time.monotonic()
        if self._console.is_terminal:
            self._live = Live(get_renderable=self._panel, console=self._console, refresh_per_second=2, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()
            self._live = None
        if self._state.total_steps and self._last_line != self._progress_line():
            self._line(self._progress_line())

    def phase(self, name: str, done: int, total: int) -> None:
        """What the round is busy with: `done` of `total` (0: unknown)."""
        self._state.phase = (plain_text(name), done, total)
        if not self._live and time.monotonic() - self._printed >= PLAIN_EVERY_SECONDS:
            self._line(f"{self._progress_line()}, {_phase_words(self._state.phase)}")

    def update(self, values: Mapping[str, float], step: int, eta_seconds: float | None) -> None:
        """A round has ended (step 0: the evaluation before training) with these metrics."""
        state = self._state
        state.step, state.eta_seconds, state.phase = step, eta_seconds, None
        state.counted_from = state.counted_from or (step, time.monotonic())
        state.values |= {name: value for name, value in values.items() if value == value}
        if "accuracy" in values:
            state.accuracies.append(float(values["accuracy"]))
        heldout = sorted(name for name in values if name.startswith("eval/") and name.endswith("/pass@1"))
        heldout.sort(key=lambda name: "heldout" not in name)
        if heldout:
            state.heldout.append(float(values[heldout[0]]))
        ends = step in (0, 1, state.total_steps) or bool(heldout)
        if not self._live and (ends or time.monotonic() - self._printed >= PLAIN_EVERY_SECONDS):
            self._line(self._progress_line())

    def sample(self, prompt: str, completion: str, verdict: str) -> None:
        """One rollout to look at; shown in a terminal only."""
        self._state.sample = (_cut(plain_text(prompt), 160), _cut(plain_text(completion)), plain_text(verdict))

    def note(self, text: str) -> None:
        """A sentence the reader should see, such as a warning; it stays above the panel."""
        self._line(plain_text(text))

    def _line(self, text: str) -> None:
        self._printed, self._last_line = time.monotonic(), text
        self._console.print(Text(text), soft_wrap=True)

    def _progress_line(self) -> str:
        """The round and its figures in one line."""
        state = self._state
        parts = [f"{state.stage}: {self._round_words()}" if state.total_steps else state.stage]
        parts += [f"{label} {text}" for label, text in _figures(state.values)]
        if state.heldout:
            parts.append(self._heldout_words())
        if state.eta_seconds is not None and state.step < state.total_steps:
            parts.append(f"{clock(state.eta_seconds)} left")
        return ", ".join(parts)

    def _round_words(self) -> str:
        return f"{self._state.unit} {self._state.step}/{self._state.total_steps}"

    def _heldout_words(self) -> str:
        first, last = self._state.heldout[0], self._state.heldout[-1]
        before = f" (before {first:.0%})" if len(self._state.heldout) > 1 else ""
        return f"held-out pass@1 {last:.0%}{before}"

    def _panel(self) -> RenderableType:
        state = self._state
        rows: list[RenderableType] = [self._header(), self._figures()]
        if len(state.accuracies) > 1:
            rows.append(Text.assemble(("accuracy ", "dim"), (sparkline(state.accuracies), "cyan")))
        if state.sample:
            prompt, completion, verdict = state.sample
            mark = Text(verdict, style=STYLES.get(verdict.split()[0] if verdict.split() else "", "yellow"))
            rows += [Text(), Text(prompt, style="dim"), Text(completion), mark]
        return Panel(Group(*rows), title=Text(state.stage, style="bold"), title_align="left", border_style="dim")

    def _header(self) -> RenderableType:
        state, elapsed = self._state, time.monotonic() - self._started
        words = [self._round_words()] if state.total_steps else []
        if state.counted_from and state.step > state.counted_from[0]:
            rounds, seconds = state.step - state.counted_from[0], time.monotonic() - state.counted_from[1]
            words.append(f"{60 * rounds / max(seconds, 1e-9):.1f} {state.unit}s/min")
        words.append(f"{clock(elapsed)} so far")
        if state.eta_seconds is not None:
            words.append(f"{clock(state.eta_seconds)} left")
        if state.phase:
            words.append(_phase_words(state.phase))
        _, done, total = state.phase or ("", 0, 0)
        if state.total_steps:
            done, total = state.step, state.total_steps
        grid = Table.grid(padding=(0, 2))
        grid.add_row(ProgressBar(total=max(1, total), completed=done, width=24), Text(" · ".join(words)))
        return grid

    def _figures(self) -> RenderableType:
        state = self._state
        parts: list[tuple[str, str]] = []
        for label, text in _figures(state.values):
            parts += [(f"{label} ", "dim"), (f"{text}   ", "bold")]
        if state.heldout:
            parts.append((self._heldout_words(), "bold green"))
        return Text.assemble(*parts)


def _figures(values: Mapping[str, float]) -> list[tuple[str, str]]:
    """Label and text of the metrics that are shown; the loss only where it is a likelihood, in epochs over data."""
    return [
        (label, form.format(values[name]))
        for name, (label, form) in SHOWN.items()
        if name in values and (name != "loss" or "epoch" in values)
    ]


def _phase_words(phase: tuple[str, int, int]) -> str:
    name, done, total = phase
    return f"{name} {done}/{total}" if total else name


def _cut(text: str, max_chars: int = MAX_SAMPLE_CHARS) -> str:
    """Both ends of a long text."""
    text = text.strip()
    if len(text) <= max_chars:
        return text
    half = max_chars // 2
    return f"{text[:half]} … {text[-half:]}"
