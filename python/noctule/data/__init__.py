"""Data: the built-in sets, files of events and images, recordings of tonic, and sets for PyTorch's DataLoader.

A set has samples and their labels, and is what :func:`noctule.fit` and :meth:`noctule.Network.predict` take:

>>> import noctule as nt
>>> train, test = nt.data.yinyang()
>>> train
ImageSet(5000 samples of 1 x 4 x 1, 3 classes)
>>> train.spikes[:2]
SpikeBatch(2 samples, 10 spikes of 5 neurons, float32)

=========================================  ===================================================================
`ImageSet`, `EventSet`, `Latency`          labelled images or events; how intensities become spikes
`yinyang`, `mnist`, `fashion_mnist`        built-in sets; `load` takes any of `names`
`events`, `images`                         files: NPZ, and HDF5 as that of SHD and SSC
`from_arrays`, `from_tonic`                structured arrays, as tonic, aedat and expelliarmus give them
`torch_dataset`, `collate`                 for ``torch.utils.data.DataLoader``
=========================================  ===================================================================
"""

from .builtin import _set, fashion_mnist, load, mnist, names, yinyang
from .files import events, images
from .loaders import collate, torch_dataset
from .recordings import from_arrays, from_tonic
from .sets import EventSet, ImageSet, Latency, Set, as_pair

__all__ = [
    "EventSet",
    "ImageSet",
    "Latency",
    "Set",
    "_set",
    "as_pair",
    "collate",
    "events",
    "fashion_mnist",
    "from_arrays",
    "from_tonic",
    "images",
    "load",
    "mnist",
    "names",
    "torch_dataset",
    "yinyang",
]
