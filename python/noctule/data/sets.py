"""Sets of labelled samples: :class:`ImageSet` and :class:`EventSet`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Dict, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from .. import _noctule
from .._arrays import chosen_samples, file_path, real, to_array, to_floats, to_labels, whole
from ..errors import ArrayError, DataError
from ..spikes import SpikeBatch

Path = Union[str, "os.PathLike[str]"]
Shape = Tuple[int, int, int]

#: The array of a file with height, width and channels.
SENSOR_SHAPE = "sensor_shape"


@dataclass(frozen=True)
class Latency:
    """Turns each intensity ``v`` from 0 to 1 into one spike at ``earliest + (latest - earliest) (1 - v)`` seconds.

    Args:
        earliest: When an intensity of 1 spikes, in seconds.
        latest: When an intensity of 0 would, in seconds.
        silent_zero: Whether an intensity of exactly 0 does not spike at all.
        bias: An additional input, with the highest index, spikes at this time in every sample.
    """

    earliest: float = 0.0
    latest: float = 0.1
    silent_zero: bool = True
    bias: Optional[float] = None

    def __post_init__(self) -> None:
        for name in ("earliest", "latest") if self.bias is None else ("earliest", "latest", "bias"):
            object.__setattr__(self, name, real(getattr(self, name), f"{name} of an encoding", ArrayError))
        if not isinstance(self.silent_zero, (bool, np.bool_)):
            raise ArrayError(f"silent_zero of an encoding must be True or False, not {self.silent_zero!r}")


def check_encoding(encoding: object) -> None:
    """Refuses what is no :class:`Latency`."""
    if not isinstance(encoding, Latency):
        raise ArrayError(f"encoding must be a Latency(...), not {encoding!r}")


class ImageSet:
    """Images with labels. Engines encode them when they are needed.

    Args:
        images: Intensities of shape ``[images, height, width]`` or ``[images, height, width, channels]``: uint8, or floats
            from 0 to 1.
        labels: The class of each image, or ``None``.
        encoding: How intensities become spikes.
        classes: Number of classes; by default the largest label + 1.

    Raises:
        DataError, ArrayError: If shapes do not fit, or an intensity is not from 0 to 1.
    """

    def __init__(
        self,
        images: object,
        labels: object = None,
        *,
        encoding: Latency = Latency(),
        classes: Optional[int] = None,
    ) -> None:
        check_encoding(encoding)
        array = to_array(images, "images")
        if array.dtype != np.uint8:
            if array.dtype.kind in "iu":
                raise ArrayError(f"images must be uint8, or floats from 0 to 1, not {array.dtype}")
            array = to_floats(array, "images", "float32")
            wrong = np.flatnonzero(~((array >= 0) & (array <= 1)).ravel())
            if wrong.size:
                index = np.unravel_index(wrong[0], array.shape)
                raise ArrayError(
                    f"images{[int(i) for i in index]} is {array[index]}; intensities are from 0 to 1, or uint8"
                )
        if array.ndim == 3:
            array = array[..., None]
        if array.ndim != 4:
            raise ArrayError(
                f"images must have the shape [images, height, width] or [images, height, width, channels], not "
                f"{list(array.shape)}"
            )
        self.images: npt.NDArray[Any] = np.ascontiguousarray(array)
        self.labels, self.classes = _labels(labels, len(self.images), classes)
        self.encoding = encoding

    @classmethod
    def _of(cls, described: Dict[str, Any], encoding: Latency) -> ImageSet:
        return cls(described["images"], described["labels"], encoding=encoding, classes=described["classes"])

    def with_encoding(self, encoding: Latency) -> ImageSet:
        """The same images in another encoding."""
        return ImageSet(self.images, self.labels, encoding=encoding, classes=self.classes)

    @property
    def shape(self) -> Shape:
        """Height, width and channels of an image: the ``inputs`` of a network with convolutions."""
        height, width, channels = self.images.shape[1:]
        return int(height), int(width), int(channels)

    @property
    def population(self) -> int:
        """Number of input neurons, the bias included: the ``inputs`` of a dense network."""
        return int(np.prod(self.shape)) + (self.encoding.bias is not None)

    @property
    def spikes(self) -> SpikeBatch:
        """All images as events. This makes them anew; for a part, take ``set[:100].spikes``."""
        return SpikeBatch._of(*_noctule.encode_images(self))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Any) -> ImageSet:
        """Some of the samples: ``set[:100]``, ``set[[3, 1]]``, ``set[set.labels == 2]``."""
        chosen = chosen_samples(index, len(self))
        labels = None if self.labels is None else self.labels[chosen]
        part = object.__new__(ImageSet)
        part.images, part.labels = np.ascontiguousarray(self.images[chosen]), labels
        part.classes, part.encoding = self.classes, self.encoding
        return part

    def __repr__(self) -> str:
        shape = " x ".join(str(length) for length in self.shape)
        return f"ImageSet({len(self)} samples of {shape}, {_classes(self.classes)})"


class EventSet:
    """Recordings of events, with labels.

    Args:
        spikes: The events.
        labels: The class of each sample, or ``None``.
        classes: Number of classes; by default the largest label + 1.
        shape: Height, width and channels, if the neurons are the pixels of a sensor: neuron ``(y * width + x) * channels + c``
            is channel ``c`` of row ``y`` and column ``x``. By default ``(1, 1, population)``.

    Raises:
        DataError: If labels or shape do not fit the spikes.
    """

    def __init__(
        self,
        spikes: SpikeBatch,
        labels: object = None,
        *,
        classes: Optional[int] = None,
        shape: Optional[Sequence[int]] = None,
    ) -> None:
        if not isinstance(spikes, SpikeBatch):
            raise DataError(f"an EventSet needs a SpikeBatch, not {type(spikes).__name__}")
        self.spikes = spikes
        self.labels, self.classes = _labels(labels, len(spikes), classes)
        self._shape = _shape(shape, spikes.population)

    @property
    def population(self) -> int:
        """Number of input neurons: the ``inputs`` of a dense network."""
        return self.spikes.population

    @property
    def shape(self) -> Shape:
        """Height, width and channels of the sensor: the ``inputs`` of a network with convolutions."""
        return self._shape

    def save(self, path: Path) -> None:
        """Writes an NPZ file, which :func:`events` reads, and ``noctule new``, ``train`` and ``predict`` do.

        It has ``times`` in seconds, ``units``, ``offsets``, ``population``, ``sensor_shape`` if the neurons are the pixels of a
        sensor and, if there are any, ``labels``.
        """
        spikes = self.spikes
        arrays: Dict[str, Any] = {"times": spikes.times, "units": spikes.units, "offsets": spikes.offsets}
        if self.labels is not None:
            arrays["labels"] = self.labels
        if self._shape[:2] != (1, 1):
            arrays[SENSOR_SHAPE] = np.array(self._shape)
        # Given a name alone, NumPy would append `.npz`.
        name = file_path(path, "the path", DataError)
        try:
            with open(name, "wb") as file:
                np.savez(file, population=self.population, **arrays)
        except (OSError, ValueError) as error:
            raise DataError(f"the set cannot be written: {error}") from error

    def __len__(self) -> int:
        return len(self.spikes)

    def __getitem__(self, index: Any) -> EventSet:
        """Some of the samples: ``set[:100]``, ``set[[3, 1]]``, ``set[set.labels == 2]``."""
        chosen = chosen_samples(index, len(self))
        labels = None if self.labels is None else self.labels[chosen]
        return EventSet(self.spikes[chosen], labels, classes=self.classes, shape=self._shape)

    def __repr__(self) -> str:
        spikes = len(self.spikes.times) / max(len(self), 1)
        height, width, channels = self._shape
        sensor = "" if height == width == 1 else f" ({height} x {width} x {channels})"
        return (
            f"EventSet({len(self)} samples of {self.population} neurons{sensor}, {spikes:.0f} spikes each, "
            f"{_classes(self.classes)})"
        )


Set = Union[ImageSet, EventSet]


def as_pair(samples: Any, what: str) -> Tuple[Any, npt.NDArray[np.int64]]:
    """Samples and labels of a set, or of a pair ``(SpikeBatch, labels)``."""
    if isinstance(samples, (tuple, list)) and len(samples) == 2:
        spikes, labels = samples
        if not isinstance(spikes, SpikeBatch):
            raise DataError(f"{what} must be (SpikeBatch, labels) or a set of noctule.data, not ({type(spikes).__name__}, ...)")
        return spikes, to_labels(labels, len(spikes))
    if isinstance(samples, (ImageSet, EventSet)):
        if samples.labels is None:
            raise DataError(f"{what} has no labels")
        return (samples if isinstance(samples, ImageSet) else samples.spikes), samples.labels
    raise DataError(f"{what} must be (SpikeBatch, labels) or a set of noctule.data, not {type(samples).__name__}")


def _labels(
    labels: object, samples: int, classes: Optional[int]
) -> Tuple[Optional[npt.NDArray[np.int64]], Optional[int]]:
    if classes is not None:
        classes = whole(classes, "classes", 0, 2**32, DataError)
    if labels is None:
        return None, classes
    array = to_labels(labels, samples)
    needed = int(array.max()) + 1 if array.size else 0
    if classes is not None and needed > classes:
        raise DataError(f"there is a label {needed - 1}, but only {classes} classes, counted from 0")
    return array, needed if classes is None else classes


def _shape(shape: Optional[Sequence[int]], population: int) -> Shape:
    if shape is None:
        return 1, 1, population
    lengths = list(shape) if isinstance(shape, (list, tuple, np.ndarray)) else []
    numbers = [whole(length, "a length of shape", 1, 2**32, DataError) for length in lengths]
    if len(numbers) != 3 or np.prod(numbers) != population:
        raise DataError(f"shape must be (height, width, channels) of {population} neurons, not {shape!r}")
    return numbers[0], numbers[1], numbers[2]


def _classes(classes: Optional[int]) -> str:
    return "no labels" if classes is None else f"{classes} classes"
