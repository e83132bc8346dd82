import pytest

from aha.config.settings import DataSettings
from aha.errors import ConfigError, DataError
from aha.rollouts.problems import ProblemStream, load_task, load_tasks, task_starts, task_weights
from tests.stages.world import Sums


def stream(tasks=None, weights=(1.0,), seed=0, shuffle=True):
    return ProblemStream(tasks or [Sums(5)], list(weights), seed, "zero", shuffle)


def ids(problems):
    return [problem.id for problem in problems]


def test_an_epoch_holds_every_problem_once_and_the_next_has_another_order():
    source = stream()
    first, second = ids(source.next(5)), ids(source.next(5))
    assert sorted(first) == sorted(second) == sorted(ids(Sums(5).problems()))
    assert first != second


def test_a_stream_goes_on_from_its_cursor():
    whole = stream()
    whole.next(7)
    again = stream()
    again.cursor = dict(whole.cursor)
    assert ids(again.next(9)) == ids(whole.next(9))


def test_without_shuffle_the_order_is_the_tasks():
    assert ids(stream(shuffle=False).next(7)) == [f"sums-{i}" for i in (0, 1, 2, 3, 4, 0, 1)]


def test_seed_and_stage_change_the_order():
    orders = {tuple(ids(stream(seed=seed).next(5))) for seed in range(5)}
    assert len(orders) > 1
    assert ids(ProblemStream([Sums(5)], [1.0], 0, "b", True).next(5)) != ids(stream().next(5))


def test_tasks_keep_their_shares_at_every_moment():
    source = stream([Sums(50, "a"), Sums(50, "b")], (0.75, 0.25))
    taken = [problem.source for problem in source.next(40)]
    assert all(abs(taken[:n].count("a") - 0.75 * n) <= 1 for n in range(1, 41))


def write_rows(tmp_path, name, n):
    path = tmp_path / name
    path.write_text("".join(f'{{"prompt": "{i}+1", "answer": "{i + 1}"}}\n' for i in range(n)))
    return f"file:{path}"


def test_shares_are_sizes_unless_weights_are_given(tmp_path):
    small, large = write_rows(tmp_path, "a.jsonl", 2), write_rows(tmp_path, "b.jsonl", 6)
    plain = DataSettings(tasks=[small, large])
    assert task_weights(plain, load_tasks(plain)) == [0.25, 0.75]
    weighted = DataSettings(tasks=[{"name": small, "weight": 3}, {"name": large, "weight": 1}])
    assert task_weights(weighted, load_tasks(weighted)) == [0.75, 0.25]


@pytest.mark.parametrize("weights", [(1, None), (1, 0), (-1, 2)])
def test_weights_for_some_or_not_positive_are_refused(tmp_path, weights):
    files = [write_rows(tmp_path, f"{i}.jsonl", 2) for i in range(2)]
    given = [{} if weight is None else {"weight": weight} for weight in weights]
    tasks = [{"name": name} | entry for name, entry in zip(files, given, strict=True)]
    settings = DataSettings(tasks=tasks)
    with pytest.raises(ConfigError, match="weights must be positive"):
        task_weights(settings, load_tasks(settings))


def test_a_task_named_twice_is_refused(tmp_path):
    name = write_rows(tmp_path, "a.jsonl", 2)
    with pytest.raises(ConfigError, match="is there twice"):
        load_tasks(DataSettings(tasks=[name, name]))


def test_no_tasks_are_refused():
    with pytest.raises(ConfigError, match=r"data\.tasks is empty"):
        load_tasks(DataSettings(tasks=[]))


@pytest.mark.parametrize("name", ["nothing", "lab:", "gym:", "file:", "module.py:", ""])
def test_a_name_that_is_no_task_is_refused(name):
    with pytest.raises(ConfigError, match="is no task"):
        load_task(name)


def test_an_empty_file_is_refused(tmp_path):
    path = tmp_path / "empty.jsonl"
    path.write_text("")
    with pytest.raises(DataError):
        load_tasks(DataSettings(tasks=[f"file:{path}"]))


def shares(source, num_rounds, size=20):
    return [[name for name, _ in source.draw(size, update)] for update in range(num_rounds)]


def late(starts=(0, 3, 0)):
    tasks = [Sums(50, "a"), Sums(50, "b"), Sums(50, "c")]
    return ProblemStream(tasks, [0.5, 0.3, 0.2], 0, "zero", True, starts)


def test_a_late_task_is_left_out_and_then_has_its_share_without_catching_up():
    rounds = shares(late(), 6)
    for drawn in rounds[:3]:
        assert "b" not in drawn
        assert abs(drawn.count("a") - 20 * 5 / 7) <= 1
    for drawn in rounds[3:]:
        assert all(abs(drawn.count(name) - 20 * share) <= 1 for name, share in (("a", 0.5), ("b", 0.3), ("c", 0.2)))


def test_a_stream_with_late_tasks_goes_on_from_cursor_and_credits():
    whole = late((0, 2, 4))
    expected = [ids(whole.next(9, update)) for update in range(8)]
    for cut in range(1, 8):
        first, again = late((0, 2, 4)), late((0, 2, 4))
        for update in range(cut):
            first.next(9, update)
        again.cursor, again.credits = dict(first.cursor), dict(first.credits)
        assert [ids(again.next(9, update)) for update in range(cut, 8)] == expected[cut:]


def test_tasks_begin_after_their_share_of_the_updates():
    settings = DataSettings(tasks=["a", {"name": "b", "after": 0.7647}])
    assert task_starts(settings, 1700) == [0, 1300]


def test_after_is_no_argument_of_a_task(tmp_path):
    name = write_rows(tmp_path, "a.jsonl", 2)
    assert len(load_task({"name": name, "weight": 1, "after": 0.5}).problems()) == 2
