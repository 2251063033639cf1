"""How weights follow their gradients, as PyTorch defines these rules; and how the learning rate changes in a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

from ._arrays import real, whole
from .errors import TrainingError


@dataclass(frozen=True)
class Optimiser:
    """A rule.

    Args:
        learning_rate: The step size. ``None`` follows from the size of the weights: 0.03 times their root mean square, in the
            layer where they are smallest (for :class:`Sgd` times its square). PyTorch's default of 0.001 is far too small for
            most networks here, whose weights are often larger than 1.
    """

    learning_rate: Optional[float] = None

    def _describe(self) -> Dict[str, Any]:
        rate = self.learning_rate
        if rate is not None:
            rate = _in_range(self, "learning_rate", rate, 0.0, float("inf"))
        return {
            "kind": type(self).__name__.lower(),
            "learning_rate": rate,
            "weight_decay": 0.0,
            "momentum": 0.0,
            "nesterov": False,
            "betas": [0.9, 0.999],
            "epsilon": 1e-8,
            "momentum_decay": 4e-3,
        }


@dataclass(frozen=True)
class Sgd(Optimiser):
    """Stochastic gradient descent, with or without momentum.

    Args:
        learning_rate: See :class:`Optimiser`.
        momentum: From 0 to below 1.
        nesterov: Whether the momentum is Nesterov's.
        weight_decay: ``weight_decay * weight`` is added to the gradient.
    """

    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    def _describe(self) -> Dict[str, Any]:
        return {
            **super()._describe(),
            "momentum": _in_range(self, "momentum", self.momentum, 0.0, 1.0),
            "nesterov": bool(self.nesterov),
            "weight_decay": _in_range(self, "weight_decay", self.weight_decay, 0.0, float("inf")),
        }


@dataclass(frozen=True)
class Adam(Optimiser):
    """Adam.

    Args:
        learning_rate: See :class:`Optimiser`.
        betas: Decay per step of the running mean of the gradient and of its square.
        epsilon: Added to the root of the second moment.
        weight_decay: ``weight_decay * weight`` is added to the gradient.
    """

    betas: Tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    weight_decay: Optional[float] = 0.0

    def _describe(self) -> Dict[str, Any]:
        decay = self.weight_decay
        if decay is not None:
            decay = _in_range(self, "weight_decay", decay, 0.0, float("inf"))
        try:
            first, second = self.betas
        except (TypeError, ValueError):
            raise TrainingError(f"{self!r}: betas must be two numbers") from None
        return {
            **super()._describe(),
            "betas": [_in_range(self, "betas", beta, 0.0, 1.0) for beta in (first, second)],
            "epsilon": _in_range(self, "epsilon", self.epsilon, 0.0, float("inf")),
            "weight_decay": decay,
        }


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay: each step first scales a weight by ``1 - learning_rate * weight_decay``.

    A ``weight_decay`` of ``None`` follows from the learning rate, so that a step takes a fraction of 1e-5 of each weight.
    """

    weight_decay: Optional[float] = None


@dataclass(frozen=True)
class NAdam(Adam):
    """Adam with Nesterov momentum, which warms up."""

    momentum_decay: float = 4e-3

    def _describe(self) -> Dict[str, Any]:
        decay = _in_range(self, "momentum_decay", self.momentum_decay, 0.0, float("inf"))
        return {**super()._describe(), "momentum_decay": decay}


@dataclass(frozen=True)
class Schedule:
    """The learning rate of the optimiser throughout."""

    def _describe(self) -> Tuple[str, List[float]]:
        return "constant", []


@dataclass(frozen=True)
class Step(Schedule):
    """Multiplies the learning rate by ``factor`` after every ``every_epochs`` epochs, down to ``floor``."""

    every_epochs: int
    factor: float
    floor: float = 0.0

    def _describe(self) -> Tuple[str, List[float]]:
        every = whole(self.every_epochs, f"{self!r}: every_epochs", 1, 2**32, TrainingError)
        factor = _in_range(self, "factor", self.factor, 0.0, 1.0, closed=True)
        return "step", [every, factor, _in_range(self, "floor", self.floor, 0.0, float("inf"))]


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine from the learning rate down to ``floor``, after ``warmup_epochs`` epochs of linear increase."""

    floor: float = 0.0
    warmup_epochs: int = 0

    def _describe(self) -> Tuple[str, List[float]]:
        warmup = whole(self.warmup_epochs, f"{self!r}: warmup_epochs", 0, 2**32, TrainingError)
        return "cosine", [_in_range(self, "floor", self.floor, 0.0, float("inf")), warmup]


def _in_range(
    owner: object, name: str, value: Any, least: float, below: float, closed: bool = False
) -> float:
    number = real(value, f"{owner!r}: {name}", TrainingError)
    if not (least <= number < below or (closed and number == below)):
        end = "at most" if closed else "below"
        bound = "finite" if below == float("inf") else f"{end} {below}"
        raise TrainingError(f"{owner!r}: {name} must be at least {least} and {bound}, not {number}")
    return number
