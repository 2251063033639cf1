"""Files of events and of images."""

from __future__ import annotations

import zipfile
from typing import List, Optional

import numpy as np

from .. import _noctule
from .._arrays import file_path, real, whole
from ..errors import DataError
from ..spikes import SpikeBatch
from .sets import SENSOR_SHAPE, EventSet, ImageSet, Latency, Path


def events(path: Path, *, time_unit: float = 1.0, population: Optional[int] = None) -> EventSet:
    """The events of a file: NPZ with ``times``, ``units``, ``offsets`` and perhaps ``labels``, or HDF5 as SHD and SSC are.

    Args:
        path: The file.
        time_unit: Seconds per unit of its times.
        population: Number of units; by default what the file says, else its largest unit + 1.

    Raises:
        DataError: If it cannot be read, is damaged, or has events that are not valid; the message names the sample.
    """
    number = None if population is None else whole(population, "population", 1, error=DataError)
    name = file_path(path, "the file", DataError)
    described = _noctule.load_event_file(name, real(time_unit, "time_unit", DataError), number)
    spikes = SpikeBatch._of(*described["events"])
    return EventSet(spikes, described["labels"], classes=described["classes"], shape=None if number is not None else _sensor(name))


def images(path: Path, *, encoding: Latency = Latency()) -> ImageSet:
    """The images of an NPZ file with ``images`` and perhaps ``labels``.

    Raises:
        DataError: If it cannot be read, or is damaged.
    """
    return ImageSet._of(_noctule.load_image_file(file_path(path, "the file", DataError)), encoding)


def _sensor(name: str) -> Optional[List[int]]:
    """Height, width and channels, in a file that :meth:`EventSet.save` wrote for a sensor."""
    try:
        with zipfile.ZipFile(name) as arrays, arrays.open(f"{SENSOR_SHAPE}.npy") as file:
            return np.ravel(np.lib.format.read_array(file, allow_pickle=False)).tolist()
    except (zipfile.BadZipFile, KeyError):
        # Another format, or a file of somebody else.
        return None
    except ValueError as error:
        raise DataError(f"{name}: {SENSOR_SHAPE} cannot be read: {error}") from None
