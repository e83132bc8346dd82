import json

import pytest
import torch

from aha.engines.fake import ConstantScorer, RecordingCritic, RecordingLearner
from aha.errors import DataError, DivergedError, Interrupted
from aha.runtime.metrics import read_lines
from aha.runtime.rollout_store import read_rollouts
from aha.stages.rl import train
from tests.stages.world import InlinePool, make_parts, scores_of, settings, stop_at


def rollouts_of(parts, step):
    return [
        {k: v for k, v in row.items() if k != "seconds"} for row in read_rollouts(parts.directory.rollout_file(step))
    ]


def test_all_rounds_are_trained_and_the_sampler_always_holds_the_learners_weights(tmp_path):
    parts = make_parts(tmp_path)
    progress = train(parts)
    assert (progress.round, progress.update, progress.policy_version) == (4, 4, 4)
    assert torch.equal(parts.sampler.synced["weight"], parts.learner.weight)
    assert [line["step"] for line in read_lines(parts.directory.metrics)] == [0, 1, 2, 3, 4]
    versions = {row["policy_version"] for row in rollouts_of(parts, 3)}
    assert versions == {2}


def test_a_round_tells_what_it_is_doing(tmp_path):
    told = []
    train(make_parts(tmp_path, settings(rounds=1), busy=lambda *words: told.append(words)))
    assert told == [
        *(("sampling", done, 12) for done in range(1, 13)),
        *(("verifying", done, 3) for done in range(3)),
        ("scoring", 0, 0),
    ]


def test_each_request_has_its_own_seed_and_a_problem_twice_in_a_round_is_sampled_anew(tmp_path):
    stage = settings(sampling={"num_problems": 10, "group_size": 2, "max_new_tokens": 80}, rounds=1)
    parts = make_parts(tmp_path, stage)  # 7 problems, so some come twice
    train(parts)
    seeds = [request.seed for request in parts.sampler.requests]
    assert len(set(seeds)) == len(seeds) == 20


def test_completion_order_changes_nothing(tmp_path):
    first, second = make_parts(tmp_path / "a", order_seed=0), make_parts(tmp_path / "b", order_seed=7)
    train(first), train(second)
    assert torch.equal(first.learner.weight, second.learner.weight)
    assert first.directory.metrics.read_bytes() == second.directory.metrics.read_bytes()
    assert all(rollouts_of(first, step) == rollouts_of(second, step) for step in range(1, 5))


def test_the_metrics_line_has_no_clock_and_the_timing_line_nothing_else(tmp_path):
    parts = make_parts(tmp_path)
    train(parts)
    line, timing = read_lines(parts.directory.metrics)[-1], read_lines(parts.directory.timing)[-1]
    assert not [name for name in line if "seconds" in name]
    assert {"reward/mean", "reward/accuracy", "accuracy", "groups/kept_frac", "loss", "update"} <= line.keys()
    assert {"seconds/sample", "seconds/update", "tokens_per_second/sample", "eta_seconds"} <= timing.keys()


def test_updates_deal_all_samples_of_a_round_once(tmp_path):
    parts = make_parts(tmp_path, settings(rounds=1, algorithm={"num_updates": 3}))
    assert train(parts).update == 3
    ids = [sample.rollout_id for update in parts.learner.seen for sample in update]
    assert sorted(ids) == sorted(f"1/{g}/{m}" for g in range(3) for m in range(4))
    assert [len(update) for update in parts.learner.seen] == [4, 4, 4]


def test_undecided_rollouts_leave_their_group_and_are_counted(tmp_path):
    parts = make_parts(tmp_path, settings(rounds=1), pool=InlinePool({0: "exception", 5: "timeout"}))
    train(parts)
    assert sum(len(update) for update in parts.learner.seen) == 10
    assert read_lines(parts.directory.metrics)[-1]["undecided_frac"] == pytest.approx(2 / 12)
    reasons = [row["reason"] for row in rollouts_of(parts, 1) if row["outcome"] == "undecided"]
    assert sorted(reasons) == ["crash", "timeout"]


def test_truncated_completions_are_wrong_without_a_call(tmp_path):
    parts = make_parts(tmp_path, settings(rounds=1, sampling={"num_problems": 2, "group_size": 2, "max_new_tokens": 5}))
    pool = parts.grader.pool
    train(parts)
    assert read_lines(parts.directory.metrics)[-1]["truncated_frac"] == 1.0 - len(pool.calls) / 4
    assert {row["reason"] for row in rollouts_of(parts, 1) if row["finish"] == "length"} == {"truncated"}


