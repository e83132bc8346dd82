"""Counter-based randomness: a seed is a hash of where it is used, never the state of a generator."""

from __future__ import annotations

import hashlib


def seed_of(*parts: int | str) -> int:
    """A 64-bit seed (0 ≤ seed < 2⁶⁴) from what it is for, e.g. `seed_of(run_seed, stage, round, problem_id, sample)`.

    Parts are told apart by type and length, so `("a", "b")`, `("ab",)`, `(1,)` and `("1",)` all differ.
    """
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        kind = b"i" if isinstance(part, int) else b"s"
        text = str(part).encode("utf-8", "surrogatepass")
        digest.update(kind + len(text).to_bytes(8, "little") + text)
    return int.from_bytes(digest.digest(), "little")


def shuffled(n: int, seed: int) -> list[int]:
    """A permutation of 0 … n-1 that depends on `n` and `seed` alone: the order of the hashes of (seed, i)."""
    return sorted(range(n), key=lambda i: (seed_of(seed, i), i))
