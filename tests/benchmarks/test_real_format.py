"""The real-format run: its data, models and checks; the whole of it behind the mark `slow`."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from aha.config.loading import load_recipe
from aha.models.load import load_model
from aha.tasks.files import read_rows
from aha.verifiers import verify
from benchmarks import real_format
from benchmarks.measuring.labelled import data_folder
from benchmarks.measuring.plain_models import examine
from benchmarks.measuring.real_models import FAMILIES, PADDED_TOKENS, save_random_model

QUESTIONS = [f"Ann has {n} apples and buys {n + 1} more. How many does she have now?" for n in range(48)]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with 48 problems in GSM8K's form."""
    (tmp_path / "given" / "gsm8k").mkdir(parents=True)
    rows = [{"question": asked, "answer": f"Add.\n#### 1,{2 * n + 1:03d}"} for n, asked in enumerate(QUESTIONS)]
    with gzip.open(tmp_path / "given" / real_format.TRAIN, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    monkeypatch.setenv("AHA_DATA", str(tmp_path / "given"))
    return tmp_path / "given"


def test_each_use_has_questions_of_its_own_and_the_server_knows_all_answers(tmp_path: Path, data: Path) -> None:
    named, golds = real_format.write_data(tmp_path / "data", 8)
    asked = []
    for name in [name for use, name in named.items() if use != "checked"]:
        rows = [json.loads(line) for line in Path(name.removeprefix("file:")).read_text().splitlines()]
        asked += [row.get("prompt") or row["question"] for row in rows]
    assert asked == QUESTIONS[8:40]
    (first, *others) = read_rows(Path(named["checked"].removeprefix("file:")))
    assert first[1]["prompt"].startswith(QUESTIONS[40])
    assert verify("instructions", first[1]["answer"], first[1]["checks"], {"extract": "whole"})["outcome"] == "correct"
    assert len(others) == 7
    assert golds[QUESTIONS[3]] == "1007"
    assert len(golds) == 48


def test_the_run_says_every_stage_and_every_size_on_the_command_line(tmp_path: Path, data: Path) -> None:
    named, _ = real_format.write_data(tmp_path / "data", 8)
    recipe = load_recipe("r1", real_format.overrides(tmp_path, named, "http://localhost:1/v1#gold", 8)).recipe
    trained = {*real_format.RL_STAGES, *real_format.SFT_STAGES}
    assert trained == set(real_format.TEMPLATES)
    assert trained | {*real_format.REWARD_STAGES} == {
        name for name, stage in recipe.stages.items() if stage.makes in ("model", "scorer")
    }
    assert all(recipe.stages[name].evaluate.final_on == ["gsm8k?limit=8"] for name in trained - {"dev2"})  # type: ignore[union-attr]
    assert recipe.stages["r1"].rewards[3].on == [named["general"]]  # type: ignore[union-attr]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_random_model_has_its_familys_form(tmp_path: Path, family: str) -> None:
    save_random_model(tmp_path / family, family, QUESTIONS, num_tokens=300)
    loaded = load_model(tmp_path / family, "float32")
    tokenizer, form = loaded.tokenizer, FAMILIES[family]
    assert loaded.config["vocab_size"] == len(tokenizer.inner) + PADDED_TOKENS
    assert tokenizer.has_chat_template is (form.chat_template is not None)
    assert tokenizer.decode(tokenizer.encode(QUESTIONS[0])) == QUESTIONS[0]
    assert all(len(tokenizer.inner(token, add_special_tokens=False)["input_ids"]) == 1 for token in form.special)
    assert (tokenizer.inner("a")["input_ids"][0] == tokenizer.inner.bos_token_id) is (form.bos is not None)


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """A run of two stages whose card says everything."""
    for name in ("dev1", "safe"):
        (tmp_path / "stages" / name / "model").mkdir(parents=True)
        (tmp_path / "stages" / name / "result.json").write_text("{}")
        said = [*real_format.CARD, *real_format.POLICY_CARD, *real_format.SCORER_CARD]
        (tmp_path / "stages" / name / "model" / "README.md").write_text("\n".join(said))
    (tmp_path / "report.html").write_text('["dev1", "safe"]')
    (tmp_path / "stages" / "r1").mkdir()
    (tmp_path / "stages" / "r1" / "metrics.jsonl").write_text('{"reward/helpful": 1}\n{"reward/safe": 1}\n')
    return tmp_path


def test_a_stage_that_is_missing_is_named(run_folder: Path) -> None:
    assert real_format.stage_problems(run_folder, ["dev1", "safe"]) == []
    found = real_format.stage_problems(run_folder, ["dev1", "dev2"])
    assert found == ["dev2: there is no result.json", "dev2: report.html does not name it"]
    (run_folder / "stages" / "r1" / "metrics.jsonl").write_text('{"reward/helpful": 1}\n')
    assert real_format.stage_problems(run_folder, ["dev1"]) == ["r1: no safe in its metrics"]
    (run_folder / "stages" / "r1" / "metrics.jsonl").write_text('{"reward/safe": 1, "reward/helpful": 0}\n')
    (run_folder / "report.html").unlink()
    assert real_format.stage_problems(run_folder, ["dev1"]) == ["there is no report.html"]


@pytest.mark.parametrize(
    ("name", "changes", "problem"),
    [
        ("dev1", {}, None),
        ("dev1", {"prompt": "<|im_start|>assistant\n"}, "its prompt ends in '<|im_start|>assistant\\n', not in"),
        ("dev1", {"prompt": None}, "its prompt ends in ''"),
        ("dev1", {"temperature": 1.0}, "its generation settings say T 1.0"),
        ("safe", {}, None),
        ("safe", {"outputs": 2}, "2 outputs"),
        ("safe", {"score": float("nan")}, "1 outputs, the first nan"),
    ],
)
def test_a_model_that_is_not_as_it_shall_be_is_named(
    run_folder: Path, name: str, changes: dict[str, Any], problem: str | None
) -> None:
    right = {"prompt": "…<think>\n", "temperature": 0.6} if name == "dev1" else {"outputs": 1, "score": 0.5}
    found = real_format.model_problems(run_folder, {name: right | changes})
    assert [f"{name}: {problem}" in each for each in found] == ([] if problem is None else [True])


def test_a_card_that_does_not_say_it_all_is_named(run_folder: Path) -> None:
    card = run_folder / "stages" / "dev1" / "model" / "README.md"
    card.write_text(card.read_text().replace("temperature 0.6", "some temperature"))
    found = real_format.model_problems(run_folder, {"dev1": {"prompt": "<think>\n", "temperature": 0.6}})
    assert found == ["dev1: its card does not say 'temperature 0.6'"]


def test_a_process_without_aha_sees_the_base_as_it_is(tmp_path: Path) -> None:
    save_random_model(tmp_path / "base", "qwen2", QUESTIONS, num_tokens=300)
    seen = examine({"base": tmp_path / "base"})["base"]
    assert seen["architecture"] == "Qwen2ForCausalLM"
    assert seen["prompt"].endswith("<|im_start|>assistant\n")
    assert seen["temperature"] == 0.0


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not (data_folder() / real_format.TRAIN).is_file(), reason="needs GSM8K in AHA_DATA")
def test_the_whole_of_it(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as left:
        real_format.main(["--runs", str(tmp_path / "runs"), "--out", str(tmp_path)])
    found = json.loads((tmp_path / "real_format.json").read_text())
    assert (left.value.code, found["problems"]) == (False, [])
    assert found["models"]["student"]["architecture"] == "LlamaForCausalLM"
