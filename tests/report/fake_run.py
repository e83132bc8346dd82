"""A realistic run directory from nothing: base and zero stages, 200 held-out problems, rollouts with hostile texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

HOSTILE = '</script><script>alert("xss")</script><img src=x onerror=alert(1)><!-- \x1b]52;c;aGk=\x07 \u2028 \u202e'
TEMPLATE = "A conversation between a user and an assistant …\nUser: {question}\nAssistant:"
SOURCES = ("lab:arithmetic", "lab:countdown", "lab:knights")


def write_fake_run(path: Path, rounds: int = 40, problems: int = 6, group: int = 8, seed: int = 0) -> Path:
    """Write a finished run with stages `base` (evaluate) and `zero` (rl); returns `path`."""
    rng = np.random.default_rng(seed)
    base, zero = path / "stages" / "base", path / "stages" / "zero"
    (zero / "rollouts").mkdir(parents=True)
    base.mkdir(parents=True)
    _write_run_files(path, rounds)
    metrics, timing = [_step_zero()], [{"step": 0, "seconds/evaluate": 9.1}]
    for step in range(1, rounds + 1):
        rows = _rollouts(rng, step, rounds, problems, group)
        pq.write_table(pa.Table.from_pylist(rows), zero / "rollouts" / f"step-{step:06d}.parquet")
        metrics.append(_metrics(rng, rows, step, rounds))
        timing.append(_timing(rng, step, rounds))
    write_lines(zero / "metrics.jsonl", metrics)
    write_lines(zero / "timing.jsonl", timing)
    for stage, progress in ((base, 0.0), (zero, 1.0)):
        write(stage / "evaluation-heldout.json", _evaluation(rng, "heldout", progress, 200))
        write(stage / "evaluation-ood-numbers.json", _evaluation(rng, "ood-numbers", progress * 0.5, 60))
    write(zero / "result.json", {"kind": "rl", "model_hash": "b7c2", "cost": {"seconds": 512.0, "tokens": 812345}})
    write(
        base / "result.json",
        {
            "kind": "evaluate",
            "corpus_reflection": {
                "texts": 9000,
                "recheck": 540,
                "backtrack": 80,
                "another_approach": 31,
                "repaired": 300,
                "broke": 11,
            },
        },
    )
    return path


def write(path: Path, value: Any) -> None:
    """One JSON file."""
    path.write_text(json.dumps(value), encoding="utf-8")


def write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    """One JSONL file."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def _write_run_files(path: Path, rounds: int) -> None:
    recipe = {
        "name": "lab-zero",
        "description": "A base model learns to reason.",
        "seed": 0,
        "models": {"base": "lab"},
        "stages": {
            "base": {"kind": "evaluate", "model": "base", "on": ["heldout", "ood-numbers"], "k": 16},
            "zero": {
                "kind": "rl",
                "model": "base",
                "preset": "dapo",
                "rounds": rounds,
                "data": {"tasks": ["lab:mixed"], "template": "r1-zero"},
                "sampling": {"num_problems": 6, "group_size": 8, "max_new_tokens": 160},
                "algorithm": {"scale": "none", "clip_high": 0.28},
                "evaluate": {"on": ["heldout"], "every": 5, "k": 4},
                "logging": {"track": [], "wandb_api_key": "sk-planted-secret"},
            },
        },
    }
    path.joinpath("recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
    write(
        path / "environment.json",
        {
            "python": "3.11.7",
            "torch": "2.13.0+cpu",
            "device": "cpu",
            "num_threads": 2,
            "matrix_gflops": 812,
            "HF_TOKEN": "hf_planted_secret",
        },
    )
    write(path / "status.json", {"state": "done", "stage": "zero", "step": rounds, "total_steps": rounds})
    write_lines(
        path / "events.jsonl", [{"time": 1.7e9, "kind": "run_started"}, {"time": 1.7e9 + 520, "kind": "run_done"}]
    )


def _progress(step: int, rounds: int) -> float:
    return float(1 / (1 + np.exp(-(step / rounds - 0.35) * 11)))


def _step_zero() -> dict[str, Any]:
    return {
        "step": 0,
        "update": 0,
        "policy_version": 0,
        "eval/heldout/pass@1": 0.212,
        "eval/heldout/cons@k": 0.30,
        "eval/heldout/mean_tokens": 31.0,
        "eval/heldout/format_rate": 0.71,
        "eval/heldout/reflection_rate": 0.06,
    }


def _metrics(rng: np.random.Generator, rows: list[dict[str, Any]], step: int, rounds: int) -> dict[str, Any]:
    p = _progress(step, rounds)
    outcomes, tokens = [r["outcome"] for r in rows], np.array([r["num_tokens"] for r in rows])
    line = {
        "step": step,
        "num_trained_tokens": float(tokens.sum()),
        "update": step * 2,
        "policy_version": step * 2,
        "loss": float(rng.normal(0, 0.02)),
        "reward/mean": float(np.mean([r["reward"] for r in rows])),
        "reward/std": float(np.std([r["reward"] for r in rows])),
        "reward/accuracy": float(np.mean([r["reward/accuracy"] or 0 for r in rows])),
        "reward/format": float(np.mean([r["reward/format"] for r in rows])),
        "accuracy": outcomes.count("correct") / len(rows),
        "undecided_frac": outcomes.count("undecided") / len(rows),
        "format_rate": float(np.mean([r["measure/format"] for r in rows])),
        "length/mean": float(tokens.mean()),
        "length/p95": float(np.quantile(tokens, 0.95)),
        "truncated_frac": sum(r["finish"] == "length" for r in rows) / len(rows),
        "reflection_rate": float(np.mean([r["measure/recheck"] > 0 for r in rows])),
        **{
            f"reflection/{name}": float(np.mean([r[f"measure/{name}"] for r in rows]))
            for name in ("recheck", "backtrack", "another_approach", "repaired", "broke")
        },
        "repetition_rate": 0.01,
        "language_consistency": 0.99,
        "entropy": 0.9 - 0.5 * p + float(rng.normal(0, 0.03)),
        "kl/reference": 0.002 + 0.03 * p,
        "kl/sampler": 2e-4,
        "logprob_gap/mean": 0.004 + float(rng.uniform(0, 0.002)),
        "logprob_gap/max": 0.06,
        "clip_frac/low": 0.004,
        "clip_frac/high": 0.009 + 0.01 * p,
        "grad_norm": 0.4 + float(rng.exponential(0.2)),
        "update_skipped": 0.0,
        "lr": 1e-4,
        "groups/kept_frac": 0.8 - 0.3 * p,
        "groups/all_correct_frac": 0.4 * p,
        "groups/all_wrong_frac": 0.2 * (1 - p),
        "memory_bytes": 9e8,
    }
    if step % 5 == 0 or step == rounds:
        line |= {
            "eval/heldout/pass@1": 0.21 + 0.48 * p,
            "eval/heldout/cons@k": 0.30 + 0.62 * p,
            "eval/heldout/mean_tokens": 31 + 22 * p,
            "eval/heldout/reflection_rate": 0.06 + 0.15 * p,
        }
    return line


def _timing(rng: np.random.Generator, step: int, rounds: int) -> dict[str, Any]:
    return {
        "step": step,
        "seconds/sample": 3.1 + float(rng.uniform(0, 1)),
        "seconds/verify": 0.2,
        "seconds/update": 2.2,
        "seconds/sync": 0.05,
        "seconds/evaluate": 4.0 if step % 5 == 0 else 0.0,
        "tokens_per_second/sample": 4100.0,
        "tokens_per_second/update": 9200.0,
        "eta_seconds": (rounds - step) * 6.0,
    }


def _text(rng: np.random.Generator, a: int, b: int, c: int, right: bool, recheck: bool, formatted: bool) -> str:
    answer = a * b + c if right else a * b + c + int(rng.integers(1, 9))
    thought = f"{a}*{b} is {a * b}. then {a * b}+{c} is {answer}."
    if recheck:
        thought = f"{a}*{b} is {a * b - 10}. wait, let me check: {a}*{b} = {a * b}. then {a * b}+{c} is {answer}."
    return f" <think> {thought} </think> <answer> {answer} </answer>" if formatted else f" {thought} so {answer}"


def _rollouts(rng: np.random.Generator, step: int, rounds: int, problems: int, group: int) -> list[dict[str, Any]]:
    p, rows = _progress(step, rounds), []
    for index in range(problems):
        a, b, c = (int(x) for x in rng.integers(2, 49, 3))
        members = [_rollout(rng, p, step, index, member, (a, b, c)) for member in range(group)]
        mean = float(np.mean([m["reward"] for m in members]))
        rows += [m | {"advantage": round(m["reward"] - mean, 4)} for m in members]
    rows[0]["completion"] += HOSTILE
    return rows


def _rollout(
    rng: np.random.Generator, p: float, step: int, index: int, member: int, numbers: tuple[int, int, int]
) -> dict[str, Any]:
    formatted, recheck = rng.random() < 0.7 + 0.29 * p, rng.random() < 0.05 + 0.2 * p
    right = formatted and rng.random() < 0.25 + 0.55 * p
    a, b, c = numbers
    text = _text(rng, a, b, c, right, recheck, formatted)
    outcome = "undecided" if rng.random() < 0.01 else "correct" if right else "wrong"
    accuracy = None if outcome == "undecided" else float(right)
    return {
        "step": step,
        "group_id": f"{step}:{index}",
        "rollout_id": f"{step}:{index}:{member}",
        "problem_id": f"{a}x{b}+{c}",
        "source": SOURCES[index % 3],
        "difficulty": float(1 + index % 4),
        "prompt": TEMPLATE.format(question=f"What is {a} * {b} + {c}?"),
        "completion": text,
        "reference": str(a * b + c),
        "outcome": outcome,
        "extracted": str(a * b + c) if right else None,
        "reason": "crash" if outcome == "undecided" else "match" if right else "mismatch" if formatted else "no_answer",
        "reward": (accuracy or 0.0) + float(formatted),
        "reward/accuracy": accuracy,
        "reward/format": float(formatted),
        "advantage": 0.0,
        "num_tokens": int(len(text) // 2 + 20 * p),
        "finish": "stop" if rng.random() > 0.03 else "length",
        "policy_version": (step - 1) * 2,
        "token_ids": [1, 2, 3],
        "logprobs": [-0.1, -0.2, -0.3],
        "measure/format": float(formatted),
        "measure/repetition": 0.0,
        "measure/recheck": float(recheck),
        "measure/backtrack": float(rng.random() < 0.02),
        "measure/another_approach": float(rng.random() < 0.01 * p),
        "measure/repaired": float(recheck and right),
        "measure/broke": 0.0,
        "seconds": 0.01,
    }


def _evaluation(rng: np.random.Generator, benchmark: str, progress: float, count: int, k: int = 16) -> dict[str, Any]:
    records = []
    for index in range(count):
        a, b, c = (int(x) for x in np.random.default_rng(index).integers(2, 49, 3))
        difficulty = 1 + index % 4
        chance = np.clip(0.30 - 0.06 * difficulty + 0.55 * progress, 0.02, 0.99)
        outcomes = "".join("c" if rng.random() < chance else "w" for _ in range(k))
        formatted = [bool(rng.random() < 0.7 + 0.29 * progress) for _ in range(k)]
        records.append(
            {
                "id": f"{benchmark}-{index}",
                "source": SOURCES[index % 3],
                "difficulty": float(difficulty),
                "outcomes": outcomes,
                "answers": ["1"] * k,
                "tokens": [int(t) for t in rng.integers(15, 40 + int(40 * progress), k)],
                "format": formatted,
                "prompt": f"What is {a} * {b} + {c}?",
                "reference": a * b + c,
                "sample": _text(rng, a, b, c, outcomes[0] == "c", progress > 0.5 and index % 5 == 0, formatted[0])
                + (HOSTILE if index == 0 else ""),
            }
        )
    mean = float(np.mean([r["outcomes"].count("c") / k for r in records]))
    formatted = [o == "c" for r in records for o, f in zip(r["outcomes"], r["format"], strict=True) if f]
    scores = {
        "pass@1": mean,
        "pass@k": min(1.0, mean + 0.3),
        "cons@k": min(1.0, mean * 1.35),
        "pass@1_formatted": float(np.mean(formatted)),
    }
    return {
        "benchmark": f"lab:{benchmark}",
        "model_hash": f"{int(progress * 9)}a41f09c3d",
        "num_problems": count,
        "k": k,
        "seed": 0,
        **{name: {"value": v, "low": max(0.0, v - 0.03), "high": min(1.0, v + 0.03)} for name, v in scores.items()},
        "format_rate": 0.71 + 0.28 * progress,
        "mean_tokens": 27 + 20 * progress,
        "repetition_rate": 0.01,
        "undecided_frac": 0.0,
        "sampling": {"temperature": 0.6, "top_p": 0.95, "max_new_tokens": 160.0},
        "template": "r1-zero",
        "problems": records,
    }
