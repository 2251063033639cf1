"""Data: the built-in sets, files of events and images, recordings of tonic, and sets for PyTorch's DataLoader.

A set has samples and their labels, and is what :func:`noctule.fit` and :meth:`noctule.Network.predict` take:

>>> import noctule as nt
>>> train, test = nt.data.yinyang()
>>> train
ImageSet(5000 samples of 1 x 4 x 1, 3 classes)
>>> train.spikes[:2]
SpikeBatch(2 samples, 10 spikes of 5 neurons, float32)
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _noctule
from ._arrays import to_array, to_floats, to_labels
from .errors import ArrayError, DataError
from .spikes import SpikeBatch

Path = Union[str, "os.PathLike[str]"]


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
    def shape(self) -> Tuple[int, int, int]:
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
        chosen = _chosen(index, len(self))
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
    """

    def __init__(self, spikes: SpikeBatch, labels: object = None, *, classes: Optional[int] = None) -> None:
        if not isinstance(spikes, SpikeBatch):
            raise DataError(f"an EventSet needs a SpikeBatch, not {type(spikes).__name__}")
        self.spikes = spikes
        self.labels, self.classes = _labels(labels, len(spikes), classes)

    @property
    def population(self) -> int:
        """Number of input neurons."""
        return self.spikes.population

    def __len__(self) -> int:
        return len(self.spikes)

    def __getitem__(self, index: Any) -> EventSet:
        """Some of the samples: ``set[:100]``, ``set[[3, 1]]``, ``set[set.labels == 2]``."""
        chosen = _chosen(index, len(self))
        labels = None if self.labels is None else self.labels[chosen]
        return EventSet(self.spikes[chosen], labels, classes=self.classes)

    def __repr__(self) -> str:
        spikes = len(self.spikes.times) / max(len(self), 1)
        return (
            f"EventSet({len(self)} samples of {self.population} neurons, {spikes:.0f} spikes each, "
            f"{_classes(self.classes)})"
        )


Set = Union[ImageSet, EventSet]


def names() -> Dict[str, str]:
    """The built-in sets, and what each of them is."""
    return dict(_noctule.data_sets())


def load(
    name: str,
    split: str = "train",
    *,
    data_dir: Optional[Path] = None,
    seed: int = 0,
    encoding: Latency = Latency(),
) -> Set:
    """One part of a built-in set; it is downloaded and checked if it is not there.

    Args:
        name: One of :func:`names`.
        split: ``"train"``, ``"test"`` or, for Yin-Yang, ``"validation"``.
        data_dir: Where data sets lie; by default ``$NOCTULE_DATA``, else the cache directory of the user.
        seed: Seed of sets that are generated.
        encoding: How intensities become spikes.
    """
    directory = None if data_dir is None else os.fspath(data_dir)
    return _set(_noctule.load_set(name, split, directory, seed), encoding)


def mnist(*, data_dir: Optional[Path] = None, encoding: Latency = Latency()) -> Tuple[ImageSet, ImageSet]:
    """MNIST: 60,000 images to train with and 10,000 to test, 28 x 28, 10 classes."""
    return _pair("mnist", data_dir, 0, encoding)


def fashion_mnist(*, data_dir: Optional[Path] = None, encoding: Latency = Latency()) -> Tuple[ImageSet, ImageSet]:
    """Fashion-MNIST: 60,000 images to train with and 10,000 to test, 28 x 28, 10 classes."""
    return _pair("fashion-mnist", data_dir, 0, encoding)


def yinyang(
    *, seed: int = 0, encoding: Latency = Latency(0.010, 0.040, silent_zero=False, bias=0.020)
) -> Tuple[ImageSet, ImageSet]:
    """Yin-Yang: 5,000 points to train with and 1,000 to test, 4 features and a bias, 3 classes. It is generated."""
    return _pair("yin-yang", None, seed, encoding)


def events(path: Path, *, time_unit: float = 1.0, population: Optional[int] = None) -> EventSet:
    """The events of a file: NPZ with ``times``, ``units``, ``offsets`` and perhaps ``labels``, or HDF5 as SHD and SSC are.

    Args:
        path: The file.
        time_unit: Seconds per unit of its times.
        population: Number of units; by default what the file says, else its largest unit + 1.

    Raises:
        DataError: If it cannot be read, is damaged, or has events that are not valid; the message names the sample.
    """
    number = None if population is None else int(population)
    described = _noctule.load_event_file(os.fspath(path), float(time_unit), number)
    return EventSet(
        SpikeBatch._of(*described["events"]), described["labels"], classes=described["classes"]
    )


def images(path: Path, *, encoding: Latency = Latency()) -> ImageSet:
    """The images of an NPZ file with ``images`` and perhaps ``labels``.

    Raises:
        DataError: If it cannot be read, or is damaged.
    """
    return ImageSet._of(_noctule.load_image_file(os.fspath(path)), encoding)


