"""GRPO in one file: R1-Zero on the lab's puzzles, from a base model that mostly guesses to one that works things out.

    python examples/01_grpo_in_one_file.py [--rounds 5 --task lab:countdown --seed 1]

One round:

1. Sample: every problem is asked `group_size` times, in a frame that only says where thought and answer go.
2. Reward: 1 point for a right answer and 1 for the form `<think> … </think> <answer> … </answer>`. No learned judge.
3. Advantage: how much better a rollout is than the others of its group. Rewards 2, 1, 1, 0 have mean 1 and standard
   deviation 0.71, so the advantages are 1.41, 0, 0, -1.41. No value network.
4. Update: tokens of rollouts above the mean become likelier, those of rollouts below it less likely, within a clip.
5. Sync: the sampler gets the new weights.

Tasks, models and the sampler are imported; advantage, loss, update and loop are here. A test asserts that it gives the
numbers of the library's own loop in fp32. Evaluation, checkpoints and reports: `aha run lab-zero`.

Where it departs from DeepSeek-R1 (arXiv 2501.12948):

- no KL to a reference policy (the paper: k3, 0.001, a fresh reference every 400 updates);
- clip 0.2 (the paper: 10), one update a round on all rollouts (the paper: 16 on mini-batches of 512);
- the ratio is each token's (the paper writes that of the whole answer), over the probability that the sampler gave it;
- a group whose rewards are all equal has advantages 0 (the paper's formula divides by zero);
- 16 × 16 answers of at most 256 tokens and learning rate 2e-4, for a model of a few million weights (the paper:
  512 × 16 of 32,768, and 3e-6). Betas, gradient clip and warm-up are not stated there.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice, repeat
from statistics import fmean

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from aha.config.settings import EngineSettings
from aha.engines.native_sampler import NativeSampler
from aha.engines.sample import sample
from aha.lab.tasks import lab_task
from aha.models.decoder import Decoder
from aha.models.fallback import FallbackModel
from aha.models.layout import RowLayout
from aha.models.load import load_model
from aha.runtime.seeds import seed_of, shuffled
from aha.tasks.base import Task
from aha.text.answers import parse
from aha.text.chat import render
from aha.types import Completion, Problem, Request
from aha.verifiers import verify

STAGE = "zero"  # seeds are hashes of what they are for; the name of the recipe's stage is a part of that
MIN_STD = 1e-6  # rewards that differ less than this do not differ
Policy = Decoder | FallbackModel


@dataclass(frozen=True)
class Settings:
    """Names and values of the recipe lab-zero."""

    model: str = "lab"
    seed: int = 0
    rounds: int = 60
    num_problems: int = 16
    group_size: int = 16
    max_new_tokens: int = 256
    temperature: float = 1.0
    num_updates: int = 1
    clip: float = 0.2
    lr: float = 2e-4
    warmup: int = 5
    max_grad_norm: float = 1.0
    micro_batch_tokens: int = 16384
    device: str = "cpu"


@dataclass
class Rollout:
    """One answer to one problem."""

    token_ids: list[int]
    """Prompt and answer."""
    sampler_logprobs: list[float]
    """Of the answer's tokens alone, the end token included."""
    text: str
    accuracy: float
    format: float
    advantage: float = 0.0


