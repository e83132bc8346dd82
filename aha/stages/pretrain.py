"""Next-token training of the lab's base model on its own corpus.

Matrices are trained with Muon (Jordan et al. 2024, update scaled to AdamW's size), embeddings and norms with AdamW;
weights work in bf16 over fp32 masters. Update n reads the documents of seed (run seed, n), so nothing but n has to be
remembered to go on where a killed run stopped.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from aha.algorithms.schedules import learning_rate
from aha.config.settings import ModelShape, PretrainStage
from aha.errors import DivergedError
from aha.lab.corpus import documents
from aha.lab.tokenizer import END_TOKEN, train_tokenizer
from aha.models.decoder import Decoder
from aha.models.decoder_config import DecoderConfig
from aha.models.layout import RowLayout
from aha.models.save import save_model
from aha.runtime import checkpoints, files
from aha.runtime.device import DTYPES
from aha.runtime.metrics import MetricsLog
from aha.runtime.run_directory import StageDirectory
from aha.runtime.seeds import seed_of
from aha.text.reflection import MARKERS, reflections
from aha.text.tokenizer import HFTokenizer, load_tokenizer
from aha.types import Json, StepMetrics

TOKENIZER_DOCUMENTS = 20_000
"""Documents that the tokenizer is trained on."""

COUNTED_DOCUMENTS = 10_000
"""Documents whose reflections are counted."""

CORPUS_FILE = "corpus.json"
"""What the corpus of a base model is like, in its folder."""

ARCHITECTURES = {"qwen2": "Qwen2ForCausalLM", "llama": "LlamaForCausalLM"}
"""Model class of transformers by family."""

Watch = Callable[[int, int, dict[str, float]], None]
"""Told (update, updates in all, metrics) after every update."""


def hugging_face_config(shape: ModelShape, tokenizer: HFTokenizer) -> dict[str, Json]:
    """A config.json of this family and shape."""
    return {
        "architectures": [ARCHITECTURES[shape.family]],
        "model_type": shape.family,
        "hidden_size": shape.width,
        "intermediate_size": shape.mlp_width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "max_position_embeddings": shape.max_positions,
        "vocab_size": shape.vocab_size,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10000.0,
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "initializer_range": 0.02,
        "attention_dropout": 0.0,
        **({"use_sliding_window": False} if shape.family == "qwen2" else {}),
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
    }


def make_tokenizer(folder: Path, vocab_size: int, seed: int) -> HFTokenizer:
    """The tokenizer of the corpus, trained once and kept in `folder`."""
    from transformers import PreTrainedTokenizerFast

    if not (folder / "tokenizer.json").exists():
        inner = train_tokenizer(islice(documents(seed_of(seed, "tokenizer")), TOKENIZER_DOCUMENTS), vocab_size)
        make: Callable[..., Any] = PreTrainedTokenizerFast
        wrapped = make(tokenizer_object=inner, eos_token=END_TOKEN, pad_token="<|pad|>")
        files.make_folder(folder)
        wrapped.save_pretrained(str(folder))
    return load_tokenizer(folder)


def batch(tokenizer: HFTokenizer, settings: PretrainStage, seed: int, update: int) -> list[list[int]]:
    """Rows of one update: documents one by one, each cut at `row_tokens`, until there are `batch_tokens`."""
    rows: list[list[int]] = []
    num_tokens = 0
    source = documents(seed_of(seed, "pretrain", update))
    while num_tokens < settings.batch_tokens:
        texts = list(islice(source, 32))
        for encoded in tokenizer.inner(texts, add_special_tokens=False)["input_ids"]:
            row = [*encoded, tokenizer.eos_token_id][: settings.row_tokens]
            rows.append(row)
            num_tokens += len(row)
            if num_tokens >= settings.batch_tokens:
                break
    return rows


def next_token_loss(model: Decoder, rows: list[list[int]], device: torch.device) -> torch.Tensor:
    """Mean cross-entropy in nats over every token but each row's first."""
    layout = RowLayout([len(row) for row in rows], device)
    ids = torch.tensor(list(chain.from_iterable(rows)), device=device)
    predictors, targets = layout.predictors_and_targets()
    hidden = model(ids, layout)
    return F.cross_entropy(model.head(hidden[predictors]).float(), ids[targets])


