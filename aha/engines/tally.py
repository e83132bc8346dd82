"""Sums over the micro-batches and processes of one update, and the metrics that come of them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from aha.algorithms.objective import METRICS
from aha.runtime.distributed import World

SUMS = ("loss", "num_trained_tokens", *METRICS, *(f"{name}/count" for name in METRICS))


class Tally:
    """Scalars stay on the device until `means` brings all of them over at once."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.largest_gap: Tensor | None = None

    def add(
        self, loss: Tensor, num_tokens: Tensor, largest_gap: Tensor, measured: Mapping[str, tuple[Tensor, Tensor]]
    ) -> None:
        """Add one micro-batch; `measured` maps a metric to its sum and the number of tokens in it."""
        sums = {"loss": loss, "num_trained_tokens": num_tokens}
        for name, (total, count) in measured.items():
            sums |= {name: total, f"{name}/count": count}
        for name, value in sums.items():
            self.sums[name] = self.sums[name] + value if name in self.sums else value
        largest = largest_gap if self.largest_gap is None else torch.maximum(self.largest_gap, largest_gap)
        self.largest_gap = largest

    def means(self, world: World) -> dict[str, float]:
        """`loss` and `num_trained_tokens` as sums, metrics as means over their tokens, `logprob_gap/max` as the largest
        of all processes. Metrics without a token are left out."""
        here, gaps = [0.0] * len(SUMS), [0.0] * world.size
        if self.largest_gap is not None:
            zero = torch.zeros_like(self.largest_gap, dtype=torch.float64)
            scalars = [self.largest_gap.double(), *(self.sums.get(name, zero).double() for name in SUMS)]
            gaps[world.rank], *here = torch.stack(scalars).tolist()
        totals = world.sum_floats([*here, *gaps])
        sums, gaps = dict(zip(SUMS, totals, strict=False)), totals[len(SUMS) :]
        values = {"loss": sums["loss"], "num_trained_tokens": sums["num_trained_tokens"]}
        for name in METRICS:
            if sums[f"{name}/count"]:
                values[name] = sums[name] / sums[f"{name}/count"]
        if sums["logprob_gap/mean/count"]:
            values["logprob_gap/max"] = max(gaps)
        return values
