"""What the papers let expect of the lab recipes, recipe by recipe: the acceptance tests of their sheets and what the
recipes' own comments promise."""

from __future__ import annotations

from itertools import pairwise

from benchmarks.measuring.expectations import Check


def held_out(family: str, size: int = 100) -> str:
    """The benchmark of a family's held-out problems."""
    return f"lab:{family}?split=heldout&size={size}"


SCORE, TOKENS = "pass@1 on heldout", "tokens on heldout"
PUZZLES = f"pass@1 on {held_out('knights')}"
FOUR_PEOPLE = "pass@1 on ood-people"
CARRIED_OVER = {
    name: f"pass@1 on {held_out(family)}"
    for name, family in (("sums", "arithmetic"), ("countdown", "countdown"), ("lists", "lists"))
}
CHANCE = 1 / 2**4
"""Four people, each a knight or a knave."""
LIKED = "pass@1 on preference"
VARIANCE = "end of value/explained_variance"
SUMS = held_out("arithmetic", 200)
EXACTLY, AT_MOST = (16, 32, 64), (32, 48, 64)

L1 = (
    Check("exact", "used tokens follow the target", "length_correlation", "at least", threshold=0.8),
    Check("exact", "they follow it better than after fine-tuning", "length_correlation", "above", "told"),
    Check("exact", "the mean error is a fifth at most", "length_error", "at most", threshold=0.2),
    *(Check("exact", f"so it is at {asked}", f"length_error_{asked}", "at most", threshold=0.2) for asked in EXACTLY),
    Check("max", "5 % are a tenth over budget at most", "over_budget", "at most", threshold=0.05),
    *(Check("max", f"so it is at {asked}", f"over_budget_{asked}", "at most", threshold=0.05) for asked in AT_MOST),
)

CONCISE = (
    Check("unsolvable", "wrong answers grow", "growth of wrong_tokens", "above"),
    Check("unpunished", "wrong answers do not grow without points below 0", "growth of wrong_tokens", "at most"),
    Check("unsolvable", "wrong answers grow more", "growth of wrong_tokens", "above", "unpunished"),
    Check("concise", "answers are shorter by 30 %", f"tokens on {SUMS}", "at most", "checking", -0.3, relative=True),
    Check("concise", "so are those to its own problems", "change of length/mean", "at most", threshold=-0.3),
    Check("concise", "the score is equal", f"pass@1 on {SUMS}", "equal", "checking"),
    Check("lambda1", "lambda 1 shortens by less", f"tokens on {SUMS}", "above", "concise", relative=True),
)

RLHF = (
    Check("helpful", "held-out pairs are judged right", "held_out_accuracy", "at least", threshold=0.9),
    Check("ppo", "more answers are liked", LIKED, "above", "sft"),
    Check("grpo", "no fewer answers are liked", LIKED, "at least", "ppo"),
    Check("ppo", "it stays near the fine-tuned model", "end of kl/reference", "below", threshold=0.2),
    Check("drift", "without the KL it goes further from the fine-tuned model", "end of kl/reference", "above", "ppo"),
    Check("ppo", "the critic explains variance", VARIANCE, "above"),
    Check("grpo", "half the parameters are trained", "trained_parameters", "at most", "ppo", -0.4, relative=True),
)

LOGIC_RL = (
    Check("logic", "30 points more on held-out puzzles", PUZZLES, "at least", "base", 0.3),
    Check("logic", "four people are solved above chance", FOUR_PEOPLE, "above", threshold=CHANCE),
    Check("logic", "four people are solved above the base", FOUR_PEOPLE, "above", "base"),
    *(Check("logic", f"it carries over to {name}", measure, "above", "base") for name, measure in CARRIED_OVER.items()),
    Check("arithmetic", "sums carry over to puzzles", PUZZLES, "above", "base"),
    *(
        Check("logic", f"puzzles carry over to {name} as sums do", measure, "at least", "arithmetic")
        for name, measure in CARRIED_OVER.items()
        if name != "sums"
    ),
    Check("logic", "less is known by heart, another statement", "limem_statement", "below", "imitated"),
    Check("logic", "less is known by heart, another order", "limem_reorder", "below", "imitated"),
)

