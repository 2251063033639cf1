"""What is minimised: losses on output spikes, and their errors ``dL/dt``.

Each loss can be called on its own, and :func:`noctule.fit` takes one:

>>> import noctule as nt
>>> output = nt.SpikeBatch([0.01, 0.02], [1, 1], [0, 2], population=2)
>>> result = nt.SpikeCount(3, 0)(output, [1])
>>> result.loss, result.d_times, result.predictions
(0.5, array([1., 1.]), array([1]))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, NamedTuple, Tuple

import numpy as np
import numpy.typing as npt

from . import _noctule
from ._arrays import real, to_labels
from .errors import ArrayError, TrainingError
from .spikes import SpikeBatch


class LossResult(NamedTuple):
    """What a loss says of a batch."""

    #: The mean over the samples.
    loss: float
    #: ``dL/dt`` of each output spike, aligned with its times; shape ``[spikes]``.
    d_times: npt.NDArray[Any]
    #: The predicted class of each sample, -1 where no output neuron spiked; shape ``[samples]``.
    predictions: npt.NDArray[np.int64]


class Loss:
    """A loss that the engines evaluate."""

    #: How a network that was trained with it predicts classes.
    prediction = "most_spikes"

    def _describe(self) -> Tuple[str, List[float]]:
        raise NotImplementedError

    def __call__(self, output: SpikeBatch, labels: object) -> LossResult:
        """The loss of output spikes, whose neurons are the classes.

        Args:
            output: The events of the last layer.
            labels: The class of each sample, shape ``[samples]``.

        Raises:
            DataError: If there is not one label for each sample, or no output neuron for a label.
        """
        if not isinstance(output, SpikeBatch):
            raise ArrayError(f"a loss needs output spikes in a SpikeBatch, not {type(output).__name__}")
        classes = to_labels(labels, output.samples).tolist()
        return LossResult(
            *_noctule.evaluate_loss(self._describe(), output, classes, output.dtype.name)
        )


@dataclass(frozen=True)
class SpikeCount(Loss):
    """Squared distance of spike counts from targets, ``1/2 sum_j (target_j - count_j)^2``.

    Args:
        target_true: The number of spikes that the neuron of the true class should have.
        target_false: That of every other output neuron.

    Every spike of neuron ``j`` receives ``dL/dt = target_j - count_j``: earlier spikes leave time for more.
    """

    target_true: float
    target_false: float

    def _describe(self) -> Tuple[str, List[float]]:
        return "spike_count", _finite(self, self.target_true, self.target_false)


@dataclass(frozen=True)
class CountSoftmax(Loss):
    """Cross-entropy of spike counts, ``-log softmax(count / temperature)_label``.

    Args:
        temperature: Spikes, positive.
    """

    temperature: float = 1.0

    def _describe(self) -> Tuple[str, List[float]]:
        return "count_softmax", [_positive(self, "temperature", self.temperature)]


@dataclass(frozen=True)
class FirstSpike(Loss):
    """Cross-entropy of first-spike times, ``-log softmax(-t / temperature)_label``: the true class should spike first.

    Args:
        temperature: Seconds, positive; a tenth of ``tau_s`` is a good beginning.
        silent_time: The time in seconds that counts for a neuron without spikes, such as the end of the sample.
        early_pull: Adds ``early_pull (exp(t_label / early_pull_time) - 1)`` to the loss.
        early_pull_time: Seconds.
    """

    temperature: float
    silent_time: float
    early_pull: float = 0.0
    early_pull_time: float = 1.0

    prediction = "first_spike"

    def _describe(self) -> Tuple[str, List[float]]:
        return "first_spike", [
            _positive(self, "temperature", self.temperature),
            *_finite(self, self.silent_time, self.early_pull),
            _positive(self, "early_pull_time", self.early_pull_time),
        ]


@dataclass(frozen=True)
class SpikeTime(Loss):
    """Squared distance of first spikes from target times, ``1/2 sum_j ((t_j - target_j) / scale)^2``.

    Args:
        target_true: When the neuron of the true class should spike first, in seconds.
        target_false: When every other output neuron should.
        scale: Seconds, positive; for example ``tau_s``.
        silent_time: The time in seconds that counts for a neuron without spikes.
    """

    target_true: float
    target_false: float
    scale: float
    silent_time: float

    prediction = "first_spike"

    def _describe(self) -> Tuple[str, List[float]]:
        return "spike_time", [
            *_finite(self, self.target_true, self.target_false),
            _positive(self, "scale", self.scale),
            *_finite(self, self.silent_time),
        ]


def _finite(loss: object, *values: Any) -> List[float]:
    numbers = [real(value, f"{loss!r}: each constant", TrainingError) for value in values]
    if not np.isfinite(numbers).all():
        raise TrainingError(f"{loss!r}: all numbers must be finite")
    return numbers


def _positive(loss: object, name: str, value: Any) -> float:
    number = real(value, f"{loss!r}: {name}", TrainingError)
    if not (0 < number < float("inf")):
        raise TrainingError(f"{loss!r}: {name} must be positive and finite")
    return number