def test_refill_samples_new_problems_until_full_or_out_of_rounds(tmp_path):
    stage = settings(rounds=1, algorithm={"filter": "refill", "refill_rounds": 2})
    heard, told = [], []
    parts = make_parts(tmp_path, stage, event=lambda kind, **facts: heard.append((kind, facts)), tell=told.append)
    parts.sampler.script = lambda request, version: "<think> x </think> <answer> 0 </answer>"
    train(parts)
    assert heard == [("not_refilled", {"stage": "zero", "step": 1, "found": 0, "wanted": 3})]
    assert told == ["zero: round 1 has 0 of 3 groups whose rewards differ after 3 samplings; nothing is trained."]
    line = read_lines(parts.directory.metrics)[-1]
    assert line["groups/num_samplings"] == 3
    assert line["groups/dropped_all_wrong"] == 9
    assert line["groups/kept_frac"] == 0
    assert not parts.learner.seen
    assert "loss" not in line


def one_mixed(request, version):
    """The answers to 2+1 differ; all others are wrong."""
    asked = "".join(chr(token) for token in request.token_ids)
    return f"<think> x </think> <answer> {3 if asked == '2+1' and request.seed % 2 else 0} </answer>"


def test_a_round_that_refilling_did_not_fill_trains_on_what_there_is_or_stops(tmp_path):
    told = []
    algorithm = {"filter": "refill", "refill_rounds": 2}
    parts = make_parts(tmp_path / "train", settings(rounds=1, algorithm=algorithm), tell=told.append)
    parts.sampler.script = one_mixed
    train(parts)
    kept = {sample.rollout_id.rpartition("/")[0] for sample in parts.learner.seen[0]}
    assert len(kept) in (1, 2)
    assert told[0].startswith(f"zero: round 1 has {len(kept)} of 3 groups whose rewards differ after 3 samplings; it ")
    stage = settings(rounds=1, algorithm=algorithm | {"refill_short": "stop"})
    parts = make_parts(tmp_path / "stop", stage)
    parts.sampler.script = one_mixed
    with pytest.raises(DivergedError, match=r"zero: round 1 has . of 3 groups .*refill_short is stop.*refill_rounds"):
        train(parts)
    assert not parts.learner.seen


def test_a_full_round_says_nothing(tmp_path):
    told = []
    stage = settings(rounds=2, algorithm={"filter": "refill", "refill_rounds": 9, "refill_short": "stop"})
    train(make_parts(tmp_path, stage, tell=told.append))
    assert told == []


def test_the_reference_is_refreshed_after_so_many_updates(tmp_path):
    kl = {"place": "loss", "reference_every": 2}
    parts = make_parts(tmp_path, settings(algorithm={"kl": kl}), reference=ConstantScorer())
    train(parts)
    assert parts.reference.num_refreshes == 2
    assert torch.equal(parts.reference.held["weight"], parts.learner.weight)
    assert all(sample.reference_logprobs_T is not None for update in parts.learner.seen for sample in update)


def test_the_reference_and_the_optimizer_begin_each_round_anew_where_asked(tmp_path):
    algorithm = {"num_updates": 3, "kl": {"place": "loss", "reference_every": "round"}, "optimizer_reset": "round"}
    parts = make_parts(tmp_path, settings(algorithm=algorithm), reference=ConstantScorer())
    train(parts)
    assert (parts.reference.num_refreshes, parts.learner.num_resets) == (4, 4)
    assert torch.equal(parts.reference.held["weight"], parts.learner.weight)
    assert make_parts(tmp_path / "b").learner.num_resets == 0


def test_length_stages_count_updates(tmp_path):
    sampling = {"num_problems": 1, "group_size": 1, "max_new_tokens": 60, "length_stages": [[2, 70], [3, 90]]}
    parts = make_parts(tmp_path, settings(sampling=sampling))
    train(parts)
    assert [request.max_new_tokens for request in parts.sampler.requests] == [60, 60, 70, 90]


def test_learner_log_probs_are_computed_where_they_are_the_denominator(tmp_path):
    parts = make_parts(tmp_path, settings(rounds=1, algorithm={"denominator": "learner"}))
    train(parts)
    assert all(sample.learner_logprobs_T is not None for update in parts.learner.seen for sample in update)


def test_a_run_stops_when_sampler_and_learner_drift_apart(tmp_path):
    learner = RecordingLearner(lambda update: {"logprob_gap/mean": 0.3 if update == 2 else 0.0})
    parts = make_parts(tmp_path, learner=learner)
    with pytest.raises(DivergedError, match="on average") as caught:
        train(parts)
    assert "float32" in caught.value.cure
    assert read_lines(parts.directory.metrics)[-1]["step"] == 3


