"""RL with everything: routes, reward models, a late phase, why a stage ends, a proxy that leaves its truth."""

from dataclasses import replace

import pytest
import torch

from aha.errors import ConfigError, DataError, Interrupted
from aha.runtime.metrics import read_lines
from aha.runtime.rollout_store import read_rollouts
from aha.stages.ending import over_optimised
from aha.stages.finish import in_words
from aha.stages.rl import train
from aha.stages.routes import check_routes
from tests.stages.world import Requests, Spy, Sums, make_parts, scores_of, settings, stop_at

REWARDS = [
    {"name": "accuracy", "on": ["math"]},
    {"name": "format"},
    {"name": "helpful", "model": "m", "sees": "summary", "on": ["requests"], "after": 0.5, "weight": 0.25},
]


def late_phase(folder, rollouts="text", **changes):
    stage = settings(rounds=6, rewards=REWARDS, logging={"checkpoint_every": 100, "rollouts": rollouts})
    tasks = {"tasks": [Sums(), Requests()], "starts": [0, 3], "scorers": {"helpful": Spy("summary")}}
    return make_parts(folder, stage, **(tasks | changes))


def rows_of(parts, step):
    return read_rollouts(parts.directory.rollout_file(step))


def test_the_late_phase_begins_at_its_update_and_the_reward_model_is_not_asked_before(tmp_path):
    parts = late_phase(tmp_path)
    spy, asked = parts.scorers["helpful"], []
    train(late_phase_with(parts, lambda: asked.append(spy.num_calls)))
    lines = read_lines(parts.directory.metrics)[1:]
    assert [line["reward_weight/helpful"] for line in lines] == [0, 0, 0, 0.25, 0.25, 0.25]
    assert ["reward/helpful" in line for line in lines] == [False] * 3 + [True] * 3
    assert asked == [0, 0, 0, 1, 2, 3]
    for step in range(1, 7):
        sources = [row["source"] for row in rows_of(parts, step)]
        assert ("requests" in sources) is (step > 3)


def late_phase_with(parts, note):
    watched = list(parts.watchers)
    parts.watchers = [*watched, lambda line, groups: note() if line.step else None]
    return parts


def test_each_rollout_is_graded_by_the_rewards_meant_for_it(tmp_path):
    parts = late_phase(tmp_path)
    train(parts)
    for row in rows_of(parts, 5):
        if row["source"] == "sums":
            assert row["reward/helpful"] is None
            assert row["reward"] == row["reward/accuracy"] + row["reward/format"]
        else:
            assert (row["reward/accuracy"], row["reason"]) == (None, "no_rule")
            assert row["reward"] == pytest.approx(row["reward/format"] + 0.25 * row["reward/helpful"])
    assert not [text for _, text in parts.scorers["helpful"].given if "<think>" in text]
    line = read_lines(parts.directory.metrics)[-1]
    assert line["undecided_frac"] == 0.0
    assert "refusal_rate/general" in line
    trained = {sample.rollout_id for sample in parts.learner.seen[4]}
    assert trained == {row["rollout_id"] for row in rows_of(parts, 5)}


@pytest.mark.parametrize("cut", [3, 4])
def test_a_run_that_was_stopped_around_the_late_phase_goes_on_to_the_same_bytes(tmp_path, cut):
    whole = late_phase(tmp_path / "whole", "none")
    train(whole)
    parts = late_phase(tmp_path / "cut", "none")
    stop_at(parts, version=cut)
    with pytest.raises(Interrupted):
        train(parts)
    again = late_phase(tmp_path / "cut", "none", order_seed=3)
    train(again)
    assert again.directory.metrics.read_bytes() == whole.directory.metrics.read_bytes()
    assert torch.equal(again.learner.weight, whole.learner.weight)


def watched(folder, truths, points, action="stop", half_width=0.01, **changes):
    """A stage with a reward model whose points follow the policy version, and held-out truths in order."""
    stage = settings(
        rounds=len(truths) - 1,
        rewards=[{"name": "format"}, {"name": "helpful", "model": "m"}],
        evaluate={"on": ["heldout"], "every": 1},
        monitor={"reward": "helpful", "truth": "heldout", "drop": 0.1, "action": action},
        logging={"checkpoint_every": 100, "rollouts": "none"},
        keep={"last": 1, "best": False},
        **changes,
    )
    found, heard = iter(truths), []
    parts = make_parts(
        folder, stage,
        evaluate=lambda name: scores_of(next(found), half_width=half_width),
        event=lambda kind, **facts: heard.append((kind, facts)),
    )  # fmt: skip
    parts.scorers = {"helpful": Spy(points=lambda text: points[parts.sampler.policy_version])}
    return parts, heard


