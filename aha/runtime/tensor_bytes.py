"""The safetensors format, written piece by piece: 8 bytes of header length, a JSON header, then the tensors' bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator

import torch

from aha.types import Json

DTYPES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.bool: "BOOL",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8",
    torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2",
}  # fmt: skip


def safetensors_pieces(
    tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None
) -> tuple[int, Iterator[bytes | memoryview]]:
    """Size of the file in bytes, and its pieces; a tensor goes to the CPU when its piece is asked for.

    Tensors are ordered by element size, then name, so that each is aligned; tied tensors are written twice.
    """
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    entries: dict[str, Json] = {"__metadata__": metadata} if metadata else {}
    offset = 0
    for name, tensor in ordered:
        end = offset + tensor.numel() * tensor.element_size()
        entries[name] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    header = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)

    def pieces() -> Iterator[bytes | memoryview]:
        yield len(header).to_bytes(8, "little") + header
        for _, tensor in ordered:
            if tensor.numel():
                flat = tensor.detach().cpu().contiguous().reshape(-1)
                yield memoryview(flat.view(torch.uint8).numpy().data)

    return 8 + len(header) + offset, pieces()
