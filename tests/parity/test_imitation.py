"""Fine-tuning against plain transformers: one padded batch, cross-entropy of the labels of the answers alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from aha.config.learners import OptimizerSettings
from aha.config.settings import EngineSettings
from aha.engines.native_learner import NativeLearner
from aha.models.load import load_model
from aha.rollouts.mixture import imitation_sample
from aha.runtime.distributed import World
from aha.stages.sft import IMITATION
from aha.text.conversation import conversation_rows
from aha.types import Sample
from tests.models.tiny import save_reference

TALKS = [
    [("user", "2+2?"), ("assistant", "4")],
    [("user", "What is it?"), ("assistant", "It is a long answer."), ("user", "And?"), ("assistant", "No.")],
    [("system", "Be brief."), ("user", "a"), ("assistant", "<think>\nb\n</think>\n\nc")],
]
IGNORED = -100
CHATML = (
    "{% for m in messages %}{{ '[' + m.role + ']' + m.content }}"
    "{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)
"""Keeps earlier turns as they were, so that the turns of a conversation share a row."""


def reference(folder: Path, samples: list[Sample], with_prompts: bool) -> tuple[float, dict[str, torch.Tensor]]:
    """Loss and gradients: weights in fp64 (norms and rotary angles are fp32 there), rows padded on the right, full
    logits."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64)
    longest = max(len(sample.token_ids_T) for sample in samples)
    ids = torch.zeros(len(samples), longest, dtype=torch.int64)
    labels, seen = torch.full_like(ids, IGNORED), torch.zeros_like(ids)
    for row, sample in enumerate(samples):
        token_ids_T = torch.from_numpy(sample.token_ids_T).long()
        ids[row, : len(token_ids_T)] = token_ids_T
        seen[row, : len(token_ids_T)] = 1
        mask_T = torch.from_numpy(sample.loss_mask_T)
        labels[row, : len(token_ids_T)] = torch.where(mask_T | with_prompts, token_ids_T, IGNORED)
    logits = model(input_ids=ids, attention_mask=seen).logits
    loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED)
    loss.backward()
    return loss.item(), {name: parameter.grad for name, parameter in model.named_parameters()}


def tokenized(tokenizer: Any) -> list[Sample]:
    tokenizer.give_chat_template(CHATML)
    samples = []
    for talk in TALKS:
        messages = [{"role": role, "content": content} for role, content in talk]
        for row in conversation_rows(messages, "chat", tokenizer, tokenizer.turn_end_id):
            token_ids_T = torch.tensor(row.token_ids, dtype=torch.int32).numpy()
            samples.append(imitation_sample(str(len(samples)), token_ids_T, row.trained))
    return samples


def ours(folder: Path, samples: list[Sample], micro_batch_tokens: int) -> tuple[float, dict[str, torch.Tensor]]:
    learner = NativeLearner(
        load_model(folder, torch.float64).model,
        IMITATION,
        OptimizerSettings(),
        EngineSettings(device="cpu", compile=False, micro_batch_tokens=micro_batch_tokens),
        total_updates=1,
        temperature=1.0,
        device=torch.device("cpu"),
        world=World(),
    )
    _, tally = learner.accumulate(samples)
    gradients = learner.optimizer.views(learner.optimizer.gradients)
    return tally.means(World())["loss"], dict(zip(learner.optimizer.names, gradients, strict=True))


@pytest.mark.parametrize("family", ["qwen2", "llama"])
def test_loss_and_gradient_are_those_of_the_answers_alone_packed_or_padded(family: str, tmp_path: Path) -> None:
    save_reference(tmp_path, family)
    samples = tokenized(load_model(tmp_path, torch.float64).tokenizer)
    assert [int(sample.loss_mask_T.sum()) for sample in samples] == [2, 21 + 4, 22]
    loss, expected = reference(tmp_path, samples, with_prompts=False)
    packed, gradients = ours(tmp_path, samples, 10_000)
    alone, of_rows_alone = ours(tmp_path, samples, 1)
    assert alone == pytest.approx(packed, rel=1e-12)
    assert packed == pytest.approx(loss, rel=1e-6)
    assert gradients.keys() == expected.keys()
    for name, gradient in expected.items():
        assert (gradients[name] - gradient).norm() <= 1e-5 * gradient.norm() + 1e-7, name
        assert (gradients[name] - of_rows_alone[name]).norm() <= 1e-10 * gradient.norm() + 1e-13, name
    everything, of_prompts_too = reference(tmp_path, samples, with_prompts=True)
    assert abs(everything - loss) > 1e-3
    norm = expected["model.norm.weight"]
    assert (of_prompts_too["model.norm.weight"] - norm).norm() > 1e-3 * norm.norm()


def test_nothing_at_a_prompt_token_makes_it_a_target(tmp_path: Path) -> None:
    """Advantages and log-probs at prompt tokens are what would make targets of them; they may be anything, and loss and
    gradient stay the same bit by bit."""
    save_reference(tmp_path, "llama")
    samples = tokenized(load_model(tmp_path, torch.float64).tokenizer)
    before = ours(tmp_path, samples, 10_000)
    for sample in samples:
        prompt_T = ~sample.loss_mask_T
        sample.advantages_T[prompt_T] = 7.0
        sample.sampler_logprobs_T[prompt_T] = -3.0
    after = ours(tmp_path, samples, 10_000)
    assert after[0] == before[0]
    assert all(torch.equal(after[1][name], gradient) for name, gradient in before[1].items())
