"""Checkpoints: folders `step-000050` that appear whole, with a manifest of hashes, and are read only if it verifies."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aha.errors import DataError, MachineError
from aha.runtime import files
from aha.types import Json

FORMAT = 1
MANIFEST = "manifest.json"
STATE = "state.json"


@dataclass(slots=True, frozen=True)
class Checkpoint:
    """A verified checkpoint: its folder, its round, and the JSON state saved with it."""

    path: Path
    step: int
    state: dict[str, Json]


def save(folder: Path, step: int, write: Callable[[Path], None], state: dict[str, Json]) -> Path:
    """Save `folder/step-NNNNNN`: `write(path)` fills it through `runtime.files`; `state` follows, the manifest is last.

    Until the final rename readers see the checkpoint before. Leftovers of a killed save are removed first. Raises what
    `write` raises and MachineError for a full disk, after deleting what was staged.
    """
    files.make_folder(folder)
    files.remove_leftovers(folder)
    target = folder / f"step-{step:06d}"
    staging = folder / f"{files.TEMPORARY}{target.name}"
    try:
        files.make_folder(staging)
        write(staging)
        files.write_json(staging / STATE, state)
        manifest = {"format": FORMAT, "step": step, "files": _describe(staging)}
        files.write_bytes(staging / MANIFEST, _manifest_bytes(manifest))
        if target.exists():
            files.remove_tree(target)
        files.rename(staging, target)
    except Exception:
        _discard(staging)
        raise
    return target


def latest(folder: Path, *, tell: Callable[[str], None] | None = None) -> Checkpoint | None:
    """The newest checkpoint that verifies, or None. `tell` hears of each refused one (default: a Python warning)."""
    for path in reversed(_steps(folder)):
        try:
            return verify(path)
        except DataError as error:
            message = f"{error} Falling back to the checkpoint before it."
            if tell is None:
                warnings.warn(message, stacklevel=2)
            else:
                tell(message)
    return None


def holds(folder: Path, step: int) -> bool:
    """Whether there is a checkpoint of this step that verifies; a damaged one counts as none."""
    path = folder / f"step-{step:06d}"
    if not path.exists():
        return False
    try:
        return verify(path).step == step
    except DataError:
        return False


def verify(path: Path) -> Checkpoint:
    """Read one checkpoint. Raises DataError that names the file that is missing, unlisted or not as it was written."""
    manifest = _read_manifest(path)
    found = {file["name"] for file in _list(path)}
    for entry in manifest["files"]:
        name = entry["name"]
        if name not in found:
            raise _bad(path / name, "is missing")
        size = (path / name).stat().st_size
        if size != entry["size_bytes"]:
            raise _bad(path / name, f"has {size:,} bytes instead of {entry['size_bytes']:,}")
        if _sha256(path / name) != entry["sha256"]:
            raise _bad(path / name, "differs from what was saved (its SHA-256 does not match)")
    extra = found - {entry["name"] for entry in manifest["files"]}
    if extra:
        raise _bad(path / min(extra), "is not part of the checkpoint")
    return Checkpoint(path, manifest["step"], json.loads((path / STATE).read_bytes()))


def retain(folder: Path, steps: set[int]) -> None:
    """Delete the checkpoints whose step is not in `steps`; the newest always stays."""
    if not folder.is_dir():
        return
    files.remove_leftovers(folder)
    for path in _steps(folder)[:-1]:
        if int(path.name.removeprefix("step-")) not in steps:
            files.remove_tree(path)


def _steps(folder: Path) -> list[Path]:
    found = [path for path in folder.glob("step-*") if path.name.removeprefix("step-").isdecimal()]
    return sorted(found, key=lambda path: int(path.name.removeprefix("step-")))


def _list(path: Path) -> list[dict[str, Json]]:
    names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if not file.is_dir())
    return [{"name": name} for name in names if name != MANIFEST]


def _describe(path: Path) -> list[dict[str, Json]]:
    return [
        {**file, "size_bytes": (path / file["name"]).stat().st_size, "sha256": _sha256(path / file["name"])}
        for file in _list(path)
    ]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _manifest_bytes(manifest: dict[str, Json]) -> bytes:
    """The manifest as written, with a hash of itself, so that a flipped bit in it shows too."""
    body = json.dumps(manifest).encode()
    return json.dumps({**manifest, "sha256": hashlib.sha256(body).hexdigest()}, indent=2).encode() + b"\n"


def _read_manifest(path: Path) -> dict[str, Json]:
    file = path / MANIFEST
    if not file.is_file():
        raise _bad(file, "is missing")
    raw = file.read_bytes()
    try:
        manifest = json.loads(raw)
        del manifest["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise _bad(file, f"is damaged ({error})") from error
    if _manifest_bytes(manifest) != raw:
        raise _bad(file, "differs from what was saved")
    if manifest["format"] != FORMAT:
        raise _bad(file, f"has format {manifest['format']}, this version reads {FORMAT}")
    if path.name != f"step-{manifest['step']:06d}":
        raise _bad(file, f"is of step {manifest['step']}, not of {path.name}")
    assert isinstance(manifest, dict)
    return manifest


def _bad(file: Path, what: str) -> DataError:
    return DataError(f"Checkpoint file {file} {what}.")


def _discard(staging: Path) -> None:
    """Delete what was staged; if the disk refuses that too, the next save does it."""
    if staging.exists():
        try:
            files.remove_tree(staging)
        except MachineError as error:
            warnings.warn(f"{error} The next checkpoint will remove {staging}.", stacklevel=3)
