"""The records that travel between the parts of aha, and the protocols that engines implement.

Arrays are numpy; tensors begin at `rollouts/pack.py`. Shape letters: P problems, G group members, B rows, T tokens
(prompt and completion together), N new tokens (completion only), V vocabulary. Masks are true where the element counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

Int32 = npt.NDArray[np.int32]
Float32 = npt.NDArray[np.float32]
Bool = npt.NDArray[np.bool_]

Json = Any
"""A value that JSON can hold."""
Message = dict[str, str]
"""One chat turn: `role` (system, user, assistant, tool) and `content`."""
Finish = Literal["stop", "length", "repeats", "tool", "aborted"]
CUT_OFF: tuple[Finish, ...] = ("length", "repeats")
"""How an answer ends that did not end by itself: at its limit, or in a loop (rollouts.partial)."""
Outcome = Literal["correct", "wrong", "undecided"]
Term = Literal["policy", "imitation", "preference", "value"]
Sees = Literal["summary", "response"]
"""What of a response a reward model is shown: what follows the thought, or everything."""
NO_VERIFIER, JUDGE, NO_RULE = "none", "judge", "no_rule"
"""Verifiers where no rule decides: nobody does, or a model (rejection sampling alone); the first one's reason."""


@dataclass(slots=True, frozen=True)
class VerifierSpec:
    """Which verifier decides, and its arguments (JSON values, e.g. `{"lenient": true}`)."""

    name: str
    arguments: Mapping[str, Json] = field(default_factory=dict)


@dataclass(slots=True, frozen=True)
class Problem:
    """What is asked, and how an answer to it is checked."""

    id: str
    """Unique inside its source; the hash of seeds and of held-out splits."""
    source: str
    """Task name or file it came from, e.g. `lab:arithmetic`."""
    messages: Sequence[Message]
    """The conversation up to the answer; a plain prompt is one user message."""
    reference: Json
    """Gold answer in the form that the verifier expects."""
    verifier: VerifierSpec
    domain: str = "math"
    """math, code, stem, logic, general or qa."""
    language: str = "en"
    """ISO 639-1 code of the question."""
    difficulty: float = 0.0
    """0 (easy) upwards; the unit is the task's own (steps, people, digits)."""
    max_new_tokens: int | None = None
    """Overrides the stage's limit for this problem."""
    metadata: Mapping[str, Json] = field(default_factory=dict)
    """Everything else in the row; handed to custom rewards as columns."""

    @property
    def has_rule(self) -> bool:
        """Whether a verifier can decide about an answer; `none` and `judge` are for problems that only models grade."""
        return self.verifier.name not in (NO_VERIFIER, JUDGE)


@dataclass(slots=True, frozen=True)
class Request:
    """One completion to sample. Prefixes are token ids, never text."""

    id: str
    """Chosen by the caller, unique among the requests in flight."""
    token_ids: Sequence[int]
    """The prompt. Requests that share the same tuple object or equal tuples share one prefill."""
    seed: int
    """64-bit; the tokens drawn depend on it and on the distribution alone."""
    max_new_tokens: int
    temperature: float = 1.0
    """0 is greedy."""
    top_p: float = 1.0
    stop_token_ids: tuple[int, ...] = ()
    """Sampling one of these ends the completion; it is kept as its last token."""
    num_drawn: int = 0
    """How many of `token_ids`, at their end, were drawn for the same seed before: the draws go on after them."""


@dataclass(slots=True, frozen=True)
class Segment:
    """A run of tokens [start, end) of a completion, who wrote it, and under which policy version."""

    author: Literal["model", "tool"]
    start: int
    end: int
    policy_version: int


@dataclass(slots=True)
class Completion:
    """Tokens that a model sampled for a request."""

    request_id: str
    token_ids_N: Int32
    """New tokens only, the end token included where one was sampled."""
    logprobs_N: Float32 | None
    """Natural-log probability of each new token at the request's temperature, before top-p truncation; None: an API."""
    finish: Finish
    segments: list[Segment]
    text: str
    """Decoded new tokens without the end token."""


@dataclass(slots=True, frozen=True)
class Verdict:
    """A verifier's decision. What the answer itself causes is `wrong`; `undecided` is only our failure."""

    outcome: Outcome
    extracted: str | None
    """The answer that was compared, as text; None where there was none."""
    reason: str
    """`match`, `mismatch`, `no_answer`, `unparsable`, `over_limits`, `several_answers`, `truncated`; undecided `crash`,
    `timeout`, `lost_worker`, `bad_reference`, `unclear` (mathematics), `no_rule`. Programs: `not_compiled`,
    `over_time`, `over_memory`, `over_output`, `crashed`, `no_result`; undecided `no_tests`, `not_installed`,
    `no_sandbox`, `no_memory`, `checker_failed`. By a model: `judged`; undecided `no_reply`, `unreadable`."""
    seconds: float = 0.0
    detail: str = ""
    """More for people: which test failed and how, the sandbox's level, what to install. Never counted or compared."""
    share: float | None = None
    """Of the tests that passed; None where there are none, or some were left out after a failure."""

    @property
    def failed(self) -> bool:
        """Undecided through our failure; a problem that no rule decides is none."""
        return self.outcome == "undecided" and self.reason != NO_RULE


