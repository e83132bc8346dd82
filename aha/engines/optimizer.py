"""AdamW over flat fp32 masters: one vector each for weights, gradients and moments, in the order of the parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import torch
from torch import nn

from aha.errors import DataError

CHUNK: Final = 1 << 24
"""Elements handled at once, so that temporaries stay small beside the model."""


class FlatAdamW:
    """AdamW with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101, algorithm 2) for a model's parameters.

    Weights of two or more dimensions come first and decay; norms and biases follow and do not. Masters are fp32 (fp64
    for fp64 weights); a parameter of that type becomes a view of its master, a narrower one gets a rounded copy.
    Gradients of a narrower parameter are added up in the master's type, as they appear.
    """

    def __init__(self, model: nn.Module, *, betas: tuple[float, float], eps: float, weight_decay: float) -> None:
        """Takes over every parameter of `model` that is not frozen, on the device where it is."""
        named = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
        self.names = sorted(named, key=lambda name: named[name].dim() < 2)
        self.parameters = [named[name] for name in self.names]
        self.betas, self.eps, self.weight_decay = betas, eps, weight_decay
        self.num_steps = 0
        dtype = torch.float32
        for parameter in self.parameters:
            dtype = torch.promote_types(dtype, parameter.dtype)
        size = sum(parameter.numel() for parameter in self.parameters)
        self.num_decayed = sum(p.numel() for p in self.parameters if p.dim() >= 2)
        self.masters, self.gradients, self.means, self.squares = (
            torch.zeros(size, dtype=dtype, device=self.parameters[0].device) for _ in range(4)
        )
        for parameter, master, gradient in zip(
            self.parameters, self.views(self.masters), self.views(self.gradients), strict=True
        ):
            master.copy_(parameter.detach())
            if parameter.dtype == dtype:
                parameter.data = master
            parameter.register_post_accumulate_grad_hook(_AddInto(gradient))  # type: ignore[no-untyped-call]

    def views(self, flat: torch.Tensor) -> list[torch.Tensor]:
        """The flat vector as one tensor a parameter, in the order of `names`; no copy."""
        sizes = [parameter.numel() for parameter in self.parameters]
        pieces = torch.split(flat, sizes)
        return [piece.view(parameter.shape) for piece, parameter in zip(pieces, self.parameters, strict=True)]

    def gradient_norm(self) -> torch.Tensor:
        """Euclidean norm of all gradients together, a scalar. Parameter by parameter: over one long fp32 vector the sum
        of squares loses four digits on CPU."""
        return torch.nn.utils.get_total_norm(self.views(self.gradients))

    @torch.no_grad()
    def step(self, lr: float, gradient_scale: float) -> None:
        """One step with the gradients times `gradient_scale`; bias-corrected moments."""
        self.num_steps += 1
        first, second = self.betas
        correction = 1 - first**self.num_steps
        root_correction = (1 - second**self.num_steps) ** 0.5
        for start, end, decay in self._spans():
            gradient = self.gradients[start:end] * gradient_scale
            mean, square, master = self.means[start:end], self.squares[start:end], self.masters[start:end]
            mean.lerp_(gradient, 1 - first)
            square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
            if decay:
                master.mul_(1 - lr * decay)
            denominator = torch.div(square.sqrt(), root_correction, out=gradient).add_(self.eps)
            master.addcdiv_(mean, denominator, value=-lr / correction)
        self.publish()

    @torch.no_grad()
    def publish(self) -> None:
        """Round the masters into the parameters that are not views of them."""
        for parameter, master in zip(self.parameters, self.views(self.masters), strict=True):
            if parameter.dtype != master.dtype:
                parameter.copy_(master)

    def reset_moments(self) -> None:
        """Be as before the first step, at the weights as they are."""
        self.num_steps = 0
        self.means.zero_()
        self.squares.zero_()

    def clear_gradients(self) -> None:
        """Forget the gradients of this update."""
        self.gradients.zero_()

    def state(self) -> dict[str, dict[str, torch.Tensor]]:
        """Masters and moments by vector and parameter name; views, not copies."""
        return {vector: dict(zip(self.names, self.views(flat), strict=True)) for vector, flat in self._vectors()}

    @torch.no_grad()
    def load_vector(self, vector: str, tensors: Mapping[str, torch.Tensor], source: str) -> None:
        """Fill `masters`, `means` or `squares` from tensors by parameter name.

        Raises DataError, with nothing changed, where names or shapes are another model's; names the first difference.
        """
        views = self.state()[vector]
        for name in [*views, *tensors]:
            here, there = _description(views.get(name)), _description(tensors.get(name))
            if here != there:
                raise DataError(
                    f"{source} belongs to another model: parameter {name} is {there} there and {here} here.",
                    cure="Start in a new run directory, or give the model that the checkpoint was made with.",
                )
        for name, view in views.items():
            view.copy_(tensors[name])

    def _vectors(self) -> Iterable[tuple[str, torch.Tensor]]:
        return ("masters", self.masters), ("means", self.means), ("squares", self.squares)

    def _spans(self) -> Iterator[tuple[int, int, float]]:
        """Start, end and weight decay of each chunk."""
        for begin, stop, decay in (
            (0, self.num_decayed, self.weight_decay),
            (self.num_decayed, self.masters.numel(), 0.0),
        ):
            for start in range(begin, stop, CHUNK):
                yield start, min(start + CHUNK, stop), decay


def _description(tensor: torch.Tensor | None) -> str:
    return "absent" if tensor is None else f"{tuple(tensor.shape)} {tensor.dtype}"


class _AddInto:
    """A hook that adds a parameter's gradient to its view of the flat vector and frees it."""

    def __init__(self, gradient: torch.Tensor) -> None:
        self.gradient = gradient

    def __call__(self, parameter: torch.Tensor) -> None:
        if parameter.grad is not None:
            self.gradient.add_(parameter.grad)
            parameter.grad = None
