from aha.config.recipe import Recipe
from aha.runtime.run_directory import RunDirectory
from aha.stages.card import model_card, score_lines
from aha.stages.graph import node_of
from tests.stages.world import scores_of, settings


def test_the_card_says_base_data_settings_and_scores(tmp_path):
    stage = settings()
    recipe = Recipe.model_validate({"name": "r", "seed": 5, "stages": {"zero": stage.model_dump()}})
    node = node_of(recipe, "zero", RunDirectory(tmp_path), lambda model: "abcdef" * 9)
    facts = {"rounds": 4, "model_round": 2, "updates": 4, "sampled_tokens": 12345}
    card = model_card(node, stage, facts, {"heldout": scores_of(0.5)}, "r1-zero")
    for expected in ("from `base`", "abcdefabcdef", "lab:arithmetic", "12,345", "50.0 (50.0 – 50.0)", "| seed | 5 |"):
        assert expected in card
    assert card.startswith("---\nlibrary_name: transformers\n")


def test_no_scores():
    assert score_lines({}) == ["None were asked for."]