KIMI = tuple(
    check
    for name, of in (("arithmetic", held_out("arithmetic")), ("story", held_out("story")))
    for check in (
        Check("kimi", f"answers to {name} fall by a quarter", f"tokens on {of}", "at most", "warmup", -0.25, True),
        Check("kimi", "they are shorter by the length reward", f"tokens on {of}", "below", "any-length", relative=True),
        Check("kimi", f"the score on {name} is equal", f"pass@1 on {of}", "equal", "any-length"),
    )
)

SHORTER = ("merged-score", "sft", "dpo", "rl")
LONG2SHORT = (
    *(Check(way, "answers are shorter", f"tokens on {SUMS}", "below", "long", relative=True) for way in SHORTER),
    *(Check(way, "the score does not fall", f"pass@1 on {SUMS}", "at least", "long") for way in SHORTER),
    *(
        Check("rl", "a token brings more", f"points_a_token on {SUMS}", "above", way, relative=True)
        for way in ("long", *SHORTER[:-1])
    ),
)

LIMITS = tuple(
    check
    for longer, other in (("middle", "short"), ("long", "middle"))
    for check in (
        Check(longer, "twice the limit, a higher score", SCORE, "above", other),
        Check(longer, "twice the limit, longer answers", TOKENS, "above", other),
        Check(longer, "twice the limit, fewer are cut off in training", "end of truncated_frac", "below", other),
    )
)

KEPT, PEAK = "fall from the peak of eval/heldout/pass@1", "peak of eval/heldout/pass@1"
OPEN_RS = (
    Check("mixed", "shorter early with easy ones among them", "early of length/mean", "below", "hard"),
    Check("cosine", "lengths vary less", "end of length/std", "below", "mixed"),
    *(
        Check(stage, "the best checkpoint beats the last on the problems that chose it", KEPT, "above")
        for stage in ("hard", "mixed", "cosine")
    ),
    Check("mixed", "the peak is at least as high", PEAK, "at least", "hard"),
    Check("cosine", "the peak is at least as high", PEAK, "at least", "mixed"),
    Check("cosine", "the score is at least as high", SCORE, "at least", "mixed"),
)

ORZ = (
    Check("orz", "lambda 1 is at least as good as 0.95", SCORE, "at least", "gae95"),
    Check("orz", "accuracy is steadier in its spread", "late spread of accuracy", "below", "gae95"),
    Check("orz", "accuracy is steadier from round to round", "late jitter of accuracy", "below", "gae95"),
    Check("orz", "the critic explains variance", VARIANCE, "above"),
    Check("orz", "at least as good without a KL", SCORE, "at least", "kl"),
)

DR_GRPO = (
    Check("zero", "wrong answers grow less", "growth of wrong_tokens", "below", "grpo"),
    Check("zero", "the score is equal", SCORE, "equal", "grpo"),
)

LORA = (
    Check("lora", "the score is equal", SCORE, "equal", "full"),
    Check("lora", "a tenth of the parameters at most is trained", "trained_parameters", "at most", "full", -0.9, True),
)

LADDER = ("start", "reinforce", "reshaped", "cloned", "oreal")
OREAL = tuple(
    Check(step, "the score is at least as high", SCORE, "at least", before) for before, step in pairwise(LADDER)
)

CHECKS: dict[str, tuple[Check, ...]] = {
    "lab-l1": L1,
    "lab-concise": CONCISE,
    "lab-rlhf": RLHF,
    "lab-logic-rl": LOGIC_RL,
    "lab-kimi": KIMI,
    "lab-long2short": LONG2SHORT,
    "lab-limits": LIMITS,
    "lab-open-rs": OPEN_RS,
    "lab-orz": ORZ,
    "lab-dr-grpo": DR_GRPO,
    "lab-oreal": OREAL,
    "lab-lora": LORA,
}
"""By recipe, in the order in which they run. A check's row and control are stages."""
