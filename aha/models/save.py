"""Write a model folder in Hugging Face format, loadable with transformers alone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import nn

from aha.models.weights import INDEX, SINGLE
from aha.runtime import files
from aha.text.tokenizer import HFTokenizer
from aha.types import Json, NamedTensors

SHARD_BYTES = 4 << 30


def named_weights(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """What a weight file holds, under Hugging Face names: parameters (tied ones once) and persistent buffers."""
    parameters = dict(model.named_parameters())
    tied = {id(value) for value in parameters.values()}
    for name, value in model.state_dict(keep_vars=True).items():
        if name in parameters or id(value) not in tied:
            yield name, value.detach()


def save_model(
    folder: Path,
    weights: NamedTensors,
    config: Mapping[str, Json],
    tokenizer: HFTokenizer,
    generation: Mapping[str, Json] | None = None,
    card: str = "",
    shard_bytes: int = SHARD_BYTES,
) -> None:
    """Write weights (in their own dtype), config.json, tokenizer, generation_config.json and README.md to `folder`.

    `weights` are taken one at a time; a shard is written when the next tensor would make it larger than
    `shard_bytes`. Without `generation` its file holds the stop tokens. Raises MachineError when the disk refuses.
    """
    files.make_folder(folder)
    dtype = _write_weights(folder, weights, shard_bytes)
    stops = {"eos_token_id": list(tokenizer.stop_token_ids)}
    plain = {key: value for key, value in config.items() if key != "torch_dtype"}
    files.write_json(folder / "config.json", plain | {"dtype": str(dtype).removeprefix("torch.")})
    files.write_json(folder / "generation_config.json", dict(generation or stops))
    with tempfile.TemporaryDirectory() as scratch:
        tokenizer.save(Path(scratch))
        for path in sorted(Path(scratch).iterdir()):
            files.write_bytes(folder / path.name, path.read_bytes())
    if card:
        files.write_text(folder / "README.md", card)


def _write_weights(folder: Path, weights: NamedTensors, shard_bytes: int) -> torch.dtype:
    """Write shards, give them their names and index, remove older weights; returns the first tensor's dtype."""
    shards: list[dict[str, int]] = []
    pending: dict[str, torch.Tensor] = {}
    dtype: torch.dtype | None = None

    def flush() -> None:
        files.write_tensors(folder / f"part-{len(shards)}.safetensors", pending, {"format": "pt"})
        shards.append({name: tensor.nbytes for name, tensor in pending.items()})
        pending.clear()

    for name, tensor in weights:
        dtype = dtype or tensor.dtype
        if pending and sum(held.nbytes for held in pending.values()) + tensor.nbytes > shard_bytes:
            flush()
        pending[name] = tensor.detach().cpu().contiguous()
    flush()
    names = [f"model-{k + 1:05d}-of-{len(shards):05d}.safetensors" for k in range(len(shards))]
    kept = {SINGLE} if len(shards) == 1 else {INDEX, *names}
    for k, name in enumerate([SINGLE] if len(shards) == 1 else names):
        files.rename(folder / f"part-{k}.safetensors", folder / name)
    if len(shards) > 1:
        files.write_json(folder / INDEX, _index(shards, names))
    for path in sorted(folder.glob("*.safetensors*")):
        if path.name not in kept:
            files.remove(path)
    return dtype or torch.float32


def _index(shards: list[dict[str, int]], names: list[str]) -> dict[str, Json]:
    """model.safetensors.index.json: total bytes, and which file holds which tensor."""
    weight_map = {tensor: name for shard, name in zip(shards, names, strict=True) for tensor in sorted(shard)}
    return {"metadata": {"total_size": sum(sum(shard.values()) for shard in shards)}, "weight_map": weight_map}
