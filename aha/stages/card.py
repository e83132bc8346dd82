"""The model card: what a model folder was made from, how, how well it does, and how to use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aha.config.model_stages import SFTStage
from aha.config.settings import PretrainStage, RLStage
from aha.models.lora import ADAPTER
from aha.stages.graph import Node
from aha.types import Evaluation, Json

Rows = Sequence[tuple[str, object]]
OBJECTIVES = {
    "imitation": "cross-entropy, mean over the answers' tokens of an update",
    "preference": "direct preference optimization, β {beta:g}, mean over the pairs of an update",
}


def model_card(
    node: Node,
    stage: RLStage,
    facts: Mapping[str, Json],
    evaluations: Mapping[str, Evaluation],
    template: str,
) -> str:
    """README.md of the folder that a stage of reinforcement learning leaves. `template`: in which it learned."""
    tasks = ", ".join(entry if isinstance(entry, str) else str(entry.get("name")) for entry in stage.data.tasks)
    algorithm = stage.algorithm
    settings: Rows = [
        ("rewards", ", ".join(f"{reward.name} × {reward.weight:g}" for reward in stage.rewards)),
        ("rounds", f"{facts['rounds']} (the model is from round {facts['model_round']})"),
        ("updates", f"{facts['updates']}"),
        ("tokens", f"{facts['sampled_tokens']:,} sampled, {facts['trained_tokens']:,} trained on"),
        ("a round", f"{stage.sampling.num_problems} problems × {stage.sampling.group_size} completions"),
        ("length limit", f"{stage.sampling.max_new_tokens} new tokens"),
        ("advantage", f"baseline {algorithm.baseline}, scale {algorithm.scale}"),
        ("objective", f"{algorithm.objective}, {algorithm.ratio} ratio, {algorithm.aggregate}"),
        ("KL", f"{algorithm.kl.estimator} in the {algorithm.kl.place}, coefficient {algorithm.kl.coef:g}"
         if algorithm.kl.place != "none" else "none"),
        ("learning rate", f"{stage.optimizer.lr:g}, {stage.optimizer.schedule}"),
        *lora_rows(stage, facts),
        ("seed", node.inputs["seed"]),
    ]  # fmt: skip
    return card(
        node,
        "reinforcement learning with verifiable rewards",
        ["reasoning", "reinforcement-learning", "aha"],
        [f"Problems: {tasks}."],
        settings,
        evaluations,
        template,
    )


def sft_card(
    node: Node,
    stage: SFTStage,
    facts: Mapping[str, Json],
    counts: Sequence[Mapping[str, int]],
    evaluations: Mapping[str, Evaluation],
    template: str,
) -> str:
    """README.md of the folder that a fine-tuning stage leaves. `counts`: rows kept and left out, by data set;
    `template`: in which it learned."""
    optimizer = stage.optimizer
    end = "" if optimizer.schedule == "constant" else f" to {optimizer.lr * optimizer.end_frac:g}"
    data = ["| data | weight | rows | left out | SHA-256 |", "|---|---|---|---|---|"]
    for number, (entry, found) in enumerate(zip(stage.data, counts, strict=True)):
        left_out = ", ".join(f"{reason} {count:,}" for reason, count in found.items() if reason != "kept") or "–"
        hashed = node.inputs.get(f"data.{number}", "?")[:12]
        data.append(f"| {entry.name} | {entry.weight:g} | {found['kept']:,} | {left_out} | {hashed} |")
    settings: Rows = [
        ("epochs", f"{facts['epochs']:g}"),
        ("updates", f"{facts['updates']} (the model is from update {facts['model_update']})"),
        ("rows an update", stage.batch_size),
        ("longest row", f"{stage.max_tokens:,} tokens"),
        ("tokens", f"{facts['tokens']:,}, of which {facts['trained_tokens']:,} are the answers and are trained"),
        ("objective", OBJECTIVES[stage.term].format(beta=stage.beta)),
        ("learning rate", f"{optimizer.lr:g}{end}, {optimizer.schedule}, warm-up {optimizer.warmup} updates"),
        ("weight decay", f"{optimizer.weight_decay:g}"),
        *lora_rows(stage, facts),
        ("precision", f"{stage.engine.dtype} over fp32 masters"),
        ("seed", node.inputs["seed"]),
    ]
    return card(
        node,
        "supervised fine-tuning on written answers" if stage.term == "imitation" else "preferences between answers",
        ["reasoning", "sft", "aha"],
        data,
        settings,
        evaluations,
        template,
    )


def lora_rows(stage: RLStage | SFTStage, facts: Mapping[str, Json]) -> Rows:
    """What of the model learned, where that was adapters alone."""
    lora = stage.lora
    if lora is None:
        return []
    numbers = f"rank {lora.rank}, alpha {lora.alpha:g} on {', '.join(lora.layers)}"
    where = f"merged into the weights, and apart in `{ADAPTER}/` (PEFT)"
    return [("LoRA", f"{numbers}: {facts['trained_parameters']:,} parameters trained; {where}")]


def pretrain_card(node: Node, stage: PretrainStage) -> str:
    """README.md of the folder that a pretraining stage leaves."""
    shape, optimizer = stage.shape, stage.optimizer
    settings: Rows = [
        ("shape", f"{shape.family}, {shape.layers} layers of width {shape.width}, {shape.vocab_size:,} tokens in all"),
        ("tokens", f"{stage.tokens:,}, {stage.batch_tokens:,} an update"),
        ("learning rate", f"{optimizer.lr:g}, {optimizer.schedule}, warm-up {optimizer.warmup} updates"),
        ("seed", node.inputs["seed"]),
    ]
    data = ["The lab's corpus, which the package makes from the seed."]
    return card(node, "next-token prediction", ["base-model", "aha"], data, settings, {}, None)


def merge_card(node: Node, template: str) -> str:
    """README.md of the folder that a merge leaves. `template`: in which its first model is asked."""
    settings: Rows = [("weights", f"the plain average with {_read(node, 'other')}")]
    return card(node, "averaging weights, starting", ["merge", "aha"], ["None."], settings, {}, template)


def card(
    node: Node,
    how: str,
    tags: Sequence[str],
    data: Sequence[str],
    settings: Rows,
    evaluations: Mapping[str, Evaluation],
    template: str | None,
) -> str:
    """The card of any training stage, with the metadata block that model hubs read. `data`: lines of Markdown;
    `template`: in which it learned, None where it has seen no prompts."""
    start = _read(node, "model") if "model" in node.sources else "random weights"
    lines = [
        "---",
        "library_name: transformers",
        "pipeline_tag: text-generation",
        f"tags: [{', '.join(tags)}]",
        "---",
        f"# {node.name}",
        "",
        f"Trained with `aha` by {how} from {start}.",
        "",
        "## Data",
        "",
        *data,
        "",
        "## Settings",
        "",
        "| setting | value |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in settings),
        "",
        "## Scores",
        "",
        *score_lines(evaluations),
        "",
        "## Use",
        "",
        *use_lines(template),
        "",
    ]
    return "\n".join(lines)


def _read(node: Node, key: str) -> str:
    """A model that was read: its stage, or what stands behind its name, and its weights."""
    source = node.sources[key]
    name = node.places[key] if source.source is None else source.name
    return f"`{name}` (weights {node.inputs.get(key, '?')[:12]})"


FORMS = {
    "chat": [
        "The chat template opens `<think>`: the thought",
        "comes first, `</think>` ends it, the summary follows. Earlier thoughts are no part of a conversation.",
    ],
    "r1-zero": [
        "The chat template is the frame that it",
        "learned in: the model writes `<think> … </think> <answer> … </answer>`, the opening tag included.",
    ],
}


def use_lines(template: str | None) -> list[str]:
    """How to ask a model, by the template in which it learned."""
    if template not in FORMS:
        return without_template(template)
    form, *more = FORMS[template]
    return [
        "Ask zero-shot: examples in the prompt make such models worse. Say in the question which form the answer shall",
        "have, for instance that the final result stands in `\\boxed{}`. Sample at temperature 0.6 and top-p 0.95 (the",
        f"folder's generation settings); greedy decoding repeats itself. {form}",
        *more,
        "",
        "```python",
        *LOADING,
        'messages = [{"role": "user", "content": "What is 2 + 3 * 4? Put the final result in \\\\boxed{}."}]',
        "prompt = tokenizer.apply_chat_template(",
        '    messages, add_generation_prompt=True, return_tensors="pt", return_dict=True',
        ")",
        "output = model.generate(**prompt, max_new_tokens=32768)",
        'print(tokenizer.decode(output[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True))',
        "```",
    ]


LOADING = (
    "from transformers import AutoModelForCausalLM, AutoTokenizer",
    "",
    'model = AutoModelForCausalLM.from_pretrained("path/to/this/folder")',
    'tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")',
)


def without_template(template: str | None) -> list[str]:
    """How to ask a model whose folder has no chat template of its own."""
    form = (
        f"The prompt must have the form that it was trained with (`{template}`)" if template else "It continues texts"
    )
    return [
        f"{form}; `aha eval` takes care of that. Ask zero-shot, at temperature 0.6 and top-p 0.95.",
        "",
        "```python",
        *LOADING,
        "```",
    ]


def score_lines(evaluations: Mapping[str, Evaluation]) -> list[str]:
    """A table of scores with 95 % intervals over problems, in percent; no scores where no rule decides."""
    if not evaluations:
        return ["None were asked for."]
    lines = [
        "| benchmark | problems | k | pass@1 | pass@k | cons@k | format | mean tokens |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, found in evaluations.items():
        cells = [
            "–" if i is None else f"{100 * i.value:.1f} ({100 * i.low:.1f} – {100 * i.high:.1f})"
            for i in map(found.scores.get, ("pass@1", "pass@k", "cons@k"))
        ]
        numbers = f"{100 * found.format_rate:.1f} | {found.mean_tokens:.0f}"
        lines.append(f"| {name} | {found.num_problems} | {found.k} | {' | '.join(cells)} | {numbers} |")
    return [*lines, "", "Percent, with 95 % bootstrap intervals over problems."]