def test_five_skipped_updates_stop_the_run(tmp_path):
    parts = make_parts(tmp_path, settings(rounds=9), learner=RecordingLearner(lambda update: {"update_skipped": 1.0}))
    with pytest.raises(DivergedError, match="5 updates in a row"):
        train(parts)


def test_evaluation_at_the_start_every_n_and_at_the_end(tmp_path):
    stage = settings(evaluate={"on": ["heldout"], "every": 3})
    parts = make_parts(tmp_path, stage)
    progress = train(parts)
    lines = [line for line in read_lines(parts.directory.metrics) if "eval/heldout/pass@1" in line]
    assert [line["step"] for line in lines] == [0, 3, 4]
    assert lines[0]["eval/heldout/reflection_rate"] == 1.0
    assert [step for step, _ in progress.scores] == [0, 3, 4]


def test_patience_ends_the_stage_and_the_best_checkpoint_stays(tmp_path):
    found = iter([0.1, 0.4, 0.3, 0.2, 0.1, 0.9])
    stage = settings(
        rounds=9, evaluate={"on": ["heldout"], "every": 1}, stop={"patience": 2}, keep={"best": True, "last": 1}
    )
    parts = make_parts(tmp_path, stage, evaluate=lambda name: scores_of(next(found)))
    progress = train(parts)
    assert (progress.round, progress.best_round) == (3, 1)
    assert sorted(path.name for path in parts.directory.checkpoints.iterdir()) == ["step-000001", "step-000003"]


def test_a_stop_request_checkpoints_the_last_whole_round_and_the_same_call_goes_on(tmp_path):
    whole = make_parts(tmp_path / "whole", settings(rounds=5))
    train(whole)
    parts = make_parts(tmp_path / "cut", settings(rounds=5))
    stop_at(parts, version=3)
    with pytest.raises(Interrupted):
        train(parts)
    assert (parts.directory.checkpoints / "step-000003").is_dir()
    again = make_parts(tmp_path / "cut", settings(rounds=5), order_seed=3)
    train(again)
    assert again.directory.metrics.read_bytes() == whole.directory.metrics.read_bytes()
    assert torch.equal(again.learner.weight, whole.learner.weight)
    assert all(rollouts_of(again, step) == rollouts_of(whole, step) for step in range(1, 6))


def test_a_checkpoint_of_other_settings_is_refused(tmp_path):
    train(make_parts(tmp_path))
    with pytest.raises(DataError, match="was made with other settings"):
        train(make_parts(tmp_path, key="other"))


def test_another_machine_is_refused_unless_drift_is_accepted(tmp_path):
    train(make_parts(tmp_path))
    other = {"num_threads": 2, "torch": "x", "instruction_set": "y", "compiler": False}
    with pytest.raises(DataError, match="num_threads was 1, is 2"):
        train(make_parts(tmp_path, machine=other))
    heard = []
    parts = make_parts(tmp_path, machine=other, accept_drift=True, event=lambda kind, **facts: heard.append(kind))
    train(parts)
    assert heard == ["drift", "resume"]


def test_state_is_plain_json(tmp_path):
    parts = make_parts(tmp_path)
    train(parts)
    state = json.loads((parts.directory.checkpoints / "step-000004" / "state.json").read_text())
    assert state["progress"]["cursor"] == {"sums": 12}
    assert state["offsets"]["metrics.jsonl"] == parts.directory.metrics.stat().st_size


WITH_CRITIC = {"algorithm": {"baseline": "critic", "scale": "none", "gae_lambda": 1.0}, "critic": {"num_updates": 5}}


def test_a_critic_is_asked_before_advantages_and_learns_in_splits_of_its_own(tmp_path):
    parts = make_parts(tmp_path, settings(rounds=2, **WITH_CRITIC), critic=RecordingCritic())
    train(parts)
    assert [len(update) for update in parts.learner.seen] == [12, 12]
    assert [len(update) for update in parts.critic.seen] == [3, 3, 2, 2, 2] * 2
    first = {sample.rollout_id: sample for update in parts.critic.seen[:5] for sample in update}
    assert sorted(first) == sorted(sample.rollout_id for sample in parts.learner.seen[0])
    later = [sample for update in parts.critic.seen[5:] for sample in update]
    values = {float(sample.values_T[-1]) for sample in later}
    assert len(values) == 1
    assert values != {0.0}
    for sample in later:
        trained = sample.loss_mask_T
        assert sample.advantages_T[trained] == pytest.approx((sample.returns_T - sample.values_T)[trained])
    first_line, line = read_lines(parts.directory.metrics)[1:]
    assert first_line["value/explained_variance"] == line["value/explained_variance"] == pytest.approx(0, abs=1e-6)
    assert (line["value/lr"], line["value/update_skipped"]) == (0.1, 0.0)
    rewards = {row["rollout_id"]: (row["reward"], row["advantage"]) for row in rollouts_of(parts, 2)}
    assert all(advantage == pytest.approx(reward - min(values)) for reward, advantage in rewards.values())


