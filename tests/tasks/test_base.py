"""A task proves that it grades its own gold answers."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from aha.errors import ConfigError, DataError, MachineError
from aha.runtime.workers import WorkerPool
from aha.tasks.base import check_split, gold_block, in_split, split_name, validate
from aha.text.answers import parse
from aha.types import Problem, VerifierSpec
from tests.tasks.fakes import FailingPool, InlinePool


class Sums:
    """n + n for n below `size`; the gold answer of `bad` is wrong, of `unknown` missing."""

    name = "sums"

    def __init__(self, size: int = 10, bad: int = -1, unknown: int = -1) -> None:
        self.size, self.bad, self.unknown = size, bad, unknown

    def problems(self) -> Sequence[Problem]:
        spec = VerifierSpec("number")
        asked = [[{"role": "user", "content": f"{n}+{n}?"}] for n in range(self.size)]
        return [Problem(str(n), "sums", messages, 2 * n, spec) for n, messages in enumerate(asked)]

    def gold_response(self, problem: Problem) -> str | None:
        n = int(problem.id)
        return None if n == self.unknown else gold_block(str(2 * n + (n == self.bad)), problem.verifier)


def test_a_good_task_passes_and_n_limits_the_calls() -> None:
    pool = InlinePool()
    validate(Sums(), 4, pool)
    assert pool.calls == ["aha.verifiers:verify"] * 4
    validate(Sums(), 100, pool)
    assert len(pool.calls) == 14
    validate(Sums(bad=3), 0, pool)
    assert len(pool.calls) == 14


def test_the_first_rejected_gold_answer_is_named() -> None:
    with pytest.raises(DataError, match=r"Problem '3' of task 'sums'.*rejects the gold answer \(mismatch\)"):
        validate(Sums(bad=3), 100, InlinePool())


def test_a_missing_gold_answer_is_named() -> None:
    with pytest.raises(DataError, match=r"no answer to problem '3'.*verify_gold: 0"):
        validate(Sums(unknown=3), 100, InlinePool())


def test_an_empty_task_is_refused() -> None:
    with pytest.raises(DataError, match="no problems"):
        validate(Sums(size=0), 1, InlinePool())


def test_a_verifier_that_fails_is_our_failure() -> None:
    with pytest.raises(MachineError, match=r"'0'.*timeout: over 10 s"):
        validate(Sums(), 1, FailingPool())


def test_in_real_workers() -> None:
    with WorkerPool(1, 10.0, 2**30) as pool:
        validate(Sums(), 3, pool)
        with pytest.raises(DataError, match="rejects"):
            validate(Sums(bad=0), 3, pool)


@pytest.mark.parametrize("rule", ["answer_tag", "boxed", "last_line", "last_number", "auto", "whole"])
def test_gold_blocks_are_extracted_by_their_rule(rule: str) -> None:
    validate(Sums(), 0, InlinePool())
    from aha.verifiers.base import extract

    assert extract(gold_block("42", VerifierSpec("number", {"extract": rule})), rule) == "42"


def test_gold_blocks_are_well_formed() -> None:
    assert parse(gold_block("42", VerifierSpec("number"))).well_formed


def test_splits_are_disjoint_and_complete() -> None:
    questions = [f"question {n}" for n in range(800)]
    held = [q for q in questions if in_split(q, "heldout")]
    assert not any(in_split(q, "train") for q in held)
    assert all(in_split(q, "all") and (in_split(q, "train") or q in held) for q in questions)
    assert 50 < len(held) < 150
    assert in_split("a  b", "heldout") == in_split(" a b ", "heldout")


def test_split_names() -> None:
    assert check_split("train") == "train"
    with pytest.raises(ConfigError, match="no split 'test'"):
        check_split("test")


def test_arguments_behind_a_name() -> None:
    assert split_name("chain_sum?split=heldout&size=20&x=[1, 2]") == (
        "chain_sum",
        {"split": "heldout", "size": 20, "x": [1, 2]},
    )
    assert split_name("a.jsonl") == ("a.jsonl", {})


def test_problems_that_no_rule_decides_are_not_checked() -> None:
    class Requests(Sums):
        def problems(self) -> Sequence[Problem]:
            return [replace(each, verifier=VerifierSpec("none")) for each in super().problems()]

    pool = InlinePool()
    validate(Requests(unknown=0), 4, pool)
    assert not pool.calls
