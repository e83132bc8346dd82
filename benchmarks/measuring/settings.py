"""What is compared, as plain data: the workload, our settings, and the peers' settings with nothing left unsaid.

The objective is Dr. GRPO on both sides, because there the two agree to the last constant: no division by the group's
spread (TRL divides by the sample deviation plus 1e-4, aha by the population's), a sum over a constant length.
"""

from __future__ import annotations

from typing import Any

TASK = "lab:mixed"
TEMPLATE = "r1-zero"
NUM_PROBLEMS = 16
GROUP_SIZE = 16
MAX_NEW_TOKENS = 160
SPEED_LR = 1e-6
"""So small that every repeat meets the same policy, and answers of the same length."""
LEARNING_LR = 2e-4
ADAM: dict[str, Any] = {"betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.0, "max_grad_norm": 1.0}

OURS: dict[str, dict[str, Any]] = {
    "aha-bf16": {"preset": "dr-grpo", "engine": {"dtype": "bfloat16"}},
    "aha-fp32": {"preset": "dr-grpo", "engine": {"dtype": "float32"}},
}
"""bf16 (with fp32 masters) is the default; fp32 is measured beside it."""

PEER_ROWS = 64
"""Rows of a padded micro-batch in the peers' updates; 256 at once is slower on a CPU and needs several times more
memory."""

GENERATE: dict[str, dict[str, Any]] = {
    "generate-fp32": {"dtype": "float32"},
    "generate-bf16": {"dtype": "bfloat16"},
}
"""`transformers` `model.generate` on the whole batch, as TRL calls it; the dtype is that of the weights."""

PLAIN_UPDATE: dict[str, dict[str, Any]] = {
    "torch-fp32": {"dtype": "float32"},
    "torch-bf16": {"dtype": "bfloat16"},
}
"""A `transformers` model and `torch.optim.AdamW(fused=True)`; at bf16 the weights and moments are bf16, without
masters: less than a trainer needs, and the fastest that this way has."""

TRL: dict[str, dict[str, Any]] = {
    "trl-fp32": {"dtype": "float32", "bf16": False},
    "trl-bf16": {"dtype": "bfloat16", "bf16": True},
    "trl-autocast": {"dtype": "float32", "bf16": True},
    "trl-bare-bf16": {"dtype": "bfloat16", "bf16": False},
}
"""Weights and `GRPOConfig.bf16`. trl-autocast is what TRL takes when nothing is said: fp32 weights under autocast;
trl-bare-bf16 has bf16 weights and no autocast. Neither has fp32 masters for bf16 weights."""

TRL_CONFIG: dict[str, Any] = {
    "loss_type": "dr_grpo",
    "scale_rewards": "none",
    "beta": 0.0,
    "epsilon": 0.2,
    "num_iterations": 1,
    "temperature": 1.0,
    "top_p": 1.0,
    "top_k": 0,
    "optim": "adamw_torch_fused",
    "lr_scheduler_type": "constant",
    "warmup_steps": 0,
    "gradient_checkpointing": False,
    "shuffle_dataset": False,
    "disable_dropout": False,
    "logging_strategy": "no",
    "save_strategy": "no",
    "report_to": "none",
    "disable_tqdm": True,
    "dataloader_pin_memory": False,
}
"""`trl.GRPOConfig` for every peer. Gradient checkpointing, TRL's default, is off: it only costs time here."""

WANTED = {
    "sampling": {"generate-fp32": 10.0, "generate-bf16": 4.0},
    "training": {"torch-fp32": 2.0, "torch-bf16": 2.0},
    "step": {"trl-fp32": 5.0, "trl-bf16": 3.0},
}
"""How many times faster than each peer aha-bf16 has to be."""
