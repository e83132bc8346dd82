"""Load a model folder, a Hub name or the embedded lab model in Hugging Face format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from aha.config.packaged import PACKAGED_MODELS
from aha.errors import DataError
from aha.models.decoder import Decoder
from aha.models.decoder_config import FAMILIES, DecoderConfig
from aha.models.fallback import FallbackModel, load_fallback
from aha.models.weights import model_hash, read_json, read_weights
from aha.runtime.device import DTYPES
from aha.text.tokenizer import HFTokenizer, load_tokenizer
from aha.types import Json

DOWNLOADED = ["*.json", "*.safetensors", "*.jinja"]


@dataclass(slots=True)
class LoadedModel:
    """A model with all that belongs to it."""

    model: Decoder | FallbackModel
    tokenizer: HFTokenizer
    config: dict[str, Json]
    """config.json as it was read."""
    generation: dict[str, Json]
    """generation_config.json as it was read; empty where there is none."""
    model_hash: str
    folder: Path
    """Where the files lie (for a Hub name: the local snapshot)."""


def load_model(
    name_or_folder: str | Path, dtype: str | torch.dtype = "bfloat16", device: torch.device | str = "cpu"
) -> LoadedModel:
    """Weights in `dtype` on `device`, tokenizer, configs and the hash of the weights. Never runs the model's own code.

    Raises DataError: no such folder or Hub model; config.json, weights or tokenizer missing, corrupt or not fitting
    each other; settings that are not supported; a tokenizer without an end token.
    """
    folder = locate(name_or_folder)
    config = read_json(folder / "config.json")
    tokenizer = load_tokenizer(folder)
    wanted = dtype if isinstance(dtype, torch.dtype) else DTYPES[dtype]
    if config.get("model_type") in FAMILIES:
        model: Decoder | FallbackModel = _load_decoder(folder, config, wanted, device)
    else:
        model = load_fallback(folder, wanted, device)
    check_vocabulary(folder, config, tokenizer)
    generation_file = folder / "generation_config.json"
    generation = read_json(generation_file) if generation_file.exists() else {}
    return LoadedModel(model.eval(), tokenizer, config, generation, model_hash(folder), folder)


def locate(name_or_folder: str | Path) -> Path:
    """The local folder of a model: a path, a name of PACKAGED_MODELS, or a Hub name (downloaded where it is not yet in
    the local cache).

    Raises DataError where there is none.
    """
    if packaged := PACKAGED_MODELS.get(str(name_or_folder)):
        if not (packaged / "config.json").exists():
            raise DataError(f"The embedded model is missing from {packaged}.", cure="Install the package again.")
        return packaged
    folder = Path(name_or_folder)
    if folder.is_dir():
        return folder
    name = str(name_or_folder)
    if isinstance(name_or_folder, Path) or name.count("/") != 1 or name.startswith(("/", ".", "~")):
        raise DataError(f"There is no model folder {name}.", cure="Give a folder, a Hub name (owner/model) or `lab`.")
    return _snapshot(name)


def _snapshot(name: str) -> Path:
    """The local copy of a Hub model: from the cache where it is complete, else downloaded."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=DOWNLOADED))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DataError(
            f"The model {name!r} is neither a folder nor in the local cache, and could not be downloaded: {reason}",
            cure="Check the name and the network, or give a local folder.",
        ) from error


def _load_decoder(folder: Path, config: dict[str, Json], dtype: torch.dtype, device: torch.device | str) -> Decoder:
    """Our decoder with the folder's weights."""
    with torch.device("meta"):
        model = Decoder(DecoderConfig.from_hugging_face(config, str(folder / "config.json")))
    fill(model, folder, config, dtype, device)
    return model


def fill(
    model: Decoder,
    folder: Path,
    config: dict[str, Json],
    dtype: torch.dtype,
    device: torch.device | str,
    made: dict[str, torch.Tensor] | None = None,
) -> None:
    """Give a decoder without memory (on `meta`) the folder's weights; never holds them twice. `made` are weights that a
    folder may lack. Raises DataError for one that is missing, misshaped or belongs to another model."""
    wanted = {name: value.shape for name, value in model.state_dict().items()}
    weights = {name: tensor.to(device, dtype) for name, tensor in (made or {}).items()}
    for name, tensor in read_weights(folder):
        if name.endswith("rotary_emb.inv_freq") or (name == "lm_head.weight" and name not in wanted):
            continue  # computed here; tied to the embedding, or a reward model's that has none
        if name not in wanted:
            raise DataError(f"{folder}: the weight {name} belongs to no {config['model_type']} model of this config.")
        if tensor.shape != wanted[name]:
            raise DataError(f"{folder}: {name} has shape {list(tensor.shape)}; config.json says {list(wanted[name])}.")
        weights[name] = tensor.to(device, dtype)
    missing = sorted(wanted.keys() - weights.keys())
    if missing:
        raise DataError(f"{folder}: {len(missing)} weights are missing, the first is {missing[0]}.")
    model.load_state_dict(weights, assign=True)
    for parameter in model.parameters():
        parameter.requires_grad_(True)


def check_vocabulary(folder: Path, config: dict[str, Json], tokenizer: HFTokenizer) -> None:
    """Every id of the tokenizer must have an embedding."""
    vocab_size = config.get("vocab_size")
    if isinstance(vocab_size, int) and tokenizer.vocab_size > vocab_size:
        raise DataError(
            f"{folder}: the tokenizer has {tokenizer.vocab_size} tokens, the model only {vocab_size}.",
            cure="Use the tokenizer that belongs to the model.",
        )


def num_parameters(model: nn.Module) -> int:
    """How many weights a model has, tied ones once."""
    return sum(parameter.numel() for parameter in model.parameters())
