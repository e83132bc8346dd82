"""The three measurements of `scripts/bench trl`: sampling, one update, and a whole GRPO step."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from aha.config.settings import EngineSettings
from aha.stages.session import worker_pool
from aha.types import Completion, Sample
from benchmarks.measuring import settings
from benchmarks.measuring.flops import sampling_flops, shape_of, training_flops
from benchmarks.measuring.ours import Ours
from benchmarks.measuring.peers import Generate, PacedTrl, PlainUpdate, trl_trainer
from benchmarks.measuring.turns import Measured, in_turns, speedups, summary
from benchmarks.measuring.workload import Workload

OURS = "aha-bf16"


@dataclass(slots=True, frozen=True)
class Bench:
    """What all three are given."""

    workload: Workload
    device: torch.device
    repeats: int
    peers: Sequence[str]
    """Keys of settings.TRL, for the whole step."""

    def prompts(self) -> list[tuple[int, ...]]:
        """The prompts of the first round."""
        return [self.workload.prompt_ids(problem) for problem in self.workload.problems(0, 1)]

    def engines(self) -> dict[str, Ours]:
        """aha in each precision."""
        return {name: Ours(self.workload, name, self.device, settings.SPEED_LR, 0) for name in settings.OURS}

    def compare(self, part: str, contenders: Mapping[str, Callable[[int], Measured]], by: str) -> dict[str, Any]:
        """Measure in turns; medians, and how many times faster we are."""
        turns = in_turns(contenders, self.repeats, tell=lambda text: print(text, flush=True))
        found = {name: summary(measured) for name, measured in turns.items()}
        return {"contenders": found, "speedup": speedups(found, OURS, by), "wanted": settings.WANTED[part]}


def sampling(bench: Bench) -> dict[str, Any]:
    """Tokens a second of a round's completions."""
    prompts, engines = bench.prompts(), bench.engines()
    last: dict[str, list[Completion]] = {}

    def ours(name: str) -> Callable[[int], Measured]:
        def turn(number: int) -> Measured:
            measured, last[name] = engines[name].sample(prompts, number)
            return measured

        return turn

    def theirs(name: str) -> Callable[[int], Measured]:
        peer = Generate(bench.workload, name, bench.device)
        return lambda number: peer.sample(prompts, number)

    contenders = {name: ours(name) for name in engines} | {name: theirs(name) for name in settings.GENERATE}
    found = bench.compare("sampling", contenders, "tokens_per_second")
    lengths = [len(prompt) for prompt in prompts for _ in range(bench.workload.group_size)]
    for name in engines:
        news = [len(completion.token_ids_N) for completion in last[name]]
        flops = sampling_flops(shape_of(bench.workload.config), lengths, news)
        found["contenders"][name]["flops_per_token"] = flops / sum(news)
    return found


def training(bench: Bench) -> dict[str, Any]:
    """Tokens a second of one update over one round's rollouts, each row with an advantage so that all are computed."""
    prompts, engines = bench.prompts(), bench.engines()
    completions = engines[OURS].sample(prompts, 0)[1]
    rows = [prompt for prompt in prompts for _ in range(bench.workload.group_size)]
    news = [completion.token_ids_N.tolist() for completion in completions]
    advantages = [1.0 if place % 2 else -1.0 for place in range(len(rows))]
    samples = [make_sample(*each) for each in zip(rows, completions, advantages, strict=True)]

    def theirs(name: str) -> Callable[[int], Measured]:
        peer = PlainUpdate(bench.workload, name, bench.device, settings.SPEED_LR)
        return lambda number: peer.update(rows, news, advantages)

    def ours(name: str) -> Callable[[int], Measured]:
        return lambda number: engines[name].update(samples)

    contenders = {name: ours(name) for name in engines} | {name: theirs(name) for name in settings.PLAIN_UPDATE}
    found = bench.compare("training", contenders, "tokens_per_second")
    flops = training_flops(shape_of(bench.workload.config), [len(row) for row in rows], [len(new) for new in news])
    for name in engines:
        found["contenders"][name]["flops_per_token"] = flops / sum(len(sample.token_ids_T) for sample in samples)
    return found


def make_sample(prompt: Sequence[int], completion: Completion, advantage: float) -> Sample:
    """A row as the learner sees it, with this advantage at each new token."""
    assert completion.logprobs_N is not None
    num_new = len(completion.token_ids_N)
    mask_T = np.arange(len(prompt) + num_new) >= len(prompt)
    return Sample(
        rollout_id=completion.request_id,
        token_ids_T=np.concatenate([np.array(prompt, np.int32), completion.token_ids_N]),
        action_mask_T=mask_T,
        loss_mask_T=mask_T.copy(),
        sampler_logprobs_T=np.concatenate([np.zeros(len(prompt), np.float32), completion.logprobs_N]),
        advantages_T=mask_T * np.float32(advantage),
    )


def step(bench: Bench) -> dict[str, Any]:
    """Seconds of a whole GRPO step: sampling, grading, advantages, one update, new weights for the sampler."""
    turns = 1 + bench.repeats
    with worker_pool(EngineSettings()) as pool, tempfile.TemporaryDirectory() as folder:
        ours = Ours(bench.workload, OURS, bench.device, settings.SPEED_LR, 0, pool)
        contenders: dict[str, Callable[[int], Measured]] = {OURS: ours.step}
        for name in bench.peers:
            output = Path(folder) / name
            made = trl_trainer(bench.workload, name, bench.device, turns, settings.SPEED_LR, 0, output)
            contenders[name] = PacedTrl(*made).step
        return bench.compare("step", contenders, "seconds")


MEASURES = {"sampling": sampling, "training": training, "step": step}
