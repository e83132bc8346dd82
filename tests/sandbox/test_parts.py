"""User ids, the filter of system calls, what a tree uses, what the probe says."""

from __future__ import annotations

import os
import platform
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aha.errors import MachineError
from aha.sandbox import command, probe, running, slots
from aha.sandbox.launch import Job, launch
from aha.sandbox.records import Limits
from aha.sandbox.seccomp import AARCH64, KILL, MACHINES, REFUSE, X86_64, seccomp_filter
from aha.sandbox.watch import descendants, usage

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has it")
HEADERS = {"x86_64": "/usr/include/*/asm/unistd_64.h", "aarch64": "/usr/include/asm-generic/unistd.h"}


@linux
@pytest.mark.parametrize(("cpu_seconds", "kernel_seconds"), [(0.3, 2), (2.0, 3), (2.5, 4)])
def test_the_kernels_limit_on_time_lies_behind_our_look(cpu_seconds: float, kernel_seconds: int) -> None:
    assert f"--cpu={kernel_seconds}:{kernel_seconds}" in command.limited(Limits(cpu_seconds=cpu_seconds))


@linux
def test_no_two_runs_share_a_user_id_even_across_processes() -> None:
    code = "from aha.sandbox.slots import own_uid\nwith own_uid() as uid: print(uid, flush=True); input()"
    line = [sys.executable, "-c", code]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        theirs = int(other.stdout.readline())
        with slots.own_uid() as first, slots.own_uid() as second:
            assert len({theirs, first, second}) == 3
        with slots.own_uid() as again:
            assert again in (first, second)
        other.communicate("\n")


@linux
def test_a_full_house_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "NUM_UIDS", 0)
    monkeypatch.setattr(slots, "_free", [])
    with pytest.raises(MachineError, match=r"All 0 user ids of the sandbox are in use\. Run fewer"):
        slots._take()


@pytest.mark.parametrize("machine", MACHINES)
def test_call_numbers_are_the_kernels(machine: str) -> None:
    pattern = HEADERS[machine]
    headers = list(Path("/").glob(pattern.lstrip("/")))
    if not headers:
        pytest.skip(f"no kernel headers at {pattern}")
    text = headers[0].read_text()
    known = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)}
    refused, *others = MACHINES[machine][1:]
    assert {name: known.get(name, number) for name, number in refused.items()} == refused
    assert [known["socket"], known["mmap"]] == others
    assert set(X86_64) == set(AARCH64)


def decide(program: bytes, number: int, architecture: int, first: int = 0, fourth: int = 0) -> int:
    """What a filter decides about a call: the five instructions that it is made of, done here."""
    call = struct.pack("=IIQQQQQ", number, architecture, 0, first, 0, 0, fourth)
    lines = list(struct.iter_unpack("=HBBI", program))
    place, word = 0, 0
    while True:
        code, yes, no, value = lines[place]
        place += 1
        if code == 0x06:
            return int(value)
        if code == 0x20:
            word = struct.unpack_from("=I", call, value)[0]
        elif code == 0x54:
            word &= value
        else:
            place += yes if (word == value if code == 0x15 else word >= value) else no


@pytest.mark.parametrize("machine", MACHINES)
def test_the_filter_decides_every_call(machine: str) -> None:
    architecture, refused, socket_call, mmap_call = MACHINES[machine]
    program = seccomp_filter(machine)
    assert program is not None
    for number in range(600):
        if number != socket_call:
            wanted = REFUSE if number in refused.values() else 0x7FFF0000
            assert decide(program, number, architecture) == wanted
    families = {family for family in range(50) if decide(program, socket_call, architecture, family) != REFUSE}
    assert families == {1}
    flags = {
        flag: decide(program, mmap_call, architecture, fourth=flag) for flag in (0x01, 0x02, 0x22, 0x4022, 0x21, 0x8023)
    }
    assert [flag for flag, decision in flags.items() if decision == REFUSE] == [0x21, 0x8023]
    assert decide(program, 39, architecture ^ 1) == KILL
    assert decide(program, 0x40000000 | 39, architecture) == KILL


def test_an_unknown_processor_has_no_filter_and_no_level(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seccomp_filter("vax") is None
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    with pytest.raises(MachineError, match="No filter of system calls is known for vax, only for x86_64, aarch64"):
        launch(Job("bubblewrap", ["true"], {}, b"", Limits()))


@pytest.fixture
def fresh_probe() -> Iterator[None]:
    probe.cache_clear()
    yield
    probe.cache_clear()


@linux
@pytest.mark.usefixtures("fresh_probe")
def test_the_probe_names_the_program_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = command.tool

    def without_bwrap(name: str) -> str:
        return real("no-such-bwrap" if name == "bwrap" else name)

    monkeypatch.setattr(command, "tool", without_bwrap)
    assert "The sandbox needs 'no-such-bwrap'" in probe()["bubblewrap"]


@linux
@pytest.mark.usefixtures("fresh_probe")
def test_the_probe_tells_what_bubblewrap_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2; exit 1\n")
    broken.chmod(0o755)
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents[:2]:
        folder.chmod(0o755)
    monkeypatch.setattr(command, "tool", lambda name: str(broken) if name == "bwrap" else f"/usr/bin/{name}")
    assert probe()["bubblewrap"] == "bwrap: setting up uid map: Permission denied"


@pytest.mark.usefixtures("fresh_probe")
def test_elsewhere_no_level_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert probe() == {"bubblewrap": "it needs Linux", "process": "it needs Linux"}


@linux
@pytest.mark.usefixtures("fresh_probe")
def test_a_start_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "START_SECONDS", 0.0)
    execution, _ = launch(Job("process", ["sleep", "9"], {}, b"", Limits()))
    assert (execution.outcome, execution.stderr) == ("refused", b"it did not start in time")
    assert probe()["process"] == "it did not start in time"


@linux
@pytest.mark.parametrize("name", ["memfd_create", "pidfd_open"])
def test_what_the_system_has_no_room_for_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def full(*_: object) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, name, full)
    execution, _ = launch(Job("process", ["sleep", "9"], {}, b"", Limits()))
    assert (execution.outcome, execution.stderr) == ("refused", b"[Errno 24] Too many open files")


@linux
def test_usage_counts_the_whole_tree_and_shared_memory_once() -> None:
    code = "import os, time\nx = b'x' * (64 << 20)\nfor _ in range(3):\n    if not os.fork(): break\n"
    code += "print(len(x), flush=True)\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            for _ in range(4):
                process.stdout.readline()
            assert len(descendants(process.pid)) == 4
            quick, exact = (usage(process.pid, limit) for limit in (1 << 40, 1))
            assert quick.num_processes == exact.num_processes == 4
            assert quick.memory_bytes > 4 * 64 << 20
            assert 64 << 20 < exact.memory_bytes < 2 * 64 << 20
            assert 0 < exact.cpu_seconds < 60
        finally:
            for pid in reversed(descendants(process.pid)):
                os.kill(pid, 9)
    assert usage(process.pid, 1).num_processes == 0
