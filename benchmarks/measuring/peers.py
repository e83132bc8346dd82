"""The other side: `transformers` generate, a plain `torch` update, and `trl.GRPOTrainer`, which waits for its turn."""

from __future__ import annotations

import queue
import threading
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForCausalLM, GenerationConfig, PrinterCallback, TrainerCallback
from transformers.utils.logging import disable_progress_bar

from benchmarks.measuring import settings
from benchmarks.measuring.ours import wait
from benchmarks.measuring.turns import Measured
from benchmarks.measuring.workload import RewardFunction, Workload, useful_ids

disable_progress_bar()
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class Generate:
    """`model.generate` on all rows at once, prompts padded on the left."""

    def __init__(self, workload: Workload, name: str, device: torch.device) -> None:
        """`name`: a key of settings.GENERATE."""
        dtype = DTYPES[settings.GENERATE[name]["dtype"]]
        self.model = AutoModelForCausalLM.from_pretrained(workload.folder, dtype=dtype).to(device).eval()
        self.workload, self.device = workload, device
        self.stops = list(workload.tokenizer.stop_token_ids)
        self.config = GenerationConfig(
            max_new_tokens=workload.max_new_tokens,
            do_sample=True,
            temperature=1.0,
            top_p=1.0,
            top_k=0,
            pad_token_id=workload.tokenizer.eos_token_id,
            eos_token_id=self.stops,
            disable_compile=True,
        )

    def sample(self, prompts: Sequence[tuple[int, ...]], turn: int) -> Measured:
        """`group_size` completions of each prompt; tokens after a row's end do not count."""
        torch.manual_seed(turn)
        rows = [torch.tensor(prompt) for prompt in prompts for _ in range(self.workload.group_size)]
        start = time.perf_counter()
        ids, mask = pad_rows(rows, self.workload.tokenizer.eos_token_id, "left")
        with torch.no_grad():
            found = self.model.generate(
                input_ids=ids.to(self.device), attention_mask=mask.to(self.device), generation_config=self.config
            )
        new_ids = found[:, ids.shape[1] :].tolist()
        seconds = time.perf_counter() - start
        return Measured(seconds, sum(len(useful_ids(row, self.stops)) for row in new_ids))


class PlainUpdate:
    """Forward, backward and AdamW over padded micro-batches, as TRL computes its loss."""

    def __init__(self, workload: Workload, name: str, device: torch.device, lr: float) -> None:
        """`name`: a key of settings.PLAIN_UPDATE."""
        dtype = DTYPES[settings.PLAIN_UPDATE[name]["dtype"]]
        self.model = AutoModelForCausalLM.from_pretrained(workload.folder, dtype=dtype).to(device).train()
        self.workload, self.device = workload, device
        adam = settings.ADAM
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=lr,
            betas=adam["betas"],
            eps=adam["eps"],
            weight_decay=adam["weight_decay"],
            fused=True,
        )

    def update(
        self, prompts: Sequence[Sequence[int]], completions: Sequence[Sequence[int]], advantages: Sequence[float]
    ) -> Measured:
        """One step over rows of prompt and completion; padding is computed and not counted."""
        start = time.perf_counter()
        pad = self.workload.tokenizer.eos_token_id
        prompt_ids, prompt_mask = pad_rows([torch.tensor(row) for row in prompts], pad, "left")
        new_ids, new_mask = pad_rows([torch.tensor(row) for row in completions], pad, "right")
        ids, mask = torch.cat([prompt_ids, new_ids], 1), torch.cat([prompt_mask, new_mask], 1)
        advantages_B1 = torch.tensor(advantages)[:, None]
        for begin in range(0, len(ids), settings.PEER_ROWS):
            part = slice(begin, begin + settings.PEER_ROWS)
            self._backward(ids[part], mask[part], new_mask[part], advantages_B1[part], len(ids))
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), settings.ADAM["max_grad_norm"])
        self.optimizer.step()
        self.optimizer.zero_grad()
        wait(self.device)
        tokens = sum(len(row) for row in (*prompts, *completions))
        return Measured(time.perf_counter() - start, tokens)

    def _backward(
        self, ids: torch.Tensor, mask: torch.Tensor, new_mask: torch.Tensor, advantages_B1: torch.Tensor, rows: int
    ) -> None:
        """Gradient of one micro-batch of the Dr. GRPO loss; `rows` of the whole update."""
        ids, mask, new_mask = ids.to(self.device), mask.to(self.device), new_mask.to(self.device)
        advantages_B1 = advantages_B1.to(self.device)
        num_new = new_mask.shape[1]
        logits = self.model(input_ids=ids, attention_mask=mask, logits_to_keep=num_new + 1).logits[:, :-1]
        logprobs = torch.log_softmax(logits.float(), -1).gather(-1, ids[:, -num_new:, None]).squeeze(-1)
        ratio = (logprobs - logprobs.detach()).exp()
        gain = torch.minimum(ratio * advantages_B1, ratio.clamp(0.8, 1.2) * advantages_B1)
        (-(gain * new_mask).sum() / (rows * self.workload.max_new_tokens)).backward()


