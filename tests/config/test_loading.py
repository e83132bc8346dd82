"""From name and overrides to a checked recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from aha.config.loading import evaluate_settings, find_recipe, load_recipe, recipe_descriptions, recipe_names
from aha.config.settings import EvaluateStage, RLStage
from aha.errors import AhaError, ConfigError

SMALL = """\
name: small
stages:
  base: {kind: evaluate, model: base, on: [heldout]}
  zero:
    kind: rl
    model: base
    rounds: 4
    data: {tasks: [lab:arithmetic]}
    algorithm:
      clip_high: 0.3
"""


@pytest.fixture
def small(tmp_path: Path) -> str:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return str(path)


def _zero(name: str, *overrides: str) -> RLStage:
    stage = load_recipe(name, overrides).recipe.stages["zero"]
    assert isinstance(stage, RLStage)
    return stage


def test_names_paths_and_descriptions() -> None:
    assert {"lab-zero", "lab-pretrain", "r1-zero", "gym-zero", "gsm8k-zero"} <= set(recipe_names())
    assert find_recipe("lab-zero").name == "lab-zero.yaml"
    assert all(recipe_descriptions().values())
    with pytest.raises(ConfigError, match=r"no recipe 'lab-zer'\. Did you mean 'lab-zero'\?"):
        find_recipe("lab-zer")
    with pytest.raises(ConfigError, match=r"Recipes in the package: .*gsm8k-zero"):
        find_recipe("../config/qqqq")


def test_overrides_win_over_file_and_file_over_preset(small: str) -> None:
    stage = _zero(small, "zero.preset=dapo", "zero.algorithm.overlong_buffer=50", "zero.algorithm.clip_low=0.1")
    assert (stage.algorithm.clip_low, stage.algorithm.clip_high) == (0.1, 0.3)
    assert (stage.algorithm.aggregate, stage.algorithm.filter) == ("token_mean", "refill")


def test_recipe_keys_can_be_overridden(small: str) -> None:
    recipe = load_recipe(small, ["seed=7", "models.base=/models/qwen"]).recipe
    assert (recipe.seed, recipe.models) == (7, {"base": "/models/qwen"})


def test_preset_keys_without_effect_are_dropped_with_a_notice(small: str) -> None:
    loaded = load_recipe(small, ["zero.preset=grpo-paper", "zero.algorithm.kl.place=none"])
    stage = loaded.recipe.stages["zero"]
    assert isinstance(stage, RLStage)
    assert stage.algorithm.kl.reference_every == 0
    assert any("zero.algorithm.kl.coef (preset grpo-paper) has no effect" in notice for notice in loaded.notices)


def test_file_keys_that_the_command_line_makes_idle_are_dropped_with_a_notice(small: str) -> None:
    loaded = load_recipe(small, ["zero.algorithm.objective=log_prob"])
    assert len(loaded.notices) == 1
    assert "zero.algorithm.clip_high (small.yaml:10)" in loaded.notices[0]


def test_keys_without_effect_in_the_file_are_refused(small: str) -> None:
    text = Path(small).read_text(encoding="utf-8") + "      objective: log_prob\n"
    Path(small).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"small\.yaml:10: 'zero\.algorithm\.clip_high' has no effect: the objective"):
        load_recipe(small)


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("zero.sampling.grup_size=8", "unknown key 'zero.sampling.grup_size'. Did you mean 'group_size'?"),
        ("zero.group_size=8", "unknown key 'zero.group_size'. Did you mean 'zero.sampling.group_size'?"),
        ("zero.keep.qqq=8", "unknown key 'zero.keep.qqq'. The keys here are last, best."),
        ("zero.rewards=[{nme: accuracy}]", "unknown key 'zero.rewards.0.nme'. Did you mean 'name'?"),
        ("zero.sampling.group_size=0", "zero.sampling.group_size = 0, expected greater than or equal to 1"),
        ("zero.sampling.top_p=1.5", "zero.sampling.top_p = 1.5, expected less than or equal to 1"),
        ("zero.optimizer.lr=.nan", "zero.optimizer.lr = nan, expected a finite number"),
        ("zero.rounds=true", "zero.rounds = True, expected a number"),
        ("zero.rounds=many", "zero.rounds = 'many', expected a valid integer"),
        ("zero.rounds=", "'zero.rounds' is left to you and has no value. Give it on the command line: zero.rounds=…"),
        ("zero.algorithm.scale=std", "zero.algorithm.scale = 'std', expected 'none', 'group_std' or 'batch_std'."),
        ("zero.algorithm.scale=groupstd", "Did you mean 'group_std'?"),
        ("zero.algorithm=grpo", "zero.algorithm = 'grpo', expected a block of keys"),
        ("zero.engine.compile=maybe", "expected a valid boolean, unable to interpret input, or 'auto'"),
        ("zero.preset=dappo", "there is no preset 'dappo'. Did you mean 'dapo'?"),
        ("zero.preset=qq", "there is no preset 'qq'. Presets: grpo, "),
        ("zero.kind=sleep", "the stage 'zero' has the unknown kind 'sleep'. The kinds are 'rl'"),
        ("stages.two={model: base}", "the stage 'two' has no kind"),
        ("stages.two={kind: evaluate, model: base}", "the key 'two.on' is missing. Add it, or give it on the command"),
        ("stages.Two={kind: evaluate, model: base, on: [heldout]}", "expected"),
        ("zero.model=bse", "neither under `models` nor an earlier stage that makes a model. Did you mean 'base'?"),
        ("base.model=stage/zero", "stage 'base': model = 'stage/zero' is neither"),
        ("zero.rewards=[{name: format}, {name: format}]", "a reward is there twice (format, format)"),
        ("zero.sampling.temperature=0", "samples one and the same completion"),
        ("zero.sampling.group_size=1", "makes every advantage 0 under the baseline group_mean"),
        ("zero.algorithm.num_updates=300", "a round has only 256 rollouts"),
        ("zero.algorithm.kl={place: loss, reference_every: round}", "its own reference: the KL is always 0"),
        ("zero.algorithm.kl={place: reward, reference_every: 1}", "its own reference: the KL is always 0"),
        ("zero.sampling.length_stages=[[5, 9], [2, 30]]", "length_stages start at updates [5, 2]"),
        ("zero.sampling.segment_tokens=256", "segment_tokens = 256 cuts nothing below the length limit of 256"),
        ("zero.sampling.cut_repeats=8", "without sampling.segment_tokens no completion is looked at before it ends"),
        ("zero.sampling={segment_tokens: 64, cut_repeats: 256}", "256 blocks of tokens never stand below the length"),
        ("zero.algorithm.truncated=punish", "overlong_buffer = 4096 covers the whole length limit of 256"),
        ("zero.optimizer.warmup=4", "warmup = 4 never ends in 4 updates"),
        ("zero.algorithm.kl.coef=0.1", "'zero.algorithm.kl.coef' has no effect: algorithm.kl.place is none"),
        ("zero.algorithm.importance_cap=3", "the denominator sampler leaves no gap to weight"),
        ("zero.algorithm.constant_length=3", "only the aggregate constant divides by it"),
        ("zero.algorithm.refill_rounds=3", "the filter is not refill"),
        ("zero.algorithm.refill_short=stop", "the filter is not refill"),
        ("zero.algorithm.overlong_buffer=3", "truncated is not punish"),
        ("zero.data.hard_frac=0.2", "data.hard_after is not set"),
        ("zero.optimizer.end_frac=0.2", "a constant schedule has no end"),
        ("zero.evaluate.k=2", "evaluate.on names no benchmark"),
        ("zero.evaluate.final_k=2", "evaluate.on and evaluate.final_on name no benchmark"),
        ("zero.keep.best=true", "evaluate.on names no benchmark"),
        ("zero.stop.patience=2", "there are no evaluations on the way"),
        ("zero.stop.min_gain=0.1", "stop.patience is 0"),
        ("zero.monitor.truth=heldout", "monitor.reward names no reward"),
        ("zero.monitor.reward=acuracy", "there is no reward 'acuracy'. Did you mean 'accuracy'?"),
        ("zero.monitor.reward=accuracy", "monitor.truth = None is not scored on the way"),
        ("zero.rewards=[{name: format, sees: summary}]", "format says what it sees, but names no model"),
        ("zero.rewards=[{name: h, model: m/h, arguments: {a: 1}}]", "h is a reward model, which takes no arguments"),
        ("zero.rewards=[{name: format, after: 0.5}]", "all rewards begin late"),
        ("zero.rewards=[{name: format}, {name: accuracy, after: 1}]", "a reward after all updates never weighs"),
        ("zero.data.tasks=[{name: lab:mixed, after: 0.5}]", "all tasks begin late"),
        ("zero.data.tasks=[lab:lists, {name: lab:mixed, after: 1}]", "after = 1 of a task is no share"),
        (
            "base.rewards=[{name: format, on: [math]}]",
            "format has model, on or after, but an evaluation gives no points",
        ),
        ("zero.rewards=[{name: accuracy, arguments: {wrong: -1}}]", "accuracy takes no arguments, and is given wrong"),
        ("zero.rewards=[{name: cosine, arguments: {corect: [1, 0]}}]", "no argument 'corect'. Did you mean 'correct'?"),
        ("zero.rewards=[{name: lcpo, arguments: {qqqq: 1}}]", "Its arguments are alpha, delta."),
        ("zero.rewards=[{name: cosine, arguments: {wrong: [1]}}]", "cosine: wrong = [1], expected"),
        ("zero.rewards=[{name: lcpo, arguments: {alpha: 0}}]", "lcpo: alpha = 0, expected greater than 0"),
        ("zero.rewards=[{name: lcpo}]", "the prompts of lab:arithmetic name no budget of tokens"),
        ("zero.rewards=[{name: outcome, arguments: {missing: .inf}}]", "outcome: missing = inf, expected a finite"),
        ("zero.logging.rollout_groups=2", "logging.rollouts is not groups"),
        ("base.engine.micro_batch_tokens=64", "evaluation trains nothing"),
        ("nothere.x=1", "there is no stage 'nothere'"),
    ],
)
def test_refusals_name_the_override_and_the_cure(small: str, override: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_recipe(small, [override])
    assert sentence in str(refused.value)
    assert override.partition("=")[0].split(".")[0] in str(refused.value)


@pytest.mark.parametrize(
    ("algorithm", "sentence"),
    [
        ("baseline: none", "0 under the scale group_std. Set it to 2 or more, or scale to batch_std or none"),
        ("baseline: batch_mean, scale: batch_std, filter: drop_uniform", "algorithm.filter = drop_uniform drops those"),
        ("baseline: batch_mean, scale: batch_std, filter: refill", "algorithm.filter = refill drops those"),
        ("baseline: none, scale: none, select: one_correct_one_wrong", "never holds the two rollouts of algorithm."),
    ],
)
def test_one_rollout_a_problem_is_no_group(small: str, algorithm: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_recipe(small, [f"zero.algorithm={{{algorithm}}}", "zero.sampling.group_size=1"])
    assert sentence in str(refused.value)
    load_recipe(small, [f"zero.algorithm={{{algorithm}}}", "zero.sampling.group_size=2"])


def test_whitened_rewards_need_no_group(small: str) -> None:
    load_recipe(small, ["zero.preset=reinforce-pp", "zero.sampling.group_size=1"])


def test_partial_rollouts_do_not_refill(small: str) -> None:
    with pytest.raises(ConfigError, match="segment_tokens lets answers wait for the next round, and filter = refill"):
        load_recipe(small, ["zero.sampling.segment_tokens=9", "zero.algorithm.filter=refill"])
    load_recipe(small, ["zero.sampling.segment_tokens=9", "zero.algorithm.filter=drop_uniform"])


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("base.shape.heads=5", "do not divide"),
        ("base.row_tokens=2048", "row_tokens = 2048 is more than shape.max_positions = 1024"),
        ("base.batch_tokens=100", "batch_tokens = 100 does not hold one row of 1024"),
        ("base.engine.max_rows=7", "pretraining samples nothing"),
    ],
)
def test_refusals_of_pretraining(override: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        load_recipe("lab-pretrain", [override])


@pytest.mark.parametrize("name", ["relative_length", "expected_length"])
def test_a_reward_that_compares_needs_a_group(small: str, name: str) -> None:
    overrides = [f"zero.rewards=[{{name: {name}}}]", "zero.sampling.group_size=1", "zero.algorithm.baseline=none"]
    with pytest.raises(ConfigError, match=rf"{name} compares the answers .* sampling\.group_size = 1"):
        load_recipe(small, overrides)


@pytest.mark.parametrize(
    "overrides",
    [
        ["zero.data.tasks=[{name: lab:lists, think_tokens: 32}, 'lab:story?max_think_tokens=[8,64]', file:own.jsonl]"],
        ["zero.data.tasks=[{name: lab:lists, think_tokens: 32}, lab:story]", "zero.rewards.0.on=[lab:lists]"],
    ],
)
def test_a_reward_for_budgets_takes_tasks_that_name_one(small: str, overrides: list[str]) -> None:
    stage = _zero(small, "zero.rewards=[{name: lcpo, arguments: {alpha: 0.01}}]", *overrides)
    assert stage.rewards[0].arguments == {"alpha": 0.01}


def test_all_problems_are_told_at_once(small: str) -> None:
    with pytest.raises(ConfigError, match=r"small\.yaml has 2 problems:\n") as refused:
        load_recipe(small, ["zero.rounds=x", "zero.keep.lst=2"])
    assert "override 'zero.keep.lst=2': unknown key" in str(refused.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"- 1", "a recipe is a set of keys"),
        (b"", "a recipe is a set of keys"),
        (b"\xff\xfe\x00", "not readable"),
        (b"name: x\nstages: {}", "at least 1 item"),
        (b"name: x", "the key 'stages' is missing"),
        (b"name: x\nstages: {seed: {kind: pretrain, tokens: 5}}", "a stage cannot be called 'seed'"),
    ],
)
def test_broken_files(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_bytes(content)
    with pytest.raises(AhaError, match=sentence):
        load_recipe(str(path))


def test_a_later_stage_may_use_an_earlier_stages_model(small: str) -> None:
    recipe = load_recipe(small, ["stages.after={kind: evaluate, model: stage/zero, on: [heldout]}"]).recipe
    assert recipe.stages["after"].kind == "evaluate"


def test_evaluate_settings() -> None:
    settings = evaluate_settings("/models/mine", ["heldout"], ["k=4", "engine.device=cpu"])
    assert isinstance(settings, EvaluateStage)
    assert (settings.model, settings.on, settings.k, settings.engine.device) == ("/models/mine", ["heldout"], 4, "cpu")
    with pytest.raises(ConfigError, match="Did you mean 'temperature'"):
        evaluate_settings("lab", ["heldout"], ["temprature=1"])


def test_evaluate_settings_take_an_endpoint() -> None:
    assert evaluate_settings("http://localhost:8000/v1#name", ["heldout"]).model == "http://localhost:8000/v1#name"


def test_a_named_list_of_tasks_stands_where_a_stage_names_it(tmp_path: Path) -> None:
    text = """
    name: r
    tasks: {sums: [lab:arithmetic, {name: lab:lists, size: 5}]}
    stages:
      zero: {kind: rl, model: lab, rounds: 1, data: {tasks: [{name: sums, weight: 2}, {name: lab:story, weight: 1}]}}
      one: {kind: rl, model: lab, rounds: 1, data: {tasks: [sums, knights]}}
    """
    (tmp_path / "r.yaml").write_text(text)
    stages = load_recipe(str(tmp_path / "r.yaml")).recipe.stages
    assert stages["one"].data.tasks == ["lab:arithmetic", {"name": "lab:lists", "size": 5}, "knights"]
    assert stages["zero"].data.tasks == [
        {"name": "lab:arithmetic", "weight": 1.0},
        {"name": "lab:lists", "size": 5, "weight": 1.0},
        {"name": "lab:story", "weight": 1},
    ]


def test_a_named_list_stands_for_benchmarks_too(tmp_path: Path) -> None:
    text = """
    name: r
    tasks: {tests: [gsm8k, "math500?limit=9"]}
    stages:
      base: {kind: evaluate, model: lab, on: [tests]}
      zero:
        kind: rl
        model: lab
        rounds: 1
        data: {tasks: [knights]}
        evaluate: {on: [heldout], final_on: [tests, heldout]}
      some: {kind: rejection, model: lab, data: {tasks: [knights]}, filters: {decontaminate: [heldout, tests]}}
    """
    (tmp_path / "r.yaml").write_text(text)
    both = ["gsm8k", "math500?limit=9"]
    stages = load_recipe(str(tmp_path / "r.yaml")).recipe.stages
    assert stages["base"].on == both
    assert (stages["zero"].evaluate.on, stages["zero"].evaluate.final_on) == (["heldout"], [*both, "heldout"])
    assert stages["some"].filters.decontaminate == ["heldout", *both]
    assert load_recipe(str(tmp_path / "r.yaml"), ["tasks.tests=[aime24]"]).recipe.stages["base"].on == ["aime24"]


def test_a_reward_is_for_the_tasks_of_a_named_list(tmp_path: Path) -> None:
    text = """
    name: r
    tasks: {chat: ["file:a.jsonl", {name: "file:b.jsonl", verifier: none}]}
    stages:
      zero:
        kind: rl
        model: lab
        rounds: 1
        data: {tasks: [chat, knights]}
        rewards: [{name: accuracy}, {name: format, on: [logic, chat]}]
    """
    (tmp_path / "r.yaml").write_text(text)
    stage = load_recipe(str(tmp_path / "r.yaml")).recipe.stages["zero"]
    assert [reward.on for reward in stage.rewards] == [[], ["logic", "file:a.jsonl", "file:b.jsonl"]]
