"""Model folders in plain transformers: a process that never imports aha loads each, asks it in its chat template as its
card says, and prints what it saw as JSON. Run as a file it is that process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

QUESTION = "What is 2 + 3 * 4? Put the final result in \\boxed{}."
NUM_ANSWERS = 8
NEW_TOKENS = 160


def examine(folders: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    """What a process of its own sees in each model folder. Raises CalledProcessError where one does not load."""
    listed = json.dumps({name: str(folder) for name, folder in folders.items()})
    command = [sys.executable, "-P", "-W", "error::UserWarning", __file__, listed]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd="/")
    found: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def look(folder: str) -> dict[str, Any]:
    """One model: a language model is asked, a reward model scores an answer."""
    from transformers import AutoConfig, AutoTokenizer

    architecture = str(AutoConfig.from_pretrained(folder).architectures[0])
    tokenizer = AutoTokenizer.from_pretrained(folder)
    asked = look_at_scores if architecture.endswith("ForSequenceClassification") else look_at_answers
    return {"architecture": architecture, **asked(folder, tokenizer)}


def look_at_answers(folder: str, tokenizer: Any) -> dict[str, Any]:
    """The rendered prompt, and answers drawn with the folder's own generation settings."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder)
    if tokenizer.chat_template is None:
        return {"prompt": None}
    messages = [{"role": "user", "content": QUESTION}]
    text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    torch.manual_seed(0)
    settings = model.generation_config
    number = NUM_ANSWERS if settings.do_sample else 1
    drawn = model.generate(**prompt, max_new_tokens=NEW_TOKENS, num_return_sequences=number)
    answers = tokenizer.batch_decode(drawn[:, prompt["input_ids"].shape[1] :], skip_special_tokens=True)
    return {
        "prompt": text,
        "temperature": settings.temperature if settings.do_sample else 0.0,
        "answers": len(answers),
        "with_summary": sum(bool(answer.partition("</think>")[2].strip()) for answer in answers),
        "first": answers[0],
    }


def look_at_scores(folder: str, tokenizer: Any) -> dict[str, Any]:
    """The score of an answer."""
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(folder)
    messages = [{"role": "user", "content": "Hello!"}, {"role": "assistant", "content": "Hi! How can I help?"}]
    inputs = tokenizer.apply_chat_template(messages, return_tensors="pt", return_dict=True)
    return {"score": model(**inputs).logits[0, 0].item(), "outputs": int(model.config.num_labels)}


def main(arguments: Sequence[str]) -> None:
    """`arguments`: one JSON object of names and folders."""
    found = {name: look(folder) for name, folder in json.loads(arguments[0]).items()}
    if any(name.partition(".")[0] == "aha" for name in sys.modules):
        raise SystemExit("aha was imported; this is not what people without it see.")
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
