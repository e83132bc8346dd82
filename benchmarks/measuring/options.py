"""What the benches that run recipes over seeds are asked for."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.measuring.results import RESULTS, RUNS


def seeds_parser(
    bench: str, about: str | None, runs: str, folders: str = "a folder a seed in here"
) -> argparse.ArgumentParser:
    """`--seeds`, `--runs` (`folders` says what lies in there) and `--out`; a bench adds what is its own."""
    parser = argparse.ArgumentParser(
        prog=f"scripts/bench {bench}", description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--runs", type=Path, default=RUNS / runs, help=folders)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result file")
    return parser