def train(settings: Settings, task: Task, engine: EngineSettings) -> Iterator[tuple[dict[str, float], list[Rollout]]]:
    """The loop; gives each round's metrics, under the library's names, and its rollouts."""
    loaded = load_model(settings.model, "float32", settings.device)
    policy, tokenizer = loaded.model, loaded.tokenizer
    sampler = NativeSampler(copy.deepcopy(policy), tokenizer, engine, settings.device)
    optimizer = AdamW(policy.parameters(), betas=(0.9, 0.95), eps=1e-8, weight_decay=0.0)
    stream, num_done = problem_stream(task, settings.seed), 0

    for step in range(1, settings.rounds + 1):
        # 1. Sample.
        problems = list(islice(stream, settings.num_problems))
        requests = [
            Request(
                id=f"{step}/{p}/{g}",
                token_ids=render(problem.messages, "r1-zero", tokenizer),
                seed=seed_of(settings.seed, STAGE, step, problem.id, g),
                max_new_tokens=settings.max_new_tokens,
                temperature=settings.temperature,
                stop_token_ids=tokenizer.stop_token_ids,
            )
            for p, problem in enumerate(problems)
            for g in range(settings.group_size)
        ]
        completions = sample(sampler, requests)

        # 2. Reward.
        asked = [problem for problem in problems for _ in range(settings.group_size)]
        rollouts = [grade(*each) for each in zip(asked, requests, completions, strict=True)]
        rewards = torch.tensor([rollout.accuracy + rollout.format for rollout in rollouts], dtype=torch.float64)

        # 3. Advantage.
        advantages_PG = advantages(rewards.view(settings.num_problems, settings.group_size))
        for rollout, advantage in zip(rollouts, advantages_PG.flatten().tolist(), strict=True):
            rollout.advantage = advantage

        # 4. Update: the rollouts are dealt at random among the round's updates.
        order = shuffled(len(rollouts), seed_of(settings.seed, STAGE, step, "updates"))
        losses, norms = [], []
        for part in range(settings.num_updates):
            dealt = [rollouts[i] for i in order[part :: settings.num_updates]]
            optimizer.param_groups[0]["lr"] = settings.lr * min(1.0, (num_done + 1) / max(1, settings.warmup))
            loss, norm = update(policy, optimizer, dealt, settings)
            losses, norms, num_done = [*losses, loss], [*norms, norm], num_done + 1

        # 5. Sync.
        sampler.sync(((name, weight.detach()) for name, weight in policy.named_parameters()), num_done)
        metrics = {
            "loss": fmean(losses),
            "grad_norm": fmean(norms),
            "reward/mean": rewards.mean().item(),
            "accuracy": fmean(rollout.accuracy for rollout in rollouts),
            "format_rate": fmean(rollout.format for rollout in rollouts),
            "length/mean": fmean(len(rollout.sampler_logprobs) for rollout in rollouts),
        }
        yield metrics, rollouts


def problem_stream(task: Task, seed: int) -> Iterator[Problem]:
    """The task's problems, shuffled anew in each epoch, without end."""
    for epoch, problems in enumerate(repeat(task.problems())):
        for i in shuffled(len(problems), seed_of(seed, STAGE, task.name, epoch)):
            yield problems[i]


def grade(problem: Problem, request: Request, completion: Completion) -> Rollout:
    """Rules decide: the task's verifier about the answer, the tags about the form. A cut-off answer is wrong."""
    assert completion.logprobs_N is not None
    text, spec = completion.text, problem.verifier
    verdict = verify(spec.name, text, problem.reference, spec.arguments)
    return Rollout(
        token_ids=[*request.token_ids, *completion.token_ids_N.tolist()],
        sampler_logprobs=completion.logprobs_N.tolist(),
        text=text,
        accuracy=float(completion.finish != "length" and verdict["outcome"] == "correct"),
        format=float(parse(text).well_formed),
    )


def advantages(rewards_PG: Tensor) -> Tensor:
    """A_i = (r_i - mean(r)) / std(r) within each group (GRPO, arXiv 2402.03300, section 4.1.2). [P, G] to [P, G]."""
    std_P1, mean_P1 = torch.std_mean(rewards_PG, 1, correction=0, keepdim=True)  # [P, 1] each
    return torch.where(std_P1 < MIN_STD, 0.0, (rewards_PG - mean_P1) / std_P1)  # [P, G]


