"""Weight files of a model folder: finding, reading, checking and hashing safetensors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from aha.errors import DataError
from aha.types import Json

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"


def read_json(path: Path) -> dict[str, Json]:
    """A JSON object from a file. Raises DataError where the file is missing, is not JSON or holds something else."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(
            f"{path} does not exist.", cure="A model folder holds config.json, *.safetensors and a tokenizer."
        ) from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is not readable JSON: {error}.", cure="Copy the file again.") from error
    if not isinstance(value, dict):
        raise DataError(f"{path} holds {type(value).__name__}; a JSON object was expected.")
    return value


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a model folder, those of the index where there is one.

    Raises DataError where there are none, or the index names a file that is missing.
    """
    if (folder / INDEX).exists():
        names = sorted(set(read_json(folder / INDEX).get("weight_map", {}).values()))
        paths = [folder / name for name in names]
    else:
        paths = [folder / SINGLE]
    for path in paths:
        if not path.exists():
            raise DataError(f"{path} does not exist.", cure="Weights are read from safetensors files only.")
    if not paths:
        raise DataError(f"{folder / INDEX} names no weight file.", cure="Copy the model again.")
    return paths


def read_weights(folder: Path) -> Iterator[tuple[str, torch.Tensor]]:
    """(name, tensor) of every weight, one at a time, on the CPU. Raises DataError for a corrupt file, naming it."""
    for path in weight_files(folder):
        try:
            with safe_open(path, framework="pt") as opened:
                for name in opened.keys():  # noqa: SIM118 (not a mapping)
                    yield name, opened.get_tensor(name)
        except (SafetensorError, OSError) as error:
            raise DataError(
                f"{path} is not a whole safetensors file: {error}.", cure="Copy or download it again."
            ) from error


def model_hash(folder: Path) -> str:
    """sha256 over names, dtypes, shapes and bytes of all weights in name order: the same however they are sharded."""
    digests = {name: _tensor_digest(name, tensor) for name, tensor in read_weights(folder)}
    return hashlib.sha256(b"".join(digests[name] for name in sorted(digests))).hexdigest()


def _tensor_digest(name: str, tensor: torch.Tensor) -> bytes:
    digest = hashlib.sha256(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
    digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.digest()