@dataclass(slots=True)
class Rollout:
    """Completion, verdict and rewards of one sample of one problem."""

    id: str
    group_id: str
    problem: Problem
    prompt_ids: Sequence[int]
    completion: Completion
    verdict: Verdict
    rewards: dict[str, float | None]
    """Points by reward name before weighting; None: left out of that reward."""
    reward: float
    """Weighted sum of the points that exist."""
    step_rewards: list[tuple[int, str, float]] = field(default_factory=list)
    """(token index, name, points) for process rewards."""
    measures: dict[str, float | str] = field(default_factory=dict)
    """Per-rollout facts for the report: format, repetition, language share, reflection counts by kind."""


@dataclass(slots=True)
class Group:
    """The rollouts of one problem in one round."""

    id: str
    rollouts: list[Rollout]


@dataclass(slots=True)
class Sample:
    """A rollout (or a written text) as the learner sees it. All arrays cover prompt and completion, length T; entry t
    of one belongs to token t given tokens < t, and entry 0 is never trained."""

    rollout_id: str
    token_ids_T: Int32
    action_mask_T: Bool
    """The model's own choice; the end token is one."""
    loss_mask_T: Bool
    """Trained."""
    sampler_logprobs_T: Float32
    """0 where there is none."""
    advantages_T: Float32
    terms: tuple[Term, ...] = ("policy",)
    pair_id: str | None = None
    learner_logprobs_T: Float32 | None = None
    reference_logprobs_T: Float32 | None = None
    values_T: Float32 | None = None
    returns_T: Float32 | None = None


@dataclass(slots=True)
class StepMetrics:
    """One round's line in metrics.jsonl (no clock) and in timing.jsonl (clock only)."""

    step: int
    """The round, from 1; 0 is before training."""
    values: dict[str, float]
    timing: dict[str, float]


@dataclass(slots=True, frozen=True)
class Interval:
    """A score with its 95 % bootstrap interval over problems."""

    value: float
    low: float
    high: float


@dataclass(slots=True)
class Evaluation:
    """One model on one benchmark; written as evaluation-BENCHMARK.json."""

    benchmark: str
    model_hash: str
    num_problems: int
    k: int
    seed: int
    scores: dict[str, Interval]
    """`pass@1`, `pass@k`, `cons@k`, and `pass@1_formatted` (among well-formed answers) where one is well-formed."""
    format_rate: float
    mean_tokens: float
    repetition_rate: float
    undecided_frac: float
    sampling: dict[str, float]
    """temperature, top_p, max_new_tokens."""
    problems: list[dict[str, Json]]
    """Per problem: id, source, difficulty, prompt (last message), reference, outcomes (a string of k letters c/w/u),
    reasons (k), answers (k), tokens (k), format (k booleans), sample (text of the first answer, 2,000 characters)."""
    template: str = ""
    """How messages became text: r1-zero, chat or plain."""
    language_consistency: float | None = None
    """Mean share of an answer's words that are in the question's language (text.language), over answers with words."""
    refusal_rate: float | None = None
    """Share of the answers that refuse (text.refusal); None where a problem is mathematics, code, STEM or logic."""


NamedTensors = Iterable[tuple[str, "torch.Tensor"]]
"""Hugging Face parameter names and tensors, one at a time, so that a sharded learner can gather as it goes."""


class Tokenizer(Protocol):
    """What aha needs of a tokenizer; `text/tokenizer.py` wraps Hugging Face ones."""

    eos_token_id: int
    vocab_size: int

    def encode(self, text: str) -> list[int]:
        """Plain text to ids; special tokens inside the text are encoded as text."""

    def decode(self, token_ids: Sequence[int]) -> str:
        """Ids to text, special tokens left out."""


class Sampler(Protocol):
    """Who samples. Tokens depend on each request's seed and the weights, never on other requests."""

    policy_version: int

    def submit(self, requests: Sequence[Request]) -> None:
        """Queue requests."""

    def completions(self) -> Iterator[Completion]:
        """Yield completions in completion order until none is in flight."""

    def abort(self, request_ids: Sequence[str]) -> list[Completion]:
        """Stop these requests and return what they have so far, finish `aborted`."""

    def sync(self, weights: NamedTensors, policy_version: int) -> None:
        """Take new weights; completions submitted from now on carry the new version."""

    def close(self) -> None:
        """Free memory and processes."""


class Learner(Protocol):
    """Who learns. It knows advantages and loss terms, never which algorithm made them."""

    update_count: int

    def logprobs(self, samples: Sequence[Sample]) -> list[Float32]:
        """Log-probs of every token of every sample, [T] each, under the current weights, no gradient."""

    def update(self, samples: Sequence[Sample]) -> dict[str, float]:
        """One optimizer step over all samples (micro-batched inside); returns metrics by their documented names."""

    def weights(self) -> Iterator[tuple[str, torch.Tensor]]:
        """The working weights under Hugging Face names."""

    def save(self, folder: Path) -> None:
        """Master weights, moments, counters into `folder`, through runtime.files."""

    def load(self, folder: Path) -> None:
        """The reverse of save; refuses another model's state."""
