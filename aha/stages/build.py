"""Settings to engines: the only file that names their implementations. Every stage works with what these return."""

from __future__ import annotations

import copy
import resource
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from aha.config.algorithm import AlgorithmSettings
from aha.config.block import TemplateName
from aha.config.learners import CriticSettings, OptimizerSettings, TokenRewardSettings
from aha.config.lora import LoRASettings
from aha.config.packaged import PACKAGED_MODELS
from aha.config.settings import EngineSettings
from aha.engines.api import is_endpoint, open_endpoint
from aha.engines.native_critic import NativeCritic
from aha.engines.native_learner import NativeLearner
from aha.engines.native_reward import NativeRewardScorer, RewardLearner
from aha.engines.native_sampler import NativeSampler
from aha.engines.native_scorer import AdaptersOff, NativeScorer
from aha.engines.scripted import ScriptedWords
from aha.engines.words import AsText, Remembered, SamplerWords, WordsModel
from aha.errors import DataError
from aha.models.heads import RewardModel, load_reward_model, reward_config, value_head
from aha.models.load import LoadedModel, load_model
from aha.models.lora import ADAPTER, attach, save_adapter
from aha.models.save import save_model
from aha.runtime.device import pick_device
from aha.runtime.distributed import World
from aha.stages.graph import SCRIPTED
from aha.text.chat import pick_template
from aha.text.judged import TURNS_TEMPLATE
from aha.types import NamedTensors


@dataclass(slots=True)
class Engines:
    """A model on its device, and what can be made of it."""

    loaded: LoadedModel
    settings: EngineSettings
    device: torch.device
    name: str = ""
    """Folder, Hub name or `lab`, as it was asked for."""
    lora: LoRASettings | None = None

    def adapt(self, settings: LoRASettings | None, seed: int) -> None:
        """Where there are settings: freeze the model and put adapters, drawn by `seed`, on it. What shall have none is
        copied before: a sampler."""
        if settings is not None:
            attach(self.loaded.model, settings, seed)
        self.lora = settings

    def sampler(self, own_copy: bool = False) -> NativeSampler:
        """Who samples; with `own_copy` from weights of its own, where the model itself learns."""
        model = copy.deepcopy(self.loaded.model) if own_copy else self.loaded.model
        return NativeSampler(model, self.loaded.tokenizer, self.settings, self.device)

    def reference(self, temperature: float) -> NativeScorer | AdaptersOff:
        """The model as it is before it learns: a frozen copy, or itself without its adapters."""
        if self.lora is not None:
            return AdaptersOff(self.loaded.model, self.settings, temperature, self.device)
        return NativeScorer(copy.deepcopy(self.loaded.model), self.settings, temperature, self.device)

    def learner(
        self,
        algorithm: AlgorithmSettings,
        optimizer: OptimizerSettings,
        *,
        total_updates: int,
        temperature: float,
        world: World,
        max_trained_tokens: int | None = None,
    ) -> NativeLearner:
        """Who learns; takes the model over."""
        return NativeLearner(
            self.loaded.model,
            algorithm,
            optimizer,
            self.settings,
            total_updates=total_updates,
            temperature=temperature,
            device=self.device,
            world=world,
            max_trained_tokens=max_trained_tokens,
        )

    def critic(
        self,
        settings: CriticSettings | TokenRewardSettings,
        place: str | None,
        *,
        total_updates: int,
        world: World,
        head_seed: int,
        max_trained_tokens: int | None = None,
    ) -> NativeCritic:
        """The second learner: from the reward model at `place`, or from the files of this model with a new head.

        Raises DataError for a reward model with another vocabulary, and for a family that heads do not know.
        """
        dtype, folder = self.settings.dtype, self.loaded.folder
        if place is not None:
            critic = load_reward_model(place, dtype, self.device)
            check_same_tokens(critic, self.loaded)
        else:
            critic = load_reward_model(folder, dtype, self.device, head_seed)
        model = critic.model
        assert isinstance(model, RewardModel)
        if place is None:
            spread = settings.head_range if isinstance(settings, CriticSettings) else 0.0
            new = value_head(model.config.width, spread, head_seed)
            model.score.weight.data.copy_(new)
        return NativeCritic(model, settings, self.settings, total_updates, self.device, world, max_trained_tokens)

    def reward_learner(self, optimizer: OptimizerSettings, *, total_updates: int, world: World) -> RewardLearner:
        """A reward model that learns; takes the model of `build_reward` over."""
        assert isinstance(self.loaded.model, RewardModel)
        return RewardLearner(self.loaded.model, optimizer, self.settings, total_updates, self.device, world)

    def export_reward(self, sees: str, folder: Path, weights: NamedTensors) -> None:
        """A reward model's folder, in the format of transformers' sequence classifiers."""
        loaded = self.loaded
        save_model(folder, weights, reward_config(loaded.config, loaded.tokenizer, sees), loaded.tokenizer)

    def export(self, folder: Path, weights: NamedTensors) -> None:
        """A model folder with these weights and all else of the model that the stage began with; adapters apart too."""
        loaded = self.loaded
        save_model(folder, weights, loaded.config, loaded.tokenizer, loaded.generation or None)
        if self.lora is not None:
            local = self.name in PACKAGED_MODELS or Path(self.name).is_dir()
            save_adapter(folder / ADAPTER, loaded.model, self.lora, str(loaded.folder) if local else self.name)

    def synchronize(self) -> None:
        """Wait for the device, so that a clock reads what was done."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def peak_memory_bytes(self) -> float:
        """Most memory that this process has held: on the GPU where it computes there, else in all."""
        if self.device.type == "cuda":
            return float(torch.cuda.max_memory_allocated(self.device))
        return 1024.0 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def check_same_tokens(critic: LoadedModel, policy: LoadedModel) -> None:
    """Raise DataError where a critic would read other tokens than the policy writes."""
    if critic.tokenizer.inner.get_vocab() != policy.tokenizer.inner.get_vocab():
        raise DataError(
            f"The critic {critic.folder} has another vocabulary than the policy {policy.folder}.",
            cure="Take a reward model that was trained from the policy's base, or leave critic.model out.",
        )


def build(model: str, settings: EngineSettings) -> Engines:
    """Load a model by folder, Hub name or `lab`, in the stage's dtype, onto its device."""
    device = pick_device(settings.device)
    return Engines(load_model(model, settings.dtype, device), settings, device, model)