def test_a_stopped_run_goes_on_with_the_critic_that_it_had(tmp_path):
    stage = settings(rounds=4, **WITH_CRITIC)
    whole = make_parts(tmp_path / "whole", stage, critic=RecordingCritic())
    train(whole)
    cut = make_parts(tmp_path / "cut", stage, critic=RecordingCritic())
    stop_at(cut, version=2)
    with pytest.raises(Interrupted):
        train(cut)
    again = make_parts(tmp_path / "cut", stage, critic=RecordingCritic())
    train(again)
    assert again.directory.metrics.read_bytes() == whole.directory.metrics.read_bytes()
    assert torch.equal(again.critic.weight, whole.critic.weight)
    assert torch.equal(again.learner.weight, whole.learner.weight)


def test_a_token_budget_ends_the_policys_updates_and_the_critic_still_learns_from_the_whole_round(tmp_path):
    stage = settings(rounds=2, max_trained_tokens=1, **WITH_CRITIC)
    stage.algorithm.num_updates = 3
    parts = make_parts(tmp_path, stage, critic=RecordingCritic())
    assert train(parts).ended(stage) == "tokens"
    assert [len(update) for update in parts.learner.seen] == [4]
    assert sum(len(update) for update in parts.critic.seen) == 12


LEARNED = {
    "algorithm": {"scale": "none", "weights": {"tokens": "learned"}},
    "token_reward": {"alone": 2, "num_updates": 3},
}


def test_the_policy_learns_nothing_while_the_token_reward_model_is_alone(tmp_path):
    stage = settings(rounds=4, optimizer={"warmup": 1}, **LEARNED)
    parts = make_parts(tmp_path, stage, critic=RecordingCritic())
    start, seen = parts.learner.weight.clone(), []
    parts.watchers = [lambda line, groups: seen.append(parts.learner.weight.clone())]
    progress = train(parts)
    assert [bool(torch.equal(weight, start)) for weight in seen] == [True, True, True, False, False]
    assert (progress.round, progress.update, stage.total_updates) == (4, 2, 2)
    assert [len(update) for update in parts.critic.seen] == [4] * 12
    lines = read_lines(parts.directory.metrics)[1:]
    assert ["loss" in line for line in lines] == [False, False, True, True]
    assert [line["policy_version"] for line in lines] == [1, 2, 3, 4]
    assert progress.num_trained_tokens < progress.num_tokens


def test_the_token_reward_model_learns_the_outcomes_of_the_round_and_weighs_the_next(tmp_path):
    stage = settings(rounds=2, algorithm=LEARNED["algorithm"], token_reward={})
    parts = make_parts(tmp_path, stage, critic=RecordingCritic())
    train(parts)
    outcome = {row["rollout_id"]: row["outcome"] == "correct" for step in (1, 2) for row in rollouts_of(parts, step)}
    first, second = parts.critic.seen
    for sample in (*first, *second):
        assert (sample.returns_T == outcome[sample.rollout_id]).all()
    assert not any(sample.advantages_T.any() for sample in parts.learner.seen[0])
    weights = {}
    for sample in parts.learner.seen[1]:
        weights.setdefault(outcome[sample.rollout_id], set()).add(bool(sample.advantages_T.any()))
    assert weights[True] == {True}
    assert weights[False] == {False}  # it scores everything alike, above 0
    first_line, line = read_lines(parts.directory.metrics)[1:]
    assert (first_line["token_reward/accuracy"], first_line["token_reward/weight_right"]) == (0.5, 0)
    assert line["token_reward/accuracy"] == pytest.approx(sum(outcome[s.rollout_id] for s in second) / len(second))


def test_a_stopped_run_goes_on_with_the_token_reward_model_that_it_had(tmp_path):
    stage = settings(rounds=4, logging={"checkpoint_every": 1}, **LEARNED)
    whole = make_parts(tmp_path / "whole", stage, critic=RecordingCritic())
    train(whole)
    short = stage.model_copy(update={"rounds": 3})
    train(make_parts(tmp_path / "cut", short, critic=RecordingCritic()))
    again = make_parts(tmp_path / "cut", stage, critic=RecordingCritic())
    train(again)
    assert torch.equal(again.critic.weight, whole.critic.weight)
    assert torch.equal(again.learner.weight, whole.learner.weight)
