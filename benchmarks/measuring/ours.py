"""aha's side: the parts of the RL stage, put together as the stage does, without files and evaluation."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from typing import Any

import torch

from aha.config.algorithm import AlgorithmSettings
from aha.config.learners import OptimizerSettings
from aha.config.presets import PRESETS
from aha.config.settings import EngineSettings, RewardSettings, SamplingSettings
from aha.engines.native_learner import NativeLearner
from aha.engines.native_sampler import NativeSampler
from aha.engines.sample import sample
from aha.models.load import load_model
from aha.rollouts.collect import RoundPlan, collect
from aha.rollouts.grading import Grader
from aha.rollouts.pack import set_advantages, to_samples
from aha.runtime.distributed import World
from aha.runtime.seeds import seed_of
from aha.runtime.workers import WorkerPool
from aha.types import Completion, Request, Sample
from benchmarks.measuring import settings
from benchmarks.measuring.turns import Measured
from benchmarks.measuring.workload import Workload


class Ours:
    """Sampler, learner and grader over one model."""

    def __init__(
        self, workload: Workload, name: str, device: torch.device, lr: float, seed: int, pool: WorkerPool | None = None
    ) -> None:
        """`name`: a key of settings.OURS. Without a `pool` there is no whole step."""
        chosen = settings.OURS[name]
        engine = EngineSettings(**chosen["engine"])
        self.workload, self.seed, self.device = workload, seed, device
        loaded = load_model(workload.folder, engine.dtype, device)
        self.sampler = NativeSampler(copy.deepcopy(loaded.model), loaded.tokenizer, engine, device)
        self.algorithm = AlgorithmSettings(**PRESETS[chosen["preset"]], constant_length=workload.max_new_tokens)
        self.learner = NativeLearner(
            loaded.model,
            self.algorithm,
            OptimizerSettings(lr=lr, **settings.ADAM),
            engine,
            total_updates=1,
            temperature=1.0,
            device=device,
            world=World(),
        )
        self.stops = loaded.tokenizer.stop_token_ids
        self.stream = workload.stream(seed)
        self.sampling = SamplingSettings(
            num_problems=workload.num_problems, group_size=workload.group_size, max_new_tokens=workload.max_new_tokens
        )
        rewards = [RewardSettings(name="accuracy"), RewardSettings(name="format")]
        self.grader = Grader(pool, rewards, loaded.tokenizer) if pool is not None else None
        self.rounds: list[list[float]] = []

    def sample(self, prompts: Sequence[tuple[int, ...]], turn: int) -> tuple[Measured, list[Completion]]:
        """`group_size` completions of each prompt."""
        requests = [
            Request(
                id=f"{place}/{member}",
                token_ids=prompt,
                seed=seed_of("bench", turn, place, member),
                max_new_tokens=self.workload.max_new_tokens,
                stop_token_ids=self.stops,
            )
            for place, prompt in enumerate(prompts)
            for member in range(self.workload.group_size)
        ]
        start = time.perf_counter()
        completions = sample(self.sampler, requests)
        wait(self.device)
        seconds = time.perf_counter() - start
        return Measured(seconds, sum(len(each.token_ids_N) for each in completions)), completions

    def update(self, samples: Sequence[Sample]) -> Measured:
        """One optimizer step over the samples as they are."""
        start = time.perf_counter()
        self.learner.update(samples)
        wait(self.device)
        return Measured(time.perf_counter() - start, sum(len(each.token_ids_T) for each in samples))

    def step(self, turn: int) -> Measured:
        """Sample, grade, advantages, update, new weights for the sampler."""
        assert self.grader is not None
        start = time.perf_counter()
        plan = RoundPlan(
            seed=self.seed,
            stage="bench",
            step=turn,
            sampling=self.sampling,
            max_new_tokens=self.workload.max_new_tokens,
            stop_token_ids=self.stops,
            filter="keep_all",
            refill_rounds=1,
        )
        collected = collect(self.stream, plan, self.workload.prompt_ids, self.sampler, self.grader, world=World())
        groups = collected.filtered.kept
        samples, _ = set_advantages(groups, to_samples(groups), self.algorithm)
        self.learner.update(samples)
        self.sampler.sync(self.learner.weights(), turn + 1)
        wait(self.device)
        seconds = time.perf_counter() - start
        self.rounds.append([_mean([rollout.reward for rollout in group.rollouts]) for group in collected.groups])
        tokens = sum(len(rollout.completion.token_ids_N) for group in collected.groups for rollout in group.rollouts)
        return Measured(seconds, tokens)


def wait(device: torch.device) -> None:
    """Until the device has done its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def facts() -> dict[str, Any]:
    """Our settings in full, defaults included."""
    return {
        name: {
            "engine": EngineSettings(**chosen["engine"]).model_dump(),
            "algorithm": AlgorithmSettings(**PRESETS[chosen["preset"]]).model_dump(),
        }
        for name, chosen in settings.OURS.items()
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
