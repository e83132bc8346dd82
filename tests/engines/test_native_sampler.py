"""The native sampler against plain sampling by whole forwards: same tokens whatever the cache, kernels and company."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from aha.config.settings import EngineSettings
from aha.engines.draw import draw_tokens, uniforms
from aha.engines.kernels import CompiledKernels, Kernels, PlainKernels, compiled_kernels
from aha.engines.native_sampler import NativeSampler
from aha.engines.runners import row_bucket
from aha.engines.sample import sample
from aha.errors import ConfigError, DataError, MachineError
from aha.models.decoder import Decoder
from aha.models.decoder_config import DecoderConfig
from aha.models.fallback import FallbackModel
from aha.models.layout import RowLayout
from aha.models.load import load_model
from aha.models.logprobs import token_logprobs
from aha.types import Completion, Request
from tests.models.tiny import DEEPSEEK, SMALL, save_reference

CONFIG = {"model_type": "qwen3", **SMALL, "vocab_size": 40, "head_dim": 8, "tie_word_embeddings": True}
PROMPTS = [tuple(range(1, 20)), (7,), tuple(range(30, 13, -1)), (3, 4)]


class Digits:
    """Ids as text."""

    eos_token_id = 0
    vocab_size = 40

    def encode(self, text: str) -> list[int]:
        return [int(part) for part in text.split()]

    def decode(self, token_ids: Sequence[int]) -> str:
        return " ".join(map(str, token_ids))


def make(seed: int = 0, dtype: torch.dtype = torch.float32, **settings: object) -> NativeSampler:
    torch.manual_seed(seed)
    model = Decoder(DecoderConfig.from_hugging_face(CONFIG)).to(dtype)
    return NativeSampler(model, Digits(), EngineSettings.model_validate({"cache_tokens": 8192, **settings}), "cpu")


def requests(count: int = 12, new: int = 24, **changes: object) -> list[Request]:
    stop = {"stop_token_ids": (0, 1), **changes}
    return [Request(f"r{i}", PROMPTS[i // 3 % 4], seed=100 + i, max_new_tokens=new, **stop) for i in range(count)]  # type: ignore[arg-type]


def plain_sample(model: Decoder | FallbackModel, request: Request) -> tuple[list[int], list[float]]:
    """One row, a whole forward a token."""
    ids, logprobs = list(request.token_ids), []
    for count in range(request.max_new_tokens):
        with torch.no_grad():
            logits = model.head(model(torch.tensor(ids), RowLayout([len(ids)])))[-1]
        table = torch.log_softmax(logits.double() / request.temperature, 0)
        chance = uniforms(np.array([request.seed], np.uint64), np.array([count], np.uint64))[0]
        token = int((table.exp().cumsum(0) <= float(chance)).sum())
        ids.append(token)
        logprobs.append(float(table[token]))
        if token in request.stop_token_ids:
            break
    return ids[len(request.token_ids) :], logprobs


def tokens_of(completions: list[Completion]) -> list[list[int]]:
    return [completion.token_ids_N.tolist() for completion in completions]


@pytest.mark.parametrize("compile", ["auto", False])
def test_equals_plain_sampling(compile: object) -> None:
    sampler = make(compile=compile)
    for request, completion in zip(requests(), sample(sampler, requests()), strict=True):
        ids, logprobs = plain_sample(sampler.model, request)
        assert completion.request_id == request.id
        assert completion.token_ids_N.tolist() == ids
        assert completion.logprobs_N is not None
        np.testing.assert_allclose(completion.logprobs_N, logprobs, atol=1e-5)
        assert completion.finish == ("stop" if ids[-1] in (0, 1) else "length")
        assert completion.text == " ".join(map(str, ids[:-1] if ids[-1] in (0, 1) else ids))


def test_other_architectures_sample_too(tmp_path: Path) -> None:
    save_reference(tmp_path, "deepseek_v3", **DEEPSEEK)
    loaded = load_model(tmp_path, "float32")
    sampler = NativeSampler(loaded.model, loaded.tokenizer, EngineSettings(cache_tokens=512), "cpu")
    asked = requests(count=4, new=6)
    for request, completion in zip(asked, sample(sampler, asked), strict=True):
        assert completion.token_ids_N.tolist() == plain_sample(loaded.model, request)[0]


def test_preemption_changes_no_token() -> None:
    wide, tight = make(), make(cache_tokens=128)
    expected = tokens_of(sample(wide, requests(new=60, stop_token_ids=())))
    assert tokens_of(sample(tight, requests(new=60, stop_token_ids=()))) == expected
    assert wide.num_preempted == 0
    assert tight.num_preempted > 3


@pytest.mark.parametrize("settings", [{"max_rows": 1}, {"max_rows": 5}, {"cache_tokens": 80}])
def test_company_changes_no_token(settings: dict[str, object]) -> None:
    assert tokens_of(sample(make(**settings), requests())) == tokens_of(sample(make(), requests()))


def test_blocks_all_come_back() -> None:
    sampler = make(cache_tokens=160)
    sample(sampler, requests())
    assert sampler.queue.pool.num_free == 10


def test_learner_logprobs_agree_at_a_temperature() -> None:
    sampler = make()
    for completion, request in zip(sample(sampler, requests(temperature=0.7)), requests(), strict=True):
        ids = torch.tensor([*request.token_ids, *completion.token_ids_N.tolist()])
        logprobs, _ = token_logprobs(sampler.model, ids, RowLayout([len(ids)]), temperature=0.7)
        new = logprobs[len(request.token_ids) :].detach().numpy()
        np.testing.assert_allclose(completion.logprobs_N, new, atol=1e-4)


def test_prompt_of_a_group_is_computed_once() -> None:
    sampler = make()
    seen: list[int] = []
    prefill = sampler.runner.prefill
    sampler.runner.prefill = lambda contexts: (seen.extend(len(ids) for ids, _ in contexts), prefill(contexts))[1]  # type: ignore[method-assign,func-returns-value]
    sample(sampler, [Request(str(i), PROMPTS[0], i, 3) for i in range(8)])
    assert seen == [len(PROMPTS[0]) - 1]


def test_completion_order_is_the_order_of_ending() -> None:
    sampler = make()
    sampler.submit([Request("long", (1, 2), 1, 9), Request("short", (1, 2), 2, 2)])
    assert [completion.request_id for completion in sampler.completions()] == ["short", "long"]


def test_requests_may_come_while_others_run() -> None:
    sampler = make()
    sampler.submit([Request("a", (1, 2), 1, 5)])
    names = []
    for completion in sampler.completions():
        names.append(completion.request_id)
        if len(names) == 1:
            sampler.submit([Request("b", (1, 2), 2, 5)])
    assert names == ["a", "b"]


def test_abort_returns_what_there_is() -> None:
    sampler = make()
    sampler.submit([Request("a", (1, 2), 1, 50), Request("b", (1, 2), 2, 3), Request("c", (5,), 2, 50)])
    next(iter(sampler.completions()))
    first = sampler.abort(["a", "unknown"])
    assert [(completion.finish, len(completion.token_ids_N)) for completion in first] == [("aborted", 3)]
    assert [completion.request_id for completion in sampler.completions()] == ["c"]


def test_sync_changes_tokens_and_versions_in_flight() -> None:
    sampler, other = make(0), make(1)
    sampler.submit([Request("a", (1, 2), 1, 8), Request("b", (1, 2), 2, 3)])
    iterator = sampler.completions()
    assert [(s.start, s.end, s.policy_version) for s in next(iterator).segments] == [(0, 3, 0)]
    sampler.sync(other.model.named_parameters(), 5)
    (rest,) = iterator
    assert [(s.start, s.end, s.policy_version) for s in rest.segments] == [(0, 3, 0), (3, 8, 5)]
    ids = torch.tensor([1, 2, *rest.token_ids_N.tolist()])
    logprobs, _ = token_logprobs(other.model, ids, RowLayout([10]))
    assert rest.logprobs_N is not None
    np.testing.assert_allclose(rest.logprobs_N[3:], logprobs[5:].detach().numpy(), atol=1e-4)
    assert sampler.policy_version == 5


def test_sync_refuses_other_models() -> None:
    sampler = make()
    with pytest.raises(DataError, match="no weight extra of shape"):
        sampler.sync([("extra", torch.ones(2))], 1)
    with pytest.raises(DataError, match=r"weights were not handed to the sampler, the first is model\."):
        sampler.sync([], 1)


def test_bfloat16_agrees_with_the_learner_on_average() -> None:
    sampler = make(dtype=torch.bfloat16)
    gaps = []
    for completion, request in zip(sample(sampler, requests()), requests(), strict=True):
        ids = torch.tensor([*request.token_ids, *completion.token_ids_N.tolist()])
        logprobs, _ = token_logprobs(sampler.model, ids, RowLayout([len(ids)]))
        gaps.append(np.abs(completion.logprobs_N - logprobs[len(request.token_ids) :].detach().numpy()))
    assert np.concatenate(gaps).mean() < 0.02


@pytest.mark.parametrize(
    ("request_", "error", "message"),
    [
        (Request("a", (), 1, 5), DataError, "needs one or more token ids below 40"),
        (Request("a", (40,), 1, 5), DataError, "needs one or more token ids below 40"),
        (Request("a", (1,), 1, 256), DataError, "has 256 positions"),
        (Request("a", (1,), 1, 0), DataError, "at least one token"),
        (Request("a", (1,), 1, 100), ConfigError, "engine.cache_tokens is 64"),
    ],
)
def test_impossible_requests(request_: Request, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make(cache_tokens=64).submit([request_])


def test_duplicate_ids() -> None:
    with pytest.raises(DataError, match="'a' is already in flight"):
        make().submit([Request("a", (1,), 1, 5), Request("a", (1,), 1, 5)])


def test_missing_compiler(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("aha.engines.native_sampler.compiled_kernels", lambda: "no C++ compiler (g++) was found")
    assert isinstance(make().kernels, PlainKernels)
    assert "without compiled kernels" in caplog.text
    with pytest.raises(MachineError, match="no C\\+\\+ compiler"):
        make(compile=True)


def test_close_drops_everything() -> None:
    sampler = make()
    sampler.submit(requests())
    sampler.close()
    assert list(sampler.completions()) == []


def kernels() -> Kernels:
    built = compiled_kernels()
    if isinstance(built, str):
        pytest.skip(built)
    assert isinstance(built, CompiledKernels)
    return built


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("heads", "width"), [(6, 32), (2, 10)])
def test_compiled_attention_equals_plain(dtype: torch.dtype, heads: int, width: int) -> None:
    torch.manual_seed(0)
    q = torch.randn(5, heads, width).to(dtype)
    keys, values = torch.randn(20, 2, width, 16).to(dtype), torch.randn(20, 2, 16, width).to(dtype)
    tables = torch.randint(0, 20, (5, 4), dtype=torch.int32)
    lengths = torch.tensor([1, 16, 17, 64, 33], dtype=torch.int32)
    expected = PlainKernels().attend(q.double(), keys.double(), values.double(), tables, lengths)
    tolerance = 1e-5 if dtype == torch.float32 else 2e-2
    torch.testing.assert_close(
        kernels().attend(q, keys, values, tables, lengths).double(), expected, atol=tolerance, rtol=0
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("width", [10, 48])
def test_compiled_norm_and_gate_equal_plain(dtype: torch.dtype, width: int) -> None:
    torch.manual_seed(0)
    x, weight = (torch.randn(7, 2 * width) * 5).to(dtype), torch.randn(2 * width).to(dtype)
    tolerance = {"atol": 1e-6, "rtol": 1e-5 if dtype == torch.float32 else 1 / 128}
    torch.testing.assert_close(kernels().norm(x, weight, 1e-6), PlainKernels().norm(x, weight, 1e-6), **tolerance)
    torch.testing.assert_close(kernels().gate(x), PlainKernels().gate(x), **tolerance)


@pytest.mark.parametrize("vocabulary", [5, 16, 1000])
def test_compiled_draw_equals_plain(vocabulary: int) -> None:
    torch.manual_seed(0)
    logits, heat = torch.randn(300, vocabulary) * 3, torch.rand(300) + 0.5
    chances = torch.rand(300)
    chances[:2] = torch.tensor([2**-24, 1 - 2**-24])
    top_ps = torch.ones(300)
    top_ps[100:200], top_ps[200:] = 0.9, 0.3
    tokens, logprobs = kernels().draw(logits, heat, top_ps, chances)
    expected_tokens, expected_logprobs = PlainKernels().draw(logits, heat, top_ps, chances)
    assert tokens.tolist() == expected_tokens.tolist()
    torch.testing.assert_close(logprobs, expected_logprobs, atol=2e-6, rtol=1e-5)


def test_draws_follow_the_distribution() -> None:
    count = 20_000
    logits = torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05])).repeat(count, 1)
    chances = uniforms(np.arange(count, dtype=np.uint64), np.zeros(count, np.uint64))
    ones = np.ones(count, np.float32)
    for top_p, expected in ((1.0, [0.5, 0.3, 0.15, 0.05]), (0.7, [0.625, 0.375, 0, 0]), (0.45, [1, 0, 0, 0])):
        tokens, logprobs = draw_tokens(PlainKernels(), logits, ones, ones * np.float32(top_p), chances)
        shares = np.bincount(tokens.numpy(), minlength=4) / count
        np.testing.assert_allclose(shares, expected, atol=0.012)
        torch.testing.assert_close(logprobs, logits[0][tokens])


def test_greedy_takes_the_likeliest() -> None:
    logits = torch.tensor([[0.0, 2.0, 1.0]])
    one = np.ones(1, np.float32)
    tokens, logprobs = draw_tokens(PlainKernels(), logits, one * 0, one * np.float32(0.5), one * np.float32(0.999))
    assert tokens.tolist() == [1]
    assert logprobs.item() == pytest.approx(torch.log_softmax(logits, 1)[0, 1].item())


def test_top_p_beyond_the_first_sort() -> None:
    logits = torch.zeros(1, 500)
    one = np.ones(1, np.float32)
    tokens, _ = draw_tokens(PlainKernels(), logits, one, one * np.float32(0.9), one * np.float32(0.99))
    assert tokens.item() == 495


def test_uniforms_are_fixed_and_spread() -> None:
    seeds, counts = np.array([0, 1, 1, 2**64 - 1], np.uint64), np.array([0, 0, 1, 7], np.uint64)
    values = uniforms(seeds, counts)
    assert len(set(values.tolist())) == 4
    assert values.tolist() == uniforms(seeds, counts).tolist()
    many = uniforms(np.arange(10_000, dtype=np.uint64), np.arange(10_000, dtype=np.uint64))
    assert abs(many.mean() - 0.5) < 0.01
    assert 0 < many.min() < many.max() < 1


def test_row_buckets_are_few() -> None:
    assert [row_bucket(n) for n in (1, 4, 5, 33, 129, 256)] == [4, 4, 8, 48, 160, 256]
    assert len({row_bucket(n) for n in range(1, 257)}) <= 20