def from_arrays(
    samples: Iterable[Any],
    labels: object = None,
    *,
    sensor_size: Optional[Sequence[int]] = None,
    time_unit: float = 1e-6,
    dtype: str = "float32",
) -> EventSet:
    """From structured event arrays, as tonic gives them: with a field ``t`` and one or more of ``x``, ``y`` and ``p``.

    Args:
        samples: A structured array for each sample, or pairs ``(array, label)``, such as a data set of tonic with any
            transform that gives events.
        labels: The class of each sample, if ``samples`` has none.
        sensor_size: tonic's ``(width, height, polarities)``; by default the largest indices + 1.
        time_unit: Seconds per unit of ``t``; tonic counts microseconds.
        dtype: The type of the spike times.

    Input neuron ``(y * width + x) * polarities + p`` has the events of pixel ``(x, y)`` with polarity ``p``: the order of
    an image of shape ``(height, width, polarities)``. Events need not be sorted.

    Raises:
        DataError: If a sample lacks the field ``t``, or has an event outside of the sensor.
    """
    recordings, found_labels = _recordings(samples)
    if labels is None and found_labels:
        labels = found_labels
    size = _sensor(recordings) if sensor_size is None else [int(length) for length in sensor_size]
    width, height, polarities = (size + [1, 1, 1])[:3]
    pairs = []
    for index, events_of in enumerate(recordings):
        units = np.zeros(len(events_of), dtype=np.int64)
        for field, length in (("y", height), ("x", width), ("p", polarities)):
            values = _field(events_of, field)
            wrong = np.flatnonzero((values < 0) | (values >= length))
            if wrong.size:
                raise DataError(
                    f"sample {index}, event {int(wrong[0])}: {field} is {int(values[wrong[0]])}, but the sensor has "
                    f"{length}; give the right sensor_size"
                )
            units = units * length + values
        times = events_of["t"].astype(np.float64) * time_unit
        pairs.append((times, units))
    batch = SpikeBatch.from_lists(pairs, population=width * height * polarities, dtype=dtype)
    return EventSet(batch, labels)


#: :func:`from_arrays` under the name of the library whose samples it takes.
from_tonic = from_arrays


def _recordings(samples: Iterable[Any]) -> Tuple[List[npt.NDArray[Any]], List[int]]:
    recordings, labels = [], []
    # tonic's data sets can be indexed, but end with an IndexError of their own only.
    items = (samples[i] for i in range(len(samples))) if hasattr(samples, "__len__") else samples  # type: ignore[index]
    for index, item in enumerate(items):
        if isinstance(item, (tuple, list)) and len(item) == 2:
            item, label = item
            try:
                labels.append(int(label))
            except (TypeError, ValueError):
                raise DataError(f"sample {index} has the label {label!r}, which is no integer") from None
        array = np.asarray(item)
        if array.dtype.names is None or "t" not in array.dtype.names:
            raise DataError(
                f"sample {index} is no structured array with a field `t`; a transform that makes frames must be left out"
            )
        recordings.append(array.ravel())
    if labels and len(labels) != len(recordings):
        raise DataError("some samples have a label, and others do not")
    return recordings, labels


def _field(events_of: npt.NDArray[Any], name: str) -> npt.NDArray[np.int64]:
    if name not in (events_of.dtype.names or ()):
        return np.zeros(len(events_of), dtype=np.int64)
    return events_of[name].astype(np.int64)


def _sensor(recordings: Sequence[npt.NDArray[Any]]) -> List[int]:
    most = [
        max((int(_field(events_of, name).max()) for events_of in recordings if len(events_of)), default=0)
        for name in ("x", "y", "p")
    ]
    return [length + 1 for length in most]


def torch_dataset(samples: Set) -> Any:
    """A ``torch.utils.data.Dataset`` of a set, whose items are ``(SpikeBatch of one sample, label)``.

    Give :func:`collate` to the DataLoader, which joins such items to ``(SpikeBatch, labels)``:

    >>> loader = DataLoader(nt.data.torch_dataset(train), batch_size=50, shuffle=True, collate_fn=nt.data.collate)  # doctest: +SKIP
    """
    from torch.utils.data import Dataset

    events_of = samples.spikes
    labels = samples.labels

    class SpikeDataset(Dataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return len(events_of)

        def __getitem__(self, index: int) -> Tuple[SpikeBatch, int]:
            return events_of[index], -1 if labels is None else int(labels[index])

    return SpikeDataset()


def collate(items: Sequence[Tuple[SpikeBatch, int]]) -> Tuple[SpikeBatch, npt.NDArray[np.int64]]:
    """Joins samples with their labels to a batch."""
    batches, labels = zip(*items)
    return SpikeBatch.concatenate(batches), np.asarray(labels, dtype=np.int64)


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


def _pair(name: str, data_dir: Optional[Path], seed: int, encoding: Latency) -> Tuple[ImageSet, ImageSet]:
    parts = [load(name, split, data_dir=data_dir, seed=seed, encoding=encoding) for split in ("train", "test")]
    train, test = parts
    assert isinstance(train, ImageSet) and isinstance(test, ImageSet)
    return train, test


def _set(described: Dict[str, Any], encoding: Latency) -> Set:
    if "images" in described:
        return ImageSet._of(described, encoding)
    batch = SpikeBatch._of(*described["events"])
    return EventSet(batch, described["labels"], classes=described["classes"])


def _labels(
    labels: object, samples: int, classes: Optional[int]
) -> Tuple[Optional[npt.NDArray[np.int64]], Optional[int]]:
    if labels is None:
        return None, classes
    array = to_labels(labels, samples)
    needed = int(array.max()) + 1 if array.size else 0
    if classes is not None and needed > classes:
        raise DataError(f"there is a label {needed - 1}, but only {classes} classes, counted from 0")
    return array, needed if classes is None else int(classes)


def _chosen(index: Any, samples: int) -> Any:
    if isinstance(index, (int, np.integer)):
        if not -samples <= index < samples:
            raise IndexError(f"there is no sample {index} among {samples}")
        index = int(index) % samples
        return slice(index, index + 1)
    return index


def _classes(classes: Optional[int]) -> str:
    return "no labels" if classes is None else f"{classes} classes"


__all__ = [
    "EventSet",
    "ImageSet",
    "Latency",
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
