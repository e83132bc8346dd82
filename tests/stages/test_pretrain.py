"""Pretraining: resumes to the same bytes, leaves a model that transformers loads, counts what the corpus reflects."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from aha.config.settings import ModelShape, PretrainStage
from aha.models.load import load_model
from aha.runtime import checkpoints
from aha.runtime.metrics import read_lines
from aha.runtime.run_directory import RunDirectory, StageDirectory
from aha.stages import pretrain
from aha.stages.pretrain import CORPUS_FILE, corpus_facts, log_spaced, train

SHAPE = ModelShape(layers=1, width=16, heads=2, kv_heads=1, mlp_width=24, vocab_size=320)
SETTINGS = PretrainStage(kind="pretrain", shape=SHAPE, tokens=6 * 256, batch_tokens=256)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrain, "TOKENIZER_DOCUMENTS", 200)
    monkeypatch.setattr(pretrain, "COUNTED_DOCUMENTS", 200)


def place(folder: Path) -> StageDirectory:
    return RunDirectory(folder).stage("base")


def run(stage: StageDirectory, stop_at: int = 0, settings: PretrainStage = SETTINGS) -> None:
    def watch(update: int, num_updates: int, values: dict[str, float]) -> None:
        if update == stop_at:
            raise KeyboardInterrupt

    train(settings, stage, 3, torch.device("cpu"), watch)


def test_a_stopped_pretraining_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    whole, stopped = place(tmp_path / "whole"), place(tmp_path / "stopped")
    run(whole)
    with pytest.raises(KeyboardInterrupt):
        run(stopped, stop_at=5)
    found = checkpoints.latest(stopped.checkpoints)
    assert found is not None
    assert found.step == 4
    run(stopped)
    for name in ("model.safetensors", "config.json", CORPUS_FILE):
        assert (whole.model / name).read_bytes() == (stopped.model / name).read_bytes()
    assert whole.metrics.read_bytes() == stopped.metrics.read_bytes()
    assert [line["update"] for line in read_lines(whole.metrics)] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("family", ["qwen2", "llama"])
def test_the_model_loads_with_transformers_and_gives_the_same_logits(tmp_path: Path, family: str) -> None:
    from transformers import AutoModelForCausalLM

    from aha.models.layout import RowLayout

    stage = place(tmp_path)
    run(stage, settings=SETTINGS.model_copy(update={"shape": SHAPE.model_copy(update={"family": family})}))
    ours = load_model(str(stage.model), "float32", torch.device("cpu"))
    theirs = AutoModelForCausalLM.from_pretrained(stage.model, dtype=torch.float32)
    assert theirs.config.model_type == family
    ids = torch.tensor(ours.tokenizer.encode("Question: What is 2*3+4?"))
    with torch.no_grad():
        logits = ours.model.head(ours.model(ids, RowLayout([len(ids)])))
        assert torch.allclose(logits, theirs(ids[None]).logits[0], atol=1e-5)


def test_checkpoints_stay_at_powers_of_two_and_the_end() -> None:
    assert log_spaced(11) == {1, 2, 4, 8, 11}


def test_the_corpus_is_counted() -> None:
    facts = corpus_facts(0)["reflection"]
    assert facts["texts"] == 200
    assert facts["recheck"] > 0
    assert facts == corpus_facts(0)["reflection"]
