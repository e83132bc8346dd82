"""Fine-tuning: the loop on fakes, and whole runs of tiny Qwen2 and Llama students that resume to the same bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aha.config.loading import LoadedRecipe, load_recipe
from aha.config.model_stages import SFTStage
from aha.config.recipe import Recipe
from aha.engines.fake import RecordingLearner
from aha.errors import ConfigError, DataError, Interrupted
from aha.models.load import load_model
from aha.models.positions import set_positions
from aha.rollouts.examples import Dataset, Example
from aha.rollouts.mixture import Mixture
from aha.runtime import files
from aha.runtime.clock import PhaseClock
from aha.runtime.distributed import World
from aha.runtime.metrics import MetricsLog, read_lines
from aha.runtime.run_directory import RunDirectory
from aha.stages.interrupt import StopRequest
from aha.stages.pipeline import run_recipe
from aha.stages.session import Session, fine_tunings, preflight
from aha.stages.sft import SFTParts, train
from aha.stages.sft_run import reading
from benchmarks.measuring.same_run import differences
from tests.models.tiny import save_reference
from tests.stages.world import scores_of

ENGINE = {"device": "cpu", "dtype": "float32", "compile": False, "num_threads": 1, "verifier_workers": 1}
ROWS: list[Any] = [
    *(
        {
            "messages": [
                {"role": "user", "content": f"{a}+1?"},
                {"role": "assistant", "content": f"<think>\nx\n</think>\n\n{a + 1}"},
            ]
        }
        for a in range(9)
    ),
    {"prompt": "no end", "completion": "<think> x"},
]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aha.stages.session.measured_matrix_flops", lambda dtype: 1e9)


def parts(folder: Path, **changes: Any) -> SFTParts:
    """Seven rows of two tokens, two an update, two epochs: seven updates."""
    settings = {"logging": {"checkpoint_every": 2}, "keep": {"last": 9}} | changes.pop("settings", {})
    stage = SFTStage.model_validate({"kind": "sft", "model": "base", "data": ["file:a.jsonl"], **settings})
    examples = [Example(row, ((np.array([3, row], dtype=np.int32), ((1, 2),)),)) for row in range(7)]
    place = RunDirectory(folder).stage("tune")
    files.make_folder(place.path)

    def export(target: Path, weights: Any) -> None:
        files.make_folder(target)
        files.write_tensors(target / "model.safetensors", {name: tensor.clone() for name, tensor in weights})

    known: dict[str, Any] = dict(
        name="tune", stage=stage, key="key", directory=place, learner=RecordingLearner(),
        data=Mixture([Dataset("d", 1.0, examples)], epochs=2, batch_size=2, seed=1), template="chat",
        evaluate=lambda name: scores_of(0.5), export=export, machine={"torch": "x"}, world=World(),
        stop=StopRequest(), clock=PhaseClock(), log=MetricsLog(place),
    )  # fmt: skip
    return SFTParts(**(known | changes))


def test_every_row_is_seen_once_an_epoch_and_logged(tmp_path: Path) -> None:
    made = parts(tmp_path)
    progress = train(made)
    assert (progress.update, progress.num_tokens, progress.num_trained_tokens) == (7, 28, 14)
    seen = [sample.token_ids_T[1] for update in made.learner.seen for sample in update]  # type: ignore[attr-defined]
    assert sorted(seen[:7]) == sorted(seen[7:]) == list(range(7))
    lines = read_lines(made.directory.metrics)
    assert [line["step"] for line in lines] == list(range(8))
    assert (lines[-1]["update"], lines[-1]["epoch"], lines[-1]["tokens"]) == (7, 2, 4)
    steps = sorted(path.name for path in made.directory.checkpoints.iterdir())
    assert steps == ["step-000002", "step-000004", "step-000006", "step-000007"]


def test_a_stop_saves_and_the_next_start_goes_on(tmp_path: Path) -> None:
    made = parts(tmp_path / "cut")

    class StopAtThree(StopRequest):
        def check(self) -> None:
            if made.learner.update_count == 3:
                raise Interrupted("stopped")

    made.stop = StopAtThree()
    with pytest.raises(Interrupted):
        train(made)
    again, whole = parts(tmp_path / "cut"), parts(tmp_path / "whole")
    assert train(again) == train(whole)
    assert torch.equal(again.learner.weight, whole.learner.weight)  # type: ignore[attr-defined]
    assert again.directory.metrics.read_bytes() == whole.directory.metrics.read_bytes()
    assert len(again.learner.seen) == 4  # type: ignore[attr-defined]


def test_what_a_kill_left_beside_the_checkpoints_goes(tmp_path: Path) -> None:
    train(parts(tmp_path))
    folder = parts(tmp_path).directory.checkpoints
    files.rename(folder / "step-000002", folder / ".trash-step-000002")
    train(parts(tmp_path, settings={"keep": {"last": 2}, "logging": {"checkpoint_every": 2}}))
    assert sorted(path.name for path in folder.iterdir()) == ["step-000006", "step-000007"]


def test_scores_come_at_the_start_every_n_updates_and_at_the_end(tmp_path: Path) -> None:
    scores = iter([0.1, 0.2, 0.9, 0.3])
    made = parts(
        tmp_path,
        evaluate=lambda name: scores_of(next(scores)),
        settings={"evaluate": {"on": ["heldout"], "every": 3}, "keep": {"last": 1, "best": True}},
    )
    progress = train(made)
    assert progress.scores == [(0, 0.1), (3, 0.2), (6, 0.9), (7, 0.3)]
    assert progress.best_update == 6
    lines = read_lines(made.directory.metrics)
    assert [line["step"] for line in lines if "eval/heldout/pass@1" in line] == [0, 3, 6, 7]
    assert sorted(path.name for path in made.directory.checkpoints.iterdir()) == ["step-000006", "step-000007"]


def recipe(folder: Path, **changes: Any) -> LoadedRecipe:
    """A random model is tuned on ROWS, then scored."""
    tune = {
        "kind": "sft", "model": "base", "data": [f"file:{folder / 'rows.jsonl'}"], "chat_template": "r1",
        "epochs": 2, "batch_size": 4, "max_tokens": 128, "optimizer": {"lr": 1e-2}, "engine": ENGINE,
        "logging": {"checkpoint_every": 2},
    }  # fmt: skip
    after = {"kind": "evaluate", "model": "stage/tune", "on": [f"file:{folder / 'test.jsonl'}"], "k": 2}
    after |= {"max_new_tokens": 8, "engine": ENGINE}
    stages = {"tune": tune | changes, "after": after}
    models = {"base": str(folder / "base"), "other": str(folder / "other")}
    checked = Recipe.model_validate({"name": "tiny", "seed": 3, "models": models, "stages": stages})
    return LoadedRecipe(checked, Path("tiny.yaml"), ())


def make_inputs(folder: Path, family: str = "qwen2") -> None:
    save_reference(folder / "base", family)
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (folder / "test.jsonl").write_text('{"prompt": "1+1?", "answer": "2"}\n')


class Killed(BaseException):
    """As good as a kill: nothing catches it."""


def run_killed_at(loaded: LoadedRecipe, run: Path, call: int) -> int:
    """The run until call number `call` of runtime/files.py; returns how many there were."""
    count = 0

    def fault(operation: str, path: Path) -> None:
        nonlocal count
        count += 1
        if count == call:
            raise Killed

    files.set_fault(fault)
    try:
        run_recipe(loaded, run, tell=lambda text: None)
    except Killed:
        pass
    finally:
        files.set_fault(None)
    return count


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_at_many_moments_it_ends_in_the_same_bytes(tmp_path: Path) -> None:
    """At file calls spread over the whole stage, evaluations on the way and at the end included."""
    make_inputs(tmp_path)
    evaluate = {"on": [f"file:{tmp_path / 'test.jsonl'}"], "every": 2, "k": 2, "final_k": 2, "max_new_tokens": 8}
    loaded = recipe(tmp_path, evaluate=evaluate)
    num_calls = run_killed_at(loaded, tmp_path / "whole", 0)
    for call in range(7, num_calls, num_calls // 12):
        run_killed_at(loaded, tmp_path / f"cut{call}", call)
        run_killed_at(loaded, tmp_path / f"cut{call}", call // 2)
        run_recipe(loaded, tmp_path / f"cut{call}", tell=lambda text: None)
        assert differences(tmp_path / "whole", tmp_path / f"cut{call}") == []


@pytest.mark.parametrize("family", ["qwen2", "llama"])
def test_a_student_learns_resumes_to_the_same_bytes_and_answers_in_plain_transformers(
    family: str, tmp_path: Path
) -> None:
    make_inputs(tmp_path, family)
    told: list[str] = []
    loaded = recipe(tmp_path)
    run_recipe(loaded, tmp_path / "whole", tell=told.append)
    for call in (60, 160):
        run_killed_at(loaded, tmp_path / "cut", call)
    run_recipe(loaded, tmp_path / "cut", tell=lambda text: None)
    assert differences(tmp_path / "whole", tmp_path / "cut") == []

    place = RunDirectory(tmp_path / "whole").stage("tune")
    lines = read_lines(place.metrics)
    rates = [line["lr"] for line in lines[1:]]
    assert rates[0] == 1e-2
    assert rates[-1] == pytest.approx(1e-3)
    assert lines[-1]["loss"] < 0.7 * lines[1]["loss"]
    names = {"step", "update", "loss", "num_trained_tokens", "entropy", "grad_norm", "lr", "update_skipped"}
    assert set(lines[-1]) == names | {"epoch", "tokens"}
    result = files.read_json(place.result)
    assert result is not None
    assert list(result["counts"].values()) == [{"kept": 9, "thought_without_end": 1}]
    assert any("9 rows; left out: thought without end 1 (row 10)" in text for text in told)
    (rejected,) = read_lines(place.data / "rejected.jsonl")
    assert (rejected["row"], rejected["reason"]) == (10, "thought_without_end")
    (scored,) = (tmp_path / "whole" / "stages" / "after").glob("evaluation-*.json")
    assert json.loads(scored.read_bytes())["template"] == "chat"
    answers_in_plain_transformers(place.model, result["model_hash"])


def answers_in_plain_transformers(folder: Path, found_hash: str) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    messages = [{"role": "user", "content": "3+1?"}]
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    assert tokenizer.decode(prompt["input_ids"][0]).endswith("<think>\n")
    output = model.generate(**prompt, max_new_tokens=3)
    assert output.shape[1] > prompt["input_ids"].shape[1]
    generation = GenerationConfig.from_pretrained(folder)
    assert (generation.temperature, generation.top_p, generation.do_sample) == (0.6, 0.95, True)
    assert tokenizer.eos_token_id in generation.eos_token_id
    card = (folder / "README.md").read_text()
    for expected in ("from `", "| 9 | thought_without_end 1 |", "zero-shot", "temperature 0.6", "0.01 to 0.001"):
        assert expected in card
    assert load_model(folder, "float32").model_hash == found_hash


def test_more_updates_at_a_constant_rate_go_on_from_the_last_checkpoint(tmp_path: Path) -> None:
    make_inputs(tmp_path)
    told: list[str] = []
    for run, ends in (("whole", (4,)), ("prolonged", (2, 4))):
        for end in ends:
            constant = recipe(tmp_path, max_updates=end, optimizer={"lr": 1e-2, "schedule": "constant"})
            run_recipe(constant, tmp_path / run, until="tune", tell=told.append)
    assert "tune goes on to update 4." in told
    assert differences(tmp_path / "whole", tmp_path / "prolonged") == []
    cosine = recipe(tmp_path, max_updates=4)
    run_recipe(cosine, tmp_path / "prolonged", until="tune", tell=told.append)
    run_recipe(recipe(tmp_path, max_updates=5), tmp_path / "prolonged", until="tune", tell=told.append)
    assert any("tune runs again, because max_updates changed" in text for text in told)


def test_held_out_scores_are_taken_of_the_student(tmp_path: Path) -> None:
    make_inputs(tmp_path)
    evaluate = {"on": [f"file:{tmp_path / 'test.jsonl'}"], "k": 2, "final_k": 2, "max_new_tokens": 8, "top_p": 1.0}
    loaded = recipe(tmp_path, evaluate=evaluate, max_updates=2, keep={"best": True})
    run_recipe(loaded, tmp_path / "run", until="tune", tell=lambda text: None)
    place = RunDirectory(tmp_path / "run").stage("tune")
    lines = read_lines(place.metrics)
    assert [any(name.startswith("eval/") for name in line) for line in lines] == [True, False, True]
    (final,) = place.path.glob("evaluation-*.json")
    result = files.read_json(place.result)
    assert result is not None
    assert json.loads(final.read_bytes())["model_hash"] == result["model_hash"]
    assert result["cost"]["model_update"] == 0  # no answer is right: the first of equals


def test_a_second_fine_tuning_must_start_from_the_same_weights(tmp_path: Path) -> None:
    make_inputs(tmp_path)
    save_reference(tmp_path / "other", initializer_range=0.1)
    loaded = recipe(tmp_path)
    tune = loaded.recipe.stages["tune"]
    other = tune.model_copy(update={"model": "other", "same_model_as": "tune"})
    after_tune = tune.model_copy(update={"model": "stage/tune", "same_model_as": "tune"})
    same = tune.model_copy(update={"same_model_as": "tune"})
    for stages, before_anything_runs in (({"second": other}, True), ({"second": after_tune}, False)):
        changed = loaded.recipe.model_copy(update={"stages": {"tune": tune, **stages}})
        with pytest.raises(ConfigError, match=r"same_model_as: 'tune' starts from .*weights [0-9a-f]{12}"):
            run_recipe(LoadedRecipe(changed, loaded.path, ()), tmp_path / "run", tell=lambda text: None)
        assert before_anything_runs != (tmp_path / "run" / "stages" / "tune" / "result.json").exists()
    changed = loaded.recipe.model_copy(update={"stages": {"tune": tune, "second": same}})
    run_recipe(LoadedRecipe(changed, loaded.path, ()), tmp_path / "run", tell=lambda text: None)


def test_a_template_file_is_part_of_the_key_and_positions_can_grow(tmp_path: Path) -> None:
    make_inputs(tmp_path)
    own = tmp_path / "own.jinja"
    own.write_text("{% for m in messages %}{{ m.content + eos_token }}{% endfor %}")
    loaded = recipe(tmp_path, chat_template=str(own), max_positions=512, max_updates=1)
    told: list[str] = []
    run_recipe(loaded, tmp_path / "run", until="tune", tell=told.append)
    place = RunDirectory(tmp_path / "run").stage("tune")
    assert json.loads((place.model / "config.json").read_bytes())["max_position_embeddings"] == 512
    own.write_text("{% for m in messages %}{{ '> ' + m.content + eos_token }}{% endfor %}")
    run_recipe(loaded, tmp_path / "run", until="tune", tell=told.append)
    assert any("runs again, because file" in text for text in told)


def test_reading_a_large_data_set_is_told_and_can_be_stopped(tmp_path: Path) -> None:
    told: list[str] = []
    session = Session(recipe(tmp_path).recipe, RunDirectory(tmp_path), World(), StopRequest(), False, told.append)
    for row in (200, 20_000):
        reading(session, "file:a", row)
    assert told == ["file:a: 20,000 rows read."]
    session.stop.requested = True
    with pytest.raises(Interrupted):
        reading(session, "file:a", 400)


def test_positions_only_grow_and_only_where_they_are_rotary(tmp_path: Path) -> None:
    save_reference(tmp_path / "base")
    loaded = load_model(tmp_path / "base", "float32")
    with pytest.raises(DataError, match="the model has 256 already"):
        set_positions(loaded, 128)
    save_reference(tmp_path / "gemma", "gemma", head_dim=8)
    with pytest.raises(DataError, match="positions of a 'gemma' model cannot be changed"):
        set_positions(load_model(tmp_path / "gemma", "float32"), 512)


@pytest.mark.parametrize(
    ("template", "problem"),
    [("{% for m in", "refuses these messages"), ("{{ raise_exception('never') }}", "never")],
)
def test_a_broken_template_shows_before_anything_runs(template: str, problem: str, tmp_path: Path) -> None:
    make_inputs(tmp_path)
    (tmp_path / "own.jinja").write_text(template)
    with pytest.raises(DataError, match=problem):
        run_recipe(
            recipe(tmp_path, chat_template=str(tmp_path / "own.jinja")), tmp_path / "run", tell=lambda text: None
        )
    assert not (tmp_path / "run" / "stages" / "tune").exists()


def test_a_later_stage_may_ask_for_the_template_that_the_student_will_have(tmp_path: Path) -> None:
    make_inputs(tmp_path)
    stages = recipe(tmp_path).recipe.stages
    assert fine_tunings(recipe(tmp_path).recipe, "after") == [stages["tune"]]
    after = stages["after"].model_copy(update={"template": "chat"})
    loaded = recipe(tmp_path)
    loaded.recipe.stages["after"] = after
    session = Session(loaded.recipe, RunDirectory(tmp_path / "run"), World(), StopRequest(), False, lambda text: None)
    preflight(session, ["tune", "after"])
    tuned_without = {"tune": stages["tune"].model_copy(update={"chat_template": None, "template": "plain"})}
    without = replace(session, recipe=loaded.recipe.model_copy(update={"stages": tuned_without | {"after": after}}))
    with pytest.raises(DataError, match="no chat template"):
        preflight(without, ["tune", "after"])


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        (["student.template=plain"], "the model is given a chat template and learns in the template plain"),
        (["student.evaluate.on=[heldout]"], "no max_new_tokens"),
        (["student.max_tokens=40000"], "max_tokens = 40000 is more than max_positions = 32768"),
        (["student.same_model_as=student"], "no earlier stage that starts from a model"),
        (["student.max_updates=3", "student.optimizer.warmup=3"], "never ends in 3 updates"),
        (["student.keep.best=true"], "evaluate.on names no benchmark"),
        (["student.evaluate.temperature=1"], "name no benchmark"),
        (["student.logging.rollouts=all"], "samples nothing to learn from"),
        (["student.optimizer.schedule=constant", "student.optimizer.end_frac=0.1"], "constant schedule has no end"),
    ],
)
def test_what_cannot_be_meant_is_refused(overrides: list[str], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        load_recipe("distill-qwen-1.5b", ["student.data=[file:a.jsonl]", *overrides])


def test_the_six_students_have_the_papers_numbers() -> None:
    """DeepSeek-R1 v2, supplement: base and rate of each; batch 64, 2 to 3 epochs, cosine to a tenth, 32,768 tokens."""
    paper = {
        "qwen-1.5b": ("Qwen/Qwen2.5-Math-1.5B", 1e-4),
        "qwen-7b": ("Qwen/Qwen2.5-Math-7B", 8e-5),
        "qwen-14b": ("Qwen/Qwen2.5-14B", 7e-5),
        "qwen-32b": ("Qwen/Qwen2.5-32B", 6e-5),
        "llama-8b": ("meta-llama/Llama-3.1-8B", 5e-5),
        "llama-70b": ("meta-llama/Llama-3.3-70B-Instruct", 2e-5),
    }
    for name, (base, lr) in paper.items():
        loaded = load_recipe(f"distill-{name}", ["student.data=[file:a.jsonl]"]).recipe
        stage = loaded.stages["student"]
        assert isinstance(stage, SFTStage)
        assert loaded.models["base"] == base
        assert (stage.optimizer.lr, stage.optimizer.schedule, stage.optimizer.end_frac) == (lr, "cosine", 0.1)
        assert (stage.batch_size, stage.max_tokens, stage.chat_template) == (64, 32768, "r1")
        assert stage.epochs in (2, 3)


def test_a_recipe_that_names_only_the_rate_keeps_the_cosine() -> None:
    stage = SFTStage.model_validate({"kind": "sft", "model": "m", "data": ["file:a"], "optimizer": {"lr": 1e-3}})
    assert (stage.optimizer.schedule, stage.optimizer.end_frac) == ("cosine", 0.1)
