"""Partial rollouts: cut, kept, continued under the next policy; of each the last segment is trained."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from aha.algorithms.objective import Tokens, Totals, loss
from aha.config.algorithm import AlgorithmSettings, KLSettings
from aha.config.settings import RewardSettings
from aha.engines.batches import make_batch
from aha.engines.fake import LetterTokenizer
from aha.errors import DataError, Interrupted
from aha.rollouts.grading import Grader, PendingGroup
from aha.rollouts.measures import repeats_frac
from aha.rollouts.pack import set_advantages, to_samples
from aha.rollouts.partial import held_from, held_record, in_a_loop, is_cut, joined, next_segment
from aha.rollouts.share import completion_record, gather_drawn
from aha.runtime.distributed import World
from aha.runtime.metrics import read_lines
from aha.runtime.rollout_store import read_rollouts
from aha.stages.rl import train
from aha.types import Completion, Group, Request, Segment
from tests.rollouts.make import GOOD, PROBLEM, make_rollout
from tests.stages.world import InlinePool, Sums, make_parts, settings, stop_at

REQUEST = Request("1/0/0", (5, 6), seed=9, max_new_tokens=10, stop_token_ids=(0,))


def piece(ids, version, finish="length"):
    logprobs_N = -np.arange(1, len(ids) + 1, dtype=np.float32) / 3
    segments = [Segment("model", 0, len(ids), version)]
    return Completion("1/0/0", np.array(ids, np.int32), logprobs_N, finish, segments, "?")


def test_the_next_segment_goes_on_where_the_last_one_ended():
    assert next_segment(REQUEST, None, None) is REQUEST
    assert next_segment(REQUEST, None, 4) == replace(REQUEST, max_new_tokens=4)
    drawn = joined(piece([65, 66, 67, 68], 3), piece([69, 70, 71, 72], 4), LetterTokenizer())
    asked = next_segment(REQUEST, drawn, 4)
    assert (asked.token_ids, asked.num_drawn, asked.max_new_tokens) == ((5, 6, *range(65, 73)), 8, 2)
    assert is_cut(REQUEST, drawn)
    whole = joined(drawn, piece([73, 0], 5, "stop"), LetterTokenizer())
    assert (whole.text, whole.finish) == ("ABCDEFGHI", "stop")
    assert [(each.start, each.end, each.policy_version) for each in whole.segments] == [
        (0, 4, 3),
        (4, 8, 4),
        (8, 10, 5),
    ]
    assert len(whole.logprobs_N) == 10
    assert not is_cut(REQUEST, whole)
    assert not is_cut(REQUEST, joined(drawn, piece([73, 74], 5), LetterTokenizer()))


def loops(ids, segment_tokens, times):
    """`in_a_loop` in plain loops."""
    for length in range(1, len(ids) // times + 1):
        span = max(times * length, segment_tokens // 2)
        if all(ids[len(ids) - 1 - i] == ids[len(ids) - 1 - i - length] for i in range(span - length)):
            return True
    return False


def test_a_loop_is_one_block_often_enough_and_over_half_a_segment():
    rng = np.random.default_rng(0)
    seen = []
    for _ in range(2000):
        segment, times, length = int(rng.integers(8, 40)), int(rng.integers(2, 5)), int(rng.integers(1, 12))
        block = rng.integers(0, 3, length).tolist()
        ids = rng.integers(0, 3, 40).tolist() + block * int(rng.integers(1, 8))
        if rng.random() < 0.3:
            ids[-int(rng.integers(1, 20))] += 1
        expected = loops(ids, segment, times)
        assert in_a_loop(piece(ids, 3), segment, times) is expected
        seen.append(expected)
    assert 400 < sum(seen) < 1600


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(str(number) for number in range(200)),
        "1/7 = 0." + "142857" * 5,
        "| 3 | 4 |\n" * 6 + "| 3 | 5 |\n",
        "so 0 + 0 = 0. Wait, let me check. " * 7,
    ],
)
def test_honest_work_is_no_loop(text):
    assert not in_a_loop(piece(LetterTokenizer().encode("x" * 200 + text), 3), 128, 8)


@pytest.mark.parametrize("block", ["0\n", "so 0 + 0 = 0. Wait, let me check. "])
def test_a_digit_or_a_sentence_over_and_over_is_a_loop(block):
    assert in_a_loop(piece(LetterTokenizer().encode("x" * 200 + block * 32 + block[:-1]), 3), 128, 8)


def cut_rollout(place, reward, versions, tokens_each=3):
    num = tokens_each * len(versions)
    made = make_rollout("g", place, "correct" if reward else "wrong", reward, num=num)
    spans = [Segment("model", i * tokens_each, (i + 1) * tokens_each, version) for i, version in enumerate(versions)]
    made.completion.segments = spans
    return made


def test_stale_tokens_have_no_gradient_and_what_ended_earlier_stays_in_the_baseline():
    group = Group("g", [cut_rollout(0, 1.0, [3, 4, 5]), cut_rollout(1, 0.0, [5]), cut_rollout(2, 1.0, [3, 4])])
    samples = to_samples([group], 5)
    assert [int(sample.loss_mask_T.sum()) for sample in samples] == [3, 3, 0]
    assert [int(sample.action_mask_T.sum()) for sample in samples] == [9, 3, 6]
    kl = KLSettings(place="loss", estimator="k2", level="sequence", coef=0.5)
    settings = AlgorithmSettings(scale="none", kl=kl, entropy_coef=0.1)
    chosen, advantages = set_advantages([group], samples, settings)
    assert [sample.rollout_id for sample in chosen] == ["g/0", "g/1"]
    assert advantages == [[pytest.approx(1 / 3), pytest.approx(-2 / 3), pytest.approx(1 / 3)]]
    for sample in chosen:
        sample.reference_logprobs_T = sample.sampler_logprobs_T - 0.3
    tokens: Tokens = make_batch(chosen, torch.device("cpu"), torch.float64).tokens
    logprobs_N = (tokens.sampler_N + 0.1).requires_grad_()
    entropy_N = torch.ones_like(logprobs_N).requires_grad_()
    loss(logprobs_N, entropy_N, tokens, Totals(6.0, 2.0, 8), settings).backward()
    for gradient_N in (logprobs_N.grad, entropy_N.grad):
        assert (gradient_N != 0).tolist() == [False] * 8 + [True] * 3 + [False] * 2 + [True] * 3


def test_a_reward_pays_the_kl_of_the_whole_answer():
    kl = KLSettings(place="reward", estimator="k1", level="sequence", coef=1.0)
    algorithm = AlgorithmSettings(baseline="none", scale="none", kl=kl)
    advantages = []
    for versions in ([3, 4, 5], [5, 5, 5]):
        groups = [Group("g", [cut_rollout(0, 1.0, versions)])]
        samples = to_samples(groups, 5)
        samples[0].reference_logprobs_T = samples[0].sampler_logprobs_T - 0.25
        advantages.append(set_advantages(groups, samples, algorithm)[1])
    assert advantages[0] == advantages[1] == [[pytest.approx(1 - 9 * 0.25)]]


def test_with_a_critic_too_what_has_no_trained_token_leaves_the_loss():
    group = Group("g", [cut_rollout(0, 1.0, [3, 4, 5]), cut_rollout(1, 1.0, [3, 4])])
    samples = to_samples([group], 5)
    for sample in samples:
        sample.values_T = np.full(len(sample.token_ids_T), 0.25, np.float32)
    algorithm = AlgorithmSettings(baseline="critic", scale="none", gae_lambda=1.0)
    chosen, advantages = set_advantages([group], samples, algorithm)
    assert [sample.rollout_id for sample in chosen] == ["g/0"]
    assert advantages == [[0.75, 0.0]]
    assert chosen[0].advantages_T.tolist() == [0.0] * 8 + [0.75] * 3
    assert chosen[0].returns_T.tolist() == [0.0] * 8 + [1.0] * 3


def test_what_waits_survives_json_exactly():
    waiting = PendingGroup("1/0", PROBLEM, [REQUEST], graders=("accuracy",), task="sums")
    waiting.drawn = {"1/0/0": piece([65, 66], 3)}
    waiting.earlier = [make_rollout("1/0", 1, "correct", 1.0)]
    record = json.loads(json.dumps(held_record(waiting)))
    again = held_from(record, lambda task, name: {("sums", "p"): PROBLEM}[task, name])
    assert (again.id, again.problem, again.requests, again.graders, again.task) == (
        *("1/0", PROBLEM, [REQUEST], ("accuracy",), "sums"),
    )
    assert json.loads(json.dumps(held_record(again))) == record
    assert again.drawn["1/0/0"].logprobs_N.dtype == np.float32
    assert again.earlier[0].verdict.seconds == 0.0


def test_a_problem_that_is_gone_is_named(tmp_path):
    stream = make_parts(tmp_path).stream
    assert stream.find("sums", "sums-2") == Sums().problems()[2]
    with pytest.raises(DataError, match="Task sums has no problem 'x' any more"):
        stream.find("sums", "x")


class Two(World):
    """The second of two processes; what the first one sends is given."""

    def gather_json(self, value):
        return json.loads(json.dumps([[{"1/0/0": completion_record(piece([65], 3))}, {}], value]))


def test_every_process_holds_what_all_have_so_far():
    pending = [PendingGroup(f"1/{i}", PROBLEM, []) for i in range(3)]
    pending[1].drawn = {"1/1/0": piece([66, 67], 3)}
    gather_drawn(pending, Two(1, 2))
    assert [{name: each.token_ids_N.tolist() for name, each in group.drawn.items()} for group in pending] == [
        {"1/0/0": [65]},
        {"1/1/0": [66, 67]},
        {},
    ]


def say(request, version):
    """10 to 40 tokens by seed, whatever the policy; right for every third seed."""
    a = int("".join(chr(token) for token in request.token_ids).split("+")[0])
    answer = a + (1 if request.seed % 3 == 0 else 2)
    return f"<think> {'x' * (request.seed % 31)} </think> <answer> {answer} </answer>"


def partial_parts(folder, rounds=6, segment_tokens=25, **changes):
    sampling = {"num_problems": 3, "group_size": 4, "max_new_tokens": 80, "segment_tokens": segment_tokens}
    parts = make_parts(folder, settings(rounds=rounds, sampling=sampling, logging={"checkpoint_every": 1}), **changes)
    parts.sampler.script = say
    return parts


def rows_of(parts, rounds):
    rows = {step: read_rollouts(parts.directory.rollout_file(step)) for step in range(1, rounds + 1)}
    return {
        step: [{name: row[name] for name in row if name != "seconds"} for row in found] for step, found in rows.items()
    }


def test_a_round_draws_no_more_than_a_segment_and_every_answer_ends_once(tmp_path):
    parts = partial_parts(tmp_path, rounds=5)
    progress = train(parts)
    asked = parts.sampler.requests
    assert all(request.max_new_tokens <= 25 for request in asked)
    assert any(request.num_drawn == 50 for request in asked)
    ended = [row for found in rows_of(parts, 5).values() for row in found]
    ids = [row["rollout_id"] for row in ended]
    assert len(set(ids)) == len(ids)
    begun = {request.id for request in asked if not request.num_drawn}
    unfinished = {name for group in progress.held for name in group.drawn}
    assert set(ids) | unfinished == begun
    assert all(len(row["completion"]) >= 37 and row["completion"].endswith("</answer>") for row in ended)
    lines = read_lines(parts.directory.metrics)[1:]
    assert lines[-1]["groups/unfinished"] == len(progress.held)
    assert progress.held
    assert "reward/mean" not in lines[0], "nothing ends in the first segment"
    for round_number in range(5):
        asked_ids = {r.id.rpartition("/")[0] for r in asked if r.id.startswith(f"{round_number + 1}/")}
        assert len(asked_ids) <= 3


def test_a_reward_sees_the_whole_answer_and_its_whole_limit(tmp_path):
    parts, seen = partial_parts(tmp_path, rounds=3), []
    written = parts.grader.written

    def spy(*arguments):
        seen.append(written(*arguments))
        return seen[-1]

    parts.grader.written = spy
    train(parts)
    assert {each.max_new_tokens for each in seen} == {80}
    assert min(each.num_tokens for each in seen) > 25


def test_each_rollout_is_trained_once_on_its_last_segment(tmp_path):
    parts = partial_parts(tmp_path)
    train(parts)
    trained = [sample for update in parts.learner.seen for sample in update]
    assert len({sample.rollout_id for sample in trained}) == len(trained) > 10
    for sample in trained:
        num_new = int(sample.action_mask_T.sum())
        last = num_new - 25 * ((num_new - 1) // 25)
        assert sample.loss_mask_T.tolist() == [False] * (len(sample.loss_mask_T) - last) + [True] * last


def test_a_run_that_stops_in_a_round_goes_on_to_the_same_bytes(tmp_path):
    whole, cut = partial_parts(tmp_path / "whole"), partial_parts(tmp_path / "cut")
    train(whole)
    stop_at(cut, version=2)
    with pytest.raises(Interrupted):
        train(cut)
    assert (cut.directory.checkpoints / "step-000002" / "partial-rollouts.json").is_file()
    again = partial_parts(tmp_path / "cut", order_seed=5)
    train(again)
    assert again.directory.metrics.read_bytes() == whole.directory.metrics.read_bytes()
    assert rows_of(again, 6) == rows_of(whole, 6)
    assert torch.equal(again.learner.weight, whole.learner.weight)


def loop_or_say(request, version):
    """Every fourth seed begins well and never ends; its limit is 80."""
    if request.seed % 4:
        return say(request, version)
    return "<think> " + "again " * 12 + "</think> <answer> 1 </answer>"


def loop_parts(folder, rounds=6, algorithm=None, **changes):
    parts = partial_parts(folder, rounds)
    sampling = parts.stage.sampling.model_copy(update={"cut_repeats": 2})
    stage = parts.stage.model_copy(update={"sampling": sampling, "algorithm": algorithm or parts.stage.algorithm})
    parts = make_parts(folder, stage, **changes)
    parts.sampler.script = loop_or_say
    return parts


def test_what_is_in_a_loop_at_a_cut_ends_there_and_is_wrong(tmp_path):
    parts = loop_parts(tmp_path)
    progress = train(parts)
    rows = [row for found in rows_of(parts, 6).values() for row in found]
    ended = [row for row in rows if row["finish"] == "repeats"]
    assert len(ended) >= 3
    assert {(row["num_tokens"], row["outcome"], row["reason"]) for row in ended} == {(25, "wrong", "truncated")}
    assert {row["finish"] for row in rows} == {"stop", "repeats"}
    asked = [request.id for request in parts.sampler.requests]
    assert all(asked.count(row["rollout_id"]) == 1 for row in ended), "none goes on"
    assert not {row["rollout_id"] for row in ended} & {name for group in progress.held for name in group.drawn}
    lines = read_lines(parts.directory.metrics)[1:]
    for line, found in zip(lines, rows_of(parts, 6).values(), strict=True):
        if found:
            share = sum(row["finish"] == "repeats" for row in found) / len(found)
            assert line["repeats_frac"] == line["truncated_frac"] == pytest.approx(share)
    assert any(line["repeats_frac"] for line in lines)


def test_loops_go_on_where_nobody_cuts_them(tmp_path):
    parts = partial_parts(tmp_path)
    parts.sampler.script = loop_or_say
    train(parts)
    rows = [row for found in rows_of(parts, 6).values() for row in found]
    assert {row["finish"] for row in rows} == {"stop", "length"}
    assert "repeats_frac" not in read_lines(parts.directory.metrics)[-1]


def test_a_round_in_which_nothing_ends_has_no_share_of_loops():
    assert repeats_frac([Group("g", [])]) == {}


def test_a_run_that_stops_among_loops_goes_on_to_the_same_bytes(tmp_path):
    whole, cut = loop_parts(tmp_path / "whole"), loop_parts(tmp_path / "cut")
    train(whole)
    stop_at(cut, version=2)
    with pytest.raises(Interrupted):
        train(cut)
    again = loop_parts(tmp_path / "cut", order_seed=5)
    train(again)
    assert again.directory.metrics.read_bytes() == whole.directory.metrics.read_bytes()
    assert rows_of(again, 6) == rows_of(whole, 6)


def test_a_loop_leaves_the_loss_where_truncated_answers_do():
    ends = ("stop", "repeats")
    group = Group("g", [make_rollout("g", place, "wrong", float(place), finish=end) for place, end in enumerate(ends)])
    samples = to_samples([group])
    chosen = [set_advantages([group], samples, AlgorithmSettings(truncated=way))[0] for way in ("keep", "mask")]
    assert [[sample.rollout_id for sample in each] for each in chosen] == [["g/0", "g/1"], ["g/0"]]


def test_rewards_of_length_see_a_loop_at_its_limit():
    rewards = [RewardSettings(name="relative_length")]
    grader = Grader(InlinePool(), rewards, LetterTokenizer(), overlong=lambda tokens, limit: float(tokens - limit))
    ids = tuple(LetterTokenizer().encode("1+1"))
    group = PendingGroup("1/0", PROBLEM, [Request(f"1/0/{place}", ids, place, 50) for place in range(3)])
    ends = [(GOOD, "stop"), ("<think> so so so", "repeats"), (GOOD.replace("x", "x x x x"), "stop")]
    for place, (text, end) in enumerate(ends):
        token_ids = np.array(LetterTokenizer().encode(text), np.int32)
        grader.add(group, Completion(f"1/0/{place}", token_ids, None, end, [], text))
    points = [rollout.rewards for rollout in grader.finish(group).rollouts]
    assert points[1] == {"relative_length": -0.5, "overlong": 0.0}
    assert points[0]["relative_length"] == 0.5
    assert points[2]["relative_length"] == pytest.approx(0.5 - (len(ends[2][0]) - len(GOOD)) / (50 - len(GOOD)))


def test_without_a_cut_nothing_waits(tmp_path):
    parts = partial_parts(tmp_path, segment_tokens=None)
    assert train(parts).held == []
    assert "groups/unfinished" not in read_lines(parts.directory.metrics)[-1]
    assert not (parts.directory.checkpoints / "step-000006" / "partial-rollouts.json").exists()
