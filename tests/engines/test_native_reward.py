"""Reward models that learn and score: gradients against a plain reference, splits, order, save and load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from aha.algorithms.preference import Comparison
from aha.config.learners import OptimizerSettings
from aha.config.settings import EngineSettings
from aha.engines.native_reward import NativeRewardScorer, RewardLearner, reward_batches
from aha.errors import DataError, DivergedError
from aha.models.decoder_config import DecoderConfig
from aha.models.heads import HEAD, RewardModel, load_reward_model, new_head
from aha.models.layout import RowLayout
from aha.runtime.distributed import World
from tests.models.tiny import save_reference
from tests.parity.test_gradient_invariance import TOLERANCE, assert_equal
from tests.parity.tiny import CONFIG, VOCAB

CPU = torch.device("cpu")


def reward_model(dtype: torch.dtype = torch.float64) -> RewardModel:
    torch.manual_seed(0)
    model = RewardModel(DecoderConfig.from_hugging_face(CONFIG))
    model.score.weight.data = new_head(16, 1)
    return model.to(dtype)


def learner(
    model: RewardModel | None = None, budget: int = 10_000, world: World | None = None, **settings: object
) -> RewardLearner:
    optimizer = OptimizerSettings.model_validate({"lr": 1e-2} | settings)
    engine = EngineSettings(device="cpu", micro_batch_tokens=budget)
    return RewardLearner(model or reward_model(), optimizer, engine, 10, CPU, world or World())


def comparisons() -> list[Comparison]:
    """A prompt with three ranked answers (three pairs of a third each), a pair of its own, two labels."""
    chance = np.random.default_rng(0)
    rows = [chance.integers(0, VOCAB, length).astype(np.int32) for length in (9, 4, 12, 6, 7, 5, 11)]
    ranked = [Comparison((rows[i], rows[j]), weight=1 / 3) for i, j in ((0, 1), (0, 2), (1, 2))]
    labels = [Comparison((rows[5],), label=1.0), Comparison((rows[6],), label=0.0, weight=0.5)]
    return [*ranked, Comparison((rows[3], rows[4])), *labels]


def gradients(trained: RewardLearner, given: Sequence[Comparison]) -> dict[str, torch.Tensor]:
    trained.accumulate(given)
    copies = trained.optimizer.views(trained.optimizer.gradients.clone())
    return dict(zip(trained.optimizer.names, copies, strict=True))


def score_alone(model: RewardModel, row: np.ndarray) -> torch.Tensor:
    layout = RowLayout([len(row)])
    return (model(torch.from_numpy(row).long(), layout)[-1:] @ model.score.weight.T).squeeze()


def test_loss_and_gradient_are_those_of_a_plain_loop() -> None:
    """Each text alone; the formulas written out; the mean by weight."""
    model, total = reward_model(), torch.zeros((), dtype=torch.float64)
    for one in comparisons():
        margin = score_alone(model, one.rows[0]) - (score_alone(model, one.rows[1]) if len(one.rows) > 1 else 0)
        total = total - one.weight * (F.logsigmoid(margin) if one.label else F.logsigmoid(-margin))
    total = total / 3.5
    named = dict(model.named_parameters())
    expected = dict(zip(named, torch.autograd.grad(total, list(named.values())), strict=True))
    trained = learner()
    assert trained.accumulate(comparisons())["loss"] == pytest.approx(total.item(), rel=1e-12)
    trained.optimizer.clear_gradients()
    assert_equal(gradients(trained, comparisons()), expected, 1e-10)


@pytest.mark.parametrize("dtype", list(TOLERANCE))
def test_micro_batches_and_order_do_not_change_the_gradient(dtype: torch.dtype) -> None:
    whole = gradients(learner(reward_model(dtype)), comparisons())
    for budget in (1, 25, 40):
        assert_equal(gradients(learner(reward_model(dtype), budget), comparisons()), whole, TOLERANCE[dtype])
        assert_equal(gradients(learner(reward_model(dtype), budget), comparisons()[::-1]), whole, TOLERANCE[dtype])


def test_processes_add_up_to_one() -> None:
    @dataclass(slots=True, frozen=True)
    class Half(World):
        """One of two; the other's weights are known."""

        def sum_floats(self, values: Sequence[float]) -> list[float]:
            return [3.5] if len(values) == 1 else list(values)

    whole = gradients(learner(), comparisons())
    first, second = (gradients(learner(world=Half()), part) for part in (comparisons()[:2], comparisons()[2:]))
    assert_equal({name: first[name] + second[name] for name in first}, whole, 1e-10)


