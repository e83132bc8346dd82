"""The stage `reward_model`: it learns, is tested on prompts that it never saw, resumes to the same bytes, and shows the
model what it may see and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from aha.config.settings import EngineSettings
from aha.engines import native_reward
from aha.errors import DivergedError
from aha.models.heads import load_reward_model
from aha.runtime.metrics import read_lines
from aha.runtime.run_directory import RunDirectory
from aha.stages import reward_model
from aha.stages.build import open_scorer
from aha.text import judged
from aha.types import Json, Message
from benchmarks.measuring.same_run import differences
from tests.models.tiny import save_reference
from tests.stages.data_run import ENGINE, no_processes, result, run, write_rows


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    no_processes(monkeypatch)


def response(thought: str, summary: str) -> str:
    return f"<think>\n{thought}\n</think>\n\n{summary}"


def pairs(num_prompts: int = 60) -> list[Json]:
    """The better answer ends with a full stop; its thought says nothing; lengths are even."""
    rng = Random(0)
    made: list[Json] = []
    for n in range(num_prompts):
        words = ["".join(rng.choices("abcdefg", k=4)) for _ in range(2)]
        better, worse = response("SECRET", f"{words[0]}."), response("SECRET", f"{words[1]}!")
        made.append({"prompt": f"say {n}", "chosen": better, "rejected": worse})
    return made


def settings(folder: Path, **changes: Any) -> dict[str, Any]:
    if not (folder / "base").exists():
        save_reference(folder / "base")
    return {
        "kind": "reward_model",
        "model": str(folder / "base"),
        "pairs": [
            write_rows(folder / "pairs.jsonl", *pairs(), "{torn", pairs(1)[0] | {"rejected": response("SECRET", "x")})
        ],
        "sees": "summary",
        "held_out": 0.3,
        "epochs": 2,
        "batch_size": 8,
        "optimizer": {"lr": 5e-3},
        "engine": ENGINE,
        "logging": {"checkpoint_every": 3},
    } | changes


def scores_of_transformers(folder: Path, conversations: list[list[Message]]) -> list[float]:
    """By transformers alone, as the model card says, in one padded batch."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForSequenceClassification.from_pretrained(folder)
    inputs = tokenizer.apply_chat_template(conversations, return_tensors="pt", return_dict=True, padding=True)
    found: list[float] = model(**inputs).logits[:, 0].tolist()
    return found


