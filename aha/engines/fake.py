"""Scripted engines: whole loops run in seconds, without a model, and say what they were asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from aha.errors import DivergedError
from aha.runtime import files
from aha.types import Completion, Finish, Float32, NamedTensors, Request, Sample, Segment, Tokenizer

Script = Callable[[Request, int], str]
"""Request and policy version to the text of its completion."""


class LetterTokenizer:
    """One token a character (its code point); id 0 ends a text."""

    eos_token_id = 0
    vocab_size = 0x110000

    def encode(self, text: str) -> list[int]:
        """Code points."""
        return [ord(letter) for letter in text]

    def decode(self, token_ids: Sequence[int]) -> str:
        """Characters, the end token left out."""
        return "".join(chr(token) for token in token_ids if token)


class ScriptedSampler:
    """A sampler that says what `script` says, in an order shuffled by `order_seed`; log-probs depend on the request's
    seed and the policy version alone."""

    def __init__(self, script: Script, tokenizer: Tokenizer, order_seed: int = 0) -> None:
        self.script, self.tokenizer = script, tokenizer
        self.order = np.random.default_rng(order_seed)
        self.policy_version = 0
        self.synced: dict[str, torch.Tensor] = {}
        self.requests: list[Request] = []
        self.waiting: dict[str, Request] = {}
        self.closed = False

    def submit(self, requests: Sequence[Request]) -> None:
        """Queue requests; an id that is already in flight is a mistake of the caller."""
        for request in requests:
            assert request.id not in self.waiting, f"request id {request.id} is already in flight"
            self.waiting[request.id] = request
            self.requests.append(request)

    def completions(self) -> Iterator[Completion]:
        """Yield them shuffled."""
        while self.waiting:
            ids = list(self.waiting)
            yield self._complete(self.waiting.pop(ids[int(self.order.integers(len(ids)))]))

    def abort(self, request_ids: Sequence[str]) -> list[Completion]:
        """Nothing was sampled yet: empty completions."""
        aborted = [self.waiting.pop(request_id) for request_id in request_ids if request_id in self.waiting]
        return [self._record(request, [], "aborted") for request in aborted]

    def sync(self, weights: NamedTensors, policy_version: int) -> None:
        """Remember the weights."""
        self.synced = {name: tensor.clone() for name, tensor in weights}
        self.policy_version = policy_version

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True

    def _complete(self, request: Request) -> Completion:
        token_ids = [*self.tokenizer.encode(self.script(request, self.policy_version)), self.tokenizer.eos_token_id]
        token_ids = token_ids[request.num_drawn :]
        finish: Finish = "stop" if len(token_ids) <= request.max_new_tokens else "length"
        return self._record(request, token_ids[: request.max_new_tokens], finish)

    def _record(self, request: Request, token_ids: list[int], finish: Finish) -> Completion:
        chance = np.random.default_rng([request.seed % 2**63, self.policy_version])
        logprobs_N = -chance.random(len(token_ids)).astype(np.float32)
        segments = [Segment("model", 0, len(token_ids), self.policy_version)]
        text = self.tokenizer.decode(token_ids)
        return Completion(request.id, np.array(token_ids, dtype=np.int32), logprobs_N, finish, segments, text)


class RecordingLearner:
    """A learner of two numbers: the weights move by what it was fed, so that a lost or repeated sample shows."""

    def __init__(self, metrics: Callable[[int], dict[str, float]] | None = None, skip_limit: int = 5) -> None:
        self.weight = torch.zeros(2, dtype=torch.float32)
        self.update_count = 0
        self.seen: list[list[Sample]] = []
        self.metrics = metrics or (lambda update: {})
        self.skip_limit, self.num_skipped, self.num_resets = skip_limit, 0, 0
        self.num_trained_parameters = 2

    def logprobs(self, samples: Sequence[Sample]) -> list[Float32]:
        """The sampler's own."""
        return [sample.sampler_logprobs_T.copy() for sample in samples]

    def update(self, samples: Sequence[Sample]) -> dict[str, float]:
        """Add the sum of advantages, and a number that depends on the order of the samples."""
        self.seen.append(list(samples))
        values = {"loss": 0.0, "grad_norm": 1.0, "logprob_gap/mean": 0.0, "logprob_gap/max": 0.0, "update_skipped": 0.0}
        values |= self.metrics(self.update_count)
        self.num_skipped = self.num_skipped + 1 if values["update_skipped"] else 0
        if self.num_skipped >= self.skip_limit:
            raise DivergedError(f"{self.num_skipped} updates in a row were not finite.", cure="Lower optimizer.lr.")
        for place, sample in enumerate(samples):
            self.weight[0] += float(sample.advantages_T.sum())
            self.weight[1] = self.weight[1] * 0.5 + place + float(sample.token_ids_T.sum() % 97)
        self.update_count += 1
        return values | {"loss": float(self.weight[0])}

    def reset_moments(self) -> None:
        """Count how often."""
        self.num_resets += 1

    def weights(self) -> Iterator[tuple[str, torch.Tensor]]:
        """One tensor."""
        yield "weight", self.weight

    def save(self, folder: Path) -> None:
        """One file."""
        counters = torch.tensor([self.update_count, self.num_skipped])
        files.write_tensors(folder / "learner.safetensors", {"weight": self.weight, "counters": counters})

    def load(self, folder: Path) -> None:
        """The reverse of save."""
        from safetensors.torch import load_file

        tensors = load_file(folder / "learner.safetensors")
        self.weight = tensors["weight"]
        self.update_count, self.num_skipped = (int(number) for number in tensors["counters"])


