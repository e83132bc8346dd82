"""Writers and judges by what a recipe names: a folder, an endpoint, a base behind one, the stand-in."""

from __future__ import annotations

from pathlib import Path

from aha.config.settings import EngineSettings
from aha.engines.scripted import ScriptedWords
from aha.engines.words import WordsRequest, ask_in_order
from aha.runtime.metrics import read_lines
from aha.stages.build import open_words
from tests.engines.words_server import gold_server
from tests.models.tiny import save_reference

ENGINE = EngineSettings(device="cpu", dtype="float32", compile=False, max_rows=4)


def request(text: str, max_new_tokens: int = 6) -> WordsRequest:
    return WordsRequest([{"role": "user", "content": text}], None, 3, max_new_tokens, 1.0, 1.0)


def test_a_local_model_writes_and_is_remembered_by_its_weights(tmp_path: Path) -> None:
    save_reference(tmp_path / "tiny")
    memory = tmp_path / "answers" / "a.jsonl"
    with open_words(str(tmp_path / "tiny"), ENGINE, memory, template="plain") as words:
        first = ask_in_order(words, [request("a"), request("b" * 999)])
    assert first[0].finish in ("stop", "length")
    assert 1 <= first[0].num_tokens <= 6
    assert first[1].finish == "aborted"
    assert "256 positions" in first[1].problem
    assert len(read_lines(memory)) == 1
    with open_words(str(tmp_path / "tiny"), ENGINE, memory, template="plain") as words:
        assert ask_in_order(words, [request("a")]) == first[:1]
        assert words.num_remembered == 1  # type: ignore[attr-defined]
    with open_words(str(tmp_path / "tiny"), ENGINE, memory) as words:
        ask_in_order(words, [request("a")])
        assert words.num_remembered == 0, "in another template it is another question"  # type: ignore[attr-defined]


def test_an_endpoint_gets_messages_or_text_of_a_template(tmp_path: Path) -> None:
    with gold_server({"2+2?": "4"}) as (server, _):
        paths = []
        for template in (None, "chat", "plain"):
            with open_words(server.url, ENGINE, tmp_path / "a.jsonl", template=template, num_parallel=2) as words:  # type: ignore[arg-type]
                ask_in_order(words, [request("2+2?")])
            paths.append(server.seen[-1][0])
        assert paths == ["/v1/chat/completions", "/v1/chat/completions", "/v1/completions"]
        with open_words("scripted", ENGINE, tmp_path / "b.jsonl") as words:
            assert isinstance(words, ScriptedWords)
    assert not (tmp_path / "b.jsonl").exists(), "what costs nothing is not kept"
