"""How a network is kept: files, pickles, copies."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Dict, Optional, Tuple, Union

import numpy as np

from . import _noctule
from ._arrays import check_dtype, file_path, to_floats
from ._network_arguments import _describe
from .errors import NetworkError
from .layers import Layer

if TYPE_CHECKING:
    from .network import Network

Path = Union[str, "os.PathLike[str]"]


def load_model(path: Path, name: str, backend: str, device: Optional[int], threads: int) -> _noctule.Model:
    """The model of a file."""
    path = file_path(path, "the path", NetworkError)
    try:
        return _noctule.Model.load(path, name, backend, device, threads)
    except NetworkError as error:
        folder = os.path.dirname(path)
        if os.path.exists(os.path.join(folder, "config.toml")):
            raise NetworkError(f"{error}; a checkpoint of a run is read by nt.load({folder!r}).network") from None
        raise


def state_of(network: Network) -> Dict[str, Any]:
    """All that a copy needs."""
    network._model.check_weights()
    memory = None
    if network._optimiser is not None:
        memory = (network._optimiser, network._model.optimiser_state())
    return {
        "input_shape": network.input_shape,
        "layers": network._layers,
        "weights": list(network.weights),
        "drawn": list(network._drawn),
        "seed": network._seed,
        "engine": (network._dtype, network._backend, network._device, network._threads),
        "memory": memory,
        "rule": network._rule,
        "rates": dict(network._rates),
    }


def restore(network: Network, state: Dict[str, Any]) -> None:
    """Makes a network what :func:`state_of` saw."""
    dtype, backend, device, threads = state["engine"]
    network._set_engine(dtype, backend, device, threads)
    network._seed = state["seed"]
    layers: Tuple[Layer, ...] = state["layers"]
    shared: Dict[str, Optional[float]] = {"tau_m": None, "tau_s": None, "t_max": None}
    descriptions = [_describe(index, layer, shared) for index, layer in enumerate(layers)]
    network._model = network._open(state["input_shape"], descriptions)
    network._begin(layers)
    weights = enumerate(state["weights"])
    network._model.set_weights([(layer, np.ascontiguousarray(w)) for layer, w in weights if w is not None])
    network._drawn = list(state["drawn"])
    network._rule = state["rule"]
    network._rates = dict(state["rates"])
    if state["memory"] is not None:
        optimiser, memory = state["memory"]
        network._optimiser = optimiser
        network._model.set_optimiser_state(optimiser._describe(), memory)


def copy_to(
    network: Network,
    dtype: object,
    backend: Optional[str],
    device: Optional[int],
    threads: Optional[int],
) -> Network:
    """A copy in another precision or on another engine, without what an optimiser remembers."""
    state = state_of(network)
    name = network._dtype if dtype is None else check_dtype(dtype)
    state["weights"] = [
        None if weights is None else to_floats(weights, f"the weights of layer {layer}", name)
        for layer, weights in enumerate(state["weights"])
    ]
    state["engine"] = (
        name,
        network._backend if backend is None else backend,
        network._device if backend is None and device is None else device,
        network._threads if threads is None else threads,
    )
    state["memory"] = None
    copy = object.__new__(type(network))
    restore(copy, state)
    return copy
