"""Lab tasks and benchmarks: fixed, distinct, disjoint; the embedded model is what its card says."""

from __future__ import annotations

from random import Random

import pytest

from aha.config.packaged import PACKAGED_MODELS
from aha.errors import ConfigError
from aha.lab.puzzle import Puzzle
from aha.lab.strings import strings
from aha.lab.tasks import BENCHMARKS, benchmark, distinct, lab_task, to_problem
from aha.lab.tokenizer import TAGS, train_tokenizer
from aha.models.load import load_model, num_parameters
from aha.text.tokenizer import load_tokenizer
from aha.verifiers import verify


def test_a_task_is_the_same_every_time_and_its_problems_differ() -> None:
    task = lab_task("lab:mixed", size=200)
    ids = [problem.id for problem in task.problems()]
    assert ids == [problem.id for problem in lab_task("lab:mixed", size=200).problems()]
    assert ids != [problem.id for problem in lab_task("lab:mixed", size=200, seed=1).problems()]
    assert len(set(ids)) == 200


def test_gold_responses_are_graded_correct() -> None:
    task = lab_task("lab:mixed", size=100)
    for problem in task.problems():
        found = verify(
            problem.verifier.name, task.gold_response(problem), problem.reference, dict(problem.verifier.arguments)
        )
        assert found["outcome"] == "correct"


@pytest.mark.parametrize("perturb", ["reorder", "statement"])
def test_perturbed_puzzles_stand_beside_those_they_come_from(perturb: str) -> None:
    plain, changed = lab_task("lab:knights", size=40), lab_task(f"lab:knights?size=40&perturb={perturb}")
    assert changed.name == f"lab:knights?perturb={perturb}"
    num_solutions_kept = 0
    for before, after in zip(plain.problems(), changed.problems(), strict=True):
        assert before.id == after.id
        assert before.messages != after.messages
        assert list(before.reference) == list(after.reference)
        num_solutions_kept += before.reference == after.reference
        found = verify("knights", changed.gold_response(after), after.reference, dict(after.verifier.arguments))
        assert found["outcome"] == "correct"
        if perturb == "reorder":
            assert sorted(before.messages[0]["content"]) == sorted(after.messages[0]["content"])
    assert num_solutions_kept == (40 if perturb == "reorder" else 0)


def test_only_knights_can_be_perturbed() -> None:
    with pytest.raises(ConfigError, match="no perturbation of 'lab:mixed'"):
        lab_task("lab:mixed", perturb="reorder")
    with pytest.raises(ConfigError, match="no perturbation of 'lab:knights'"):
        lab_task("lab:knights?split=heldout&perturb=reorder")
    with pytest.raises(ConfigError, match="no perturbation 'names'"):
        lab_task("lab:knights", perturb="names")


def test_the_held_out_part_of_a_family_is_never_trained_on() -> None:
    trained, held = lab_task("lab:lists", size=300), lab_task("lab:lists?split=heldout&size=60")
    assert held.name == "lab:lists?split=heldout"
    ids = {problem.id for problem in held.problems()}
    assert len(ids) == 60
    assert not ids & {problem.id for problem in trained.problems()}
    in_benchmark = [problem.id for problem in benchmark("heldout") if problem.metadata["family"] == "lists"]
    assert not set(in_benchmark) & {problem.id for problem in lab_task("lab:lists").problems()}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lab:lists?split=all", "is of the split train or heldout"),
        ("lab:lists?split=test", "no split 'test'"),
        ("lab:general?split=heldout", "lab:general: unknown key 'split'. Known: size, seed."),
        ("lab:lists?people=3", "unknown key 'people'. Known: size, seed, split, perturb"),
        ("lab:lists?size=many", "`size` must be a whole number"),
        ("lab:lists?seed=0.5", "`seed` a whole number"),
    ],
)
def test_arguments_of_a_lab_task_are_checked(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        lab_task(name)


def test_an_unknown_task_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match=r"no task 'lab:knigts'. Did you mean lab:knights\?"):
        lab_task("lab:knigts")
    with pytest.raises(ConfigError, match="Known: lab:mixed"):
        lab_task("lab:zzzzzz")


def test_asking_for_more_problems_than_there_are_is_refused() -> None:
    puzzle = strings(Random(0), "en")

    def same() -> Puzzle:
        return puzzle

    with pytest.raises(ConfigError, match="fewer than 2 different problems"):
        distinct(same, 2)


def test_benchmarks_are_fixed_and_disjoint_from_training() -> None:
    trained = {problem.id for problem in lab_task("lab:mixed", size=1500).problems()}
    for name, (_, size) in BENCHMARKS.items():
        problems = benchmark(name)
        assert len({problem.id for problem in problems}) == size
        assert not trained & {problem.id for problem in problems}
    assert len(benchmark("heldout")) >= 200


def test_a_problem_carries_what_grades_it() -> None:
    puzzle = strings(Random(1), "ko")
    problem = to_problem(puzzle, "lab:strings")
    assert problem.source == "lab:strings/strings"
    assert (problem.language, problem.domain, problem.reference) == ("ko", "general", puzzle.reference)


def test_tokenizer_takes_any_text_and_keeps_tags_whole_and_digits_apart() -> None:
    trained = train_tokenizer(["Question: what is 12*34? <think>안녕</think>"] * 20, 320)
    for text in ("12345", "žluťoučký 한국어 \x00 <think>", "  two  spaces\n\n"):
        assert trained.decode(trained.encode(text).ids, skip_special_tokens=False) == text
    assert len(trained.encode("2048").ids) == 4
    assert all(len(trained.encode(tag).ids) == 1 for tag in TAGS)


def test_the_embedded_base_is_what_its_card_says() -> None:
    loaded = load_model("lab", "float32", "cpu")
    assert 1e6 <= num_parameters(loaded.model) <= 5e6
    assert loaded.config["model_type"] == "qwen2"
    assert loaded.config["max_position_embeddings"] >= 1024
    assert sum(path.stat().st_size for folder in PACKAGED_MODELS.values() for path in folder.glob("*")) <= 12e6
    tokenizer = load_tokenizer(PACKAGED_MODELS["lab"])
    assert tokenizer.decode(tokenizer.encode("<think>17*4=68 안녕</think>")) == "<think>17*4=68 안녕</think>"
    assert not tokenizer.has_chat_template
