import pytest

from aha.config.recipe import Recipe
from aha.errors import ConfigError, DataError, UsageError
from aha.runtime.run_directory import RunDirectory
from aha.stages.graph import (
    begin,
    changes,
    done,
    file_hash,
    node_of,
    place_in,
    place_of,
    read_files,
    root_model,
)


def recipe(**zero):
    stage = {"kind": "rl", "model": "base", "rounds": 2, "data": {"tasks": ["lab:arithmetic"]}}
    after = {"kind": "evaluate", "model": "stage/zero", "on": ["heldout"]}
    return Recipe.model_validate(
        {"name": "r", "models": {"base": "/m"}, "stages": {"zero": stage | zero, "after": after}}
    )


def node(directory, hash_of=lambda model: "h", name="zero", **zero):
    return node_of(recipe(**zero), name, directory, hash_of)


def test_models_by_name_stage_or_place(tmp_path):
    directory = RunDirectory(tmp_path)
    assert node(directory).model == "/m"
    assert node(directory, model="lab").model == "lab"
    assert node(directory, name="after").model == str(directory.stage("zero").model)
    assert root_model(recipe(), "after") == "/m"


@pytest.mark.parametrize("name", ["after", "zero", "nothing"])
def test_a_stage_takes_its_model_from_a_stage_before_it(tmp_path, name):
    with pytest.raises(ConfigError, match="there is no stage"):
        node(RunDirectory(tmp_path), model=f"stage/{name}")


def test_a_data_set_is_known_by_its_content(tmp_path):
    directory = RunDirectory(tmp_path)
    stages = {
        "cold": {"kind": "collect", "way": "reviewed", "examples": f"file:{tmp_path / 'mine.jsonl'}"},
        "sft": {"kind": "sft", "model": "lab", "data": ["stage/cold", {"name": f"file:{tmp_path / 'mine.jsonl'}"}]},
    }
    made = directory.stage("cold").data_file("examples")
    made.parent.mkdir(parents=True)
    made.write_text("a")
    (tmp_path / "mine.jsonl").write_text("b")
    both = Recipe.model_validate({"name": "r", "stages": stages})
    before = node_of(both, "sft", directory, lambda model: "h")
    assert before.places == {"model": "lab", "data.0": str(made), "data.1": str(tmp_path / "mine.jsonl")}
    made.write_text("c")
    after = node_of(both, "sft", directory, lambda model: "h")
    assert changes(before.inputs, after.inputs) == ["data.0"]
    assert before.key != after.key


def test_an_endpoint_is_its_address_and_is_not_hashed(tmp_path):
    stage = {"kind": "collect", "way": "direct", "model": "teacher", "data": {"tasks": ["lab:mixed"]}}
    record = {"name": "r", "models": {"teacher": "http://localhost:1/v1#m"}, "stages": {"cold": stage}}
    found = node_of(Recipe.model_validate(record), "cold", RunDirectory(tmp_path), lambda model: pytest.fail(model))
    assert found.inputs["model"] == "http://localhost:1/v1#m"


def test_the_key_depends_on_results_and_inputs_alone(tmp_path):
    directory = RunDirectory(tmp_path)
    key = node(directory).key
    assert node(directory, logging={"checkpoint_every": 3}).key == key
    assert node(directory, rounds=3).key != key
    assert node(directory, hash_of=lambda model: "other").key != key


def test_the_file_of_a_public_benchmark_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("AHA_DATA", str(tmp_path))
    stage = recipe(
        data={"tasks": [{"name": "gsm8k-train", "limit": 9}]}, evaluate={"on": ["aime24:own.jsonl?limit=3"]}
    ).stages["zero"]
    assert read_files(stage) == sorted([str(tmp_path / "gsm8k/train.jsonl.gz"), "own.jsonl"])


def test_a_changed_problem_file_changes_the_key(tmp_path):
    directory, path = RunDirectory(tmp_path), tmp_path / "p.jsonl"
    path.write_text("a")
    data = {"tasks": [f"file:{path}?split=train"]}
    key = node(directory, data=data).key
    path.write_text("b")
    assert node(directory, data=data).key != key


def test_the_files_that_a_stage_reads():
    stage = recipe(data={"tasks": ["file:a.jsonl", {"name": "t.py:make"}]}, rewards=[{"name": "r.py:f"}]).stages["zero"]
    assert read_files(stage) == ["a.jsonl", "r.py", "t.py"]
    assert place_of("t.py:make?size=2") == "t.py"


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        file_hash(tmp_path / "nothing")


def test_a_changed_stage_is_set_aside_and_the_reason_told(tmp_path):
    directory, heard = RunDirectory(tmp_path), []
    begin(node(directory), directory, heard.append)
    begin(node(directory), directory, heard.append)
    assert heard == []
    changed = node(directory, sampling={"group_size": 3})
    begin(changed, directory, heard.append)
    assert len(heard) == 1
    assert "because sampling.group_size changed" in heard[0]
    assert (tmp_path / "stages" / ".old" / "zero-1" / "stage.json").exists()


def test_a_stage_is_done_with_a_result_of_its_key(tmp_path):
    from aha.runtime import files

    directory = RunDirectory(tmp_path)
    first = node(directory)
    assert done(first, directory) is None
    files.make_folder(directory.stage("zero").path)
    files.write_json(directory.stage("zero").result, {"key": first.key})
    assert done(first, directory) == {"key": first.key}
    assert done(node(directory, rounds=3), directory) is None


def test_changes_are_named_by_their_keys():
    assert changes({"a": {"b": 1, "c": 2}, "d": 1}, {"a": {"b": 1, "c": 3}, "e": 1}) == ["a.c", "d", "e"]


def test_an_unknown_stage_name():
    assert place_in(recipe(), "after") == 1
    with pytest.raises(UsageError, match="no stage 'x'"):
        place_in(recipe(), "x")


def test_more_rounds_go_on_where_nothing_but_the_end_depends_on_them(tmp_path):
    directory, told = RunDirectory(tmp_path), []
    begin(node(directory), directory, told.append)
    directory.stage("zero").result.write_text("{}")
    begin(node(directory, rounds=5), directory, told.append)
    assert told == ["zero goes on to round 5."]
    assert not directory.stage("zero").result.exists()
    begin(node(directory, rounds=3), directory, told.append)
    assert "zero runs again, because rounds changed" in told[-1]


@pytest.mark.parametrize(
    "timed",
    [
        {"optimizer": {"schedule": "linear"}},
        {"algorithm": {"baseline": "critic", "scale": "none"}, "critic": {"optimizer": {"schedule": "linear"}}},
        {"algorithm": {"weights": {"tokens": "learned"}}, "token_reward": {"optimizer": {"schedule": "linear"}}},
        {"rewards": [{"name": "accuracy", "after": 0.5}]},
        {"data": {"tasks": [{"name": "lab:arithmetic", "after": 0.5}]}},
    ],
)
def test_more_rounds_start_again_where_a_schedule_depends_on_them(tmp_path, timed):
    directory, told = RunDirectory(tmp_path), []
    begin(node(directory, **timed), directory, told.append)
    begin(node(directory, rounds=5, **timed), directory, told.append)
    assert "runs again, because rounds changed" in told[0]
