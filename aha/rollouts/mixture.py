"""The order in which written examples are trained on, and what of them a learner sees: an update's samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from aha.errors import DataError
from aha.rollouts.examples import Dataset, Example
from aha.runtime.seeds import seed_of, shuffled
from aha.types import Int32, Sample


@dataclass(slots=True, frozen=True)
class Place:
    """Which example of which data set."""

    dataset: int
    example: int


class Mixture:
    """Data sets in the order in which they are trained on, which depends on their sizes, weights and the seed alone."""

    def __init__(
        self,
        datasets: Sequence[Dataset],
        *,
        epochs: int,
        batch_size: int,
        seed: int,
        max_updates: int | None = None,
        max_trained_tokens: int | None = None,
        beta: float | None = None,
    ) -> None:
        """Updates have `batch_size` rows each, across the ends of epochs; the last one has what is left. With `beta`
        the rows are pairs, of which the chosen answer is preferred.

        They end after `max_updates`, and with the one that brings the trained tokens to `max_trained_tokens`. Raises
        DataError where the weights leave no row.
        """
        self.datasets, self.epochs, self.batch_size, self.seed = list(datasets), epochs, batch_size, seed
        self.beta = beta
        self.num_updates = -(-len(self.order) // batch_size)
        if not self.order:
            raise DataError("The weights leave no row to train on.", cure="Raise a `weight`, or `epochs`.")
        if max_updates is not None:
            self.num_updates = min(self.num_updates, max_updates)
        if max_trained_tokens is not None:
            self.num_updates = self._updates_until(max_trained_tokens)

    @cached_property
    def order(self) -> list[Place]:
        """All rows of all epochs."""
        return [place for epoch in range(self.epochs) for place in self._epoch(epoch)]

    def examples(self, update: int) -> list[Example]:
        """The rows of an update, counted from 0."""
        places = self.order[update * self.batch_size : (update + 1) * self.batch_size]
        return [self.datasets[place.dataset].examples[place.example] for place in places]

    def samples(self, update: int) -> list[Sample]:
        """The same as samples: every piece of every row, in order."""
        places = self.order[update * self.batch_size : (update + 1) * self.batch_size]
        return [sample for number, place in enumerate(places) for sample in self._samples(place, number)]

    def epochs_done(self, num_updates: int) -> float:
        """Passes over the data after so many updates."""
        return self.epochs * min(1.0, num_updates * self.batch_size / len(self.order))

    def _updates_until(self, num_tokens: int) -> int:
        """The updates up to the one that brings the trained tokens to so many; all where none does."""
        found = 0
        for update in range(self.num_updates):
            found += sum(example.num_trained_tokens for example in self.examples(update))
            if found >= num_tokens:
                return update + 1
        return self.num_updates

    def _epoch(self, epoch: int) -> list[Place]:
        chosen = [
            Place(number, example)
            for number, dataset in enumerate(self.datasets)
            for example in rows_of_epoch(
                len(dataset.examples), dataset.weight, epoch, seed_of(self.seed, "rows", number)
            )
        ]
        return [chosen[place] for place in shuffled(len(chosen), seed_of(self.seed, "epoch", epoch))]

    def _samples(self, place: Place, place_in_update: int) -> Iterator[Sample]:
        dataset = self.datasets[place.dataset]
        example = dataset.examples[place.example]
        for number, (token_ids_T, trained) in enumerate((*example.pieces, *example.rejected)):
            sample = imitation_sample(f"{dataset.name}/{example.row}/{number}", token_ids_T, trained)
            if self.beta is not None:
                chosen = number < len(example.pieces)
                sample.terms, sample.pair_id = ("preference",), f"{place_in_update}"
                sample.advantages_T *= np.float32(self.beta if chosen else -self.beta)
            yield sample


def rows_of_epoch(num_rows: int, weight: float, epoch: int, seed: int) -> list[int]:
    """Which rows an epoch (from 0) sees: each of them as often as `weight` has whole times, and its fraction of them
    once more, of which the next epoch takes others until all have had their turn."""
    whole = int(weight)
    extra = (weight - whole) * num_rows
    start, end = round(epoch * extra), round((epoch + 1) * extra)
    turn = shuffled(num_rows, seed) if end > start else []
    return [*range(num_rows)] * whole + [turn[place % num_rows] for place in range(start, end)]


def imitation_sample(name: str, token_ids_T: Int32, trained: Sequence[tuple[int, int]]) -> Sample:
    """A written text as the learner sees it: the trained spans have advantage 1, so that the objective `log_prob` is
    their cross-entropy. No token of it was sampled, so it has no sampler log-probs to compare with."""
    num_tokens = len(token_ids_T)
    loss_mask_T = np.zeros(num_tokens, dtype=np.bool_)
    for start, end in trained:
        loss_mask_T[start:end] = True
    return Sample(
        rollout_id=name,
        token_ids_T=token_ids_T,
        action_mask_T=np.zeros(num_tokens, dtype=np.bool_),
        loss_mask_T=loss_mask_T,
        sampler_logprobs_T=np.zeros(num_tokens, dtype=np.float32),
        advantages_T=loss_mask_T.astype(np.float32),
        terms=("imitation",),
    )
