"""What a recipe may say: one class a block, one line a key. Never imports torch.

Keys marked `execution` change how a stage runs, not what it computes; they stay out of a stage's key.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from aha.config.algorithm import AlgorithmSettings
from aha.config.block import (
    Artifact,
    Block,
    Count,
    Device,
    Fraction,
    NonNegative,
    PositiveCount,
    TemplateName,
    execution,
    reads,
)
from aha.config.learners import CriticSettings, OptimizerSettings, TokenRewardSettings
from aha.config.lora import LoRASettings


class DataSettings(Block):
    """Where problems come from."""

    tasks: list[str | dict[str, Any]] = reads("tasks")
    """Task names (`lab:arithmetic`, `gym:chain_sum`, `file:problems.jsonl`, `module.py:function`) or
    `{name, weight, after, ...arguments}`; `after`: the share of a stage's updates before which it is left out."""
    template: TemplateName | None = None
    """How messages become text. None: the model's chat template where it has one, else r1-zero."""
    verify_gold: Count = execution(64)
    """How many gold answers each task must grade as correct before the run starts (0: none)."""
    shuffle: bool = True
    curriculum: Literal["fixed", "prioritised"] = "fixed"
    """Which problems of a task are drawn: each once an epoch, or at random in proportion to 1 - their success rate."""
    hard_after: Annotated[float, Field(ge=0, lt=1)] | None = None
    """The share of a stage's updates after which only hard problems are drawn; None: never."""
    hard_frac: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Hard: the most difficult share of each task's problems, by their `difficulty`."""