class RecordingCritic:
    """A critic of one number, the value of everything, which goes half way to the mean return of each update."""

    def __init__(self) -> None:
        self.weight = torch.zeros(1, dtype=torch.float32)
        self.update_count, self.num_trained_parameters = 0, 1
        self.seen: list[list[Sample]] = []

    def values(self, samples: Sequence[Sample]) -> list[Float32]:
        """Its number at every token."""
        return [np.full(len(sample.token_ids_T), self.weight.item(), dtype=np.float32) for sample in samples]

    def update(self, samples: Sequence[Sample]) -> dict[str, float]:
        """Half way to the mean return of the trained tokens."""
        self.seen.append(list(samples))
        returns = [sample.returns_T[sample.loss_mask_T] for sample in samples if sample.returns_T is not None]
        self.weight += 0.5 * (float(np.concatenate(returns).mean()) - self.weight)
        self.update_count += 1
        return {"value/loss": self.weight.item(), "value/lr": 1.0 / self.update_count, "value/update_skipped": 0.0}

    def weights(self) -> Iterator[tuple[str, torch.Tensor]]:
        """One tensor."""
        yield "weight", self.weight

    def save(self, folder: Path) -> None:
        """One file."""
        count = torch.tensor([self.update_count])
        files.write_tensors(folder / "critic.safetensors", {"weight": self.weight, "count": count})

    def load(self, folder: Path) -> None:
        """The reverse of save."""
        from safetensors.torch import load_file

        tensors = load_file(folder / "critic.safetensors")
        self.weight, self.update_count = tensors["weight"], int(tensors["count"])


class ConstantScorer:
    """A reference that gives every token the same log-prob, and counts how often its weights were replaced."""

    def __init__(self, logprob: float = -1.0) -> None:
        self.logprob = logprob
        self.held: dict[str, torch.Tensor] = {}
        self.num_refreshes = 0

    def logprobs(self, samples: Sequence[Sample]) -> list[Float32]:
        """[T] each."""
        return [np.full(len(sample.token_ids_T), self.logprob, dtype=np.float32) for sample in samples]

    def sync(self, weights: NamedTensors) -> None:
        """Take these weights from now on."""
        self.held = {name: tensor.clone() for name, tensor in weights}
        self.num_refreshes += 1

    def weights(self) -> Iterator[tuple[str, torch.Tensor]]:
        """What was taken last."""
        yield from self.held.items()
