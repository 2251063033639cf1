"""Reference cases, which were computed in float64 without closed forms for spike times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

import noctule as nt

FIXTURES = Path(__file__).resolve().parents[2] / "crates" / "noctule-conformance" / "fixtures"


def cases(name: str) -> List[Any]:
    """The cases of a file, as parameters of a test."""
    import pytest

    path = FIXTURES / f"{name}.json"
    if not path.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"{path} is not here"))]
    found = json.loads(path.read_text())["cases"]
    return [pytest.param(case, id=case["name"]) for case in found]


def network(case: Dict[str, Any], dtype: str = "float64") -> nt.Network:
    """The network of a case."""
    layers: List[Any] = []
    for layer in case["network"]:
        if layer["kind"] == "pool":
            layers.append(nt.SumPool2d(layer["size"]))
            continue
        weights = np.array(layer["weights"])
        constants = {name: layer[name] for name in ("tau_m", "tau_s", "theta", "reset", "t_max")}
        constants["max_spikes"] = layer["cap"]
        if layer["kind"] == "dense":
            layers.append(nt.Dense(len(weights), init=weights, **constants))
        else:
            layers.append(nt.Conv2d(len(weights), weights.shape[1:3], init=weights, **constants))
    first = case["network"][0]
    inputs = tuple(first["in_shape"]) if "in_shape" in first else np.shape(first["weights"])[1]
    return nt.Network(inputs, layers, dtype=dtype)


def by_neuron(trains: Sequence[Sequence[float]], population: int) -> nt.SpikeBatch:
    """One sample from the spike train of each neuron."""
    pairs = [(time, neuron) for neuron, train in enumerate(trains) for time in train]
    assert len(trains) == population
    return nt.SpikeBatch.from_lists([pairs], population=population)


def aligned(trains: Sequence[Sequence[float]], spikes: nt.SpikeBatch) -> np.ndarray:
    """A number for each spike of each neuron, in the order of the spikes of a batch of one sample."""
    seen = [0] * len(trains)
    values = []
    for unit in spikes.units.tolist():
        values.append(trains[unit][seen[unit]])
        seen[unit] += 1
    return np.array(values)


def trains(spikes: nt.SpikeBatch) -> List[List[float]]:
    """The spike train of each neuron, of a batch of one sample."""
    found: List[List[float]] = [[] for _ in range(spikes.population)]
    for time, unit in zip(spikes.times.tolist(), spikes.units.tolist()):
        found[unit].append(time)
    return found


def inputs(case: Dict[str, Any], net: nt.Network) -> nt.SpikeBatch:
    """The input of a case."""
    pairs = [(time, unit) for time, unit in case["input_spikes"]]
    return nt.SpikeBatch.from_lists([pairs], population=net.inputs)


def close(found: Any, expected: Any, scale: float = 1e-6) -> None:
    """Compares gradients, relative to the largest one."""
    expected = np.asarray(expected, dtype=float)
    np.testing.assert_allclose(found, expected, rtol=scale, atol=scale * max(1e-300, np.abs(expected).max(initial=0)))


def tau(case: Dict[str, Any]) -> float:
    """The synaptic time constant by which times are judged."""
    return float(min(layer["tau_s"] for layer in case["network"] if "tau_s" in layer))


def padded(train_of: Sequence[Sequence[float]]) -> Tuple[np.ndarray, int]:
    """Spike trains as an array ``[1, neuron, spike]``."""
    width = max(1, max((len(train) for train in train_of), default=0))
    array = np.full((1, len(train_of), width), np.inf)
    for neuron, train in enumerate(train_of):
        array[0, neuron, : len(train)] = train
    return array, width
