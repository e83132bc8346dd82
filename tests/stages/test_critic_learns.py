"""PPO on the embedded base: it learns, and its critic comes to know something of what will be earned."""

import json
from statistics import mean, median

import pytest

from aha.config.loading import load_recipe
from aha.stages import session
from aha.stages.pipeline import run_recipe

SMALL = [
    "orz.rounds=14",
    "orz.sampling={num_problems: 8, group_size: 8, max_new_tokens: 160}",
    "orz.critic={num_updates: 4, optimizer: {lr: 2.0e-4, warmup: 4}}",
    "orz.data={tasks: [lab:arithmetic], template: r1-zero, verify_gold: 4}",
    "orz.evaluate={}",
    "orz.engine={num_threads: 1, verifier_workers: 1, device: cpu}",
    "orz.logging.rollouts=none",
]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ppo_learns_arithmetic_and_its_critic_explains_some_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(session, "measured_matrix_flops", lambda dtype: 1e9)
    run_recipe(load_recipe("lab-orz", SMALL), tmp_path, until="orz")
    lines = [json.loads(line) for line in (tmp_path / "stages" / "orz" / "metrics.jsonl").read_text().splitlines()][1:]
    accuracy = [line["accuracy"] for line in lines]
    explained = [line["value/explained_variance"] for line in lines]
    assert mean(accuracy[-4:]) > mean(accuracy[:4]) + 0.2
    assert explained[0] == 0
    assert median(explained[-6:]) > 0.02
