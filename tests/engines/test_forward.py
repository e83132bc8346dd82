"""The decoder in C++ against the same decoder in torch, and that company and preemption change no bit of it."""

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aha.engines import forward
from aha.engines.cache import Row, num_blocks
from aha.engines.forward import ForwardRunner, fits, num_jobs
from aha.engines.kernels import FLAGS, CompiledKernels, PlainKernels, build, compiled_kernels
from aha.engines.runners import DecoderRunner, Runner
from aha.engines.sample import sample
from aha.models.decoder import Decoder
from aha.models.decoder_config import DecoderConfig
from aha.types import Completion, Request
from tests.engines.test_native_sampler import make, requests
from tests.models.tiny import SMALL

FAMILIES: dict[str, dict[str, Any]] = {
    "qwen2": {"model_type": "qwen2", "tie_word_embeddings": True},
    "qwen3": {"model_type": "qwen3", "head_dim": 10, "num_attention_heads": 6, "vocab_size": 45},
    "llama": {"model_type": "llama", "attention_bias": True, "mlp_bias": True, "hidden_size": 200, "head_dim": 64},
}
LENGTHS = (1, 2, 16, 17, 150)


def compiled() -> CompiledKernels:
    built = compiled_kernels()
    if isinstance(built, str):
        pytest.skip(built)
    return built


def model_of(family: str, dtype: torch.dtype) -> Decoder:
    torch.manual_seed(0)
    model = Decoder(DecoderConfig.from_hugging_face({**SMALL, **FAMILIES[family]}))
    for name, parameter in model.named_parameters():
        if name.endswith("bias") or "norm" in name:
            torch.nn.init.normal_(parameter, mean=float("norm" in name), std=0.2)
    return model.to(dtype)


def logits_of(runner: Runner, vocabulary: int, num_rows: int = 70) -> torch.Tensor:
    """Two steps of many rows after a prefill, one longer than a chunk."""
    chance = np.random.default_rng(0)
    rows, block = [], 1
    for index in range(num_rows):
        ids = tuple(chance.integers(0, vocabulary, LENGTHS[index % len(LENGTHS)]).tolist())
        row = Row(Request(str(index), ids, index, 9), ids, frozenset(), 0)
        row.blocks = list(range(block, block + num_blocks(len(ids) + 1)))
        block += len(row.blocks)
        rows.append(row)
    runner.prefill([(row.context(), row.blocks) for row in rows if row.context()])
    first = runner.step(rows)
    for row in rows:
        row.new_ids.append(3)
    return torch.cat([first, runner.step(rows)])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@torch.inference_mode()
def test_equals_the_decoder_in_torch(family: str, dtype: torch.dtype) -> None:
    model = model_of(family, dtype)
    vocabulary = model.config.vocab_size
    expected = logits_of(DecoderRunner(model_of(family, torch.float32), PlainKernels(), 300), vocabulary)
    in_torch = logits_of(DecoderRunner(model, PlainKernels(), 300), vocabulary)
    found = logits_of(ForwardRunner(model, compiled(), 300), vocabulary)
    if dtype == torch.float32:
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-5)
    error = (found.float() - expected).square().mean().sqrt()
    assert error <= 1e-5 + 1.1 * (in_torch.float() - expected).square().mean().sqrt()


@pytest.mark.slow
@pytest.mark.parametrize("flags", [["-mno-avx512f"], ["-mno-avx512bf16"], ["-march=x86-64"]])
@torch.inference_mode()
def test_other_processors_compute_the_same(flags: list[str], tmp_path: Path) -> None:
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("no g++")
    try:
        build(compiler, [*FLAGS, *flags], tmp_path / "other.so")
    except subprocess.CalledProcessError:
        pytest.skip(f"no {flags} here")
    other = CompiledKernels(ctypes.CDLL(str(tmp_path / "other.so")))
    for dtype in (torch.float32, torch.bfloat16):
        model = model_of("qwen2", dtype)
        expected = logits_of(ForwardRunner(model, compiled(), 300), 280)
        gap = (logits_of(ForwardRunner(model, other, 300), 280) - expected).float().abs().mean()
        assert gap <= (1e-5 if dtype == torch.float32 else 0.02) * expected.float().abs().mean()


def bits(completions: list[Completion]) -> list[tuple[bytes, bytes]]:
    assert all(completion.logprobs_N is not None for completion in completions)
    return [(each.token_ids_N.tobytes(), each.logprobs_N.tobytes()) for each in completions]  # type: ignore[union-attr]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("settings", [{"max_rows": 1}, {"max_rows": 5}, {"cache_tokens": 128}])
def test_company_and_preemption_change_no_bit(dtype: torch.dtype, settings: dict[str, object]) -> None:
    compiled()
    asked = requests(new=60, stop_token_ids=())
    tight = make(dtype=dtype, **settings)
    assert isinstance(tight.runner, ForwardRunner)
    assert bits(sample(tight, asked)) == bits(sample(make(dtype=dtype), asked))
    assert tight.num_preempted > 3 or "cache_tokens" not in settings


def test_threads_change_no_bit() -> None:
    compiled()
    threads = torch.get_num_threads()
    try:
        found = []
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            found.append(bits(sample(make(), requests())))
    finally:
        torch.set_num_threads(threads)
    assert found[0] == found[1] == found[2]


def test_large_and_odd_models_stay_in_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled()
    assert fits(model_of("qwen2", torch.float32))
    assert not fits(Decoder(DecoderConfig.from_hugging_face({**SMALL, "model_type": "qwen2", "intermediate_size": 49})))
    monkeypatch.setattr(forward, "MAX_WEIGHT_BYTES", 1000)
    sampler = make()
    assert isinstance(sampler.runner, DecoderRunner)
    assert isinstance(sampler.kernels, CompiledKernels)
    assert len(sample(sampler, requests())) == 12


def test_rows_are_cut_evenly() -> None:
    assert [num_jobs(rows, 2) for rows in (1, 2, 96, 97, 256)] == [1, 2, 2, 4, 6]
