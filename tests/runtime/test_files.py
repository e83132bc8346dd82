import errno
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from aha.errors import DataError, MachineError
from aha.runtime import files
from tests.runtime.faults import calls_of, fail_at


@pytest.fixture(autouse=True)
def no_fault() -> Iterator[None]:
    yield
    files.set_fault(None)


def test_write_and_read_back(tmp_path: Path) -> None:
    files.write_bytes(tmp_path / "b", b"\x00\xff")
    files.write_text(tmp_path / "t", "왜?")
    files.write_json(tmp_path / "j", {"b": 1, "a": "한"})
    assert (tmp_path / "b").read_bytes() == b"\x00\xff"
    assert (tmp_path / "t").read_text(encoding="utf-8") == "왜?"
    assert (tmp_path / "j").read_text(encoding="utf-8") == '{\n  "b": 1,\n  "a": "한"\n}\n'
    assert files.read_json(tmp_path / "j") == {"b": 1, "a": "한"}
    assert files.read_json(tmp_path / "missing") is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "j", "t"]


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_read_json_names_the_damaged_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "j.json").write_text(text)
    with pytest.raises(DataError, match=r"j\.json .*JSON.*delete it"):
        files.read_json(tmp_path / "j.json")


def test_json_refuses_what_it_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"x\.json cannot be written as JSON"):
        files.write_json(tmp_path / "x.json", {"a": float("nan")})
    with pytest.raises(DataError, match="cannot be written as JSON"):
        files.write_json(tmp_path / "x.json", {"a": object()})
    assert not list(tmp_path.iterdir())


def test_json_keeps_lone_surrogates(tmp_path: Path) -> None:
    files.write_json(tmp_path / "j", {"a": "\ud800 한\x00"})
    assert files.read_json(tmp_path / "j") == {"a": "\ud800 한\x00"}


def test_large_files_are_written_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CHUNK_BYTES", 10)
    small = calls_of(lambda: files.write_bytes(tmp_path / "b", b"x" * 10))
    large = calls_of(lambda: files.write_bytes(tmp_path / "b", b"x" * 95))
    assert len(large) - len(small) == 9
    assert (tmp_path / "b").read_bytes() == b"x" * 95


DTYPES = [
    torch.float64,
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.uint8,
    torch.bool,
]


def test_tensors_read_back_by_the_library(tmp_path: Path) -> None:
    tensors = {f"t{i}": torch.arange(-3, 4).to(dtype) for i, dtype in enumerate(DTYPES)}
    tensors |= {"scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3), "view": torch.arange(6.0).view(2, 3).T}
    files.write_tensors(tmp_path / "t.safetensors", tensors, {"format": "pt"})
    loaded = load_file(tmp_path / "t.safetensors")
    assert loaded.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert loaded[name].dtype == tensor.dtype
        assert torch.equal(loaded[name], tensor)
    with safe_open(tmp_path / "t.safetensors", "pt") as file:
        assert file.metadata() == {"format": "pt"}


def test_tensor_bytes_do_not_depend_on_order(tmp_path: Path) -> None:
    tensors = {"b": torch.ones(3), "a": torch.zeros(2, dtype=torch.bfloat16), "c": torch.ones(1)}
    files.write_tensors(tmp_path / "1", tensors)
    files.write_tensors(tmp_path / "2", dict(reversed(tensors.items())))
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_parquet(tmp_path: Path) -> None:
    files.write_parquet(tmp_path / "t.parquet", pa.table({"a": [1, 2], "b": ["x", None]}))
    assert pq.read_table(tmp_path / "t.parquet").to_pylist() == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]


def test_append_is_one_write_a_line(tmp_path: Path) -> None:
    operations: list[str] = []
    files.set_fault(lambda operation, path: operations.append(operation))
    files.append_line(tmp_path / "log", {"text": "a\nb"})
    files.append_line(tmp_path / "log", {"n": 2})
    assert operations == ["open", "write"] * 2
    assert [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()] == [{"text": "a\nb"}, {"n": 2}]


