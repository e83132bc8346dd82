"""The native sampler: continuous batching over a paged cache, one policy, one device."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from aha.config.settings import EngineSettings
from aha.engines.cache import BLOCK, Row, num_blocks
from aha.engines.draw import draw_tokens, uniforms
from aha.engines.forward import ForwardRunner, fits
from aha.engines.kernels import NAMES, CompiledKernels, Kernels, PlainKernels, compiled_kernels
from aha.engines.queue import RowQueue
from aha.engines.runners import DecoderRunner, FallbackRunner, Runner
from aha.errors import ConfigError, DataError, MachineError
from aha.models.decoder import Decoder
from aha.models.fallback import FallbackModel
from aha.types import Completion, Finish, NamedTensors, Request, Tokenizer

log = logging.getLogger(__name__)
MEMORY_FRAC = 0.5
"""Share of the free memory that the cache may take when its size is not set."""


class NativeSampler:
    """types.Sampler over a local model.

    Rows enter as cache blocks become free and leave when they end; when memory is full the youngest is put back and
    computed again later. Token t of a request is the inverse CDF at a uniform from (seed, num_drawn + t): who runs
    beside it, preemption and order change nothing but rounding, and under ForwardRunner not even that.
    """

    def __init__(
        self, model: Decoder | FallbackModel, tokenizer: Tokenizer, settings: EngineSettings, device: torch.device | str
    ) -> None:
        """Takes `model` over and moves it to `device`. Raises MachineError where `compile: true` finds no compiler."""
        self.model = model.to(device).eval()
        self.tokenizer = tokenizer
        self.policy_version = 0
        self.vocab_size = model.head_size
        self.max_positions = model.max_positions
        self.kernels = _kernels(settings, model)
        num_cache_blocks = 1 + (settings.cache_tokens or _free_tokens(model, settings.max_rows)) // BLOCK
        self.cache_tokens = (num_cache_blocks - 1) * BLOCK
        self.runner = _runner(model, self.kernels, num_cache_blocks)
        self.queue = RowQueue(num_cache_blocks, settings.max_rows)

    @property
    def num_preempted(self) -> int:
        """How often a row was put back since the start."""
        return self.queue.num_preempted

    def submit(self, requests: Sequence[Request]) -> None:
        """Queue requests.

        Raises DataError for a prompt that is empty, holds an id outside the vocabulary or does not fit with its new
        tokens into the model's positions, and for an id in flight; ConfigError where it does not fit into the cache.
        """
        known = {row.request.id for row in (*self.queue.waiting, *self.queue.running)}
        for request in requests:
            prompt = tuple(request.token_ids)
            self._check(request, prompt, known)
            known.add(request.id)
            self.queue.add(Row(request, prompt, frozenset(request.stop_token_ids), self.policy_version))

    def completions(self) -> Iterator[Completion]:
        """Yield completions in completion order until none is in flight."""
        while self.queue.waiting or self.queue.running:
            yield from self._step()

    def abort(self, request_ids: Sequence[str]) -> list[Completion]:
        """Stop these requests; what they have so far comes back with finish `aborted`. Unknown ids are passed over."""
        wanted = set(request_ids)
        rows = [row for row in (*self.queue.running, *self.queue.waiting) if row.request.id in wanted]
        self.queue.remove(rows)
        return [self._completion(row, "aborted") for row in rows]

    @torch.no_grad()
    def sync(self, weights: NamedTensors, policy_version: int) -> None:
        """Copy new weights in place. Rows in flight compute their cache again and go on under the new version.

        Raises DataError for a name or shape that is not the model's, and where a weight is missing.
        """
        own = dict(self.model.named_parameters()) | dict(self.model.named_buffers())
        missing = {name for name, _ in self.model.named_parameters()}
        for name, tensor in weights:
            if name not in own or own[name].shape != tensor.shape:
                raise DataError(f"The sampler's model has no weight {name} of shape {list(tensor.shape)}.")
            own[name].copy_(tensor)
            missing.discard(name)
        if missing:
            raise DataError(f"{len(missing)} weights were not handed to the sampler, the first is {min(missing)}.")
        self.queue.preempt_all()
        self.runner.refresh()
        self.policy_version = policy_version
        for row in self.queue.waiting:
            row.close_segment(policy_version)

    def close(self) -> None:
        """Drop the cache and all requests."""
        self.queue = RowQueue(1, 1)
        del self.runner

    def _check(self, request: Request, prompt: tuple[int, ...], known: set[str]) -> None:
        """Refuse what could not be sampled."""
        if request.id in known:
            raise DataError(f"Request {request.id!r} is already in flight.")
        if not prompt or min(prompt) < 0 or max(prompt) >= self.vocab_size:
            raise DataError(f"Request {request.id!r}: a prompt needs one or more token ids below {self.vocab_size}.")
        total = len(prompt) + request.max_new_tokens
        if request.max_new_tokens < 1 or total > self.max_positions:
            raise DataError(
                f"Request {request.id!r}: {len(prompt)} prompt tokens and {request.max_new_tokens} new ones; "
                f"the model has {self.max_positions} positions and at least one token is drawn.",
                cure="Lower sampling.max_new_tokens or leave out long prompts.",
            )
        if num_blocks(total) * BLOCK > self.cache_tokens:
            raise ConfigError(
                f"Request {request.id!r} needs {total} tokens of cache, engine.cache_tokens is {self.cache_tokens}.",
                cure=f"Set engine.cache_tokens to {num_blocks(total) * BLOCK} or more.",
            )

    @torch.inference_mode()
    def _step(self) -> list[Completion]:
        """Let rows in, draw one token for each running row, let finished ones out."""
        entry = self.queue.admit()
        if entry.prefills:
            self.runner.prefill(entry.prefills)
        if entry.targets:
            self.runner.copy_blocks(entry.sources, entry.targets)
        self.queue.grow()
        rows = self.queue.running
        requests = [row.request for row in rows]
        seeds = np.array([request.seed % 2**64 for request in requests], np.uint64)
        counts = np.array([row.request.num_drawn + len(row.new_ids) for row in rows], np.uint64)
        temperatures = np.array([request.temperature for request in requests], np.float32)
        top_ps = np.array([request.top_p for request in requests], np.float32)
        logits_BV = self.runner.step(rows)
        drawn = draw_tokens(self.kernels, logits_BV, temperatures, top_ps, uniforms(seeds, counts))
        ended: list[tuple[Row, Finish]] = []
        for row, token, logprob in zip(rows, drawn[0].tolist(), drawn[1].tolist(), strict=True):
            row.new_ids.append(token)
            row.logprobs.append(logprob)
            if token in row.stops:
                ended.append((row, "stop"))
            elif len(row.new_ids) == row.request.max_new_tokens:
                ended.append((row, "length"))
        if ended:
            self.queue.remove([row for row, _ in ended])
        return [self._completion(row, finish) for row, finish in ended]

    def _completion(self, row: Row, finish: Finish) -> Completion:
        row.close_segment(row.version)
        text_ids = row.new_ids[:-1] if finish == "stop" else row.new_ids
        return Completion(
            request_id=row.request.id,
            token_ids_N=np.array(row.new_ids, np.int32),
            logprobs_N=np.array(row.logprobs, np.float32),
            finish=finish,
            segments=row.segments,
            text=self.tokenizer.decode(text_ids),
        )


def _runner(model: Decoder | FallbackModel, kernels: Kernels, num_cache_blocks: int) -> Runner:
    """The fastest that takes this model."""
    if not isinstance(model, Decoder):
        return FallbackRunner(model)
    if isinstance(kernels, CompiledKernels) and fits(model):
        return ForwardRunner(model, kernels, num_cache_blocks)
    return DecoderRunner(model, kernels, num_cache_blocks)


def _kernels(settings: EngineSettings, model: Decoder | FallbackModel) -> Kernels:
    """Compiled kernels where they can be used and are wanted; a notice where they are wanted and cannot be built."""
    parameter = next(model.parameters())
    if settings.compile is False or parameter.device.type != "cpu" or parameter.dtype not in NAMES:
        return PlainKernels()
    built = compiled_kernels()
    if not isinstance(built, str):
        return built
    if settings.compile is True:
        raise MachineError(f"engine.compile is true, but {built}.", cure="Install g++, or set engine.compile to auto.")
    log.warning("Sampling runs without compiled kernels, several times slower: %s.", built)
    return PlainKernels()


def _free_tokens(model: Decoder | FallbackModel, max_rows: int) -> int:
    """Tokens of cache that hold all rows at full length, or as many as half of the free memory takes."""
    wanted = max_rows * model.max_positions
    if isinstance(model, FallbackModel):
        return wanted
    parameter, config = next(model.parameters()), model.config
    token_bytes = 2 * config.num_layers * config.num_kv_heads * config.head_dim * parameter.element_size()
    if parameter.is_cuda:
        free = torch.cuda.mem_get_info(parameter.device)[0]
    else:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(wanted, max(int(free * MEMORY_FRAC) // token_bytes, model.max_positions))
