"""Programs that mean no harm: what goes in, what comes out, what is kept, what is refused."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from aha.errors import ConfigError, DataError, MachineError
from aha.sandbox import Execution, Limits, Sandbox, archive, probe
from aha.sandbox import box as box_module

LEVELS = [
    pytest.param(level, marks=pytest.mark.skipif(bool(reason), reason=f"sandbox level {level}: {reason}"))
    for level, reason in probe().items()
]
PYTHON = Path("/usr/bin/python3").exists() or Path("/usr/local/bin/python3").exists()
needs_python = pytest.mark.skipif(not PYTHON, reason="no python3 in /usr/bin or /usr/local/bin")


@pytest.fixture(params=LEVELS)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    return Sandbox(request.param)


def test_files_stdin_stdout_stderr_exit_code_and_level(sandbox: Sandbox) -> None:
    script = b"cat a/b.bin -; echo warning >&2; exit 7"
    execution = sandbox.run(["sh", "run.sh"], {"run.sh": script, "a/b.bin": b"\0\xff\n"}, b"in\n")
    assert (execution.outcome, execution.exit_code, execution.signal) == ("exited", 7, None)
    assert (execution.stdout, execution.stderr) == (b"\0\xff\nin\n", b"warning\n")
    assert execution.level == sandbox.level
    assert 0 < execution.cpu_seconds < 5
    assert 0 < execution.wall_seconds < 20


def test_environment_holds_path_home_and_language_alone(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AHA_SECRET", "key")
    lines = sandbox.run(["env"], {}).stdout.decode().splitlines()
    assert {line.partition("=")[0] for line in lines} <= {
        "PATH",
        "HOME",
        "LANG",
        "PWD",
        "TMPDIR",
        "_",
        "SHLVL",
        "OLDPWD",
    }


def test_a_program_of_the_box_is_compiled_once_and_run_often(sandbox: Sandbox) -> None:
    with sandbox.box({"src/main.sh": b"#!/bin/sh\nread n\necho $((n * 2))\n"}) as box:
        made = box.run(["sh", "-c", "cp src/main.sh main; chmod +x main; ln -s /etc/passwd link"], keep=True)
        assert made.exit_code == 0
        assert [box.run(["./main"], str(n).encode()).stdout for n in (1, 21)] == [b"2\n", b"42\n"]
        assert box.run(["sh", "-c", "find . | sort"]).stdout.split() == [b".", b"./main", b"./src", b"./src/main.sh"]


def test_what_is_not_kept_or_failed_is_gone(sandbox: Sandbox) -> None:
    with sandbox.box({"a": b""}) as box:
        box.run(["sh", "-c", "touch b"])
        box.run(["sh", "-c", "touch c; exit 1"], keep=True)
        assert box.run(["ls"]).stdout == b"a\n"


def test_more_files_than_a_box_holds_cannot_be_kept(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_FILES", 2)
    with sandbox.box({"a": b""}) as box:
        execution = box.run(["touch", "b", "c"], keep=True)
        assert (execution.outcome, execution.exit_code) == ("output", None)
        assert b"A work directory of 3 files. The sandbox takes at most 2." in execution.stderr
        assert box.run(["ls"]).stdout == b"a\n"


def test_a_signal_is_told_from_an_exit(sandbox: Sandbox) -> None:
    execution = sandbox.run(["sh", "-c", "kill -SEGV $$"], {})
    assert (execution.outcome, execution.exit_code, execution.signal) == ("killed", None, 11)


@pytest.mark.parametrize("program", ["nowhere", "./missing"])
def test_a_missing_program_is_refused_with_its_name(sandbox: Sandbox, program: str) -> None:
    execution = sandbox.run([program], {})
    assert (execution.outcome, execution.exit_code) == ("refused", None)
    assert execution.stderr == f"{program}: there is no such program\n".encode()


def test_shell_words_are_not_read_by_a_shell(sandbox: Sandbox) -> None:
    assert sandbox.run(["printf", "%s", "$HOME; *\n`id`"], {}).stdout == b"$HOME; *\n`id`"
    assert sandbox.run(["exit", "0"], {}).exit_code != 0


def test_too_long_a_command_line_is_refused(sandbox: Sandbox) -> None:
    execution = sandbox.run(["true", "x" * (1 << 18)], {})
    assert execution.outcome == "refused"
    assert b"too long" in execution.stderr


def test_standard_output_can_be_opened_by_its_name(sandbox: Sandbox) -> None:
    assert sandbox.run(["sh", "-c", "echo out >/dev/stdout; cat /dev/stdin"], {}, b"in").stdout == b"out\nin"


@needs_python
def test_large_input_and_output_do_not_wait_for_each_other(sandbox: Sandbox) -> None:
    code = b"import sys\nwhile piece := sys.stdin.buffer.read(999):\n"
    code += b"    sys.stdout.buffer.write(piece)\n    sys.stderr.write('.')"
    data = bytes(range(256)) * 4096
    execution = sandbox.run(["python3", "echo.py"], {"echo.py": code}, data, Limits(output_bytes=4 << 20))
    assert execution.stdout == data
    assert len(execution.stderr) == -(-len(data) // 999)


def test_threads_do_not_disturb_each_other(sandbox: Sandbox) -> None:
    found: dict[int, Execution] = {}

    def one(number: int) -> None:
        found[number] = sandbox.run(["sh", "-c", f"id -u; cat; exit {number}"], {}, str(number).encode())

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: (each.exit_code, each.stdout.split()[-1]) for n, each in found.items()} == {
        n: (n, str(n).encode()) for n in range(6)
    }


@pytest.mark.parametrize("name", ["", ".", "/etc/x", "../x", "a/../../x", "a\0b"])
def test_paths_that_lead_out_are_refused(sandbox: Sandbox, name: str) -> None:
    with pytest.raises(DataError, match=r"is no path inside the sandbox's work directory\. Give a relative path\."):
        sandbox.run(["true"], {name: b""})


def test_bad_commands_and_files_are_refused_by_name(sandbox: Sandbox) -> None:
    for command in ([], ["a\0b"]):
        with pytest.raises(DataError, match="A command for the sandbox is empty or holds a NUL"):
            sandbox.run(command, {})
    with pytest.raises(DataError, match=r"hold 11 bytes, and file_bytes is 10\. Raise file_bytes\."):
        sandbox.run(["true"], {"a": b"x" * 11}, limits=Limits(file_bytes=10))
    with pytest.raises(DataError, match="A work directory of 201 files"):
        sandbox.run(["true"], {str(n): b"" for n in range(201)})


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_limits_are_above_0(value: float) -> None:
    with pytest.raises(ConfigError, match=r"The sandbox's limit cpu_seconds is .*\. Give a number above 0\."):
        Limits(cpu_seconds=value)


def test_unknown_level() -> None:
    with pytest.raises(MachineError, match=r"There is no sandbox level 'docker'\. Levels: auto, bubblewrap, process\."):
        Sandbox("docker")  # type: ignore[arg-type]


def test_auto_never_falls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box_module, "probe", lambda: {"bubblewrap": "setting up uid map: denied", "process": ""})
    with pytest.raises(
        MachineError, match=r"'bubblewrap' does not work here: setting up uid map: denied\. Install bubblewrap"
    ):
        Sandbox()
    assert Sandbox("process").level == "process"