def test_torn_last_line_moves_aside_at_every_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CHUNK_BYTES", 4)
    whole, last = b'{"a": 1}\n', b'{"b": "\xed\x95\x9c"}\n'
    for cut in range(1, len(last)):
        for head in (whole, b""):
            log, torn = tmp_path / f"{cut}{len(head)}", tmp_path / f"{cut}{len(head)}.torn"
            log.write_bytes(head + last[:cut])
            files.append_line(log, {"c": 3})
            assert log.read_bytes() == head + b'{"c": 3}\n'
            assert torn.read_bytes() == last[:cut] + b"\n"


def test_cut_lines_appends_aside(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for text in (b"1\n2\n3\n", b"1\n4\n"):
        log.write_bytes(text)
        files.cut_lines(log, 2, ".superseded")
        assert log.read_bytes() == b"1\n"
    assert (tmp_path / "log.superseded").read_bytes() == b"2\n3\n4\n"


@pytest.mark.parametrize("error_number", [errno.ENOSPC, errno.EIO])
def test_a_failed_write_leaves_the_old_file(tmp_path: Path, error_number: int) -> None:
    path = tmp_path / "b"
    files.write_bytes(path, b"old")
    for call in range(len(calls_of(lambda: files.write_bytes(tmp_path / "other", b"new")))):
        files.set_fault(fail_at(call, error_number, forever=False))
        with pytest.raises(MachineError) as caught:
            files.write_bytes(path, b"new")
        assert "Input/output error" in str(caught.value) or "The disk is full" in str(caught.value)
        files.set_fault(None)
        assert path.read_bytes() in (b"old", b"new")
        files.write_bytes(path, b"old")
        assert sorted(entry.name for entry in tmp_path.iterdir()) == ["b", "other"]


def test_disk_full_names_free_and_needed_bytes(tmp_path: Path) -> None:
    files.set_fault(fail_at(1, errno.ENOSPC, forever=True))
    with pytest.raises(MachineError, match=r"disk is full: .*/b needs 1,234 bytes, [\d,]+ are free\. Free some space"):
        files.write_bytes(tmp_path / "b", b"x" * 1234)


def test_missing_folder_is_a_machine_error(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"no/b cannot be written: No such file or directory\. Check the folder"):
        files.write_bytes(tmp_path / "no" / "b", b"")


def test_folders(tmp_path: Path) -> None:
    files.make_folder(tmp_path / "a" / "b")
    files.make_folder(tmp_path / "a" / "b")
    files.write_bytes(tmp_path / "a" / "b" / "f", b"")
    files.rename(tmp_path / "a" / "b", tmp_path / "c")
    assert (tmp_path / "c" / "f").exists()
    files.remove(tmp_path / "c" / "f")
    files.write_bytes(tmp_path / "a" / "x", b"")
    (tmp_path / ".trash-a" / "left").mkdir(parents=True)
    files.remove_tree(tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize("action", ["make_folder", "remove", "remove_tree", "rename", "sync", "cut", "append", "lock"])
def test_every_refusal_is_a_machine_error(tmp_path: Path, action: str) -> None:
    (tmp_path / "file").write_bytes(b"1\n2\n")
    (tmp_path / "folder" / "in").mkdir(parents=True)
    actions: dict[str, Callable[[], object]] = {
        "make_folder": lambda: files.make_folder(tmp_path / "new"),
        "remove": lambda: files.remove(tmp_path / "file"),
        "remove_tree": lambda: files.remove_tree(tmp_path / "folder"),
        "rename": lambda: files.rename(tmp_path / "file", tmp_path / "other"),
        "sync": lambda: files.sync(tmp_path / "file"),
        "cut": lambda: files.cut_lines(tmp_path / "file", 2, ".torn"),
        "append": lambda: files.append_line(tmp_path / "file", {}),
        "lock": lambda: files.lock_file(tmp_path / "lock"),
    }
    files.set_fault(fail_at(0, errno.EIO, forever=True))
    with pytest.raises(MachineError, match="cannot be written: Input/output error"):
        actions[action]()


def test_leftovers_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".tmp-a" / "b").mkdir(parents=True)
    (tmp_path / ".tmp-a" / "b" / "c").write_bytes(b"")
    (tmp_path / ".trash-d").mkdir()
    (tmp_path / ".tmp-f").write_bytes(b"")
    (tmp_path / "keep").write_bytes(b"")
    files.remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["keep"]
