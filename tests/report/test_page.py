"""The page: one inert offline file that holds everything, and says what is missing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from aha.errors import DataError
from aha.report.page import embed, page_data, redact, render_page, visible, write_report
from aha.report.read import read_run
from tests.report.fake_run import HOSTILE


class _Elements(HTMLParser):
    """Start tags with their attributes, and the text of script and style elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] in ("script", "style") and data.strip():
            self.raw.append(data)


def _data(text: str) -> Any:
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert match
    return json.loads(match[1])


def test_the_page_is_one_file_that_may_run_only_its_own_script(finished: Path) -> None:
    text = write_report(finished).read_text(encoding="utf-8")
    page = _Elements(text)
    assert [tag for tag, _ in page.found].count("script") == 2
    policy = next(a["content"] for tag, a in page.found if tag == "meta" and a.get("http-equiv"))
    hashes = {base64.b64encode(hashlib.sha256(raw.encode()).digest()).decode() for raw in page.raw}
    assert policy is not None
    assert set(re.findall(r"sha256-([^']+)'", policy)) <= hashes
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert not any({"src", "href", "style", "onclick"} & set(attributes) for _, attributes in page.found)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(", text)


def test_hostile_text_stays_data(finished: Path) -> None:
    text = render_page(page_data(read_run(finished)))
    assert "<img" not in text
    assert "<script>alert" not in text
    data = _data(text)
    assert any(HOSTILE in rollout["text"] for g in data["stages"][0]["groups"] for rollout in g["rollouts"])
    assert any(HOSTILE in side for pair in data["pairs"] for side in pair["texts"])


def test_hostile_names_are_escaped(run: Path) -> None:
    (run / "recipe.yaml").write_text("name: '<img src=x>{{data}}'\ndescription: '</title><script>alert(1)</script>'")
    text = render_page(page_data(read_run(run)))
    assert [tag for tag, _ in _Elements(text).found].count("script") == 2
    assert "<img" not in text
    assert text.count('id="data"') == 1


def test_everything_the_page_promises_is_in_its_data(finished: Path) -> None:
    data = _data(render_page(page_data(read_run(finished))))
    stage = data["stages"][0]
    assert [chart["name"] for chart in stage["figures"]] == ["accuracy", "length"]
    assert not [
        c["title"] for part in ("figures", "rewards", "reflection", "health") for c in stage[part] if c["missing"]
    ]
    assert stage["figures"][0]["series"][0]["x"][0] == 0
    assert set(stage["first"]) >= {"recheck"}
    assert len(stage["effects"]) == 2
    assert len(data["corpus"]) == 1
    assert len(data["evaluations"]) == 4
    assert len(data["difficulty"]) == 6
    assert len(data["pairs"]) == 60
    assert {row["name"] for row in data["settings"]} == {"run", "base", "zero"}
    assert stage["kept"] == stage["rollouts"] == 240
    assert sum(row["count"] for row in stage["verdicts"]) == 240
    assert data["audit"] == {}
    assert data["findings"]
    assert data["unread"] == []
    assert stage["tokens"]["values"] == sorted(stage["tokens"]["values"])


def test_every_first_reflection_can_be_opened(finished: Path) -> None:
    stage = page_data(read_run(finished), browser_bytes=6_000)["stages"][0]
    ids = {rollout["id"] for group in stage["groups"] for rollout in group["rollouts"]}
    assert stage["kept"] < stage["rollouts"]
    assert {first["id"] for first in stage["first"].values()} <= ids


def test_secrets_are_hidden(finished: Path) -> None:
    text = render_page(page_data(read_run(finished)))
    assert "planted" not in text
    assert '"max_new_tokens":160' in text
    assert redact([{"api_key": "x", "note": "use hf_abcdefgh123"}]) == [{"api_key": "(hidden)", "note": "use (hidden)"}]


def test_figures_are_written_as_png(finished: Path) -> None:
    write_report(finished)
    for name in ("accuracy", "length"):
        assert (finished / "plots" / f"zero-{name}.png").read_bytes().startswith(b"\x89PNG")


def test_an_empty_run_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "stages").mkdir()
    text = write_report(tmp_path).read_text(encoding="utf-8")
    assert "No training round has been logged in this run yet." in text
    assert _data(text)["unread"] == ["recipe.yaml is missing, so settings are not shown."]
    assert not (tmp_path / "plots").exists()


def test_a_run_in_its_first_round_has_a_page(run: Path) -> None:
    for path in run.glob("stages/zero/evaluation-*.json"):
        path.unlink()
    shutil.rmtree(run / "stages/zero/rollouts")
    (run / "stages/zero/metrics.jsonl").write_text(
        '{"step": 0, "eval/heldout/pass@1": 0.2}\n{"step": 1, "accuracy": null}\n'
    )
    (run / "stages/zero/timing.jsonl").unlink()
    (run / "status.json").write_text('{"state": "running"}')
    data = _data(write_report(run).read_text(encoding="utf-8"))
    stage = data["stages"][0]
    assert stage["rewards"][0]["missing"] == "No reward was logged."
    assert stage["groups"] == []
    assert any("state is “running”" in sentence for sentence in data["sentences"])


def test_broken_rollouts_are_said(run: Path) -> None:
    (run / "stages/zero/rollouts/step-000004.parquet").write_bytes(b"no")
    data = _data(write_report(run).read_text(encoding="utf-8"))
    assert [s for s in data["unread"] if s.startswith("rollouts/step-000004.parquet could not be read")]
    assert 5 in data["stages"][0]["steps"]


def test_no_run_no_page(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        write_report(tmp_path / "nothing")


def test_embedded_json_is_inert_and_whole() -> None:
    value = {"a": "</script>&\u2028\ud800", "b": [float("nan"), float("inf"), 1.5, None, True], "c": Path("x")}
    text = embed(value)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": "</script>&\u2028\ud800", "b": [None, None, 1.5, None, True], "c": "x"}


def test_control_characters_become_visible() -> None:
    assert visible("a\x1b\u202e\tb\n") == "a\ufffd\ufffd\tb\n"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_a_browser_draws_it_and_model_text_adds_no_element(finished: Path, tmp_path: Path) -> None:
    page = write_report(finished)
    flags = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={tmp_path}",
        "--virtual-time-budget=2000",
    )
    done = subprocess.run(
        ["chromium", *flags, "--dump-dom", f"{page.as_uri()}#rollout=20%3A0%3A1"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    dom = _Elements(done.stdout)
    tags = [tag for tag, _ in dom.found]
    assert tags.count("script") == 2
    assert not {"img", "iframe", "object", "embed", "form"} & set(tags)
    assert tags.count("figure") > 15
    assert sum("rollout here" in (attributes.get("class") or "") for _, attributes in dom.found) == 1
    assert not any(name.startswith("on") for _, attributes in dom.found for name in attributes)
