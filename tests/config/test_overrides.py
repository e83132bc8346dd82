"""`stage.key=value`."""

from __future__ import annotations

import pytest

from aha.config.overrides import parse_override, put, resolve, suggest
from aha.errors import ConfigError, UsageError


def test_value_is_yaml() -> None:
    assert parse_override("zero.sampling.group_size=8") == (["zero", "sampling", "group_size"], 8)
    assert parse_override("zero.data.tasks=[lab:mixed, gym:chain_sum]")[1] == ["lab:mixed", "gym:chain_sum"]
    assert parse_override("models.base=/a=b")[1] == "/a=b"
    assert parse_override("a=")[1] is None


@pytest.mark.parametrize("text", ["zero", "=3", "zero..x=3", ".x=1"])
def test_malformed_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="is not an override"):
        parse_override(text)


def test_resolve_finds_stages_and_keys() -> None:
    tree = {"stages": {"zero": {}}}
    assert resolve(["zero", "x"], tree, ["seed", "stages"], "") == ("stages", "zero", "x")
    assert resolve(["seed"], tree, ["seed", "stages"], "") == ("seed",)
    with pytest.raises(ConfigError, match=r"no stage 'zreo'; the recipe's stages are zero\. Did you mean 'zero'\?"):
        resolve(["zreo", "x"], tree, ["seed", "stages"], "zreo.x=1")


def test_put_makes_blocks_and_indexes_lists() -> None:
    tree = {"a": None, "b": [{"c": 1}]}
    assert put(tree, ("a", "x", "y"), 3, "") == ("a", "x", "y")
    assert put(tree, ("b", "0", "c"), 4, "") == ("b", 0, "c")
    assert tree == {"a": {"x": {"y": 3}}, "b": [{"c": 4}]}


def test_put_refuses_what_is_not_there() -> None:
    with pytest.raises(ConfigError, match="'2' is not one of the places 0 to 0"):
        put({"b": [1]}, ("b", "2"), 4, "b.2=4")
    with pytest.raises(ConfigError, match="a is a single value and has no key 'x'"):
        put({"a": 1}, ("a", "x"), 4, "a.x=4")


def test_suggest() -> None:
    assert suggest("grup_size", ["group_size", "top_p"]) == "Did you mean 'group_size'?"
    assert suggest("zzz", ["group_size"]) == ""
