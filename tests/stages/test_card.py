import hashlib

from aha.config.recipe import Recipe
from aha.config.settings import PretrainStage
from aha.runtime.run_directory import RunDirectory
from aha.stages.card import model_card, pretrain_card, score_lines, sft_card
from aha.stages.graph import node_of
from tests.stages.world import scores_of, settings


def test_the_card_says_base_data_settings_and_scores(tmp_path):
    stage = settings()
    recipe = Recipe.model_validate({"name": "r", "seed": 5, "stages": {"zero": stage.model_dump()}})
    node = node_of(recipe, "zero", RunDirectory(tmp_path), lambda model: "abcdef" * 9)
    facts = {"rounds": 4, "model_round": 2, "updates": 4, "sampled_tokens": 12345, "trained_tokens": 9876}
    card = model_card(node, stage, facts, {"heldout": scores_of(0.5)}, "r1-zero")
    for expected in ("from `lab`", "abcdefabcdef", "lab:arithmetic", "12,345", "50.0 (50.0 – 50.0)", "| seed | 5 |"):
        assert expected in card
    assert card.startswith("---\nlibrary_name: transformers\n")


def test_the_card_of_a_fine_tuned_model_names_its_data_and_how_to_ask(tmp_path):
    (tmp_path / "a.jsonl").write_text("a")
    (tmp_path / "b.jsonl").write_text("b")
    data = [f"file:{tmp_path / 'a.jsonl'}", {"name": f"file:{tmp_path / 'b.jsonl'}", "weight": 0.5}]
    stage = {"kind": "sft", "model": "base", "data": data, "chat_template": "r1"}
    recipe = Recipe.model_validate({"name": "r", "seed": 5, "stages": {"tune": stage}})
    node = node_of(recipe, "tune", RunDirectory(tmp_path), lambda model: "abcdef" * 9)
    facts = {"updates": 4, "model_update": 3, "epochs": 1.5, "tokens": 12345, "trained_tokens": 6789}
    counts = [{"kept": 1200}, {"kept": 7, "too_long": 2, "no_json": 1}]
    card = sft_card(node, node.stage, facts, counts, {"heldout": scores_of(0.5)}, "chat")
    hashed = hashlib.sha256(b"b").hexdigest()[:12]
    for expected in (
        f"b.jsonl | 0.5 | 7 | too_long 2, no_json 1 | {hashed} |", "| 1,200 | – |", "12,345, of which 6,789",
        "5e-05 to 5e-06, cosine", "from update 3", "zero-shot", "temperature 0.6", "apply_chat_template", "\\boxed{}",
        "50.0 (50.0 – 50.0)",
    ):  # fmt: skip
        assert expected in card
    plain = sft_card(node, node.stage, facts, counts, {}, "plain")
    assert "apply_chat_template" not in plain
    assert "the form that it was trained with (`plain`)" in plain


def test_the_card_of_a_pretrained_model(tmp_path):
    stage = PretrainStage(kind="pretrain", tokens=123_456)
    recipe = Recipe.model_validate({"name": "r", "seed": 5, "stages": {"base": stage.model_dump()}})
    card = pretrain_card(node_of(recipe, "base", RunDirectory(tmp_path), lambda model: ""), stage)
    for expected in ("next-token prediction from random weights", "123,456", "qwen2, 6 layers", "| seed | 5 |"):
        assert expected in card


def test_the_card_names_the_model_behind_a_name_and_a_stage_as_it_is(tmp_path):
    made = {"zero": settings().model_dump(), "next": settings(model="stage/zero").model_dump()}
    recipe = Recipe.model_validate({"name": "r", "models": {"base": "Some/Model-1B"}, "stages": made})
    facts = {"rounds": 4, "model_round": 2, "updates": 4, "sampled_tokens": 1, "trained_tokens": 1}
    for name, start in (("zero", "from `Some/Model-1B` (weights"), ("next", "from `stage/zero` (weights")):
        node = node_of(recipe, name, RunDirectory(tmp_path), lambda model: "a" * 64)
        assert start in model_card(node, node.stage, facts, {}, "r1-zero")


def test_the_card_of_a_model_that_learned_in_the_frame_says_who_opens_the_thought(tmp_path):
    stage = settings()
    recipe = Recipe.model_validate({"name": "r", "stages": {"zero": stage.model_dump()}})
    node = node_of(recipe, "zero", RunDirectory(tmp_path), lambda model: "a" * 64)
    facts = dict.fromkeys(("rounds", "model_round", "updates", "sampled_tokens", "trained_tokens"), 1)
    card = model_card(node, stage, facts, {}, "r1-zero")
    for expected in ("zero-shot", "temperature 0.6", "apply_chat_template", "the opening tag included"):
        assert expected in card


def test_no_scores():
    assert score_lines({}) == ["None were asked for."]


def test_a_benchmark_that_no_rule_decides_has_no_scores_on_the_card():
    unruled = scores_of(0.5)
    unruled.scores = {}
    assert score_lines({"harmless": unruled})[2].startswith("| harmless | ")
    assert "| – | – | – |" in score_lines({"harmless": unruled})[2]
