"""Judged answers for reward models: rows of files to pairs and labels, and those to the comparisons of each update."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import numpy as np

from aha.algorithms.preference import Comparison, group_weights, ranked_pairs
from aha.errors import DataError
from aha.rollouts.examples import BadRowError, Rejected, messages_of
from aha.rollouts.mixture import rows_of_epoch
from aha.runtime.seeds import seed_of, shuffled
from aha.tasks.files import read_rows
from aha.text.judged import judged_ids, shown
from aha.text.tokenizer import HFTokenizer
from aha.types import Int32, Json, Message, Sees

Kind = Literal["pairs", "labels"]
COLUMNS: dict[Kind, str] = {
    "pairs": "`prompt` with `chosen` and `rejected`, or with a `ranking` of answers, the best first",
    "labels": "`prompt`, `completion` and `label` (true or false)",
}
"""What a row holds; prompts and answers are texts or lists of messages (TRL's formats)."""
SHOWN_ROWS = 5
"""Rejected rows that are named for each reason in a line for people."""
TOLD_EVERY = 200
"""Rows between two calls of `on_progress`."""

Answer = tuple[list[Message], str]
"""The conversation up to an answer, and the answer, whole."""


@dataclass(slots=True, frozen=True)
class Judged:
    """A pair of answers of which the first is better, or one answer with a label, as a reward model sees them."""

    row: int
    """From 1, as in the file."""
    prompt: str
    """Hash of the conversation up to the answers."""
    answers: tuple[str, ...]
    """What is shown of each."""
    token_rows: tuple[Int32, ...]
    """The same in the conversation, as tokens [T]."""
    label: bool = True

    def compared(self, weight: float) -> Comparison:
        """As a learner takes it."""
        return Comparison(self.token_rows, float(self.label), weight)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Characters of what is shown of each answer."""
        return tuple(map(len, self.answers))


@dataclass(slots=True)
class JudgedData:
    """What of a file can be learned from, and what cannot."""

    name: str
    weight: float
    """How often an epoch sees each item."""
    items: list[Judged] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Items that are used (`kept`), and by reason those that are not."""
        return {"kept": len(self.items), **dict(sorted(Counter(each.reason for each in self.rejected).items()))}

    def describe(self) -> str:
        """A line for people."""
        left_out = []
        for reason in sorted({each.reason for each in self.rejected}):
            rows = [f"{each.row}" for each in self.rejected if each.reason == reason]
            listed = ", ".join([*rows[:SHOWN_ROWS], *["…"] * (len(rows) > SHOWN_ROWS)])
            left_out.append(f"{reason.replace('_', ' ')} {len(rows)} (row {listed})")
        return f"{self.name}: {len(self.items):,} judged" + (f"; left out: {'; '.join(left_out)}." if left_out else ".")


def judged_answers(row: Json, kind: Kind) -> list[tuple[list[Answer], bool]]:
    """The answers of a row, better ones first, and its label: one entry a pair or label. Raises BadRowError."""
    if not isinstance(row, dict):
        raise BadRowError("no_object", f"expected an object with columns, got {type(row).__name__}")
    if kind == "labels" and row.get("completion") is not None:
        if not isinstance(row.get("label"), bool):
            raise BadRowError("no_label", f"`label` should be true or false, got {str(row.get('label'))[:100]!r}")
        return [([_answer(row, row["completion"])], row["label"])]
    if kind == "pairs" and row.get("chosen") is not None and row.get("rejected") is not None:
        return [([_answer(row, row["chosen"]), _answer(row, row["rejected"])], True)]
    ranking = row.get("ranking") if kind == "pairs" else None
    if isinstance(ranking, list) and len(ranking) > 1:
        answers = [_answer(row, each) for each in ranking]
        return [([answers[better], answers[worse]], True) for better, worse in ranked_pairs(len(answers))]
    raise BadRowError("unknown_columns", f"expected {COLUMNS[kind]}; there are {sorted(row)}")


def read_judged(
    path: Path,
    name: str,
    weight: float,
    kind: Kind,
    *,
    sees: Sees,
    tokenizer: HFTokenizer,
    padding: int,
    max_tokens: int,
    on_progress: Callable[[int], None] = lambda row: None,
) -> JudgedData:
    """All that a JSONL or Parquet file has of a kind and that can be learned from; the rest is in `rejected`.

    `sees`: what is shown of an answer. A text of more than `max_tokens` tokens is too long; answers of which the same
    is shown say nothing. `name` is what errors call the file. Raises DataError where there is no such file, where it
    is corrupt, and where nothing is left.
    """
    found = JudgedData(name, weight)

    def reject(row: int, reason: str, error: DataError) -> None:
        found.rejected.append(Rejected(row, reason, error.problem))

    def take(row: int, answers: Sequence[Answer], label: bool) -> None:
        try:
            found.items.append(_judged(row, answers, label, sees, tokenizer, padding, max_tokens))
        except BadRowError as error:
            reject(row, error.reason, error)

    for number, row in read_rows(path, lambda number, error: reject(number, "no_json", error)):
        if number % TOLD_EVERY == 0:
            on_progress(number)
        try:
            entries = judged_answers(row, kind)
        except BadRowError as error:
            reject(number, error.reason, error)
            continue
        for answers, label in entries:
            take(number, answers, label)
    if not found.items:
        raise DataError(
            f"Nothing can be learned from {name}. {found.describe()}",
            cure=f"First of them: {found.rejected[0].detail}." if found.rejected else "The file holds no rows.",
        )
    return found


class JudgedMixture:
    """Data sets, parted into training and held out by the prompt, and the order in which they are trained on.

    All depends on the rows, the settings and the seed alone. All pairs of a prompt that an epoch sees are in one update
    (InstructGPT, arXiv 2203.02155, 3.5), and weigh as much as one.
    """

    def __init__(
        self, datasets: Sequence[JudgedData], *, held_out: float, epochs: int, batch_size: int, seed: int
    ) -> None:
        """`held_out`: share of prompts. Raises DataError where no prompt is left to train on, or none to be tested on
        where some should be."""
        self.epochs, self.batch_size, self.seed = epochs, batch_size, seed
        self.training: list[list[Judged]] = []
        self.held_out: list[Judged] = []
        for dataset in datasets:
            kept = [item for item in dataset.items if not is_held_out(item.prompt, held_out)]
            self.training.append(kept)
            self.held_out += [item for item in dataset.items if is_held_out(item.prompt, held_out)]
        self.weights = [dataset.weight for dataset in datasets]
        self.shares = [_shares(items) for items in self.training]
        if not any(self.training) or (held_out > 0 and not self.held_out):
            what = "held out" if any(self.training) else "left to train on"
            raise DataError(f"No prompt is {what} with held_out = {held_out}.", cure="Give more prompts, or change it.")
        self.batches = [batch for epoch in range(epochs) for batch in self._epoch(epoch)]
        if not self.batches:
            raise DataError("The weights leave nothing to train on.", cure="Raise a `weight`, or `epochs`.")

    def comparisons(self, update: int) -> list[Comparison]:
        """What update `update` (from 0) learns from."""
        return [self.training[data][item].compared(self.shares[data][item]) for data, item in self.batches[update]]

    def epochs_done(self, num_updates: int) -> float:
        """Passes over the data after so many updates."""
        sizes = [len(batch) for batch in self.batches]
        return self.epochs * sum(sizes[:num_updates]) / sum(sizes)

    def _epoch(self, epoch: int) -> Iterator[list[tuple[int, int]]]:
        """Prompts in random order, cut where the next one would make an update larger than `batch_size`."""
        by_prompt: dict[str, list[tuple[int, int]]] = {}
        for data, items in enumerate(self.training):
            for item in rows_of_epoch(len(items), self.weights[data], epoch, seed_of(self.seed, "rows", data)):
                by_prompt.setdefault(items[item].prompt, []).append((data, item))
        prompts, batch = list(by_prompt), list[tuple[int, int]]()
        for place in shuffled(len(prompts), seed_of(self.seed, "epoch", epoch)):
            members = by_prompt[prompts[place]]
            if batch and len(batch) + len(members) > self.batch_size:
                yield batch
                batch = []
            batch = batch + members
        if batch:
            yield batch


def is_held_out(prompt: str, share: float) -> bool:
    """Whether the prompt of this hash is tested on: the same for every data set, seed and run."""
    return int(prompt[:16], 16) < share * 2**64


def prompt_hash(messages: Sequence[Message]) -> str:
    """Hash (hex) of a conversation; white space and what is no message's role or text make no difference."""
    turns = [[message["role"], " ".join(message["content"].split())] for message in messages]
    return blake2b(json.dumps(turns).encode(), digest_size=16).hexdigest()


def _shares(items: Sequence[Judged]) -> list[float]:
    """What each item weighs: the pairs of a prompt together 1; a label always 1."""
    pairs = [f"{item.prompt}" if len(item.answers) > 1 else f"{place}" for place, item in enumerate(items)]
    return group_weights(pairs)


def _answer(row: dict[str, Json], answer: Json) -> Answer:
    """A whole answer and what was asked. Raises BadRowError."""
    messages = messages_of({"prompt": row.get("prompt"), "completion": answer})
    if messages[-1]["role"] != "assistant":
        raise BadRowError("no_answer", "a conversation does not end with the assistant's answer")
    if len(messages) < 2 or messages[-2]["role"] not in ("user", "tool"):
        raise BadRowError("no_question", "an answer follows no question")
    return messages[:-1], messages[-1]["content"]


def _judged(
    row: int,
    answers: Sequence[Answer],
    label: bool,
    sees: Sees,
    tokenizer: HFTokenizer,
    padding: int,
    max_tokens: int,
) -> Judged:
    """As a reward model sees it. Raises BadRowError where it can see nothing, no difference, or too much."""
    prompt = prompt_hash(answers[0][0])
    if any(prompt_hash(messages) != prompt for messages, _ in answers):
        raise BadRowError("different_prompts", "the two answers follow different questions")
    texts = [shown(answer, sees) for _, answer in answers]
    seen = tuple(text for text in texts if text)
    if len(seen) < len(texts):
        raise BadRowError("nothing_to_see", f"an answer has no {sees}")
    if len(set(seen)) < len(seen):
        raise BadRowError("equal", "both answers are the same")
    try:
        ids = [judged_ids(tokenizer, answers[0][0], text, padding) for text in seen]
    except DataError as error:
        raise BadRowError("refused_by_template", error.problem) from error
    longest = max(map(len, ids))
    if longest > max_tokens:
        raise BadRowError("too_long", f"{longest:,} tokens, more than {max_tokens:,}")
    return Judged(row, prompt, seen, tuple(np.array(each, np.int32) for each in ids), label)