def test_the_monitor_stops_a_planted_over_optimisation_and_keeps_the_best_model(tmp_path):
    parts, heard = watched(tmp_path, [0.2, 0.5, 0.6, 0.45, 0.9], [1.0, 2.0, 3.0, 4.0])
    progress = train(parts)
    assert (progress.round, progress.ended(parts.stage), progress.model_round(parts.stage)) == (3, "over_optimised", 2)
    assert {path.name for path in parts.directory.checkpoints.iterdir()} == {"step-000002", "step-000003"}
    assert heard == [("over_optimised", {"stage": "zero", "step": 3, "best": 2, "action": "stop"})]
    lines = read_lines(parts.directory.metrics)
    assert [line.get("monitor/proxy") for line in lines] == [None, 1.0, 2.0, 3.0]
    assert [line["monitor/over_optimised"] for line in lines] == [0, 0, 0, 1]
    again, _ = watched(tmp_path, [0.2, 0.5, 0.6, 0.45, 0.9], [1.0, 2.0, 3.0, 4.0])
    assert train(again).ended(again.stage) == "over_optimised"


@pytest.mark.parametrize(
    ("truths", "points", "half_width"),
    [
        ([0.2, 0.5, 0.6, 0.55], [1.0, 2.0, 3.0], 0.01),
        ([0.2, 0.5, 0.6, 0.45], [3.0, 2.0, 1.0], 0.01),
        ([0.2, 0.5, 0.6, 0.45], [1.0, 2.0, 3.0], 0.2),
    ],
)
def test_a_small_fall_a_falling_proxy_or_a_wide_interval_stops_nothing(tmp_path, truths, points, half_width):
    parts, heard = watched(tmp_path, truths, points, half_width=half_width)
    progress = train(parts)
    assert (progress.ended(parts.stage), progress.model_round(parts.stage), heard) == ("rounds", 3, [])


def test_the_monitor_may_only_warn(tmp_path):
    parts, heard = watched(tmp_path, [0.2, 0.6, 0.4, 0.3], [1.0, 2.0, 3.0], action="warn")
    told = []
    parts.tell = told.append
    progress = train(parts)
    assert (progress.ended(parts.stage), progress.model_round(parts.stage)) == ("rounds", 3)
    assert [facts["step"] for _, facts in heard] == [2, 3]
    assert "helpful is at 2.000 and heldout at 0.400, 0.1 or more under its best of round 1" in told[0]


def test_where_the_best_had_no_proxy_the_first_after_it_counts():
    assert not over_optimised([(0, 0.6, 0.6, None), (1, 0.5, 0.5, 1.0)], 0.05)
    assert over_optimised([(0, 0.6, 0.6, None), (1, 0.5, 0.5, 1.0), (2, 0.5, 0.5, 1.1)], 0.05)
    assert not over_optimised([(0, 0.6, 0.6, None), (1, 0.5, 0.5, 1.0), (2, 0.5, 0.5, 1.0)], 0.05)
    assert not over_optimised([], 0.05)


def test_the_best_model_is_that_of_the_truth_where_there_is_a_monitor(tmp_path):
    parts, _ = watched(tmp_path, [0.2, 0.5, 0.45], [1.0, 0.5], action="warn")
    parts.stage.keep.best = True
    assert train(parts).model_round(parts.stage) == 1


def test_a_plateau_ends_the_stage(tmp_path):
    found = iter([0.1, 0.4, 0.41, 0.42, 0.43, 0.44])
    stage = settings(rounds=9, evaluate={"on": ["heldout"], "every": 1}, stop={"patience": 2, "min_gain": 0.05})
    parts = make_parts(tmp_path, stage, evaluate=lambda name: scores_of(next(found)))
    progress = train(parts)
    assert (progress.round, progress.ended(stage), progress.model_round(stage)) == (3, "plateau", 3)


def test_a_benchmark_that_no_rule_decides_has_no_part_in_the_mean_score(tmp_path):
    harmless = scores_of(0.9)
    harmless.scores, harmless.refusal_rate = {}, 0.25
    stage = settings(rounds=1, evaluate={"on": ["heldout", "harmless"]})
    parts = make_parts(tmp_path, stage, evaluate=lambda name: harmless if name == "harmless" else scores_of(0.5))
    assert train(parts).scores == [(0, 0.5), (1, 0.5)]
    line = read_lines(parts.directory.metrics)[-1]
    assert line["eval/harmless/refusal_rate"] == 0.25
    assert "eval/harmless/pass@1" not in line
    assert "eval/heldout/refusal_rate" not in line


