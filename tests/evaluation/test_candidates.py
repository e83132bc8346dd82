"""From a model's name to answers: endpoints with messages and with text, and a folder."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from aha.config.settings import EngineSettings, EvaluateStage
from aha.errors import DataError, UsageError
from aha.evaluation.answerers import Answer, Drawing
from aha.evaluation.candidates import open_candidate
from aha.evaluation.commands import evaluate_model
from aha.runtime.seeds import seed_of
from tests.engines.api_server import Server, chat, ok, running_server
from tests.evaluation.conftest import make_problem
from tests.models.tiny import save_reference

DRAWING = Drawing(temperature=0.5, top_p=0.9, max_new_tokens=30, seed=1)


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as found:
        yield found


def settings(model: str, template: str | None = None) -> EvaluateStage:
    return EvaluateStage(kind="evaluate", model=model, on=["heldout"], template=template)  # type: ignore[arg-type]


def test_an_endpoint_answers_messages(server: Server) -> None:
    server.answer = lambda number, path, body: ok(chat(body["messages"][0]["content"]))
    with open_candidate(settings(server.url + "#small")) as candidate:
        answers = sorted(
            candidate.answerer.answers("sums", [make_problem(1), make_problem(2)], 2, DRAWING),
            key=lambda answer: (answer.problem_index, answer.sample_index),
        )
    assert (candidate.model_hash, candidate.template) == ("api:small", "chat")
    assert answers == [Answer(i, j, text, 5, "stop") for i, text in enumerate(["1+1", "2+2"]) for j in (0, 1)]
    assert {body["seed"] for _, body, _ in server.seen} == {
        seed_of(1, "sums", f"sum-{index}", sample) & 0x7FFFFFFF for index in (1, 2) for sample in (0, 1)
    }
    assert {(body["temperature"], body["top_p"], body["max_tokens"]) for _, body, _ in server.seen} == {(0.5, 0.9, 30)}


def test_an_endpoint_completes_text_where_a_text_template_is_asked_for(server: Server) -> None:
    server.answer = lambda number, path, body: ok(chat("2"))
    with open_candidate(settings(server.url + "#small", "r1-zero")) as candidate:
        list(candidate.answerer.answers("sums", [make_problem(1)], 1, DRAWING))
    path, body, _ = server.seen[0]
    assert (path, candidate.template) == ("/v1/completions", "r1-zero")
    assert body["prompt"].endswith("Assistant:")
    assert "1+1" in body["prompt"]


def test_an_endpoint_with_several_models_is_refused(server: Server) -> None:
    server.answer = lambda number, path, body: ok(b'{"data": [{"id": "a"}, {"id": "b"}]}')
    with pytest.raises(UsageError, match="serves 2 models"), open_candidate(settings(server.url)):
        pass


def test_a_model_that_is_not_there_is_refused() -> None:
    with pytest.raises(DataError), open_candidate(settings("./no-such-model")):
        pass


def test_a_local_model_is_scored_from_folder_to_file(tmp_path: Path) -> None:
    """Everything real but the size: weights, tokenizer, sampler, verifier worker; and the same bytes twice."""
    save_reference(tmp_path / "model")
    (tmp_path / "task.py").write_text(
        "def sums():\n    return [{'prompt': f'{i}+{i}=', 'answer': str(2 * i)} for i in range(3)]\n"
    )
    stage = EvaluateStage(
        kind="evaluate",
        model=str(tmp_path / "model"),
        on=[f"{tmp_path / 'task.py'}:sums"],
        k=2,
        max_new_tokens=8,
        template="plain",
        engine=EngineSettings(
            device="cpu", dtype="float32", compile=False, cache_tokens=2048, max_rows=4, verifier_workers=1
        ),
    )
    console = Console(file=io.StringIO())
    for name in ("a", "b"):
        (found,) = evaluate_model(stage, seed=0, out=tmp_path / name, console=console)
    assert (found.num_problems, found.k, found.template) == (3, 2, "plain")
    assert len(found.model_hash) >= 16
    assert 1 <= found.mean_tokens <= 8
    assert found.undecided_frac == 0.0
    first, second = ([path.read_bytes() for path in (tmp_path / name).iterdir()] for name in ("a", "b"))
    assert first == second
