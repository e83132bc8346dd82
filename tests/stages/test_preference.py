"""The stage `preference`: what its judges are shown, what becomes pairs and labels, what is dropped and counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aha.engines.words import Remembered, WordsModel, WordsReply, WordsRequest
from aha.errors import DataError
from aha.runtime.run_directory import RunDirectory
from aha.stages import making
from aha.types import Json
from tests.stages.data_run import ENGINE, no_processes, result, run, write_rows

QUALITY = ["bad", "fine", "good", "best"]
"""What each of four samples says; a better one is longer by chance of its number alone."""


class Model:
    """Answers by sample; judges as a test says; remembers what it was asked."""

    def __init__(self, judge: Callable[[int, WordsRequest], str]) -> None:
        self.judge, self.asked = judge, list[WordsRequest]()

    def ask_all(self, requests: Sequence[WordsRequest]) -> Iterator[tuple[int, WordsReply]]:
        for place, request in reversed(list(enumerate(requests))):
            self.asked.append(request)
            if request.use == "answer":
                quality = QUALITY[place % 4]
                text = f"<think>\nSECRET of {quality}\n</think>\n\n{quality} {'x' * (place % 3)}"
                yield place, WordsReply(text, 7, "stop")
            else:
                yield place, WordsReply(self.judge(place, request), 3, "stop")

    def judged(self) -> list[WordsRequest]:
        return [request for request in self.asked if request.use != "answer"]


def fair(place: int, request: WordsRequest) -> str:
    first, second = (QUALITY.index(str(request.facts[which]).split()[0]) for which in ("first", "second"))
    return f"Mine: x\n[[{'A' if first > second else 'B'}>>{'B' if first > second else 'A'}]]"


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int, WordsRequest], str]], Model]:
    no_processes(monkeypatch)

    def install(judge: Callable[[int, WordsRequest], str]) -> Model:
        model = Model(judge)

        @contextmanager
        def opened(place: str, engine: Any, memory: Path, **_: Any) -> Iterator[WordsModel]:
            yield Remembered(model, memory, place)

        monkeypatch.setattr(making, "open_words", opened)
        return model

    return install


def settings(folder: Path, **changes: Any) -> dict[str, Any]:
    problems = [{"id": f"q{n}", "prompt": f"ask {n}", "answer": "1"} for n in range(3)]
    return {
        "kind": "preference",
        "model": "http://localhost:1/v1#m",
        "judge": {"model": "http://localhost:1/v1#j"},
        "data": {"tasks": [write_rows(folder / "asked.jsonl", *problems)], "verify_gold": 0, "shuffle": False},
        "num_problems": 3,
        "num_samples": 4,
        "balance_length": False,
        "engine": ENGINE,
    } | changes


def made(folder: Path, name: str, kind: str) -> list[dict[str, Json]]:
    path = RunDirectory(folder / "run").stage(name).data_file(kind)
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_all_pairs_of_four_answers_are_judged_by_their_summaries_alone(tmp_path: Path, use: Any) -> None:
    model = use(fair)
    run(tmp_path, compare=settings(tmp_path))
    rows = made(tmp_path, "compare", "pairs")
    assert len(rows) == 3 * 6
    asked = model.judged()
    assert len(asked) == 18 * 4
    for request in asked:
        given = json.dumps([request.messages, request.prompt, dict(request.facts)])
        assert "SECRET" not in given
        assert "ask " in given
    for row in rows:
        better, worse = (QUALITY.index(row[which].split()[3].split("\n")[0]) for which in ("chosen", "rejected"))
        assert better > worse
        assert row["chosen"].startswith("<think>\nSECRET")
        assert row["margin"] == 2
        assert row["judgements"] == [2, 2, 2, 2]
    assert rows[0]["prompt"] == [{"role": "user", "content": "ask 0"}]
    assert rows[0]["id"].endswith("/q0/0-1")
    found = result(tmp_path, "compare")
    assert found["num_rows"] == 18
    assert found["counts"]["judgements"] == 72
    assert found["counts"]["pairs_dropped"] == {"undecided": 0, "unclear": 0, "unbalanced": 0}
    assert found["cost"] == {"answers_tokens": 84, "judgements_tokens": 216}


def test_one_dropped_answer_a_rule_is_kept_for_people(tmp_path: Path, use: Any) -> None:
    model, texts = use(fair), ["<think>\nno end", "<think>\na\n</think>\n\nb", "<think>\nc\n</think>\n\nb"]
    told = model.ask_all

    def ask_all(requests: Any) -> Any:
        for place, reply in told(requests):
            answers = requests[place].use == "answer" and place < 4
            cut = "length" if place == 3 else "stop"
            yield place, replace(reply, text=texts[place % 3], finish=cut) if answers else reply

    model.ask_all = ask_all
    run(tmp_path, compare=settings(tmp_path))
    found = result(tmp_path, "compare")["dropped_examples"]["answers"]
    assert {rule: each["text"] for rule, each in found.items()} == {
        "nothing_to_see": texts[0],
        "same_again": texts[2],
        "truncated": texts[0],
    }
    assert found["nothing_to_see"] == {"problem": "q0", "why": "nothing follows its thought", "text": texts[0]}


def test_a_judge_that_always_says_a_yields_no_pair(tmp_path: Path, use: Any) -> None:
    use(lambda place, request: "[[A>>B]]")
    with pytest.raises(DataError, match=r"nothing is left to train on.*pairs dropped: unclear 18"):
        run(tmp_path, compare=settings(tmp_path))


def test_nonsense_is_undecided_and_counted(tmp_path: Path, use: Any) -> None:
    """The first two pairs are never decided; of the others one judgement in each order is nonsense."""
    use(lambda place, request: "It depends." if place < 8 or place % 4 > 1 else fair(place, request))
    run(tmp_path, compare=settings(tmp_path))
    found = result(tmp_path, "compare")
    assert found["counts"]["judgements_undecided"] == 8 + 16 * 2
    assert found["counts"]["pairs_dropped"]["undecided"] == 2
    assert found["num_rows"] == 16
    assert made(tmp_path, "compare", "pairs")[0]["judgements"] == [2, 2, None, None]


def test_lengths_are_balanced(tmp_path: Path, use: Any) -> None:
    def longest(place: int, request: WordsRequest) -> str:
        first, second = len(str(request.facts["first"])), len(str(request.facts["second"]))
        return "[[A>>B]]" if first > second else "[[B>>A]]" if first < second else fair(place, request)

    use(longest)
    run(tmp_path, compare=settings(tmp_path, balance_length=True))
    counts = result(tmp_path, "compare")["counts"]
    assert counts["pairs_dropped"]["unbalanced"] > 0
    assert counts["chosen_chars"] == counts["rejected_chars"]


def test_safety_is_judged_from_whole_responses(tmp_path: Path, use: Any) -> None:
    model = use(
        lambda place, request: "[[unsafe]]" if "SECRET of bad" in str(request.facts["response"]) else "[[safe]]"
    )
    run(tmp_path, label=settings(tmp_path, question="safe", num_judgements=3))
    rows = made(tmp_path, "label", "labels")
    assert len(rows) == 12
    assert all(row["label"] == ("SECRET of bad" not in row["completion"]) for row in rows)
    assert all("SECRET" in request.messages[0]["content"] for request in model.judged())
    assert len(model.judged()) == 36
    counts = result(tmp_path, "label")["counts"]
    assert (counts["safe"], counts["unsafe"]) == (9, 3)


def test_a_killed_stage_asks_only_what_it_has_not_heard(tmp_path: Path, use: Any) -> None:
    whole, killed = tmp_path / "a", tmp_path / "b"
    for folder in (whole, killed):
        folder.mkdir()
    given = settings(tmp_path)
    num_asked = 0
    model = use(fair)
    run(whole, compare=given)
    num_asked = len(model.asked)

    def dying(place: int, request: WordsRequest) -> str:
        if place == 30:
            raise KeyboardInterrupt
        return fair(place, request)

    first = use(dying)
    with pytest.raises(KeyboardInterrupt):
        run(killed, compare=given)
    second = use(fair)
    run(killed, compare=given)
    one, other = (
        RunDirectory(folder / "run").stage("compare").data_file("pairs").read_bytes() for folder in (whole, killed)
    )
    assert one == other
    assert len(first.asked) + len(second.asked) == num_asked + 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_samples": 1}, "one answer cannot be compared"),
        ({"num_judgements": 1}, "one judgement sees the answers in one order only"),
        ({"min_margin": 2}, "nothing is kept"),
        ({"temperature": 0}, "samples one and the same answer again"),
    ],
)
def test_settings_that_cannot_give_pairs_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    from aha.config.checks import contradictions
    from aha.config.recipe import Recipe

    recipe = Recipe.model_validate({"name": "x", "stages": {"compare": settings(tmp_path, **changes)}})
    assert any(message in found.problem for found in contradictions(recipe))
    assert not list(contradictions(Recipe.model_validate({"name": "x", "stages": {"compare": settings(tmp_path)}})))
