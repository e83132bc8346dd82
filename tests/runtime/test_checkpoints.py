import errno
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from aha.errors import DataError, MachineError
from aha.runtime import checkpoints, files
from aha.runtime.checkpoints import Checkpoint, latest, retain, save, verify
from tests.runtime.faults import KILLED, calls_of, fail_at, in_child, kill_at


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(files, "CHUNK_BYTES", 64)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # a kill does not lose what the system holds; saves 30 s
    yield
    files.set_fault(None)


def fill(folder: Path, *, text: str, shards: int = 2, num_bytes: int = 100) -> None:
    files.make_folder(folder / "model")
    for i in range(shards):
        files.write_bytes(folder / "model" / f"model-{i}.safetensors", text.encode() * num_bytes)
    files.write_json(folder / "learner.json", {"text": text})


def save_step(folder: Path, step: int, shards: int = 2, num_bytes: int = 100) -> Path:
    text = "abc"[step % 3]
    return save(folder, step, partial(fill, text=text, shards=shards, num_bytes=num_bytes), {"text": text})


def read(checkpoint: Checkpoint | None) -> tuple[int, set[str]]:
    """The step, and every letter found in any of its files: more than one would be a mixture."""
    assert checkpoint is not None
    letters = {checkpoint.state["text"]} | {str((files.read_json(checkpoint.path / "learner.json") or {})["text"])}
    for shard in (checkpoint.path / "model").iterdir():
        letters |= set(shard.read_text())
    return checkpoint.step, letters


def assert_whole_then_save(folder: Path, *, old: int, new: int) -> None:
    """Old or new, never a mixture; the next save works and leaves nothing behind."""
    step, letters = read(latest(folder))
    assert step in (old, new)
    assert letters == {"abc"[step % 3]}
    save_step(folder, new + 1)
    assert read(latest(folder)) == (new + 1, {"abc"[(new + 1) % 3]})
    assert all(path.name.startswith("step-") for path in folder.iterdir())
    retain(folder, {old})


def test_save_and_read(tmp_path: Path) -> None:
    assert latest(tmp_path / "none") is None
    assert save_step(tmp_path, 50) == tmp_path / "step-000050"
    save_step(tmp_path, 1_000_000)
    assert verify(tmp_path / "step-000050").state == {"text": "c"}
    assert read(latest(tmp_path)) == (1_000_000, {"b"})


def test_number_of_calls_grows_with_shards_and_files(tmp_path: Path) -> None:
    one = calls_of(lambda: save_step(tmp_path / "a", 1, shards=1))
    two = calls_of(lambda: save_step(tmp_path / "b", 1, shards=2))
    larger = calls_of(lambda: save_step(tmp_path / "c", 1, shards=1, num_bytes=164))
    for operation, more in (("open", 2), ("fsync", 2), ("rename", 1), ("mkdir", 0)):  # the file, and its folder
        assert two.count(operation) - one.count(operation) == more
    assert two.count("write") - one.count("write") >= 2  # its two chunks, and its line in the manifest
    assert larger.count("write") - one.count("write") == 1  # one more chunk
    assert {"mkdir", "open", "write", "fsync", "rename"} <= set(one)


def test_order_of_calls_survives_a_power_cut(tmp_path: Path) -> None:
    """What was renamed was on disk before, with its name; the checkpoint's own rename is the last of all."""
    log: list[tuple[str, Path]] = []
    (tmp_path / "run").mkdir()
    files.set_fault(lambda operation, path: log.append((operation, path)))
    save_step(tmp_path / "run", 1)
    files.set_fault(None)
    staging = tmp_path / "run" / ".tmp-step-000001"
    commit = log.index(("rename", staging))
    assert log[commit + 1 :] == [("open", tmp_path / "run"), ("fsync", tmp_path / "run")]
    written = {path for operation, path in log if operation == "write"}
    assert len(written) == 5
    for path in written:
        last_write = max(i for i, call in enumerate(log) if call == ("write", path))
        renamed = ("rename", path.with_name(path.name.removeprefix(".tmp-")))
        assert last_write < log.index(("fsync", path)) < log.index(renamed) < commit
    for place, (operation, path) in enumerate(log[:commit]):
        if operation in ("rename", "mkdir"):
            assert ("fsync", path.parent) in log[place:commit]
    assert [path.name for operation, path in log[:commit] if operation == "rename"][-1] == "manifest.json"


def test_killed_at_every_call(tmp_path: Path) -> None:
    save_step(tmp_path, 10)
    for call in range(len(calls_of(lambda: save_step(tmp_path, 11)))):
        folder = tmp_path / str(call)
        save_step(folder, 10)
        files.set_fault(kill_at(call))
        assert in_child(partial(save_step, folder, 11)) == KILLED
        files.set_fault(None)
        assert_whole_then_save(folder, old=10, new=11)