def test_the_end_in_words():
    assert in_words("rounds", 4, 4) == "ended after round 4: all rounds done; its model is the last one."
    assert "no gain any more" in in_words("plateau", 4, 2)
    assert in_words("over_optimised", 4, 2).endswith("its model is the best one, of round 2.")


def routed(rewards, tasks=("sums", "requests"), **changes):
    made = settings(data={"tasks": list(tasks)}, rewards=rewards, **changes)
    check_routes(made, [Sums(), Requests()])


def test_routes_lead_somewhere():
    routed(REWARDS, ["sums", {"name": "requests", "after": 0.5}])
    routed([{"name": "accuracy", "on": ["sums"]}, {"name": "format", "on": ["general"]}])
    with pytest.raises(ConfigError, match="accuracy is for 'general-'") as caught:
        routed([{"name": "accuracy", "on": ["general-"]}])
    assert "Did you mean 'general'" in caught.value.cure


@pytest.mark.parametrize(
    "rewards",
    [
        [{"name": "accuracy"}],
        [{"name": "accuracy"}, {"name": "tests"}],
        [{"name": "accuracy"}, {"name": "format", "on": ["math"]}],
        [{"name": "accuracy"}, {"name": "h", "model": "m", "after": 0.5}],
    ],
)
def test_a_problem_that_no_reward_grades_is_refused(rewards):
    with pytest.raises(
        DataError, match=r"'requests-0' of task 'requests' \(domain general, verifier none\) is graded by"
    ):
        routed(rewards)


def test_a_late_phase_that_never_comes_is_refused():
    late = [*REWARDS[:2], REWARDS[2] | {"after": 0.765}]
    asked = ["sums", {"name": "requests", "after": 0.765}]
    routed(late, asked, rounds=5, algorithm={"num_updates": 2})
    with pytest.raises(ConfigError, match=r"rewards: helpful begins after 0.765 .* there are 8; "):
        routed(late, asked, rounds=4, algorithm={"num_updates": 2})
    with pytest.raises(ConfigError, match=r"data.tasks: requests begins .*starts after 6, so it never counts"):
        routed(REWARDS, asked, rounds=4, algorithm={"num_updates": 2})


@pytest.mark.parametrize("name", ["outcome", "logic", "cosine", "relative_length", "expected_length"])
def test_rewards_by_verdict_do_not_grade_what_no_rule_decides(name):
    with pytest.raises(DataError, match="verifier none"):
        routed([{"name": name}])


def test_a_reward_for_budgets_does_not_grade_a_prompt_without_one():
    with pytest.raises(DataError, match=r"'sums-0'.*is graded by no reward"):
        routed([{"name": "lcpo", "on": ["math"]}, {"name": "format", "on": ["general"]}])


def test_a_reward_for_budgets_needs_a_task_that_names_some():
    stage = settings(rewards=[{"name": "lcpo"}, {"name": "format"}], data={"tasks": ["sums"]})
    task = Sums()
    with pytest.raises(ConfigError, match=r"lcpo has no points on 'sums', whose prompts name no budget .*think_tokens"):
        check_routes(stage, [task])
    task.problems()[-1] = replace(task.problems()[-1], metadata={"max_think_tokens": 50})
    check_routes(stage, [task])


def test_a_selection_by_verdict_needs_rules():
    with pytest.raises(ConfigError, match="one_correct_one_wrong never trains on problem 'requests-0'"):
        routed([{"name": "format"}], algorithm={"select": "one_correct_one_wrong"})
    learned = {"weights": {"tokens": "learned"}}
    with pytest.raises(ConfigError, match=r"weights\.tokens = learned has nothing to learn from problem 'requests-0'"):
        routed([{"name": "format"}], algorithm=learned, token_reward={})


def test_a_truth_that_no_rule_decides_is_refused(tmp_path):
    path = tmp_path / "harmless.jsonl"
    path.write_text('{"prompt": "How do I boil an egg?"}\n')
    truth = f"file:{path}?verifier=none"
    with pytest.raises(ConfigError, match="no rule decides about the problems of"):
        routed(REWARDS[:2], monitor={"reward": "format", "truth": truth}, evaluate={"on": [truth], "every": 1})


def test_a_stage_that_uses_none_of_this_logs_none_of_it(tmp_path):
    stage = settings(rounds=2, evaluate={"on": ["heldout"], "every": 1})
    parts = make_parts(tmp_path, stage)
    train(parts)
    names = {name for line in read_lines(parts.directory.metrics) for name in line}
    assert not [name for name in names if name.startswith(("reward_weight/", "monitor/", "refusal_rate"))]
    assert "eval/heldout/refusal_rate" not in names
    assert parts.stream.credits == {}
