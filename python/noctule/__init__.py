"""Noctule trains spiking neural networks event by event, with exact gradients: no time step, no surrogate gradient.

In ten lines::

    import noctule as nt

    train, test = nt.data.yinyang()
    net = nt.Network(
        train.population,
        [nt.Dense(200, theta=0.02, max_spikes=30), nt.Dense(3, theta=0.02, max_spikes=1)],
        tau_m=0.020, tau_s=0.010, t_max=0.060,
    )
    loss = nt.FirstSpike(temperature=0.0005, silent_time=0.060)
    run = nt.fit(net, train, test, loss=loss, epochs=50, batch_size=32, max_inverse_slope=20.0)
    print(run.accuracy)

Times are in seconds and arrays are NumPy's.

====================  ========================================================================================
`SpikeBatch`          the spikes of a batch of samples: input and output of networks
`Network`             layers on an engine: `forward`, `backward`, `backward_recorded`, `step`
`Dense`, `Conv2d`, `SumPool2d`            layers
`SpikeCount`, `CountSoftmax`, `FirstSpike`, `SpikeTime`      losses
`Sgd`, `Adam`, `AdamW`, `NAdam`; `Step`, `Cosine`      optimisers; schedules of the learning rate
`fit`                 trains a network on samples of your own
`train`, `load`       presets, experiment files and run directories, which the command line shares
`data`                data sets, files, recordings of tonic
`plot`                pictures with matplotlib
`torch`               a layer for PyTorch
`to_nir`, `from_nir`  networks in the Neuromorphic Intermediate Representation
====================  ========================================================================================

All errors are subclasses of ``ValueError``; see :mod:`noctule.errors`.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any, Dict, List

from . import _noctule, data, errors
from ._noctule import __version__
from .errors import (
    ArrayError,
    BackendError,
    DataError,
    NetworkError,
    NirError,
    NoctuleError,
    OutOfRangeError,
    SpikeError,
    StateError,
    TrainingError,
)
from .layers import Conv2d, Dense, Normal, SumPool2d, Threshold, Uniform
from .losses import CountSoftmax, FirstSpike, Loss, LossResult, SpikeCount, SpikeTime
from .network import Network
from .gradients import Gradients
from .optimisers import Adam, AdamW, Cosine, NAdam, Optimiser, Schedule, Sgd, Step
from .runs import Run, load, presets, train
from .spikes import SpikeBatch
from .training import Epoch, History, Record, TrainingWarning, fit
from .weights import Weights

if TYPE_CHECKING:
    from . import nir, plot, torch
    from .nir import from_nir, to_nir

#: Modules that are imported when they are first used: each needs a library that not everybody has.
_LAZY = {"plot": "plot", "torch": "torch", "nir": "nir", "to_nir": "nir", "from_nir": "nir"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'noctule' has no attribute {name!r}")
    module = importlib.import_module(f"noctule.{_LAZY[name]}")
    return module if name == _LAZY[name] else getattr(module, name)


def __dir__() -> List[str]:
    # Only what can be imported: whoever looks at everything, as `help` does, must not fail for a library that is not there.
    needs = {"torch": "torch", "plot": "matplotlib"}
    lazy = [name for name in _LAZY if name not in needs or importlib.util.find_spec(needs[name])]
    return sorted({*globals(), *lazy})


def devices() -> List[Dict[str, Any]]:
    """The devices that ``backend=`` and ``device=`` can name, as ``noctule devices --json`` lists them."""
    import json

    found: List[Dict[str, Any]] = json.loads(_noctule.devices())
    return found


__all__ = [
    "Adam",
    "AdamW",
    "ArrayError",
    "BackendError",
    "Conv2d",
    "Cosine",
    "CountSoftmax",
    "DataError",
    "Dense",
    "Epoch",
    "FirstSpike",
    "Gradients",
    "History",
    "Loss",
    "LossResult",
    "NAdam",
    "Network",
    "NetworkError",
    "NirError",
    "NoctuleError",
    "Normal",
    "Optimiser",
    "OutOfRangeError",
    "Record",
    "Run",
    "Schedule",
    "Sgd",
    "SpikeBatch",
    "SpikeCount",
    "SpikeError",
    "SpikeTime",
    "StateError",
    "Step",
    "SumPool2d",
    "Threshold",
    "TrainingError",
    "TrainingWarning",
    "Uniform",
    "Weights",
    "__version__",
    "data",
    "devices",
    "errors",
    "fit",
    "from_nir",
    "load",
    "nir",
    "presets",
    "to_nir",
    "train",
]
