"""A tiny model and samples for learner tests, made from seeds alone."""

from __future__ import annotations

import numpy as np
import torch

from aha.config.algorithm import AlgorithmSettings
from aha.config.learners import OptimizerSettings
from aha.config.settings import EngineSettings
from aha.engines.native_learner import NativeLearner
from aha.models.decoder import Decoder
from aha.models.decoder_config import DecoderConfig
from aha.runtime.distributed import World
from aha.types import Sample

VOCAB = 23
CONFIG = {
    "model_type": "qwen2",
    "vocab_size": VOCAB,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-6,
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
    "initializer_range": 0.3,
}


def tiny_model(dtype: torch.dtype = torch.float64, seed: int = 0, **changes: object) -> Decoder:
    """A random Qwen2 decoder, untied or wider by `changes` to its Hugging Face configuration."""
    torch.manual_seed(seed)
    model = Decoder(DecoderConfig.from_hugging_face(CONFIG | changes)).to(dtype)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model


def tiny_samples(num_samples: int = 9, seed: int = 0) -> list[Sample]:
    """Samples of 4 to 18 tokens, three by three on one prompt; sampler, learner and reference log-probs differ enough
    for clipping to occur."""
    chance = np.random.default_rng(seed)
    samples = []
    for i in range(num_samples):
        if i % 3 == 0:
            prompt = chance.integers(0, VOCAB, int(chance.integers(1, 7)))
        num_prompt, num_new = len(prompt), int(chance.integers(3, 12))
        length = num_prompt + num_new
        mask_T = np.arange(length) >= num_prompt

        def noise(spread: float, mask_T: np.ndarray = mask_T) -> np.ndarray:
            values = chance.normal(-3.0, spread, len(mask_T))
            return (values * mask_T).astype(np.float32)

        samples.append(
            Sample(
                rollout_id=str(i),
                token_ids_T=np.concatenate([prompt, chance.integers(0, VOCAB, num_new)]).astype(np.int32),
                action_mask_T=mask_T,
                loss_mask_T=mask_T.copy(),
                sampler_logprobs_T=noise(0.5),
                advantages_T=(chance.normal() * mask_T).astype(np.float32),
                learner_logprobs_T=noise(0.5),
                reference_logprobs_T=noise(0.5),
            )
        )
    return samples


def tiny_learner(
    model: Decoder,
    algorithm: AlgorithmSettings | None = None,
    optimizer: OptimizerSettings | None = None,
    world: World | None = None,
    **engine: object,
) -> NativeLearner:
    """A learner on the CPU at temperature 0.7."""
    return NativeLearner(
        model,
        algorithm or AlgorithmSettings(),
        optimizer or OptimizerSettings(lr=1e-2, weight_decay=0.1),
        EngineSettings.model_validate({"device": "cpu", "compile": False} | engine),
        total_updates=10,
        temperature=0.7,
        device=torch.device("cpu"),
        world=world or World(0, 1),
    )
