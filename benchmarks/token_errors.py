"""Does a token reward model find the error in a wrong answer, when all it was told is which answers are right?

scripts/bench token-errors                                      trains one on worked sums, half of them with a slip
scripts/bench token-errors --start RUN/stages/start/model --learned RUN/stages/oreal/checkpoints/step-000034/critic

The second form measures what an RL stage learned. Answers are the lab's worked sums with one number on the way replaced
by a wrong one, from which the rest follows; the tokens of that number from its first wrong digit on are the error. The
figure is the chance that -w of such a token is above that of another one of the same answer (AUC, a tie half), mean
over answers: among all its tokens, and among those up to the error, for raw scores and for running means. Beside it the
same for a number on the way of right answers, which nothing is wrong with: what place and kind of token alone give.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import mean

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

import numpy as np  # noqa: E402
import torch  # noqa: E402

from aha.algorithms.token_rewards import ranking_auc, running_mean  # noqa: E402
from aha.config.learners import TokenRewardSettings  # noqa: E402
from aha.config.settings import EngineSettings  # noqa: E402
from aha.engines.native_critic import NativeCritic  # noqa: E402
from aha.evaluation.statistics import bootstrap  # noqa: E402
from aha.runtime.device import set_threads  # noqa: E402
from aha.runtime.distributed import World  # noqa: E402
from aha.stages.build import build  # noqa: E402
from aha.text.tokenizer import HFTokenizer  # noqa: E402
from aha.types import Bool, Float32, Sample  # noqa: E402
from benchmarks.measuring.planted_slips import pair, sample_of  # noqa: E402
from benchmarks.measuring.results import RESULTS, interval, write_result  # noqa: E402

NUM_HELD_OUT = 200
Marked = list[tuple[Sample, Bool]]
"""Answers, and which of their tokens are the error, or a number on the way."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Train or load, measure on held-out sums, write and print."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench token-errors", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--start", default="lab", help="the model whose body it has")
    parser.add_argument("--learned", type=Path, help="a checkpoint's folder `critic`: measured as it is")
    parser.add_argument("--updates", type=int, default=400)
    parser.add_argument("--pairs", type=int, default=32, help="of an update: a right and a wrong answer to one sum")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=0, help="0: all cores")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result file")
    options = parser.parse_args(arguments)
    set_threads(options.threads)
    engines = build(options.start, EngineSettings(device="cpu", num_threads=options.threads))
    settings = TokenRewardSettings.model_validate(
        {"optimizer": {"lr": options.rate, "warmup": min(20, options.updates - 1), "schedule": "linear"}}
    )
    learner = engines.critic(settings, None, total_updates=options.updates, world=World(), head_seed=options.seed)
    tokenizer, losses = engines.loaded.tokenizer, [0.0]
    if options.learned is not None:
        learner.load(options.learned)
    else:
        losses = train(learner, tokenizer, options.updates, options.pairs, options.seed)
    found = measure(learner, tokenizer)
    told = {key: str(value) for key, value in vars(options).items() if key != "out"}
    path = write_result("token_errors", {**told, "last_loss": mean(losses[-20:]), **found}, options.out)
    for name, value in found.items():
        print(f"{name:>24}: {value}")
    print(f"Written to {path}.")


def train(learner: NativeCritic, tokenizer: HFTokenizer, num_updates: int, num_pairs: int, seed: int) -> list[float]:
    """Updates on new pairs each; their losses."""
    rng, losses = Random(seed), []
    for update in range(1, num_updates + 1):
        written = [answer for _ in range(num_pairs) for answer in pair(rng, held_out=False)]
        batch = [sample_of(answer, str(place), tokenizer)[0] for place, answer in enumerate(written)]
        losses.append(learner.update(batch)["token_reward/loss"])
        if update % 50 == 0:
            print(f"update {update} of {num_updates}: loss {mean(losses[-50:]):.4f}", file=sys.stderr, flush=True)
    return losses


def measure(learner: NativeCritic, tokenizer: HFTokenizer) -> dict[str, object]:
    """AUC of the error with its interval over answers, and how often the outcome of held-out answers is told."""
    rng = Random(1)
    pairs = [pair(rng, held_out=True) for _ in range(NUM_HELD_OUT)]
    right = [sample_of(answer, f"{i}r", tokenizer) for i, (answer, _) in enumerate(pairs)]
    wrong = [sample_of(answer, f"{i}w", tokenizer) for i, (_, answer) in enumerate(pairs)]
    right_scores, wrong_scores = (learner.values([sample for sample, _ in side]) for side in (right, wrong))
    found: dict[str, object] = {}
    for kind in ("raw", "running_mean"):
        for among in ("all", "before"):
            for name, side, scores in (("error", wrong, wrong_scores), ("control", right, right_scores)):
                areas = marked_areas(side, scores, kind == "running_mean", among == "before")
                found[f"auc_{name}_{kind}_{among}"] = interval(bootstrap(areas, seed=0))
    means = [
        [float(scores_T[sample.action_mask_T].mean()) for scores_T, (sample, _) in zip(scores, side, strict=True)]
        for scores, side in ((right_scores, right), (wrong_scores, wrong))
    ]
    found["told_right"] = mean(value > 0 for value in means[0])
    found["told_wrong"] = mean(value < 0 for value in means[1])
    found["auc_outcome"] = ranking_auc(means[0] + means[1], [True] * len(means[0]) + [False] * len(means[1]))
    return found


def marked_areas(answers: Marked, scores: Sequence[Float32], running: bool, before: bool) -> list[float]:
    """For each answer, how its marked tokens rank by -w among all of its own, or among those `before` them and them."""
    areas = []
    for scores_T, (sample, marked_T) in zip(scores, answers, strict=True):
        own_N, marked_N = torch.from_numpy(scores_T[sample.action_mask_T]).double(), marked_T[sample.action_mask_T]
        end = int(np.flatnonzero(marked_N)[-1]) + 1 if before else len(marked_N)
        weights_N = -(running_mean(own_N) if running else own_N).numpy()
        area = ranking_auc(weights_N[:end], marked_N[:end])
        assert area is not None
        areas.append(area)
    return areas


if __name__ == "__main__":
    main()
