"""aha beside `transformers` generate, a plain `torch` update and `trl.GRPOTrainer`: the same work, in turns.

scripts/bench trl                  sampling, training and whole steps; writes results/trl.json
scripts/bench trl --only step      one of the three parts
scripts/bench trl --learning       forty rounds, three seeds each: hours; resumes; writes results/trl-learning.json
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # this file's folder would hide the package `trl`

from benchmarks.measuring import settings  # noqa: E402
from benchmarks.measuring.results import RESULTS, RUNS, write_result  # noqa: E402

if TYPE_CHECKING:
    import torch

    from benchmarks.measuring.learning import Rounds
    from benchmarks.measuring.workload import Workload

PARTS = ("sampling", "training", "step")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, write, print."""
    options = parse(arguments)
    from aha.runtime.device import pick_device, set_threads
    from benchmarks.measuring.workload import Workload

    device = pick_device(options.device)
    threads = set_threads(options.threads)
    workload = Workload(options.model, options.problems, options.group, options.length)
    facts = {"workload": describe(workload), "device": str(device), "threads": threads, "settings": all_settings()}
    if options.learning:
        found = learning(workload, device, options)
        path = write_result("trl-learning", facts | found, options.out)
        print(learning_line(found))
    else:
        values = facts | speed(workload, device, options)
        path = write_result("trl", values, options.out)
        print("\n".join(lines(values)))
    print(f"Written to {path}.")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench trl", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="lab", help="lab, or a folder of a Llama or Qwen model")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part; may be repeated")
    parser.add_argument("--repeats", type=int, default=5, help="turns that count; one more warms up")
    parser.add_argument("--problems", type=int, default=settings.NUM_PROBLEMS)
    parser.add_argument("--group", type=int, default=settings.GROUP_SIZE)
    parser.add_argument("--length", type=int, default=settings.MAX_NEW_TOKENS, help="limit of new tokens")
    parser.add_argument("--trl", nargs="+", default=["trl-fp32", "trl-bf16"], choices=list(settings.TRL))
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--threads", type=int, default=0, help="0: all cores")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result files")
    parser.add_argument("--learning", action="store_true", help="compare what is learnt instead of speed")
    parser.add_argument("--rounds", type=int, default=40, help="with --learning")
    parser.add_argument("--seeds", type=int, default=3, help="with --learning; two or more")
    parser.add_argument("--runs", type=Path, default=RUNS / "bench-trl", help="with --learning: where runs are kept")
    return parser.parse_args(arguments)


def speed(workload: Workload, device: torch.device, options: argparse.Namespace) -> dict[str, Any]:
    """The parts that are asked for, and the machine's matrix rates: the better of before and after."""
    from benchmarks.measuring.speed import MEASURES, Bench

    before = matrix_rates(device)
    bench = Bench(workload, device, options.repeats, options.trl)
    values: dict[str, Any] = {"repeats": options.repeats}
    for part in options.only or PARTS:
        print(part, flush=True)
        values[part] = MEASURES[part](bench)
        gc.collect()
    after = matrix_rates(device)
    values["matrix_flops"] = {name: max(before[name], after[name]) for name in before}
    add_shares(values, values["matrix_flops"])
    return values


def matrix_rates(device: torch.device) -> dict[str, float]:
    """FLOP/s of a large matrix product."""
    import torch

    from aha.runtime.device import measured_matrix_flops

    return {
        "bf16": measured_matrix_flops(torch.bfloat16, device),
        "fp32": measured_matrix_flops(torch.float32, device),
    }


def learning(workload: Workload, device: torch.device, options: argparse.Namespace) -> dict[str, Any]:
    """Both sides at a learning rate that learns, seed by seed; what was run before is not run again."""
    from benchmarks.measuring.learning import compare, run_once
    from benchmarks.measuring.learning_runs import learn_ours, learn_trl

    sides = {"aha": (learn_ours, "aha-bf16"), "trl": (learn_trl, options.trl[0])}
    key = {"workload": describe(workload), "settings": all_settings(), "rounds": options.rounds}
    runs: dict[str, list[Rounds]] = {side: [] for side in sides}
    for seed in range(options.seeds):
        for side, (learn, name) in sides.items():
            path = options.runs / f"{name}-seed-{seed}.json"
            print(f"{name}, seed {seed} ({path})", flush=True)
            runs[side].append(run_once(path, key, partial(learn, workload, name, device, options.rounds, seed)))
    names = {side: name for side, (_, name) in sides.items()}
    return {"sides": names, "rounds": options.rounds, **compare(runs["aha"], runs["trl"])}


def describe(workload: Workload) -> dict[str, Any]:
    """What everyone works on."""
    from aha.models.weights import model_hash

    return {
        "model": str(workload.model),
        "model_hash": model_hash(workload.folder),
        "task": settings.TASK,
        "template": settings.TEMPLATE,
        "num_problems": workload.num_problems,
        "group_size": workload.group_size,
        "max_new_tokens": workload.max_new_tokens,
        "temperature": 1.0,
        "updates_a_round": 1,
    }


def all_settings() -> dict[str, Any]:
    """Everybody's settings."""
    return {
        "ours": settings.OURS,
        "generate": settings.GENERATE,
        "plain_update": settings.PLAIN_UPDATE,
        "trl": settings.TRL,
        "trl_config": settings.TRL_CONFIG,
        "peer_rows": settings.PEER_ROWS,
        "adam": {**settings.ADAM, "betas": list(settings.ADAM["betas"])},
        "speed_lr": settings.SPEED_LR,
        "learning_lr": settings.LEARNING_LR,
    }


def add_shares(values: dict[str, Any], rates: Mapping[str, float]) -> None:
    """What part of the machine's measured matrix rate our sampler and learner reach, at the dtype they work in."""
    for part in ("sampling", "training"):
        for name, found in values.get(part, {}).get("contenders", {}).items():
            if "flops_per_token" in found:
                rate = found["flops_per_token"] * found["tokens_per_second"]
                found["share_of_matrix_rate"] = rate / rates[name.removeprefix("aha-")]


def lines(values: Mapping[str, Any]) -> list[str]:
    """As text: a line a contender, then how many times faster aha is and how many were wanted."""
    text = []
    for part in PARTS:
        found = values.get(part, {"contenders": {}, "speedup": {}, "wanted": {}})
        for name, each in found["contenders"].items():
            rate, seconds, share = each["tokens_per_second"], each["seconds"], each.get("share_of_matrix_rate")
            tail = "" if share is None else f"  {100 * share:.1f} % of the matrix rate"
            text.append(f"{part:9} {name:14} {rate:9,.0f} tokens/s {seconds:8.2f} s{tail}")
        for name, times in found["speedup"].items():
            wanted = found["wanted"].get(name)
            verdict = "" if wanted is None else f", wanted {wanted:g}: {'reached' if times >= wanted else 'MISSED'}"
            text.append(f"{part:9} aha-bf16 is {times:.2f} times as fast as {name}{verdict}")
    return text


def learning_line(found: Mapping[str, Any]) -> str:
    """The comparison in one sentence."""
    difference = found["difference"]
    verdict = "the same" if found["contains_0"] and found["narrow"] else "NOT shown to be the same"
    return (
        f"Mean reward of the last rounds, aha minus TRL: {difference['value']:+.3f} "
        f"[{difference['low']:+.3f}, {difference['high']:+.3f}] over seeds: {verdict}."
    )


if __name__ == "__main__":
    main()
