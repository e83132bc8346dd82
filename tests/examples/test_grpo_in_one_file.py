"""The one-file example gives the library's numbers, and runs."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest
import torch

from aha.config.loading import LoadedRecipe
from aha.config.packaged import PACKAGED_MODELS
from aha.config.presets import PRESETS
from aha.config.recipe import Recipe
from aha.config.settings import EngineSettings, ModelShape
from aha.lab.corpus import documents
from aha.lab.tasks import lab_task
from aha.lab.tokenizer import END_TOKEN, train_tokenizer
from aha.models.decoder import Decoder
from aha.models.decoder_config import DecoderConfig
from aha.models.save import named_weights, save_model
from aha.runtime.metrics import read_lines
from aha.stages.pipeline import run_recipe
from aha.stages.pretrain import hugging_face_config
from aha.tasks.base import Task
from aha.tasks.plugin import plugin_task
from aha.text.tokenizer import HFTokenizer

FILE = Path(__file__).parents[2] / "examples" / "01_grpo_in_one_file.py"
SHAPE = ModelShape(layers=2, width=32, heads=4, kv_heads=2, mlp_width=48, vocab_size=512, max_positions=256)
TASK = """
def letters():
    return [{"prompt": f"Letter {i}?", "answer": chr(97 + i % 26)} for i in range(40)]


def even(answer, reference):
    return len(answer) % 2 == 0
"""


@pytest.fixture(scope="module")
def example() -> Iterator[ModuleType]:
    """The example as a module, under a name that Python allows."""
    spec = importlib.util.spec_from_file_location("grpo_in_one_file", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random Qwen2 with the lab's kind of tokenizer; one token in ten ends an answer, so that some do end."""
    from transformers import PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("model")
    inner = train_tokenizer(islice(documents(0), 200), SHAPE.vocab_size)
    tokenizer = HFTokenizer(PreTrainedTokenizerFast(tokenizer_object=inner, eos_token=END_TOKEN, pad_token="<|pad|>"))
    config = hugging_face_config(SHAPE, tokenizer) | {"initializer_range": 0.2}
    torch.manual_seed(0)
    weights = named_weights(Decoder(DecoderConfig.from_hugging_face(config)))
    stops = {"eos_token_id": [tokenizer.eos_token_id, *range(20, SHAPE.vocab_size, 10)]}
    save_model(folder, weights, config, tokenizer, stops)
    return folder


ENGINE = EngineSettings(
    device="cpu", dtype="float32", compile=False, num_threads=1, verifier_workers=1, max_rows=16, micro_batch_tokens=250
)


def library(
    model: Path, task: str | dict[str, str], settings: dict[str, float], folder: Path
) -> list[dict[str, float]]:
    """The metrics of the same training by the library."""
    sampled = ("num_problems", "group_size", "max_new_tokens", "temperature")
    zero = {
        "kind": "rl",
        "model": "base",
        "rounds": settings["rounds"],
        "data": {"tasks": [task], "template": "r1-zero", "verify_gold": 0},
        "sampling": {name: settings[name] for name in sampled},
        "algorithm": PRESETS["grpo"] | {"num_updates": settings["num_updates"]},
        "optimizer": {name: settings[name] for name in ("lr", "warmup", "max_grad_norm")},
        "engine": ENGINE.model_dump(),
    }
    recipe = {"name": "example", "seed": settings["seed"], "models": {"base": str(model)}, "stages": {"zero": zero}}
    run_recipe(LoadedRecipe(Recipe.model_validate(recipe), Path("example.yaml"), ()), folder, tell=lambda text: None)
    return read_lines(folder / "stages" / "zero" / "metrics.jsonl")[1:]


def assert_equal_rounds(
    example: ModuleType, model: Path, named: str | dict[str, str], task: Task, folder: Path, **changes: float
) -> None:
    settings = {
        "seed": 17, "rounds": 5, "num_problems": 2, "group_size": 4, "max_new_tokens": 24, "temperature": 1.0,
        "num_updates": 3, "lr": 1e-3, "warmup": 3, "max_grad_norm": 1.0, "micro_batch_tokens": 250,
    } | changes  # fmt: skip
    expected = library(model, named, settings, folder)
    found = [metrics for metrics, _ in example.train(example.Settings(model=str(model), **settings), task, ENGINE)]
    assert len(found) == len(expected) == 5
    assert len({line["reward/mean"] for line in expected}) > 1
    for here, there in zip(found, expected, strict=True):
        assert abs(there["loss"]) > 1e-2  # near 0 the tokens' losses cancel and rounding is what remains: another seed
        assert there["grad_norm"] > 1e-3
        for name in ("loss", "reward/mean", "grad_norm"):
            assert here[name] == pytest.approx(there[name], rel=1e-5, abs=0), name
        for name in ("accuracy", "format_rate", "length/mean"):
            assert here[name] == pytest.approx(there[name], rel=1e-9), name


def test_first_five_rounds_equal_the_librarys_on_a_random_model(
    example: ModuleType, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a task's name is part of its seeds, so it must not hold a changing folder
    (tmp_path / "letters.py").write_text(TASK)
    named = {"name": "letters.py:letters", "verifier": "letters.py:even"}
    task = plugin_task(named["name"], verifier=named["verifier"])
    assert_equal_rounds(example, model, named, task, tmp_path / "run")


def test_first_five_rounds_equal_the_librarys_on_the_lab(example: ModuleType, tmp_path: Path) -> None:
    sizes = {"seed": 18, "max_new_tokens": 128, "lr": 2e-4}
    assert_equal_rounds(example, PACKAGED_MODELS["lab"], "lab:mixed", lab_task("lab:mixed"), tmp_path / "run", **sizes)


def test_it_runs_from_the_command_line(example: ModuleType, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = {"rounds": 2, "num-problems": 2, "group-size": 3, "max-new-tokens": 8, "task": "lab:lists"}
    example.main([f"--{name}={value}" for name, value in {"model": model, **sizes}.items()])
    lines = capsys.readouterr().out.splitlines()
    assert [line[:7] for line in lines[::2]] == ["round 1", "round 2"]
    assert all("reward/mean" in line and "grad_norm" in line for line in lines[::2])


def test_the_worked_example_of_the_docstring(example: ModuleType) -> None:
    rewards_PG = torch.tensor([[2.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0]], dtype=torch.float64)
    expected = [[2**0.5, 0.0, 0.0, -(2**0.5)], [0.0, 0.0, 0.0, 0.0]]
    assert example.advantages(rewards_PG).tolist() == [pytest.approx(row) for row in expected]


def test_its_settings_are_those_of_the_recipe(example: ModuleType) -> None:
    from aha.config.loading import load_recipe

    stage, settings = load_recipe("lab-zero", []).recipe.stages["zero"], example.Settings()
    for block in (stage.sampling, stage.algorithm, stage.optimizer):
        same = {name: value for name, value in vars(settings).items() if name in type(block).model_fields}
        assert same
        assert same == {name: getattr(block, name) for name in same}
    assert (settings.rounds, settings.clip) == (stage.rounds, stage.algorithm.clip_low)


def test_it_is_short_and_brings_its_own_algorithm() -> None:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 250
    imported = {line.split()[1] for line in lines if line.startswith("from aha.")}
    assert not [name for name in imported if name.split(".")[1] in ("algorithms", "rollouts", "stages", "rewards")]
    assert {name for name in imported if name.startswith("aha.engines")} == {
        "aha.engines.native_sampler",
        "aha.engines.sample",
    }