def test_it_learns_what_is_preferred_and_says_how_well(tmp_path: Path) -> None:
    heard = run(tmp_path, helpful=settings(tmp_path))
    place = RunDirectory(tmp_path / "run").stage("helpful")
    found = result(tmp_path, "helpful")
    accuracy, longest = (found["scores"]["held-out"][name] for name in ("accuracy", "longest_answer"))
    assert accuracy[0] > 0.9
    assert accuracy[1] <= accuracy[0] <= accuracy[2]
    assert longest[0] == 0.5
    assert 0 <= found["held_out"]["calibration_error"] < 0.5
    assert found["counts"] == {f"0 (file:{tmp_path}/pairs.jsonl)": {"kept": 61, "no_json": 1}}
    assert any("left out: no json 1 (row 61)" in line for line in heard)
    assert any("held-out accuracy" in line for line in heard)
    rejected = [json.loads(line) for line in (place.data / "rejected.jsonl").read_text().splitlines()]
    assert [(each["row"], each["reason"]) for each in rejected] == [(61, "no_json")]
    lines = read_lines(place.metrics)
    assert [line["step"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[-1]["pair_accuracy"] > lines[0]["pair_accuracy"]
    assert [lines[place]["epoch"] for place in (len(lines) // 2 - 1, -1)] == [pytest.approx(1), 2]
    card = (place.model / "README.md").read_text()
    assert "nothing of the thought" in card
    assert f"{100 * accuracy[0]:.1f} %" in card
    scorer = open_scorer(str(place.model), EngineSettings(device="cpu", dtype="float32"))
    assert scorer.sees == "summary"
    asked = [{"role": "user", "content": "say 7"}]
    better, worse = scorer.scores([(asked, "gabc."), (asked, "gabcde!")])
    assert better > worse
    conversations = [[*asked, {"role": "assistant", "content": text}] for text in ("gabc.", "gabcde!")]
    assert scores_of_transformers(place.model, conversations) == pytest.approx([better, worse], abs=1e-4)
    assert found["cost"]["trained_tokens"] == sum(line["num_trained_tokens"] for line in lines)


def test_a_killed_stage_goes_on_to_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, killed = tmp_path / "a", tmp_path / "b"
    for folder in (whole, killed):
        folder.mkdir()
    given = settings(tmp_path)
    run(whole, helpful=given)
    for number in (2, 5):
        with monkeypatch.context() as patch:
            write, left = reward_model.write, [number]

            def dying(parts: Any, metrics: Any, write: Any = write, left: list[int] = left) -> None:
                write(parts, metrics)
                left[0] -= 1
                if not left[0]:
                    raise KeyboardInterrupt

            patch.setattr(reward_model, "write", dying)
            with pytest.raises(KeyboardInterrupt):
                run(killed, helpful=given)
    run(killed, helpful=given)
    assert differences(whole / "run", killed / "run") == []
    assert run(killed, helpful=given)[-1] == "helpful: done already."


@pytest.mark.parametrize("sees", ["summary", "response"])
def test_the_model_is_given_what_it_may_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sees: str) -> None:
    """A spy on the tokens that the model itself is called with."""
    rows: list[list[int]] = []
    plain = native_reward._scores

    def spy(model: Any, given: Any, *rest: Any) -> Any:
        rows.extend(row.tolist() for row in given)
        return plain(model, given, *rest)

    monkeypatch.setattr(native_reward, "_scores", spy)
    run(tmp_path, helpful=settings(tmp_path, sees=sees, epochs=1))
    tokenizer = load_reward_model(RunDirectory(tmp_path / "run").stage("helpful").model).tokenizer
    texts = {tokenizer.decode(row) for row in rows}
    assert len(texts) == 121
    assert all(("SECRET" in text) == (sees == "response") and text.startswith("User: say ") for text in texts)


def test_labels_are_learned_with_a_threshold_at_zero(tmp_path: Path) -> None:
    rows = [{"prompt": f"do {n}", "completion": f"ok{'?#'[n % 2]}", "label": n % 2 == 0} for n in range(60)]
    made = settings(tmp_path, pairs=None, labels=[write_rows(tmp_path / "labels.jsonl", *rows)], sees="response")
    run(tmp_path, safe=made)
    found = result(tmp_path, "safe")
    assert found["scores"]["held-out"]["accuracy"][0] > 0.9
    assert found["scores"]["held-out"]["majority"][0] < 0.8
    scorer = open_scorer(str(RunDirectory(tmp_path / "run").stage("safe").model), EngineSettings(dtype="float32"))
    asked = [{"role": "user", "content": "do 99"}]
    safe, unsafe = scorer.scores([(asked, "ok?"), (asked, "ok#")])
    assert safe > 0 > unsafe


def test_a_model_under_the_accuracy_asked_for_stops_the_run_and_a_lower_one_lets_it_end(tmp_path: Path) -> None:
    given = settings(tmp_path, optimizer={"lr": 0.0}, epochs=1, min_accuracy=1.0)
    with pytest.raises(DivergedError, match=r"helpful agrees with .* of the \d+ held-out judgements; min_accuracy is"):
        run(tmp_path, helpful=given)
    place = RunDirectory(tmp_path / "run").stage("helpful")
    assert not place.result.exists()
    run(tmp_path, helpful=given | {"min_accuracy": 0.0})
    assert place.result.exists()
    assert not list(place.path.glob("*.superseded"))


def test_all_prompts_may_be_trained_on(tmp_path: Path) -> None:
    run(tmp_path, helpful=settings(tmp_path, held_out=0.0, epochs=1))
    found = result(tmp_path, "helpful")
    assert found["held_out"] is None
    assert found["scores"] == {}
    assert (
        "No prompts were held out" in (RunDirectory(tmp_path / "run").stage("helpful").model / "README.md").read_text()
    )
    assert (
        judged.TURNS_TEMPLATE
        in load_reward_model(RunDirectory(tmp_path / "run").stage("helpful").model).tokenizer.inner.chat_template
    )
