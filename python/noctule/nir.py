"""Networks in the Neuromorphic Intermediate Representation (https://neuroir.org): :func:`to_nir` and :func:`from_nir`.

A Noctule neuron is NIR's ``CubaLIF``, exactly: in continuous time both have the same spikes. Files are those of the package
``nir``, which only graphs in memory need.

>>> import noctule as nt, tempfile, os
>>> net = nt.Network(4, [nt.Dense(3, theta=1.0, max_spikes=5)], tau_m=0.02, tau_s=0.01, t_max=0.1)
>>> path = os.path.join(tempfile.mkdtemp(), "net.nir")
>>> nt.to_nir(net, path)
>>> nt.from_nir(path).weights[0].shape
(3, 4)
"""

from __future__ import annotations

import os
import tempfile
import warnings
from typing import Any, List, Optional, Union

from . import _noctule
from ._arrays import check_dtype, file_path, real, whole
from .errors import NirError
from .network import Network
from .runs import Run

Path = Union[str, "os.PathLike[str]"]


def to_nir(network: Union[Network, Run], path: Optional[Path] = None, *, dt: Optional[float] = None) -> Any:
    """A network as a graph of NIR.

    Args:
        network: A network, or a run, whose experiment then travels with the graph.
        path: Writes a file here. Without it, the graph is returned as a ``nir.NIRGraph``, for which the package ``nir`` is
            needed.
        dt: The time step in seconds of the simulator that will read the graph, if it takes a spike as a pulse of one step,
            as snnTorch (1e-4) and Norse do. ``None``: spikes are Dirac deltas, as the equations of NIR say.

    Raises:
        NirError: If the network has no counterpart in NIR, or the file cannot be written.
    """
    experiment = network.toml if isinstance(network, Run) else None
    net = network.network if isinstance(network, Run) else network
    if not isinstance(net, Network):
        raise NirError(f"to_nir needs a Network or a Run, not {type(network).__name__}")
    step = _step(dt)
    if path is not None:
        _warn(_noctule.write_nir(net._model, file_path(path, "the path", NirError), step, experiment))
        return None
    nir = _library()
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "network.nir")
        _warn(_noctule.write_nir(net._model, file, step, experiment))
        try:
            return nir.read(file)
        except Exception:
            # Version 1.0.8 takes the rows of a window for its columns when it checks shapes.
            return nir.read(file, type_check=False)


def from_nir(
    graph: Any,
    *,
    t_max: Optional[float] = None,
    max_spikes: Optional[int] = None,
    dt: Optional[float] = None,
    dtype: object = "float32",
    backend: str = "cpu",
    device: Optional[int] = None,
    threads: int = 0,
) -> Network:
    """A network from a graph of NIR.

    Args:
        graph: A file, or a ``nir.NIRGraph``.
        t_max: End of a sample in seconds. Graphs of :func:`to_nir` say it, others do not.
        max_spikes: The largest number of spikes of a neuron in a sample, likewise; by default 65535.
        dt: The time step in seconds of the simulator that wrote the graph, if it takes a spike as a pulse of one step, as
            snnTorch (1e-4) and Norse do; by default what the graph says, else spikes are Dirac deltas.
        dtype, backend, device, threads: As for :class:`noctule.Network`.

    Raises:
        NirError: If the file is damaged, or the graph has something that a Noctule network cannot represent. The message
            names the node and the value.
    """
    name = check_dtype(dtype)
    spikes = None if max_spikes is None else _whole(max_spikes)
    end = None if t_max is None else real(t_max, "t_max", NirError)
    options = (_step(dt), end, spikes, name, backend, device, threads)
    if isinstance(graph, (str, os.PathLike)):
        model, _, _, assumed = _noctule.read_nir(os.fspath(graph), *options)
    else:
        nir = _library()
        if not isinstance(graph, nir.NIRGraph):
            raise NirError(f"from_nir needs a file or a nir.NIRGraph, not {type(graph).__name__}")
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "graph.nir")
            _write(nir, file, graph)
            try:
                model, _, _, assumed = _noctule.read_nir(file, *options)
            except NirError as error:
                raise NirError(str(error).replace(f"`{file}`", "the graph")) from None
    if assumed and max_spikes is None:
        warnings.warn(
            "the graph does not say how often a neuron may spike in a sample, so max_spikes is 65535; name a smaller one to "
            "save memory",
            stacklevel=2,
        )
    return Network._of_model(model, name, backend, device, threads)


def _write(nir: Any, file: str, graph: Any) -> None:
    try:
        nir.write(file, graph)
    except TypeError:
        # Version 1.0.8 cannot compress single numbers.
        try:
            nir.write(file, graph, compression=None)
        except (TypeError, ValueError, AttributeError) as error:
            raise NirError(f"the graph cannot be written by the package nir: {error}") from None


def _warn(limits: List[str]) -> None:
    """Says what other simulators will not know."""
    for limit in limits:
        warnings.warn(limit, stacklevel=3)


def _library() -> Any:
    try:
        import nir
    except ImportError as error:
        raise ImportError('graphs in memory need the package nir: pip install "noctule[nir]"') from error
    return nir


def _step(dt: Optional[float]) -> Optional[float]:
    if dt is None:
        return None
    step = real(dt, "dt", NirError)
    if not 0 < step < float("inf"):
        raise NirError(f"dt must be positive and finite, not {dt!r}")
    return step


def _whole(max_spikes: object) -> int:
    return whole(max_spikes, "max_spikes", 1, 65536, NirError)