def test_a_text_in_several_pairs_is_computed_once() -> None:
    ranked = comparisons()[:3]
    assert reward_batches(ranked, 25) == [[0, 1, 2]]
    assert reward_batches(ranked, 24) == [[0], [1], [2]]
    trained = learner()
    assert trained.update(ranked)["num_trained_tokens"] == 25
    assert learner(budget=1).update(ranked)["num_trained_tokens"] == 50


def test_an_update_learns_and_measures_before_the_step() -> None:
    trained, pairs = learner(lr=0.05), comparisons()
    values = [trained.update(pairs) for _ in range(8)]
    assert values[-1]["loss"] < 0.5 * values[0]["loss"]
    assert values[-1]["pair_accuracy"] == 1
    tie = [Comparison((pairs[0].rows[0], pairs[0].rows[0]))]
    assert trained.update(tie)["pair_accuracy"] == 0.5
    assert trained.update_count == 9


def test_scores_not_finite_skip_the_update_and_end_it() -> None:
    trained = learner(skip_limit=2)
    trained.optimizer.parameters[0].data.fill_(float("nan"))
    assert trained.update(comparisons())["update_skipped"] == 1
    with pytest.raises(DivergedError, match="2 updates in a row"):
        trained.update(comparisons())


def test_save_and_load_go_on_bit_by_bit(tmp_path: Path) -> None:
    straight = learner()
    straight.update(comparisons())
    straight.save(tmp_path)
    again = learner(reward_model(torch.float64))
    again.load(tmp_path)
    assert straight.update(comparisons()) == again.update(comparisons())
    for (name, one), (_, other) in zip(straight.weights(), again.weights(), strict=True):
        assert torch.equal(one, other), name
    assert HEAD in dict(again.weights())


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> NativeRewardScorer:
    folder = tmp_path_factory.mktemp("reward")
    save_reference(folder)
    loaded = load_reward_model(folder, "float32", head_seed=0)
    loaded.config["sees"] = "summary"
    return NativeRewardScorer(loaded, EngineSettings(device="cpu", micro_batch_tokens=70), CPU)


TEXTS = [([{"role": "user", "content": f"What is {n}?"}], "x" * (1 + 7 * n % 11)) for n in range(9)]


def test_the_order_of_the_texts_changes_no_bit_of_a_score(scorer: NativeRewardScorer) -> None:
    scores = scorer.scores(TEXTS)
    assert scorer.scores(TEXTS[::-1]) == scores[::-1]
    assert scorer.scores([*TEXTS, TEXTS[0]]) == [*scores, scores[0]]
    assert len(set(scores)) == len(TEXTS)
    assert scorer.scores([]) == []
    assert not any(parameter.requires_grad for parameter in scorer.model.parameters())


def test_batches_do_not_change_a_score_beyond_rounding(scorer: NativeRewardScorer) -> None:
    alone = [scorer.scores([text])[0] for text in TEXTS]
    assert scorer.scores(TEXTS) == pytest.approx(alone, abs=1e-4)


def test_what_it_was_trained_to_see_is_told(scorer: NativeRewardScorer, tmp_path: Path) -> None:
    assert scorer.sees == "summary"
    save_reference(tmp_path)
    foreign = load_reward_model(tmp_path, "float32", head_seed=0)
    assert NativeRewardScorer(foreign, EngineSettings(device="cpu"), CPU).sees is None
    foreign.model.score.weight.data.fill_(float("inf"))
    with pytest.raises(DataError, match="no finite number"):
        NativeRewardScorer(foreign, EngineSettings(device="cpu"), CPU).scores(TEXTS[:1])
