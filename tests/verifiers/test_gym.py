"""What reaches a scorer that evaluates: nothing that can call, name, or grow."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aha.errors import MachineError
from aha.verifiers import verify
from aha.verifiers.base import BadReferenceError, OverLimitsError, UnparsableError
from aha.verifiers.gym import EVALUATING, check_answer, import_gym, pack, unpack

FINE = {
    "countdown": "94*4 - 61 - 6",
    "puzzle24": "(3 + 5) * 3",
    "string_insertion": "['A', 'B', 'C']",
    "spiral_matrix": "1 2 3",
    "binary_matrix": "0 1\n1 0",
    "n_queens": "_ Q _ _\n_ _ _ Q",
    "polynomial_multiplication": "6*x**4 - 15*x**3 + 0.5*y",
    "simple_integration": "x**(3/2)/3 - 2*sin(x) + C",
    "intermediate_integration": "exp(2*x)*(x - 1) + log(x) + C",
}


def test_every_evaluating_dataset_takes_its_usual_answers() -> None:
    assert set(FINE) == set(EVALUATING)
    for dataset, answer in FINE.items():
        check_answer(dataset, answer)


@pytest.mark.parametrize("dataset", list(EVALUATING))
@pytest.mark.parametrize(
    "attack",
    ["__import__('os')", "().__class__", "exit()", "open('x')", "x.__init__", "preview(x)", "[].append(1)", "ｅxit()"],
)
def test_attacks_are_refused(dataset: str, attack: str) -> None:
    with pytest.raises(UnparsableError):
        check_answer(dataset, attack)


@pytest.mark.parametrize(
    "bomb",
    ["9**9**9", "9**(9**9)", "x**99999", "(x+1)**999*(x+1)**999", "((9**99)**99)**99", "9^9^9", "1" * 40, "x**-9999"],
)
def test_bombs_are_over_limits(bomb: str) -> None:
    with pytest.raises(OverLimitsError):
        check_answer("polynomial_multiplication", bomb)


def test_a_long_sum_of_small_powers_is_no_bomb() -> None:
    check_answer("polynomial_multiplication", "+".join(f"{n}*x**{n}*y**3" for n in range(2, 12)) + " - (x + 1)**9")
    with pytest.raises(OverLimitsError):
        check_answer("polynomial_multiplication", "x**2 + ((x + 1)**99 - 5)**99 * 9**9")


def test_other_datasets_are_not_restricted() -> None:
    check_answer("knights_knaves", "Amy is a knight, and Bo's a knave.")


plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers() | st.just("()"), inner)
    ),
)


@settings(max_examples=50, deadline=None)
@given(values)
def test_packing_keeps_tuples_and_keys(value: object) -> None:
    packed = pack(value)
    assert unpack(packed) == value
    assert type(unpack(packed)) is type(value)


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(BadReferenceError, match="bytes"):
        pack({"a": b"x"})


def test_bad_references_and_long_answers() -> None:
    assert verify("gym", "<answer>4</answer>", {}, {})["reason"] == "bad_reference"
    entry = {"dataset": "puzzle24", "config": {}, "entry": {"question": "", "answer": "4", "metadata": {}}}
    assert verify("gym", f"<answer>{'4' * 5000}</answer>", entry, {})["reason"] == "over_limits"


def test_a_missing_extra_names_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "reasoning_gym", None)
    with pytest.raises(MachineError, match=r"pip install 'aha\[gym\]'"):
        import_gym()