def update(policy: Policy, optimizer: AdamW, rollouts: list[Rollout], settings: Settings) -> tuple[float, float]:
    """One AdamW step over all rollouts, in micro-batches; returns the loss and the gradient norm before clipping."""
    for weight in policy.parameters():
        weight.grad = torch.zeros_like(weight)
    loss, taught = 0.0, [rollout for rollout in rollouts if rollout.advantage]  # the others have no gradient
    for part in micro_batches(taught, settings.micro_batch_tokens):
        share = grpo_loss(policy, part, len(rollouts), settings)
        share.backward()
        loss += share.item()
    norm = nn.utils.clip_grad_norm_(policy.parameters(), settings.max_grad_norm)
    optimizer.step()
    return loss, norm.item()


def micro_batches(rollouts: list[Rollout], token_budget: int) -> list[list[Rollout]]:
    """Longest first, cut where the next rollout would pass the budget."""
    parts: list[list[Rollout]] = []
    room = 0
    for rollout in sorted(rollouts, key=lambda rollout: -len(rollout.token_ids)):
        if not parts or len(rollout.token_ids) > room:
            parts.append([])
            room = token_budget
        parts[-1].append(rollout)
        room -= len(rollout.token_ids)
    return parts


def grpo_loss(policy: Policy, rollouts: list[Rollout], num_rollouts: int, settings: Settings) -> Tensor:
    """-1/B sum_i 1/|o_i| sum_t min(rho A, clip(rho, 1 - c, 1 + c) A) over these rollouts (arXiv 2402.03300, eq. 3).

    rho = pi(token) / pi_sampler(token); B = `num_rollouts` is that of the whole update. b rows lie one behind the other
    without padding: N tokens in all, M of them new.
    """
    device = settings.device
    lengths, num_new = [len(r.token_ids) for r in rollouts], [len(r.sampler_logprobs) for r in rollouts]
    is_new = [i >= length - new for length, new in zip(lengths, num_new, strict=True) for i in range(length)]
    new_M = torch.tensor(is_new, device=device).nonzero().squeeze(1)  # [M], places of the new tokens among the N
    token_ids_N = torch.tensor([token for r in rollouts for token in r.token_ids], device=device)  # [N]
    sampler_M = torch.tensor([logprob for r in rollouts for logprob in r.sampler_logprobs], device=device)  # [M]
    num_new_b = torch.tensor(num_new, device=device)  # [b]
    advantages_b = torch.tensor([r.advantage for r in rollouts], device=device)  # [b]

    hidden_ND = policy(token_ids_N, RowLayout(lengths, device))  # [N, D]
    logits_MV = policy.head(hidden_ND[new_M - 1]) / settings.temperature  # [M, V], each token predicted one before it
    logprobs_M = logits_MV.log_softmax(1).gather(1, token_ids_N[new_M, None]).squeeze(1)  # [M]

    ratio_M = torch.exp(logprobs_M - sampler_M)  # [M]
    advantages_M = advantages_b.repeat_interleave(num_new_b)  # [M]
    clipped_M = ratio_M.clamp(1 - settings.clip, 1 + settings.clip)  # [M]
    objective_M = torch.minimum(ratio_M * advantages_M, clipped_M * advantages_M)  # [M]
    weights_M = (1 / (num_new_b * num_rollouts)).repeat_interleave(num_new_b)  # [M]
    return -(weights_M * objective_M).sum()  # scalar


def main(arguments: list[str]) -> None:
    """Train, a line a round; with the best of its answers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="lab:mixed")
    for name, default in asdict(Settings()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    given = vars(parser.parse_args(arguments))
    task = lab_task(given.pop("task"))
    start = time.monotonic()
    for step, (metrics, rollouts) in enumerate(train(Settings(**given), task, EngineSettings(dtype="float32")), 1):
        line = "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())
        best = max(rollouts, key=lambda rollout: rollout.accuracy + rollout.format)
        print(f"round {step}  {line}  seconds {time.monotonic() - start:.0f}\n    {best.text!r}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