class SamplingSettings(Block):
    """How completions are drawn."""

    num_problems: PositiveCount = 16
    """Problems a round."""
    group_size: PositiveCount = 16
    temperature: Annotated[float, Field(ge=0)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_new_tokens: PositiveCount = 256
    length_stages: list[tuple[Count, PositiveCount]] = []
    """`[[update, max_new_tokens], …]`: from that update on, that limit (the paper's 32,768 → 65,536)."""
    segment_tokens: PositiveCount | None = None
    """Partial rollouts: the most new tokens of a completion in one round. What is unfinished goes on in the next round,
    in the place of a new problem; of a completion the tokens of its last round are trained. None: no cut."""
    cut_repeats: Annotated[int, Field(ge=2)] | None = None
    """With `segment_tokens`: an unfinished completion does not go on that ends with one block of tokens, so many times
    in a row or more, over half a segment or more; it counts as truncated. None: it goes on."""


class RewardSettings(Block):
    """One named grader and its weight: built in (`accuracy`, `format`, …), `path.py:function`, or a reward model."""

    name: str
    weight: float = 1.0
    arguments: dict[str, Any] = {}
    model: str | None = reads("scorer", None)
    """A reward model (`stage/NAME` or a folder) that gives the points; `name` is then free."""
    sees: Literal["summary", "response"] = "response"
    """What a reward model is shown: what follows the thought, or everything."""
    on: list[str] = []
    """Domains or task names (or names of lists under `tasks`) whose problems it grades; empty: all."""
    after: Fraction = 0.0
    """The share of the stage's updates before which it weighs nothing."""


class EngineSettings(Block):
    """Who executes, and in what precision."""

    device: Device = execution("auto")
    dtype: Literal["bfloat16", "float32", "float64"] = "bfloat16"
    micro_batch_tokens: PositiveCount = 16384
    cache_tokens: PositiveCount | None = execution(None, "Token budget of the key-value cache; None: from free memory.")
    max_rows: PositiveCount = 256
    gradient_checkpointing: bool = False
    compile: bool | Literal["auto"] = "auto"
    """Sample on CPU through aha's own C++ (built once by g++ or clang++; several times faster than torch): auto where
    there is a compiler, true demands one, false stays in torch. The learner, and every GPU, is torch either way."""
    num_threads: Count = 0
    """0: all cores."""
    verifier_workers: Count = execution(0, "0: one a core.")
    verifier_seconds: Annotated[float, Field(gt=0)] = 10.0
    """CPU seconds a verdict or custom reward may take."""
    max_logprob_gap: Annotated[float, Field(gt=0)] = execution(0.1)
    """The run stops when sampler and learner differ by more than this on average."""


class EvaluateSettings(Block):
    """A fixed held-out set, scored at the start, every n rounds and at the end."""

    on: list[str] = reads("benchmarks", [])
    """Benchmarks or tasks, e.g. `lab:heldout`; empty: no evaluation."""
    every: Count = 0
    """Rounds between evaluations; 0: start and end only."""
    k: PositiveCount = 4
    num_problems: PositiveCount | None = None
    temperature: NonNegative = 0.6
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    max_new_tokens: PositiveCount | None = None
    """None: the stage's limit."""
    final_on: list[str] = reads("benchmarks", [])
    """Benchmarks for the stage's model when training has ended (evaluation-NAME.json); empty: those of `on`."""
    final_k: PositiveCount = 16


class KeepSettings(Block):
    """Which checkpoints stay."""

    last: PositiveCount = execution(2)
    best: bool = False
    """The stage's model is the checkpoint with the best held-out pass@1 instead of the last."""


class StopSettings(Block):
    """When to stop early."""

    patience: Count = 0
    """Evaluations in a row that gained less than `min_gain` over the best before them, after which the stage ends; 0:
    never."""
    min_gain: NonNegative = 0.0
    """Held-out pass@1 (0 to 1) that counts as a gain; 0: any new best."""


class MonitorSettings(Block):
    """Compares what a reward model says (the proxy) with a held-out truth, each time that is scored."""

    reward: str | None = None
    """Name of the reward whose mean is the proxy; None: no monitor."""
    truth: str | None = None
    """The benchmark of `evaluate.on` whose pass@1 is the truth."""
    drop: Fraction = 0.05
    """Over-optimised: the truth lies this far, and beyond its interval, under its best while the proxy is above what it
    was there."""
    action: Literal["warn", "stop"] = "stop"


class LoggingSettings(Block):
    """What is written, and who is told. All of it execution."""

    rollouts: Literal["all", "groups", "text", "none"] = execution("all")
    """Every rollout; the first `rollout_groups` groups; every rollout without tokens; none."""
    rollout_groups: PositiveCount = execution(4)
    track: list[Literal["wandb", "tensorboard", "trackio"]] = execution([])
    checkpoint_every: PositiveCount = execution(10)
    """Rounds between checkpoints."""


class RLStage(Block):
    """Reinforcement learning with verifiable rewards."""

    kind: Literal["rl"]
    makes: ClassVar[Artifact] = "model"
    model: str = reads("model")
    data: DataSettings
    rounds: PositiveCount
    max_trained_tokens: PositiveCount | None = None
    """The stage ends with the update that brings the tokens which the loss covered to so many, if its rounds last so
    long; a learning rate that falls then falls with their share."""
    preset: str | None = execution(None)
    """Name of a point in the space of objectives; keys under `algorithm` override it. The keys count, not the name."""
    rewards: list[RewardSettings] = [RewardSettings(name="accuracy"), RewardSettings(name="format")]
    sampling: SamplingSettings = SamplingSettings()
    algorithm: AlgorithmSettings = AlgorithmSettings()
    critic: CriticSettings | None = None
    """For `algorithm.baseline: critic`; `{}` is one with all defaults."""
    token_reward: TokenRewardSettings | None = None
    """For `algorithm.weights.tokens: learned`; `{}` is one with all defaults."""
    lora: LoRASettings | None = None
    """Train low-rank adapters alone; the KL's reference is then the model without them."""
    optimizer: OptimizerSettings = OptimizerSettings()
    engine: EngineSettings = EngineSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    keep: KeepSettings = KeepSettings()
    stop: StopSettings = StopSettings()
    monitor: MonitorSettings = MonitorSettings()
    logging: LoggingSettings = LoggingSettings()

    @property
    def second(self) -> CriticSettings | TokenRewardSettings | None:
        """The learner beside the policy."""
        return self.critic if self.critic is not None else self.token_reward

    @property
    def rounds_alone(self) -> int:
        """Rounds at the start in which the policy does not learn."""
        return self.token_reward.alone if self.token_reward is not None else 0

    @property
    def total_updates(self) -> int:
        """The policy's optimizer steps, if nothing ends the stage before."""
        return (self.rounds - self.rounds_alone) * self.algorithm.num_updates


class EvaluateStage(Block):
    """Score a model on benchmarks."""

    kind: Literal["evaluate"]
    makes: ClassVar[Artifact] = "evaluation"
    model: str = reads("model")
    on: list[str] = reads("benchmarks")
    k: PositiveCount = 16
    num_problems: PositiveCount | None = None
    """None: all of them."""
    temperature: NonNegative = 0.6
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    max_new_tokens: PositiveCount = 256
    template: TemplateName | None = None
    rewards: list[RewardSettings] = [RewardSettings(name="accuracy"), RewardSettings(name="format")]
    engine: EngineSettings = EngineSettings()


class ModelShape(Block):
    """Architecture and size of a model made from nothing."""

    family: Literal["qwen2", "llama"] = "qwen2"
    layers: PositiveCount = 6
    width: PositiveCount = 192
    heads: PositiveCount = 6
    kv_heads: PositiveCount = 2
    mlp_width: PositiveCount = 512
    vocab_size: PositiveCount = 1024
    max_positions: PositiveCount = 1024


class PretrainStage(Block):
    """Next-token training on the lab's corpus."""

    kind: Literal["pretrain"]
    makes: ClassVar[Artifact] = "model"
    shape: ModelShape = ModelShape()
    tokens: PositiveCount
    """Tokens to train on."""
    row_tokens: PositiveCount = 1024
    """Documents are rows of their own, cut at this length."""
    batch_tokens: PositiveCount = 8192
    optimizer: OptimizerSettings = OptimizerSettings(
        lr=3e-3, schedule="linear", end_frac=0.02, warmup=100, weight_decay=0.1
    )
    engine: EngineSettings = EngineSettings()
    logging: LoggingSettings = LoggingSettings()


class DatasetSettings(Block):
    """A data set that a stage learns from: `stage/NAME`, or `file:PATH` (JSONL or Parquet)."""

    name: str
    weight: Annotated[float, Field(gt=0)] = 1.0
    """How often an epoch sees each row: 2 is twice; 0.5 is half of the rows, another half each epoch."""


def _named(value: Any) -> Any:
    """A bare name is a data set of weight 1."""
    return {"name": value} if isinstance(value, str) else value


Datasets = Annotated[list[Annotated[DatasetSettings, BeforeValidator(_named)]], Field(min_length=1)]
