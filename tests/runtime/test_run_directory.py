import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from aha.errors import MachineError, UsageError
from aha.runtime import files, run_directory
from aha.runtime.metrics import read_lines
from aha.runtime.run_directory import RunDirectory

HOLD = """
import sys, time
from pathlib import Path
from aha.runtime.run_directory import RunDirectory
with RunDirectory(Path(sys.argv[1])).lock():
    print("locked", flush=True)
    time.sleep(60)
"""


def start_holder(path: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "locked\n"
    return holder


def test_paths_make_nothing(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    stage = run.stage("zero")
    assert stage.path == tmp_path / "run" / "stages" / "zero"
    names = ["metrics", "timing", "rollouts", "data", "checkpoints", "model", "result"]
    found = [getattr(stage, name).name for name in names]
    assert found == ["metrics.jsonl", "timing.jsonl", "rollouts", "data", "checkpoints", "model", "result.json"]
    assert stage.rollout_file(12).name == "step-000012.parquet"
    assert [path.name for path in (run.recipe, run.environment, run.events, run.report)] == [
        "recipe.yaml",
        "environment.json",
        "events.jsonl",
        "report.html",
    ]
    assert not run.path.exists()


@pytest.mark.parametrize(
    ("benchmark", "name"),
    [
        ("lab:heldout", "evaluation-heldout.json"),
        ("heldout", "evaluation-heldout.json"),
        ("gym:chain_sum", "evaluation-gym-chain_sum.json"),
        ("file:../a/b.jsonl", "evaluation-file-..-a-b.jsonl.json"),
    ],
)
def test_evaluation_files(tmp_path: Path, benchmark: str, name: str) -> None:
    assert RunDirectory(tmp_path).stage("zero").evaluation(benchmark) == tmp_path / "stages" / "zero" / name


@pytest.mark.parametrize("name", ["", "..", "a/b", ".old", "a b"])
def test_stage_names_are_folder_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a folder name"):
        RunDirectory(tmp_path).stage(name)


def test_stages_and_retire(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    assert run.stages() == []
    assert run.retire("zero") is None
    for number in (1, 2):
        files.make_folder(run.stage("zero").path)
        files.make_folder(run.stage("base").path)
        assert run.stages() == ["base", "zero"]
        assert run.retire("zero") == tmp_path / "stages" / ".old" / f"zero-{number}"
    assert run.stages() == ["base"]


def test_events_status_environment(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.event("stage_started", stage="zero")
    run.status(stage="zero", step=3)
    run.write_environment(device="cpu")
    assert read_lines(run.events)[0].items() >= {"kind": "stage_started", "stage": "zero"}.items()
    status = files.read_json(tmp_path / "status.json")
    assert status is not None
    assert (status["stage"], status["step"]) == ("zero", 3)
    environment = files.read_json(run.environment)
    assert environment is not None
    assert environment["device"] == "cpu"
    assert environment["packages"]["torch"]
    assert "time" in status.keys() & environment.keys()


def test_lock_leaves_nothing_but_the_lock_file(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    for _ in range(2):
        with run.lock():
            holder = files.read_json(run.path / "lock.json")
            assert holder is not None
            assert (holder["pid"], holder["host"]) == (os.getpid(), socket.gethostname())
    assert [path.name for path in run.path.iterdir()] == [".lock"]


def test_second_writer_is_refused_by_name_and_a_dead_one_is_not(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    holder = start_holder(tmp_path)
    try:
        pattern = rf"in use by process {holder.pid} on {socket.gethostname()}, started 20.*another --dir"
        with pytest.raises(MachineError, match=pattern), run.lock():
            raise AssertionError("two writers")
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    with run.lock():
        assert read_lines(run.events)[0]["holder"]["pid"] == holder.pid
    with run.lock():
        assert len(read_lines(run.events)) == 1


def forge(path: Path, **facts: object) -> None:
    holder = {"host": socket.gethostname(), "pid": os.getpid(), "boot_id": "other", "start": "2020", **facts}
    (path / "lock.json").write_text(json.dumps(holder))


def test_stale_after_a_reboot_with_a_reused_pid(tmp_path: Path) -> None:
    forge(tmp_path)
    with RunDirectory(tmp_path).lock():
        assert read_lines(tmp_path / "events.jsonl")[0]["kind"] == "stale_lock"


def test_a_record_from_another_machine_is_refused(tmp_path: Path) -> None:
    forge(tmp_path, host="elsewhere")
    with pytest.raises(MachineError, match=r"left, by process \d+ on elsewhere.* delete .*lock\.json"):
        RunDirectory(tmp_path).lock().__enter__()
    (tmp_path / "lock.json").unlink()
    with RunDirectory(tmp_path).lock():
        pass


def test_waits_for_a_dead_process_whose_lock_is_still_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_directory, "LOCK_PATIENCE_SECONDS", 0.3)
    descriptor = files.lock_file(tmp_path / ".lock")
    assert descriptor is not None
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    forge(tmp_path, pid=2**22 + 1, boot_id=boot_id)
    with pytest.raises(MachineError, match="in use by process 4194305"):
        RunDirectory(tmp_path).lock().__enter__()
    os.close(descriptor)
    with RunDirectory(tmp_path).lock():
        pass


def test_an_unnamed_holder_is_refused_too(tmp_path: Path) -> None:
    descriptor = files.lock_file(tmp_path / ".lock")
    assert descriptor is not None
    with pytest.raises(MachineError, match="in use by another process"):
        RunDirectory(tmp_path).lock().__enter__()
    os.close(descriptor)


def test_a_stage_that_is_forgotten_takes_its_answers_along(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    files.make_folder(run.stage("cold").path)
    files.make_folder(run.answers("cold").parent)
    files.append_line(run.answers("cold"), {"key": "x"})
    run.forget("cold")
    assert not run.answers("cold").exists()
    assert (tmp_path / "stages" / ".old" / "cold-1" / "answers.jsonl").exists()
    files.append_line(run.answers("cold"), {"key": "y"})
    run.forget("cold")
    assert not run.answers("cold").exists()