class Masters:
    """fp32 master weights with their optimizers; the model keeps a working copy in its own dtype."""

    def __init__(self, model: Decoder, settings: PretrainStage) -> None:
        self.working = dict(model.named_parameters())
        self.weights = {name: p.detach().float().clone().requires_grad_() for name, p in self.working.items()}
        matrices = [w for name, w in self.weights.items() if w.ndim == 2 and "embed" not in name]
        rest = [w for name, w in self.weights.items() if w.ndim != 2 or "embed" in name]
        decay, betas, eps = settings.optimizer.weight_decay, settings.optimizer.betas, settings.optimizer.eps
        self.optimizers: list[torch.optim.Optimizer] = [
            torch.optim.Muon(matrices, lr=0.0, weight_decay=decay, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, lr=0.0, betas=betas, eps=eps, weight_decay=0.0),
        ]
        self.max_grad_norm = settings.optimizer.max_grad_norm

    def step(self, lr: float) -> float:
        """Take the working weights' gradients, clip, update and copy back; returns the norm before clipping."""
        for name, weight in self.weights.items():
            gradient = self.working[name].grad
            assert gradient is not None
            weight.grad = gradient.float()
            self.working[name].grad = None
        norm = float(nn.utils.clip_grad_norm_(self.weights.values(), self.max_grad_norm))
        if norm != norm or norm == float("inf"):
            raise DivergedError(f"The gradient norm is {norm}.", cure="Lower optimizer.lr.")
        for optimizer in self.optimizers:
            optimizer.param_groups[0]["lr"] = lr
            optimizer.step()
        self.publish()
        return norm

    @torch.no_grad()
    def publish(self) -> None:
        """Copy the masters into the working weights."""
        for name, weight in self.weights.items():
            self.working[name].copy_(weight)

    def state(self) -> dict[str, torch.Tensor]:
        """Masters and moments by name."""
        names = {id(weight): name for name, weight in self.weights.items()}
        moments = {
            f"{names[id(weight)]}.{key}": value
            for optimizer in self.optimizers
            for weight, entry in optimizer.state.items()
            for key, value in entry.items()
        }
        return {f"master.{name}": w.detach() for name, w in self.weights.items()} | {
            f"moment.{name}": value for name, value in moments.items()
        }

    @torch.no_grad()
    def load(self, state: dict[str, torch.Tensor]) -> None:
        """The reverse of `state`."""
        names = {id(weight): name for name, weight in self.weights.items()}
        for name, weight in self.weights.items():
            weight.copy_(state[f"master.{name}"])
        for optimizer in self.optimizers:
            for weight in optimizer.param_groups[0]["params"]:
                start = f"moment.{names[id(weight)]}."
                optimizer.state[weight] = {k.removeprefix(start): v for k, v in state.items() if k.startswith(start)}
        self.publish()


def log_spaced(num_updates: int) -> set[int]:
    """Updates at which a checkpoint stays: powers of two and the last."""
    return {2**power for power in range(num_updates.bit_length())} | {num_updates}


def train(settings: PretrainStage, stage: StageDirectory, seed: int, device: torch.device, watch: Watch) -> None:
    """Train to the end, or from the last checkpoint to the end; leaves `model/` in Hugging Face format."""
    tokenizer = make_tokenizer(stage.data / "tokenizer", settings.shape.vocab_size, seed)
    config = hugging_face_config(settings.shape, tokenizer)
    torch.manual_seed(seed_of(seed, "init") % 2**63)
    model = Decoder(DecoderConfig.from_hugging_face(config)).to(device, DTYPES[settings.engine.dtype])
    masters, log = Masters(model, settings), MetricsLog(stage)
    num_updates = max(1, settings.tokens // settings.batch_tokens)
    for update, values, seconds in updates(settings, model, masters, stage, log, tokenizer, seed, num_updates, device):
        timing = {"seconds/update": seconds, "tokens_per_second/update": settings.batch_tokens / seconds}
        log.write(StepMetrics(update, values, timing))
        watch(update, num_updates, values)
        stays = log_spaced(num_updates)
        if update in stays or update % (settings.logging.checkpoint_every * 10) == 0:
            save(stage, update, masters, log)
            checkpoints.retain(stage.checkpoints, {step for step in stays if step <= update} | {update})
    save_model(stage.model, ((n, p.detach()) for n, p in model.named_parameters()), config, tokenizer)
    files.write_json(stage.model / CORPUS_FILE, corpus_facts(seed))


def corpus_facts(seed: int) -> dict[str, Json]:
    """How often the corpus looks back at itself, and how that ends: what the report compares models with."""
    texts = list(islice(documents(seed_of(seed, "facts")), COUNTED_DOCUMENTS))
    found = [reflection for text in texts for reflection in reflections(text)]
    kinds = Counter(reflection.kind for reflection in found)
    ends = {
        "repaired": sum(bool(reflection.repaired) for reflection in found),
        "broke": sum(bool(reflection.broke) for reflection in found),
    }
    return {"reflection": {"texts": len(texts), **{kind: kinds[kind] for kind in sorted(MARKERS)}, **ends}}


def updates(
    settings: PretrainStage,
    model: Decoder,
    masters: Masters,
    stage: StageDirectory,
    log: MetricsLog,
    tokenizer: HFTokenizer,
    seed: int,
    num_updates: int,
    device: torch.device,
) -> Iterator[tuple[int, dict[str, float], float]]:
    """Yield (update, metrics, seconds) from after the last checkpoint on."""
    plan = settings.optimizer
    found = checkpoints.latest(stage.checkpoints)
    if found is not None:
        masters.load(load_file(found.path / "masters.safetensors"))
    log.rewind(dict(found.state["offsets"]) if found is not None else {})
    for update in range(found.step + 1 if found is not None else 1, num_updates + 1):
        start = time.monotonic()
        rows = batch(tokenizer, settings, seed, update)
        loss = next_token_loss(model, rows, device)
        torch.autograd.backward(loss)
        lr = learning_rate(
            update - 1,
            lr=plan.lr,
            total_updates=num_updates,
            warmup=plan.warmup,
            schedule=plan.schedule,
            end_frac=plan.end_frac,
        )
        norm = masters.step(lr)
        values = {"update": update, "loss": loss.item(), "grad_norm": norm, "lr": lr, "tokens": sum(map(len, rows))}
        yield update, values, time.monotonic() - start


def save(stage: StageDirectory, update: int, masters: Masters, log: MetricsLog) -> None:
    """Checkpoint masters, moments and log offsets."""
    checkpoints.save(
        stage.checkpoints,
        update,
        lambda path: files.write_tensors(path / "masters.safetensors", masters.state()),
        {"offsets": log.offsets()},
    )