@pytest.mark.parametrize("error_number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("forever", [False, True])
def test_disk_fails_at_every_call(tmp_path: Path, error_number: int, forever: bool) -> None:
    save_step(tmp_path / "run", 10)
    save_step(tmp_path / "count", 10)
    for call in range(len(calls_of(lambda: save_step(tmp_path / "count", 11)))):
        files.set_fault(fail_at(call, error_number, forever=forever))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("warnings.warn", lambda *args, **kwargs: None)
            with pytest.raises(MachineError, match=r"disk is full: .*/run.* needs|Input/output error"):
                save_step(tmp_path / "run", 11)
        files.set_fault(None)
        assert_whole_then_save(tmp_path / "run", old=10, new=11)
        for path in (tmp_path / "run").iterdir():
            if path.name != "step-000010":
                files.remove_tree(path)


def test_failed_save_removes_its_own_staging_only(tmp_path: Path) -> None:
    save_step(tmp_path, 10)

    def write(folder: Path) -> None:
        fill(folder, text="b")
        raise ValueError("the learner broke")

    with pytest.raises(ValueError, match="the learner broke"):
        save(tmp_path, 11, write, {})
    assert [path.name for path in tmp_path.iterdir()] == ["step-000010"]


def test_a_disk_that_refuses_the_clean_up_too_is_a_warning(tmp_path: Path) -> None:
    save_step(tmp_path, 10)
    files.set_fault(fail_at(12, errno.EIO, forever=True))
    with (
        pytest.warns(UserWarning, match=r"next checkpoint will remove .*\.tmp-step-000011"),
        pytest.raises(MachineError, match="Input/output"),
    ):
        save_step(tmp_path, 11)


def test_killed_at_every_call_of_retain(tmp_path: Path) -> None:
    def prepare(folder: Path) -> Path:
        for step in (10, 11, 12):
            save_step(folder, step)
        return folder

    num_calls = len(calls_of(partial(retain, prepare(tmp_path / "count"), {11})))
    for call in range(num_calls):
        folder = prepare(tmp_path / str(call))
        files.set_fault(kill_at(call))
        assert in_child(partial(retain, folder, {11})) == KILLED
        files.set_fault(None)
        assert read(latest(folder)) == (12, {"a"})
        retain(folder, {11})
        assert sorted(path.name for path in folder.iterdir()) == ["step-000011", "step-000012"]


def test_retain_keeps_the_newest(tmp_path: Path) -> None:
    retain(tmp_path / "none", set())
    save_step(tmp_path, 1)
    save_step(tmp_path, 2)
    retain(tmp_path, set())
    assert [path.name for path in tmp_path.iterdir()] == ["step-000002"]


def damages(path: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Every way a file may be damaged: bit flips, truncations, deletion."""
    data = path.read_bytes()
    for position in sorted({0, len(data) // 2, len(data) - 1}):
        flipped = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        yield "flip", partial(path.write_bytes, flipped)
    for quarter in range(4):
        yield "cut", partial(path.write_bytes, data[: len(data) * quarter // 4])
    yield "delete", path.unlink


def test_damage_is_refused_by_name_and_falls_back(tmp_path: Path) -> None:
    save_step(tmp_path, 1)
    save_step(tmp_path, 2)
    for file in sorted(path for path in (tmp_path / "step-000002").rglob("*") if path.is_file()):
        data = file.read_bytes()
        for _, damage in damages(file):
            damage()
            told: list[str] = []
            assert read(latest(tmp_path, tell=told.append)) == (1, {"b"})
            assert len(told) == 1
            assert f"Checkpoint file {file} " in told[0]
            assert "Falling back" in told[0]
            file.write_bytes(data)
    assert read(latest(tmp_path)) == (2, {"c"})


def test_every_bit_of_the_manifest_counts(tmp_path: Path) -> None:
    manifest = save_step(tmp_path, 1, shards=1) / "manifest.json"
    data = manifest.read_bytes()
    for position in range(0, len(data), 5):
        for bit in (0, 5):
            manifest.write_bytes(data[:position] + bytes([data[position] ^ 1 << bit]) + data[position + 1 :])
            with pytest.raises(DataError, match=r"manifest\.json"):
                verify(manifest.parent)


def test_refusals_say_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_step(tmp_path, 1)
    (path / "extra").write_bytes(b"")
    with pytest.raises(DataError, match="extra is not part of the checkpoint"):
        verify(path)
    (path / "extra").unlink()
    (path / "learner.json").write_bytes(b"{}")
    with pytest.raises(DataError, match=r"learner\.json has 2 bytes instead of"):
        verify(path)
    other = save_step(tmp_path, 2).rename(tmp_path / "step-000003")
    with pytest.raises(DataError, match=r"manifest\.json is of step 2, not of step-000003"):
        verify(other)
    monkeypatch.setattr(checkpoints, "FORMAT", 2)
    with pytest.raises(DataError, match="has format 1, this version reads 2"):
        verify(other)


def test_half_a_folder_with_the_highest_number_is_ignored(tmp_path: Path) -> None:
    save_step(tmp_path, 1)
    (tmp_path / "step-000009").mkdir()
    (tmp_path / "step-garbage").mkdir()
    with pytest.warns(UserWarning, match=r"step-000009/manifest\.json is missing"):
        assert read(latest(tmp_path)) == (1, {"b"})


def test_a_damaged_checkpoint_is_replaced_by_saving_again(tmp_path: Path) -> None:
    save_step(tmp_path, 1)
    (save_step(tmp_path, 2) / "state.json").unlink()
    save_step(tmp_path, 2)
    assert read(latest(tmp_path)) == (2, {"c"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-000001", "step-000002"]


def test_a_damaged_checkpoint_counts_as_none(tmp_path: Path) -> None:
    assert not checkpoints.holds(tmp_path, 3)
    path = save_step(tmp_path, 3)
    assert checkpoints.holds(tmp_path, 3)
    (path / "learner.json").write_text("{}")
    assert not checkpoints.holds(tmp_path, 3)
