"""The level without namespaces: what it does stop. Nothing here would harm a machine on which it failed."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest

from aha.sandbox import Limits, Sandbox, probe, slots
from aha.sandbox.sweep import processes_of

pytestmark = pytest.mark.skipif(bool(probe()["process"]), reason=f"sandbox level process: {probe()['process']}")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives runs a user id of their own")


def folders() -> set[str]:
    return {name for name in os.listdir(tempfile.gettempdir()) if name.startswith("aha-sandbox-")}


def test_stops_at_the_limits_and_removes_the_work_directory() -> None:
    sandbox, before = Sandbox("process"), folders()
    assert sandbox.run(["sh", "-c", "while :; do :; done"], {}, limits=Limits(cpu_seconds=0.2)).outcome == "time"
    assert sandbox.run(["sleep", "9"], {}, limits=Limits(wall_seconds=0.2)).outcome == "time"
    output = sandbox.run(["yes"], {}, limits=Limits(output_bytes=5000))
    assert (output.outcome, output.stdout) == ("output", b"y\n" * 2500)
    assert folders() <= before


@needs_root
def test_a_run_has_a_user_of_its_own_who_cannot_come_back() -> None:
    found = Sandbox("process").run(["sh", "-c", "id -u; id -G; grep NoNewPrivs /proc/self/status"], {}).stdout.split()
    assert slots.FIRST_UID <= int(found[0]) < slots.FIRST_UID + slots.NUM_UIDS
    assert found[1:] == [found[0], b"NoNewPrivs:", b"1"]


@needs_root
def test_what_it_left_running_is_ended() -> None:
    began = time.monotonic()
    execution = Sandbox("process").run(["sh", "-c", "setsid sleep 30 & sleep 30 & id -u"], {})
    assert execution.exit_code == 0
    assert not processes_of(int(execution.stdout))
    assert time.monotonic() - began < 25


@needs_root
def test_number_of_processes() -> None:
    script = "for n in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; wait"
    few = Sandbox("process").run(["sh", "-c", script], {}, limits=Limits(num_processes=5))
    assert b"Cannot fork" in few.stderr
    assert Sandbox("process").run(["sh", "-c", script], {}).stderr == b""


@needs_root
def test_work_directories_are_closed_to_other_runs() -> None:
    with Sandbox("process").box({"secret": b"s"}) as box:
        assert box.run(["stat", "-c", "%a", "."]).stdout == b"700\n"
        assert box.run(["stat", "-c", "%u", "secret"]).stdout == box.run(["id", "-u"]).stdout
    assert not list(Path(tempfile.gettempdir()).glob("aha-sandbox-*/secret"))


def test_without_a_user_of_its_own_too_many_processes_are_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1)
    script = "for n in 1 2 3 4 5 6 7 8 9; do sleep 9 & done; wait"
    execution = Sandbox("process").run(["sh", "-c", script], {}, limits=Limits(num_processes=5))
    assert (execution.outcome, execution.exit_code, execution.signal) == ("killed", None, 9)
