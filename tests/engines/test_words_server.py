"""The gold server knows each use by its prompt, and is right in 70 % of its calls."""

from __future__ import annotations

import pytest

from aha.config.data_stages import WriterSettings
from aha.engines.api import open_endpoint
from aha.engines.words import WordsRequest, ask_in_order
from aha.rollouts.cold_start import DIRECT, REWRITE, THOUGHT, fill
from aha.rollouts.judge import Judged, read_verdict, request_of
from aha.rollouts.preferences import Contest, compare_requests, safety_requests
from aha.types import Problem, VerifierSpec
from tests.engines.words_server import TROUBLES, gold_answers, gold_server

PROBLEM = Problem("1", "s", [{"role": "user", "content": "What is 2+2?"}], "4", VerifierSpec("number"))
JUDGE = WriterSettings(model="gold")


def plain(prompt: str) -> list[WordsRequest]:
    text = fill(prompt, question="What is 2+2?", thought="2+2=4", answer="4")
    return [WordsRequest([{"role": "user", "content": text}], None, seed, 99, 0.6, 0.95) for seed in range(60)]


@pytest.mark.parametrize(
    ("use", "requests", "right"),
    [
        ("answer", plain(DIRECT), "\\boxed{4}"),
        ("rewrite", plain(REWRITE), "\\boxed{4}"),
        ("thought", plain(THOUGHT), "They ask"),
        ("judge", [request_of(Judged(PROBLEM, "It is 4."), JUDGE, seed) for seed in range(60)], '"correct"'),
        ("compare", compare_requests(Contest(PROBLEM, "4", "4!"), JUDGE, "", 20, 0), "[[A=B]]"),
        ("compare", compare_requests(Contest(PROBLEM, "4", "5"), JUDGE, "", 60, 0)[::2], "[[A>>B]]"),
        ("compare", compare_requests(Contest(PROBLEM, "6 or 7", "-8"), JUDGE, "", 60, 0)[::2], "[[A>>B]]"),
        ("safety", safety_requests(PROBLEM, "It is 4.", JUDGE, "", 60, 0), "[[safe]]"),
    ],
)
def test_each_use(use: str, requests: list[WordsRequest], right: str) -> None:
    with gold_server({"What is 2+2?": "4"}) as (server, gold):
        replies = ask_in_order(open_endpoint(server.url), requests)
        assert server.seen[0][0] == "/v1/models"
    share = sum(right in reply.text for reply in replies) / len(replies)
    assert gold.num_calls == {"models": 1, use: len(requests)}
    assert share == 1.0 if right == "[[A=B]]" else 0.5 < share < 0.9
    if use == "judge":
        assert all(read_verdict(reply.text) for reply in replies)


def test_golds_of_problems_as_gsm8k_writes_them() -> None:
    long = Problem("2", "s", [{"role": "user", "content": "How many?"}], "6*200\n#### 1,200", VerifierSpec("number"))
    assert gold_answers([PROBLEM, long]) == {"What is 2+2?": "4", "How many?": "1200"}


def test_a_request_meets_trouble_at_its_first_asking_alone() -> None:
    requests = plain(DIRECT)
    with gold_server({"What is 2+2?": "4"}, trouble_frac=0.5) as (server, gold):
        model = open_endpoint(server.url)
        model.first_pause_seconds = 0.01
        replies = ask_in_order(model, requests)
        num_troubles = sum(gold.num_troubles.values())
        assert set(gold.num_troubles) == set(TROUBLES)
        assert len(server.seen) == 1 + len(requests) + num_troubles - gold.num_troubles["slow"]
        assert ask_in_order(model, requests) == replies
    with gold_server({"What is 2+2?": "4"}) as (server, gold):
        assert ask_in_order(open_endpoint(server.url), requests) == replies
        assert gold.num_troubles == {}
