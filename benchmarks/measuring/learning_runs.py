"""One training run of each side, for the comparison of what they learn."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from aha.config.settings import EngineSettings
from aha.stages.session import worker_pool
from benchmarks.measuring import settings
from benchmarks.measuring.learning import Rounds
from benchmarks.measuring.ours import Ours
from benchmarks.measuring.peers import trl_trainer
from benchmarks.measuring.workload import Workload


def learn_ours(workload: Workload, name: str, device: torch.device, rounds: int, seed: int) -> Rounds:
    """`rounds` steps of aha, `name` a key of settings.OURS."""
    with worker_pool(EngineSettings()) as pool:
        engine = Ours(workload, name, device, settings.LEARNING_LR, seed, pool)
        for number in range(rounds):
            measured = engine.step(number)
            groups = engine.rounds[-1]
            print(f"  round {number + 1}: reward {sum(groups) / len(groups):.3f}, {measured.seconds:.1f} s", flush=True)
    return engine.rounds


def learn_trl(workload: Workload, name: str, device: torch.device, rounds: int, seed: int) -> Rounds:
    """`rounds` steps of TRL, `name` a key of settings.TRL."""
    with tempfile.TemporaryDirectory() as folder:
        trainer, reward = trl_trainer(workload, name, device, rounds, settings.LEARNING_LR, seed, Path(folder))
        trainer.train()
    return reward.rounds
