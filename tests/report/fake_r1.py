"""A run of the whole recipe from nothing: fifteen stages, one of them not begun, hostile texts in its data."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tests.report.fake_run import HOSTILE, write, write_lines

RL = {"kind": "rl", "rounds": 30, "data": {"tasks": ["lab:mixed"]}, "evaluate": {"on": ["lab:heldout"]}}
STAGES: dict[str, dict[str, Any]] = {
    "base": {"kind": "evaluate", "model": "base", "on": ["lab:heldout"]},
    "zero": RL | {"model": "base"},
    "fewshot": {"kind": "collect", "way": "fewshot", "model": "writer", "data": {"tasks": ["lab:mixed"]}},
    "rewrite": {"kind": "collect", "way": "rewrite", "model": "stage/zero", "writer": {"model": "writer"}},
    "reviewed": {"kind": "collect", "way": "reviewed", "examples": "file:/home/someone/mine.jsonl"},
    "dev1": {"kind": "sft", "model": "base", "data": ["stage/fewshot", "stage/rewrite", {"name": "stage/reviewed"}]},
    "dev2": RL | {"model": "stage/dev1"},
    "rejection": {"kind": "rejection", "model": "stage/dev2", "judge": {"model": "writer"}},
    "general": {"kind": "general", "files": [{"name": "lab:general"}], "writer": {"model": "writer"}},
    "dev3": {"kind": "sft", "model": "base", "data": ["stage/rejection", {"name": "stage/general", "weight": 2}]},
    "compare": {"kind": "preference", "model": "stage/dev3", "judge": {"model": "judge"}, "question": "helpful"},
    "helpful": {"kind": "reward_model", "model": "stage/dev3", "pairs": [{"name": "stage/compare"}], "sees": "summary"},
    "r1": RL | {"model": "stage/dev3", "rewards": [{"name": "helpful", "model": "stage/helpful"}]},
    "student": {"kind": "sft", "model": "lab-small", "data": ["stage/rejection", "stage/general"]},
    "last": {"kind": "evaluate", "model": "stage/r1", "on": ["lab:heldout", "lab:preference"]},
}
SCORES = {"base": 0.14, "zero": 0.73, "dev1": 0.31, "dev2": 0.75, "dev3": 0.70, "r1": 0.76, "student": 0.5}
LOOKS = {"zero": (0.71, 0.62), "dev1": (0.98, 0.97), "dev2": (0.96, 0.99), "dev3": (0.99, 0.98), "r1": (0.99, 0.99)}
ROWS = {"fewshot": 120, "rewrite": 900, "reviewed": 40, "rejection": 6214, "general": 800, "compare": 2100}


def write_fake_r1(path: Path) -> Path:
    """Write the run: all stages done but `r1`, which is running, and `last`, which is not begun; returns `path`."""
    path.mkdir(parents=True)
    models = {"base": "lab", "writer": "scripted", "judge": "http://127.0.0.1:8000/v1#big-judge"}
    recipe = {"name": "lab-r1", "description": "The whole recipe.", "seed": 0, "models": models, "stages": STAGES}
    (path / "recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    write(path / "environment.json", {"torch": "2.13.0+cpu"})
    write(path / "status.json", {"state": "running", "stage": "r1", "step": 3})
    write_lines(path / "events.jsonl", [{"time": "x", "kind": "stage", "stage": name} for name in STAGES])
    for name, settings in STAGES.items():
        if name != "last":
            _write_stage(path / "stages" / name, name, settings)
    return path


def digest(name: str) -> str:
    """A made-up content hash."""
    return hashlib.sha256(name.encode()).hexdigest()


def _write_stage(folder: Path, name: str, settings: dict[str, Any]) -> None:
    rng = np.random.default_rng(len(name))
    folder.mkdir(parents=True)
    inputs = {"seed": "0", "stage": name, "model": digest("base"), "data.0": digest("d0"), "writer.model": "scripted"}
    write(folder / "stage.json", {"key": digest(name), "settings": settings, "inputs": inputs})
    result: dict[str, Any] = {"stage": name, "kind": settings["kind"], "inputs": inputs, "timing": {"seconds": {}}}
    if name in SCORES:
        write(folder / "evaluation-heldout.json", evaluation(SCORES[name], *LOOKS.get(name, (0.6, None))))
        result |= {"model_hash": digest(f"model {name}"), "cost": {"updates": 30}}
    if settings["kind"] in ("rl", "sft"):
        _write_learning(folder, settings["kind"], rng)
        result["cost"] |= {"trained_tokens": 350_000}
    if settings["kind"] == "rl":
        result["cost"] |= {"rounds": 30, "sampled_tokens": 400_000}
    if settings["kind"] in ("rl", "sft"):
        result["timing"] = {"seconds": {"sample": 61.0 * len(name), "update": 40.0, "evaluate": 9.0}}
    if name in ROWS:
        _write_data(folder, name, result)
    if settings["kind"] == "rl":
        result["ended"] = "plateau" if name == "dev2" else "rounds"
    if settings["kind"] == "reward_model":
        bins = [{"predicted": p, "happened": p - 0.02, "count": 40} for p in (0.55, 0.75, 0.95)]
        found = {
            "num_items": 210, "num_prompts": 180, "accuracy": {"value": 0.93, "low": 0.9, "high": 0.95},
            "baseline_name": "longest_answer", "baseline": {"value": 0.52, "low": 0.47, "high": 0.57},
            "calibration_error": 0.031, "length_correlation": 0.08,
        }  # fmt: skip
        result |= {"model_hash": digest(name), "held_out": found | {"bins": bins}, "cost": {}}
    if name != "r1":
        write(folder / "result.json", result)


def _write_learning(folder: Path, kind: str, rng: np.random.Generator) -> None:
    lines = []
    for step in range(1, 31):
        noise = float(rng.normal(0, 0.02))
        line = {"step": step, "update": step, "loss": 2.0 * 0.93**step + noise, "lr": 1e-4, "grad_norm": 0.5}
        if kind == "rl":
            line |= {
                "reward/mean": 1 + step / 40,
                "accuracy": step / 60 + 0.2,
                "length/mean": 60.0 + step,
                "entropy": 0.5,
            }
        lines.append(line)
    write_lines(folder / "metrics.jsonl", lines)
    write_lines(folder / "timing.jsonl", [{"step": step, "seconds/update": 1.0} for step in range(1, 31)])


def _write_data(folder: Path, name: str, result: dict[str, Any]) -> None:
    kind = "pairs" if name == "compare" else "examples"
    (folder / "data").mkdir()
    rows = [
        {
            "id": f"{name}-{index}",
            "messages": [
                {"role": "user", "content": f"What is {index} + 3?{HOSTILE if index == 0 else ''}"},
                {
                    "role": "assistant",
                    "content": f"<think>\n{index} + 3 = {index + 3}.\n</think>\n\nIt is {index + 3}.",
                },
            ],
            "origin": name,
            "language": "en",
        }
        for index in range(5)
    ]
    if kind == "pairs":
        rows = [
            {
                "id": "p",
                "prompt": [{"role": "user", "content": "Hi"}],
                "chosen": "Hello!",
                "rejected": "Go.",
                "margin": 2,
            }
        ]
    write_lines(folder / "data" / f"{kind}.jsonl", rows)
    dropped = {"wrong": 311, "mixed_language": 42, "long_paragraph": 0, "repetition": 17, "leaked": 3, "duplicate": 29}
    result |= (
        {"by_domain": {"math": {"problems": 9, "kept": 3}, "code": {"problems": 2}}} if name == "rejection" else {}
    )
    result |= {
        "data_hash": digest(f"data {name}"),
        "num_rows": ROWS[name],
        "counts": {
            "problems": 2000,
            "answers": 8000,
            "answers_lost": 4,
            "answers_dropped": dropped,
            "kept": ROWS[name],
        },
        "cost": {"answers_tokens": 512_000, "rewritten_tokens": 90_000},
        "timing": {"seconds": {"answer": 55.0, "filter": 3.0}},
        "dropped_examples": {
            "answers": {
                "wrong": {"problem": "lab-7", "why": "mismatch", "text": f"<think>\nno\n</think>\n\n8{HOSTILE}"}
            }
        },
    }


def evaluation(score: float, format_rate: float, language: float | None) -> dict[str, Any]:
    """One benchmark's file, with two problems."""
    problems = [
        {"id": f"p{index}", "source": "lab:mixed", "difficulty": 1.0, "prompt": "1+1?", "reference": "2",
         "outcomes": "cw", "tokens": [9, 12], "sample": f"It is {index}."}
        for index in range(2)
    ]  # fmt: skip
    record = {
        "benchmark": "lab:heldout", "model_hash": digest(str(score)), "num_problems": 240, "k": 16, "seed": 0,
        "pass@1": {"value": score, "low": score - 0.025, "high": score + 0.025},
        "cons@k": {"value": min(1.0, score + 0.1), "low": score, "high": min(1.0, score + 0.2)},
        "format_rate": format_rate, "mean_tokens": 90.0 + 40 * score, "repetition_rate": 0.01, "undecided_frac": 0.0,
        "sampling": {"temperature": 0.6}, "problems": problems,
    }  # fmt: skip
    return json.loads(json.dumps(record | ({} if language is None else {"language_consistency": language})))
