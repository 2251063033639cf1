"""Layers, and the distributions of their initial weights, as descriptions: :class:`noctule.Network` builds them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Dict, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._arrays import real, to_array, to_floats, whole
from .errors import NetworkError

#: A constant of a layer: one number for all neurons, or one for each.
Constant = Union[float, Sequence[float], npt.NDArray[Any]]


@dataclass(frozen=True)
class Uniform:
    """Initial weights that are uniform between ``low`` and ``high``."""

    low: float
    high: float

    def _describe(self) -> Tuple[str, float, float]:
        return "uniform", float(self.low), float(self.high)


@dataclass(frozen=True)
class Normal:
    """Initial weights that are normal with this mean and standard deviation."""

    mean: float
    std: float

    def _describe(self) -> Tuple[str, float, float]:
        return "normal", float(self.mean), float(self.std)


@dataclass(frozen=True)
class Threshold:
    """Initial weights in units of the threshold: over neurons, the largest potential of a sample has the mean
    ``mean * theta`` and the standard deviation ``std * theta``.

    A new network assumes that every input spikes once, all together. :func:`noctule.fit` measures what really arrives, in
    up to 100 training samples, and draws the weights anew. This, with the default numbers, is what a layer without
    ``init`` gets.
    """

    mean: Optional[float] = None
    std: Optional[float] = None

    def _describe(self) -> Optional[Tuple[str, float, float]]:
        if self.mean is None and self.std is None:
            return None
        return (
            "threshold",
            0.5 if self.mean is None else float(self.mean),
            1.5 if self.std is None else float(self.std),
        )


#: How initial weights are drawn, or the weights themselves.
Init = Union[Uniform, Normal, Threshold, npt.NDArray[Any], None]


class _Described:
    """Layers are equal if all that describes them is equal."""

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        names = [field.name for field in fields(self)]  # type: ignore[arg-type]
        return all(np.array_equal(getattr(self, name), getattr(other, name)) for name in names)

    def __hash__(self) -> int:
        return hash(repr(self))


@dataclass(frozen=True, eq=False, repr=False)
class Dense(_Described):
    """Every input is connected to every neuron.

    Args:
        neurons: Number of neurons.
        theta: Firing threshold, positive.
        max_spikes: The largest number of spikes of a neuron in one sample, 1 to 65535.
        reset: What a spike subtracts from the potential; by default ``theta``.
        tau_m, tau_s: Membrane and synaptic time constant in seconds; by default those of the network.
        t_max: No neuron spikes after this time, in seconds; by default that of the network.
        init: How initial weights are drawn, or an array ``[neurons, inputs]``; by default :class:`Threshold`.
        dropout: The fraction of the inputs that are dropped in training, 0 to below 1.

    ``theta``, ``reset``, ``tau_m`` and ``tau_s`` may be arrays with a value for each neuron.
    """

    neurons: int
    theta: Constant
    max_spikes: int
    reset: Optional[Constant] = None
    tau_m: Optional[Constant] = None
    tau_s: Optional[Constant] = None
    t_max: Optional[float] = None
    init: Init = None
    dropout: float = 0.0

    def __init__(
        self,
        neurons: int,
        *,
        theta: Constant,
        max_spikes: int,
        reset: Optional[Constant] = None,
        tau_m: Optional[Constant] = None,
        tau_s: Optional[Constant] = None,
        t_max: Optional[float] = None,
        init: Init = None,
        dropout: float = 0.0,
    ) -> None:
        _set(self, locals())

    def _describe(self, layer: int, shared: Dict[str, Optional[float]]) -> Dict[str, Any]:
        return {
            "neurons": _count(layer, "neurons", self.neurons),
            "window": None,
            "stride": 1,
            "padding": 0,
            "dropout": _number(layer, "dropout", self.dropout),
            **_neuron(layer, self, shared),
        }

    def __repr__(self) -> str:
        return _show(self, "neurons")


@dataclass(frozen=True, eq=False, repr=False)
class Conv2d(_Described):
    """Neurons that look at windows of an image, with shared weights.

    Args:
        filters: Number of filters: neurons at each place.
        window: Height and width of the window in pixels, or one number for both.
        stride: Pixels from one window to the next.
        padding: Pixels without spikes around the image.
        init: How initial weights are drawn, or an array ``[filters, height, width, channels]``.

    The other arguments are those of :class:`Dense`. Output neuron ``(y * width + x) * filters + f`` is filter ``f`` at row
    ``y`` and column ``x``.
    """

    filters: int
    window: Union[int, Tuple[int, int]]
    theta: Constant
    max_spikes: int
    stride: int = 1
    padding: int = 0
    reset: Optional[Constant] = None
    tau_m: Optional[Constant] = None
    tau_s: Optional[Constant] = None
    t_max: Optional[float] = None
    init: Init = None

    def __init__(
        self,
        filters: int,
        window: Union[int, Tuple[int, int]],
        *,
        theta: Constant,
        max_spikes: int,
        stride: int = 1,
        padding: int = 0,
        reset: Optional[Constant] = None,
        tau_m: Optional[Constant] = None,
        tau_s: Optional[Constant] = None,
        t_max: Optional[float] = None,
        init: Init = None,
    ) -> None:
        _set(self, locals())

    def _describe(self, layer: int, shared: Dict[str, Optional[float]]) -> Dict[str, Any]:
        window = self.window if isinstance(self.window, tuple) else (self.window, self.window)
        if len(window) != 2:
            raise NetworkError(f"layer {layer}: window must be a number or (height, width), not {self.window!r}")
        return {
            "neurons": _count(layer, "filters", self.filters),
            "window": (_count(layer, "window", window[0]), _count(layer, "window", window[1])),
            "stride": _count(layer, "stride", self.stride),
            "padding": _count(layer, "padding", self.padding),
            "dropout": 0.0,
            **_neuron(layer, self, shared),
        }

    def __repr__(self) -> str:
        return _show(self, "filters", "window")


@dataclass(frozen=True, eq=False, repr=False)
class SumPool2d(_Described):
    """Merges the spike trains of ``size x size`` pixels of each channel. It has no neurons and no weights of its own."""

    size: int

    def _describe(self, layer: int, shared: Dict[str, Optional[float]]) -> Dict[str, Any]:
        return {"pool": _count(layer, "size", self.size)}

    def __repr__(self) -> str:
        return f"SumPool2d({self.size})"


Layer = Union[Dense, Conv2d, SumPool2d]


def from_description(description: Dict[str, Any]) -> Layer:
    """The layer of a dictionary that the compiled part made."""
    if "pool" in description:
        return SumPool2d(description["pool"])
    constants = {
        name: np.asarray(description[name]) if isinstance(description[name], list) else description[name]
        for name in ("theta", "reset", "tau_m", "tau_s")
    }
    rest = {"max_spikes": description["max_spikes"], "t_max": description["t_max"], **constants}
    if "window" not in description:
        return Dense(description["neurons"], dropout=description["dropout"], **rest)
    window, stride, padding = description["window"], description["stride"], description["padding"]
    return Conv2d(description["neurons"], window, stride=stride, padding=padding, **rest)


def _set(layer: Any, values: Dict[str, Any]) -> None:
    for field in fields(layer):
        value = values[field.name]
        if hasattr(value, "detach"):
            value = to_array(value, field.name)
        object.__setattr__(layer, field.name, value)


def _neuron(layer: int, description: Any, shared: Dict[str, Optional[float]]) -> Dict[str, Any]:
    """The constants of the neurons of a layer."""
    theta = _constant(layer, "theta", description.theta)
    reset = description.reset
    init = description.init
    if init is not None and not isinstance(init, (Uniform, Normal, Threshold)):
        if isinstance(init, type) or np.ndim(init) < 2:
            raise NetworkError(
                f"layer {layer}: init must be nt.Uniform(low, high), nt.Normal(mean, std), nt.Threshold() or an array of "
                f"weights, not {init!r}"
            )
        init = None
    return {
        "theta": theta,
        "reset": theta if reset is None else _constant(layer, "reset", reset),
        "tau_m": _constant(layer, "tau_m", _given(layer, "tau_m", description.tau_m, shared)),
        "tau_s": _constant(layer, "tau_s", _given(layer, "tau_s", description.tau_s, shared)),
        "t_max": _number(layer, "t_max", _given(layer, "t_max", description.t_max, shared)),
        "max_spikes": whole(description.max_spikes, f"layer {layer}: max_spikes", 1, 2**16, NetworkError),
        "init": None if init is None else init._describe(),
    }


def _given(layer: int, name: str, own: Any, shared: Dict[str, Optional[float]]) -> Any:
    value = shared[name] if own is None else own
    if value is None:
        raise NetworkError(f"layer {layer}: {name} is not given; give it to the layer or to the network")
    return value


def _constant(layer: int, name: str, value: Any) -> Any:
    if np.ndim(value) == 0:
        return _number(layer, name, value)
    array = to_floats(value, f"{name} of layer {layer}", "float64")
    if array.ndim != 1:
        raise NetworkError(
            f"layer {layer}: {name} must be a number or an array with one value for each neuron, not of shape "
            f"{list(array.shape)}"
        )
    return array.tolist()


def _number(layer: int, name: str, value: Any) -> float:
    return real(value, f"layer {layer}: {name}", NetworkError)


def _count(layer: int, name: str, value: Any) -> int:
    return whole(value, f"layer {layer}: {name}", 0, 2**40, NetworkError)


def _show(layer: Any, *positional: str) -> str:
    words = [repr(getattr(layer, name)) for name in positional]
    for field in fields(layer):
        value = getattr(layer, field.name)
        if field.name in positional or _is_default(field, value, layer):
            continue
        if isinstance(value, np.ndarray):
            value = f"<array {list(value.shape)}>"
            words.append(f"{field.name}={value}")
        else:
            words.append(f"{field.name}={value!r}")
    return f"{type(layer).__name__}({', '.join(words)})"


def _is_default(field: Any, value: Any, layer: Any) -> bool:
    if isinstance(value, np.ndarray):
        return False
    if field.name == "reset":
        theta = layer.theta
        return value is None or (not isinstance(theta, np.ndarray) and value == theta)
    return bool(value == field.default)
