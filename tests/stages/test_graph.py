import pytest

from aha.config.settings import Recipe
from aha.errors import ConfigError, DataError, UsageError
from aha.runtime.run_directory import RunDirectory
from aha.stages.graph import (
    begin,
    changes,
    done,
    file_hash,
    model_of,
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
    assert model_of(recipe(), "zero", directory) == "/m"
    assert model_of(recipe(model="lab"), "zero", directory) == "lab"
    assert model_of(recipe(), "after", directory) == str(directory.stage("zero").model)
    assert root_model(recipe(), "after") == "/m"


@pytest.mark.parametrize("name", ["after", "zero", "nothing"])
def test_a_stage_takes_its_model_from_a_stage_before_it(tmp_path, name):
    with pytest.raises(ConfigError, match="there is no stage"):
        model_of(recipe(model=f"stage/{name}"), "zero", RunDirectory(tmp_path))


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
    changed = node(directory, rounds=3)
    begin(changed, directory, heard.append)
    assert len(heard) == 1
    assert "because rounds changed" in heard[0]
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
