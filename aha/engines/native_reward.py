"""Reward models in this process: frozen, texts to scores; and learning, from pairs and from labels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from aha.algorithms.preference import Comparison, cross_entropy
from aha.config.learners import OptimizerSettings
from aha.config.settings import EngineSettings
from aha.engines.training import TrainedModel
from aha.errors import DataError
from aha.models.heads import SEES, RewardModel, padding_id
from aha.models.layout import RowLayout
from aha.models.load import LoadedModel
from aha.runtime.distributed import World
from aha.text.judged import TURNS_TEMPLATE, judged_ids
from aha.types import Int32, Message, Sees


class NativeRewardScorer:
    """A frozen reward model (rollouts.scoring.RewardScorer).

    Rows are put into batches by length and content, so that the order of the texts changes no bit of a score. On CPU
    other company may change its last bits, as another batch size does for any matrix product.
    """

    def __init__(self, loaded: LoadedModel, engine: EngineSettings, device: torch.device) -> None:
        """`loaded.model` is a RewardModel; it is taken over."""
        assert isinstance(loaded.model, RewardModel)
        self.model = loaded.model.to(device).requires_grad_(False)
        self.tokenizer, self.engine, self.device = loaded.tokenizer, engine, device
        self.folder, self.padding = loaded.folder, padding_id(loaded.tokenizer)
        sees = loaded.config.get(SEES)
        self.sees: Sees | None = sees if sees in ("summary", "response") else None
        if not self.tokenizer.has_chat_template:
            self.tokenizer.give_chat_template(TURNS_TEMPLATE)

    def scores(self, texts: Sequence[tuple[Sequence[Message], str]]) -> list[float]:
        """One number a text, higher is better: (conversation up to the answer, what is shown of the answer).

        There is no limit of length. Raises DataError where a score is not finite.
        """
        rows = [np.array(judged_ids(self.tokenizer, *text, self.padding), np.int32) for text in texts]
        found = score_rows(self.model, rows, self.engine.micro_batch_tokens, self.device)
        if not all(map(math.isfinite, found)):
            raise DataError(f"The reward model {self.folder} gives a score that is no finite number.")
        return found


class RewardLearner(TrainedModel):
    """A reward model that learns.

    The loss of an update is the mean, by weight, of the cross-entropies of its comparisons, over all micro-batches and
    processes; each process gives its own share of them.
    """

    def __init__(
        self,
        model: RewardModel,
        optimizer: OptimizerSettings,
        engine: EngineSettings,
        total_updates: int,
        device: torch.device,
        world: World,
    ) -> None:
        """Takes `model` over, in the dtype that it has."""
        super().__init__(model, optimizer, total_updates, device)
        self.reward_model, self.engine, self.world = model, engine, world

    def scores(self, rows: Sequence[Int32]) -> list[float]:
        """Scores of token rows [T] under the current weights, no gradient."""
        return score_rows(self.reward_model, rows, self.engine.micro_batch_tokens, self.device)

    def update(self, comparisons: Sequence[Comparison]) -> dict[str, float]:
        """One AdamW step over all comparisons of all processes.

        Returns `loss` and `pair_accuracy` (share, by weight, of comparisons on the right side of 0; a tie is half),
        before the step, `num_trained_tokens`, and what `step` gives; those that are not finite are left out.
        """
        totals = self.accumulate(comparisons)
        values = {"loss": totals["loss"], "pair_accuracy": totals["hits"], "num_trained_tokens": totals["tokens"]}
        values |= self.step(totals["loss"], totals["weight"] > 0)
        return {name: value for name, value in values.items() if math.isfinite(value)}

    def accumulate(self, comparisons: Sequence[Comparison]) -> dict[str, float]:
        """Add the gradient of one update; `loss`, `hits`, `tokens` and `weight` over all processes.

        A text that several comparisons of a micro-batch hold is computed once.
        """
        own = sum(comparison.weight for comparison in comparisons)
        (weight,) = self.world.sum_floats([own])
        sums = torch.zeros(3, dtype=torch.float64, device=self.device)
        parts = reward_batches(comparisons, self.engine.micro_batch_tokens)
        for number, part in enumerate(parts, 1):
            self.on_progress(number, len(parts))
            sums += self._backward([comparisons[i] for i in part], weight)
        self.world.sum_tensors_([self.optimizer.gradients])
        totals = self.world.sum_floats(sums.tolist())
        return dict(zip(("loss", "hits", "tokens"), totals, strict=True)) | {"weight": weight}

    def _backward(self, comparisons: Sequence[Comparison], weight: float) -> torch.Tensor:
        """Forward and backward of one micro-batch; its shares of loss and hits, and its tokens [3]."""
        places: dict[bytes, int] = {}
        rows: list[Int32] = []
        for row in (row for comparison in comparisons for row in comparison.rows):
            if places.setdefault(row.tobytes(), len(rows)) == len(rows):
                rows.append(row)
        checkpointing = self.engine.gradient_checkpointing
        scores = _scores(self.reward_model, rows, self.device, checkpointing)
        scores = torch.cat([scores, scores.new_zeros(1)])  # the opponent of a labelled text

        def on_device(values: Sequence[float]) -> torch.Tensor:
            return torch.tensor(values, dtype=scores.dtype, device=self.device)

        def side(which: int) -> torch.Tensor:
            found = [places[c.rows[which].tobytes()] if which < len(c.rows) else len(rows) for c in comparisons]
            return scores[torch.tensor(found, device=self.device)]

        margins_B = side(0) - side(1)
        labels_B, weights_B = on_device([c.label for c in comparisons]), on_device([c.weight for c in comparisons])
        loss = (cross_entropy(margins_B, labels_B) * weights_B).sum() / weight
        loss.backward()  # type: ignore[no-untyped-call]
        right_B = (margins_B.detach().sign() * (2 * labels_B - 1) + 1) / 2
        num_tokens = loss.new_tensor(sum(len(row) for row in rows))
        return torch.stack([loss.detach(), (right_B * weights_B).sum() / weight, num_tokens]).double()


def reward_batches(comparisons: Sequence[Comparison], token_budget: int) -> list[list[int]]:
    """Positions of the comparisons in micro-batches, in order, cut where the next one would pass `token_budget` tokens;
    a text that is there already costs nothing. One that is larger than the budget is a micro-batch of its own."""
    parts: list[list[int]] = []
    held: dict[bytes, int] = {}
    for i, comparison in enumerate(comparisons):
        wanted = {row.tobytes(): len(row) for row in comparison.rows}
        if not parts or sum((held | wanted).values()) > token_budget:
            parts.append([])
            held = {}
        parts[-1].append(i)
        held |= wanted
    return parts


@torch.no_grad()
def score_rows(model: RewardModel, rows: Sequence[Int32], token_budget: int, device: torch.device) -> list[float]:
    """Scores of token rows [T], in their order; batches of at most `token_budget` tokens by length and content."""
    different = sorted({row.tobytes() for row in rows}, key=lambda row: (-len(row), row))
    parts: list[list[bytes]] = []
    room = 0
    for row in different:
        if not parts or len(row) // 4 > room:
            parts.append([])
            room = token_budget
        parts[-1].append(row)
        room -= len(row) // 4
    found: dict[bytes, float] = {}
    for part in parts:
        scores = _scores(model, [np.frombuffer(row, np.int32) for row in part], device, False)
        found |= zip(part, scores.tolist(), strict=True)
    return [found[row.tobytes()] for row in rows]


def _scores(model: RewardModel, rows: Sequence[Int32], device: torch.device, checkpointing: bool) -> torch.Tensor:
    """Scores of the rows of one batch [B]."""
    layout = RowLayout([len(row) for row in rows], device)
    token_ids_N = torch.from_numpy(np.concatenate(rows)).to(device=device, dtype=torch.int64)
    return model.scores(model(token_ids_N, layout, checkpointing), layout)
