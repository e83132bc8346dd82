"""A command that runs stages in a folder, killed again and again on its way, beside the same command undisturbed.

Moments are counted in CPU seconds of the run's own process since a stage began, so that a busy machine does not move
them; they are read from /proc.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aha.runtime import files
from aha.runtime.metrics import read_lines
from aha.runtime.run_directory import RunDirectory
from benchmarks.measuring.results import ROOT
from benchmarks.measuring.same_run import contents, differences

POLL_SECONDS = 0.02
LATEST = 0.85
"""The share of a stage after which no kill is aimed: the next run of it may be that much quicker."""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True, frozen=True)
class Moment:
    """So many CPU seconds after a stage began or, where it had ended before, after the next one did."""

    stage: str
    seconds: float


@dataclass(slots=True)
class Start:
    """One start of the command."""

    return_code: int
    """-9 where it was killed."""
    marks: dict[str, float]
    """CPU seconds of the process when each of its stages began."""
    ends: dict[str, float]
    """And when each had its result."""
    cpu_seconds: float


def killed_and_whole(command: Sequence[str], folder: Path, num_kills: int, seed: int) -> dict[str, Any]:
    """Run the command (it is given `--dir`) in `folder`/whole and, killed, in `folder`/killed; what was seen, as JSON.

    Raises CalledProcessError where the command fails by itself.
    """
    whole, killed = folder / "whole", folder / "killed"
    begun = time.monotonic()
    undisturbed = follow(command, whole)
    minutes = (time.monotonic() - begun) / 60
    kills = []
    for moment in moments(stage_seconds(undisturbed), num_kills, random.Random(seed)):
        start = follow(command, killed, moment, list(undisturbed.marks))
        if start.return_code == -signal.SIGKILL:
            kills.append({"aimed_at": moment.stage, "seconds": round(moment.seconds, 2), **standing(killed)})
            print(f"kill {len(kills)} of {num_kills}: {kills[-1]}", flush=True)
    follow(command, killed)
    return {
        "minutes": round(minutes, 2),
        "cpu_minutes": round(undisturbed.cpu_seconds / 60, 2),
        "kills": kills,
        "kills_per_stage": dict(Counter(kill["stage"] for kill in kills)),
        "ran_again": ran_again(read_lines(RunDirectory(killed).events), kills),
        "num_compared": len(contents(whole)),
        "differing": differences(whole, killed),
    }


def stage_seconds(start: Start) -> dict[str, float]:
    """CPU seconds of each stage of an undisturbed run, without what follows the last one."""
    return {name: start.ends.get(name, start.cpu_seconds) - mark for name, mark in start.marks.items()}


def moments(seconds: Mapping[str, float], num_kills: int, chance: random.Random) -> list[Moment]:
    """Random moments in the order of the stages: one in each stage, the others where the time goes. Each counts from
    the one before it in the same stage, where the next start goes on."""
    names = list(seconds)
    once = names if num_kills >= len(names) else chance.sample(names, num_kills)
    counts = Counter([*once, *chance.choices(names, list(seconds.values()), k=num_kills - len(once))])
    found = []
    for name in names:
        fracs = sorted(chance.uniform(0, LATEST) for _ in range(counts[name]))
        found += [
            Moment(name, (frac - before) * seconds[name]) for before, frac in zip([0.0, *fracs], fracs, strict=False)
        ]
    return found


def follow(command: Sequence[str], run: Path, moment: Moment | None = None, order: Sequence[str] = ()) -> Start:
    """Start the command in a process group of its own and kill that at the moment, if it comes; `order`: of the stages.

    Raises CalledProcessError where the command fails by itself.
    """
    files.make_folder(run)
    num_before = len(begun_stages(run))
    marks: dict[str, float] = {}
    ends: dict[str, float] = {}
    spent = 0.0
    with (run.parent / f"{run.name}.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--dir", str(run)], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        while process.poll() is None:
            time.sleep(POLL_SECONDS)
            spent = cpu_seconds(process.pid)
            for name in begun_stages(run)[num_before:]:
                marks.setdefault(name, spent)
                if RunDirectory(run).stage(name).result.exists():
                    ends.setdefault(name, spent)
            if moment is not None and due(moment, marks, spent, order):
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if process.returncode not in (0, -signal.SIGKILL):
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return Start(process.returncode, marks, ends, spent)


def due(moment: Moment, marks: Mapping[str, float], spent: float, order: Sequence[str]) -> bool:
    """Whether the moment has come."""
    reached = [mark for name, mark in marks.items() if order.index(name) >= order.index(moment.stage)]
    return bool(reached) and spent - reached[0] >= moment.seconds


def begun_stages(run: Path) -> list[str]:
    """The stage of each begin of a stage."""
    return [event["stage"] for event in read_lines(RunDirectory(run).events) if event["kind"] == "stage"]


def standing(run: Path) -> dict[str, Any]:
    """Where a killed run stands: the stage it was in, how far that was, what had ended."""
    directory = RunDirectory(run)
    begun = begun_stages(run)
    place = directory.stage(begun[-1])
    return {
        "stage": begun[-1],
        "mid_stage": not place.result.exists(),
        "num_lines": len(read_lines(place.metrics)),
        "num_answers": len(read_lines(directory.answers(begun[-1]))),
        "num_checkpoints": len(list(place.checkpoints.glob("step-*"))),
        "finished": [name for name in directory.stages() if directory.stage(name).result.exists()],
        "num_begun": len(begun),
    }


def ran_again(events: Sequence[Mapping[str, Any]], kills: Sequence[Mapping[str, Any]]) -> list[str]:
    """Stages that were begun once more although they had ended before a kill."""
    begun = [event["stage"] for event in events if event["kind"] == "stage"]
    return sorted({name for kill in kills for name in begun[kill["num_begun"] :] if name in kill["finished"]})


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