def pad_rows(rows: Sequence[torch.Tensor], pad: int, side: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of one length, and the mask of what is not padding."""
    ids = pad_sequence(list(rows), batch_first=True, padding_value=pad, padding_side=side)
    mask = pad_sequence([torch.ones_like(row) for row in rows], batch_first=True, padding_side=side)
    return ids, mask


def trl_trainer(
    workload: Workload, name: str, device: torch.device, rounds: int, lr: float, seed: int, output: Path
) -> tuple[Any, RewardFunction]:
    """A `trl.GRPOTrainer` over the problems of this seed, `name` a key of settings.TRL, and the reward it calls."""
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    peer, rows = settings.TRL[name], workload.num_problems * workload.group_size
    micro_rows = min(settings.PEER_ROWS, rows)
    if rows % micro_rows:
        raise ValueError(f"{rows} rows are no multiple of {micro_rows}")
    problems = workload.problems(seed, rounds)
    reward = RewardFunction(problems, workload.tokenizer.stop_token_ids, workload.group_size)
    prompts = [workload.prompt_text(problem) for problem in problems]
    arguments = {
        "output_dir": str(output),
        "max_steps": rounds,
        "learning_rate": lr,
        "adam_beta1": settings.ADAM["betas"][0],
        "adam_beta2": settings.ADAM["betas"][1],
        "adam_epsilon": settings.ADAM["eps"],
        "weight_decay": settings.ADAM["weight_decay"],
        "max_grad_norm": settings.ADAM["max_grad_norm"],
        "num_generations": workload.group_size,
        "max_completion_length": workload.max_new_tokens,
        "per_device_train_batch_size": micro_rows,
        "gradient_accumulation_steps": rows // micro_rows,
        "bf16": peer["bf16"],
        "use_cpu": device.type == "cpu",
        "seed": seed,
        "model_init_kwargs": {"dtype": peer["dtype"]},
        **settings.TRL_CONFIG,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = GRPOTrainer(
            model=str(workload.folder),
            reward_funcs=reward,
            args=GRPOConfig(**arguments),
            train_dataset=Dataset.from_dict({"prompt": prompts, "place": list(range(len(prompts)))}),
        )
    trainer.remove_callback(PrinterCallback)
    return trainer, reward


class _Pace(TrainerCallback):  # type: ignore[misc]
    """Holds the trainer at the start of each step until it is told to go on, and reports the step's seconds."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)
        self.done: queue.SimpleQueue[float | BaseException] = queue.SimpleQueue()
        self.start = 0.0

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Before sampling."""
        self.go.acquire()
        self.start = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """After the optimizer's step."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.done.put(time.perf_counter() - self.start)


class PacedTrl:
    """A GRPOTrainer in a thread of its own, that trains one step a turn and sleeps in between."""

    def __init__(self, trainer: Any, reward: RewardFunction) -> None:
        """Starts the trainer; it stops before its first step."""
        self.trainer, self.reward, self.pace = trainer, reward, _Pace()
        trainer.add_callback(self.pace)
        threading.Thread(target=self._train, daemon=True).start()

    def step(self, turn: int) -> Measured:
        """One whole step: sampling, grading, advantages, update. Raises what the trainer raised."""
        self.pace.go.release()
        outcome = self.pace.done.get()
        if isinstance(outcome, BaseException):
            raise outcome
        return Measured(outcome, self.reward.num_tokens)

    def _train(self) -> None:
        try:
            self.trainer.train()
        except BaseException as error:  # handed to the thread that waits for the step
            self.pace.done.put(error)
