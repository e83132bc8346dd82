import json

import pytest

from aha.errors import DivergedError
from aha.stages.ending import out_of_patience
from aha.stages.guards import check_gap, check_undecided
from aha.stages.learning import combine
from aha.stages.progress import Progress, length_limit, longest_limit
from tests.stages.world import settings


def test_progress_survives_json():
    progress = Progress(3, 6, 3, 4, {"a": 9}, [(0, 0.25), (2, 0.5)], [(1, 12)], 100)
    assert Progress.from_json(json.loads(json.dumps(progress.to_json()))) == progress


def test_the_best_round_is_the_first_of_equals():
    assert Progress(scores=[(0, 0.1), (2, 0.5), (4, 0.5)]).best_round == 2
    assert Progress().best_round is None


@pytest.mark.parametrize(
    ("scores", "patience", "expected"),
    [
        ([0.5, 0.4, 0.3], 2, True),
        ([0.5, 0.4], 2, False),
        ([0.1, 0.2, 0.1], 2, False),
        ([0.5, 0.1], 0, False),
        ([], 1, False),
    ],
)
def test_patience(scores, patience, expected):
    assert out_of_patience(scores, patience) is expected


def test_the_length_limit_is_the_last_stage_that_began():
    stage = settings(sampling={"max_new_tokens": 10, "length_stages": [[5, 20], [9, 15]]})
    assert [length_limit(stage, update) for update in (0, 4, 5, 8, 9, 99)] == [10, 10, 20, 20, 15, 15]
    assert longest_limit(stage) == 20


def test_undecided_verdicts_stop_a_run_after_a_full_window_only():
    check_undecided([(2, 12)] * 19, 0.05)
    check_undecided([(0, 100)] * 19 + [(99, 100)], 0.05)
    with pytest.raises(DivergedError, match="40 of 240 verdicts") as caught:
        check_undecided([(2, 12)] * 20, 0.05)
    assert "verifier_seconds" in caught.value.cure


def test_a_round_without_any_verdict_stops_at_once():
    with pytest.raises(DivergedError, match="All 12 verdicts"):
        check_undecided([(0, 12), (12, 12)], 0.05)


def test_the_gap_is_compared_with_its_limit():
    check_gap({"logprob_gap/mean": 0.1}, 0.1)
    check_gap({}, 0.1)
    with pytest.raises(DivergedError, match="max_logprob_gap is"):
        check_gap({"logprob_gap/mean": 0.11}, 0.1)


def test_metrics_of_several_updates_are_combined():
    first = {"loss": 1.0, "lr": 0.1, "update_skipped": 1.0, "logprob_gap/mean": 0.01, "num_trained_tokens": 7.0}
    second = {"loss": 3.0, "lr": 0.2, "update_skipped": 1.0, "logprob_gap/mean": 0.5, "entropy": 2.0}
    second |= {"num_trained_tokens": 5.0}
    expected = {"loss": 2.0, "lr": 0.2, "update_skipped": 2.0, "logprob_gap/mean": 0.01, "entropy": 2.0}
    expected |= {"num_trained_tokens": 12.0}
    assert combine([first, second]) == expected
    assert combine([]) == {}
