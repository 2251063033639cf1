"""The potential of a neuron over time, from its input spikes and its own: the formula of docs/mathematics.md, in float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Tuple

import numpy as np
import numpy.typing as npt

from .._arrays import place
from ..errors import NetworkError
from ..layers import Conv2d, Dense
from ..network import Network
from ..spikes import SpikeBatch

Floats = npt.NDArray[np.float64]

#: Pairs of a moment and a spike that are evaluated together.
BLOCK = 1 << 20


@dataclass(frozen=True)
class Trace:
    """What a neuron receives and emits in one sample. Times are in seconds, potentials in weight times seconds."""

    #: The spikes that reach it, ascending, and the weight of each.
    input_times: Floats
    input_weights: Floats
    #: Its own spikes, ascending.
    spikes: Floats
    tau_m: float
    tau_s: float
    theta: float
    reset: float
    t_max: float
    max_spikes: int

    def potential(self, times: Floats, *, after: Optional[npt.NDArray[np.bool_]] = None) -> Floats:
        """``u(t)`` at some times; at a spike of the neuron the one before it, or where ``after`` is true the one behind it."""
        moments = np.asarray(times, dtype=np.float64)
        fired = np.searchsorted(self.spikes, moments, side="left")
        if after is not None:
            fired = np.where(after, np.searchsorted(self.spikes, moments, side="right"), fired)
        potential = np.zeros(len(moments))
        size = max(1, BLOCK // max(1, len(moments)))
        for first in range(0, len(self.input_times), size):
            part = slice(first, first + size)
            since = moments[:, None] - self.input_times[None, part]
            potential += response(since, self.tau_m, self.tau_s) @ self.input_weights[part]
        for place, spike in enumerate(self.spikes):
            since = np.maximum(moments - spike, 0.0)
            potential -= np.where(fired > place, self.reset * np.exp(-since / self.tau_m), 0.0)
        return potential

    def grid(self, points: int) -> Tuple[Floats, npt.NDArray[np.bool_]]:
        """Moments that show every bend and both sides of every spike, and which of them are behind a spike."""
        even = np.linspace(0.0, self.t_max, points)
        inputs = self.input_times[self.input_times <= self.t_max]
        smooth = np.unique(np.concatenate([even, inputs, self.spikes]))
        times = np.concatenate([smooth, self.spikes])
        after = np.zeros(len(times), dtype=bool)
        after[len(smooth) :] = True
        order = np.lexsort((after, times))
        return times[order], after[order]


def response(since: Floats, tau_m: float, tau_s: float) -> Floats:
    """``eps(s)``: the potential ``s`` seconds after an input spike of weight 1, for any two time constants; 0 before it.

    It is the same with both constants exchanged, so the slower one stands in front, and nothing overflows.
    """
    slow, fast = max(tau_m, tau_s), min(tau_m, tau_s)
    delta = 1.0 / fast - 1.0 / slow
    s = np.maximum(since, 0.0)
    rise = -np.expm1(-delta * s) / delta if delta > 0 else s
    return np.asarray(np.exp(-s / slow) * rise, dtype=np.float64)


def trace(net: Network, spikes: SpikeBatch, neuron: int, layer: int) -> Trace:
    """Follows one neuron in a batch of one sample. The network is not changed: a copy in float64 runs the sample."""
    layer = place(layer, "layer", len(net.layers), "")
    description = net.layers[layer]
    if not isinstance(description, (Dense, Conv2d)):
        raise NetworkError(f"layer {layer} is {description!r}, which has no neurons of its own")
    neuron = place(neuron, "neuron", net.sizes[layer + 1], f" of layer {layer}")
    copy = net.to(dtype="float64", backend="cpu")
    copy.forward(spikes)
    times, units = (spikes if layer == 0 else copy.spikes(layer - 1)).astype("float64").sample(0)
    weights = _weights(net, description, layer, neuron)[units]
    reached = weights != 0
    own, whose = copy.spikes(layer).sample(0)
    reset = description.theta if description.reset is None else description.reset
    return Trace(
        input_times=times[reached],
        input_weights=weights[reached],
        spikes=own[whose == neuron],
        tau_m=_constant(description.tau_m, neuron),
        tau_s=_constant(description.tau_s, neuron),
        theta=_constant(description.theta, neuron),
        reset=_constant(reset, neuron),
        t_max=float(description.t_max),  # type: ignore[arg-type]
        max_spikes=description.max_spikes,
    )


def _constant(value: Any, neuron: int) -> float:
    """A constant of a neuron, where all may have the same."""
    array = np.asarray(value, dtype=np.float64)
    return float(array[neuron] if array.ndim else array)


def _weights(net: Network, description: Any, layer: int, neuron: int) -> Floats:
    """The weight of each input of a neuron; those of a layer with dropout as in evaluation."""
    weights = net.weights[layer]
    assert weights is not None
    if isinstance(description, Dense):
        return np.asarray(weights[neuron], dtype=np.float64) * (1.0 - description.dropout)
    height, width, channels = net.input_shape if layer == 0 else net.output_shapes[layer - 1]
    columns = net.output_shapes[layer][1]
    place, kernel = divmod(neuron, description.filters)
    row, column = divmod(place, columns)
    rows_of, columns_of = weights.shape[1:3]
    top, left = (description.stride * at - description.padding for at in (row, column))
    image = np.zeros((height, width, channels))
    for y in range(rows_of):
        for x in range(columns_of):
            if 0 <= top + y < height and 0 <= left + x < width:
                image[top + y, left + x] = weights[kernel, y, x]
    return image.reshape(-1)