def build_reward(model: str, settings: EngineSettings, head_seed: int) -> Engines:
    """Load a language model and give it a new scalar head; its tokenizer gets what it lacks to be used alone: a plain
    chat template, the end token for padding."""
    device = pick_device(settings.device)
    loaded = load_reward_model(model, settings.dtype, device, head_seed)
    if not loaded.tokenizer.has_chat_template:
        loaded.tokenizer.give_chat_template(TURNS_TEMPLATE)
    inner = loaded.tokenizer.inner
    inner.pad_token = inner.pad_token or inner.eos_token
    return Engines(loaded, settings, device)


def open_scorer(place: str, settings: EngineSettings) -> NativeRewardScorer:
    """A frozen reward model, by folder or Hub name, in the stage's dtype, on its device."""
    device = pick_device(settings.device)
    return NativeRewardScorer(load_reward_model(place, settings.dtype, device), settings, device)


@contextmanager
def open_words(
    place: str,
    engine: EngineSettings,
    memory_file: Path,
    *,
    template: TemplateName | None = None,
    num_parallel: int = 16,
) -> Iterator[WordsModel]:
    """A model that writes or judges: a folder, a Hub name, `lab`, an endpoint's address, or the lab's stand-in
    `scripted`. What it answered is kept in `memory_file`. `template` None: its own chat template where it has one, else
    r1-zero; at an endpoint the chat.

    Raises what loading a model or reaching an endpoint raises.
    """
    if place == SCRIPTED:
        yield ScriptedWords()
        return
    if is_endpoint(place):
        api = open_endpoint(place)
        api.num_parallel = num_parallel
        as_asked: WordsModel = api if template in (None, "chat") else AsText(api, template)
        yield Remembered(as_asked, memory_file, f"{api.base_url}#{api.model} {template}")
        return
    engines = build(place, engine)
    tokenizer = engines.loaded.tokenizer
    picked = pick_template(template, tokenizer)
    with closing(engines.sampler()) as sampler:
        words = SamplerWords(sampler, tokenizer, picked, tokenizer.stop_token_ids, sampler.max_positions)
        yield Remembered(words, memory_file, f"{engines.loaded.model_hash} {picked}")
