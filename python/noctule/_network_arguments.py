"""What a :class:`noctule.Network` is given, checked and in the form of the compiled part."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Dict, Optional, Tuple

import numpy as np

from ._arrays import whole
from .errors import ArrayError, NetworkError
from .layers import Conv2d, Dense, Layer, SumPool2d
from .spikes import SpikeBatch


def _shape(inputs: Any) -> Tuple[int, int, int]:
    numbers = tuple(inputs) if isinstance(inputs, (tuple, list)) else (1, 1, inputs)
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)):
            raise NetworkError(f"inputs must be a number of neurons or (height, width, channels), not {inputs!r}")
        whole(number, "inputs", 0, 2**32, NetworkError)
    if len(numbers) != 3:
        raise NetworkError(f"inputs must be a number of neurons or (height, width, channels), not {inputs!r}")
    return int(numbers[0]), int(numbers[1]), int(numbers[2])


def _seed(seed: object) -> int:
    return whole(seed, "seed", 0, 2**64, NetworkError)


def _describe(index: int, layer: object, shared: Dict[str, Optional[float]]) -> Dict[str, Any]:
    if not isinstance(layer, (Dense, Conv2d, SumPool2d)):
        raise NetworkError(f"layer {index} is {layer!r}; layers are nt.Dense, nt.Conv2d and nt.SumPool2d")
    return layer._describe(index, shared)


def _complete(layer: Layer, shared: Dict[str, Optional[float]]) -> Layer:
    """The layer with the constants that it takes from the network."""
    if isinstance(layer, SumPool2d):
        return layer
    names = [field.name for field in fields(layer)]
    given = {name: getattr(layer, name) for name in names}
    for name, value in shared.items():
        if given[name] is None:
            given[name] = value
    if given["reset"] is None:
        given["reset"] = given["theta"]
    for name in ("theta", "reset", "tau_m", "tau_s"):
        if np.ndim(given[name]):
            given[name] = np.array(given[name], dtype=np.float64)
    if isinstance(given.get("window"), (int, np.integer)):
        given["window"] = (int(given["window"]), int(given["window"]))
    init = given["init"]
    if init is not None and not hasattr(init, "_describe"):
        # The weights are in the network.
        given["init"] = None
    return replace(layer, **given)


def _check_batch(spikes: object) -> None:
    if not isinstance(spikes, SpikeBatch):
        how = "take its `spikes`" if hasattr(spikes, "spikes") else "make one with nt.SpikeBatch(...)"
        raise ArrayError(f"a SpikeBatch is needed, not {type(spikes).__name__}; {how}")


def _check_shape(network: Tuple[int, int, int], samples: Any, what: str) -> None:
    """Refuses images, and recordings of a sensor, of another height, width and channels than the network's: with as many
    neurons, they would pass, in the wrong order."""
    from .data.sets import EventSet, ImageSet

    if not isinstance(samples, (ImageSet, EventSet)):
        return
    found = samples.shape
    if found[:2] == (1, 1) or network[:2] == (1, 1) or _without_ones(found) == _without_ones(network):
        return
    how = ""
    if isinstance(samples, ImageSet) and (*found[1:], found[0]) == network:
        # The channels of PyTorch's images come first.
        how = "; np.moveaxis(images, 1, -1) moves channels from the first place of an image to the last"
    raise ArrayError(f"{what} has (height, width, channels) = {found}, but the network {network}{how}")


def _without_ones(shape: Tuple[int, int, int]) -> Tuple[int, ...]:
    return tuple(length for length in shape if length > 1)
