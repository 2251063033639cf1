"""Structured arrays of events, as tonic's data sets and transforms and the readers of cameras give them."""

from __future__ import annotations

import warnings
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from .._arrays import check_dtype, real
from ..errors import ArrayError, DataError
from ..spikes import SpikeBatch
from .sets import EventSet

Array = npt.NDArray[Any]

#: The names under which libraries keep each field: tonic and expelliarmus, aedat, dv-processing, metavision.
FIELDS = {
    "t": ("t", "timestamp", "timestamps", "ts", "time"),
    "x": ("x",),
    "y": ("y",),
    "p": ("p", "on", "polarity", "pol"),
}
#: A recording that begins later than this (seconds) has the time of a clock, not of the recording.
LATEST_START = 1000.0


def from_arrays(
    samples: Iterable[Any],
    labels: object = None,
    *,
    sensor_size: Optional[Sequence[int]] = None,
    time_unit: float = 1e-6,
    classes: Union[None, int, Sequence[str]] = None,
    align: bool = False,
    dtype: object = "float32",
) -> EventSet:
    """From structured event arrays, as tonic gives them: with a field ``t`` and one or more of ``x``, ``y`` and ``p``.

    Args:
        samples: A structured array for each sample, or pairs ``(array, label)``: a data set of tonic, for example, with any
            transforms that give events. It is read once, sample by sample.
        labels: The class of each sample, if ``samples`` has none: integers from 0, or names that ``classes`` lists.
        sensor_size: tonic's ``(width, height, polarities)``, as it is after all transforms. By default that of the data set,
            if it has one, else the largest indices + 1. Give it for arrays of your own: the training and the test part
            must have the same.
        time_unit: Seconds per unit of ``t``; tonic counts microseconds.
        classes: Number of classes, or their names in the order of the output neurons, if labels are names.
        align: Whether the times of each sample count from its first event. Cameras often record the time of a clock.
        dtype: The type of the spike times, ``"float32"`` or ``"float64"``, which keeps microseconds in recordings that last
            longer than some ten seconds.

    Input neuron ``(y * width + x) * polarities + p`` has the events of pixel ``(x, y)`` with polarity ``p``: the order of
    an image of shape ``(height, width, polarities)``, which the set has as its ``shape``. Events need not be sorted. A
    negative polarity counts as 0. With a single polarity, ``p`` is not looked at.

    The fields may also have the names of aedat (``on``), dv-processing (``timestamp``, ``polarity``) and metavision.

    Raises:
        DataError: If a sample is no structured array with a time, such as the frames that tonic's ``ToFrame`` makes; if an
            event lies outside of the sensor or at a time that is negative or NaN; or if a label is no class. The message
            names sample and event.

    >>> import numpy as np
    >>> import noctule as nt
    >>> event = np.dtype([("x", "i2"), ("y", "i2"), ("t", "i8"), ("p", "?")])
    >>> first = np.array([(0, 0, 1500, True), (2, 1, 4000, False)], dtype=event)
    >>> second = np.array([(1, 1, 700, True)], dtype=event)
    >>> recordings = nt.data.from_arrays([first, second], [0, 1], sensor_size=(3, 2, 2))
    >>> recordings
    EventSet(2 samples of 12 neurons (2 x 3 x 2), 2 spikes each, 2 classes)
    >>> recordings.spikes.sample(1)[1]
    array([9], dtype=uint32)
    """
    name = check_dtype(dtype)
    unit = real(time_unit, "time_unit", DataError)
    if not (0 < unit < float("inf")):
        raise DataError(f"time_unit must be positive and finite, not {time_unit}")
    own = _declared(samples) if sensor_size is None else None
    size = own if sensor_size is None else _checked(sensor_size)
    reader = _Reader(size, own is not None, unit, bool(align), name)
    found: List[Any] = []
    kept: List[Array] = []
    count = 0
    for index, item in enumerate(_items(samples)):
        events_of = item
        if isinstance(item, (tuple, list)) and len(item) == 2:
            events_of, label = item
            found.append(label)
            if labels is not None:
                raise DataError("samples have labels of their own, and labels are given, too; leave out one of them")
        array = _recording(index, events_of)
        count += 1
        if size is None:
            kept.append(array)
        else:
            reader.add(index, array)
    if found and len(found) != count:
        raise DataError(f"{len(found)} of {count} samples have a label, and the others do not")
    if size is None:
        reader.size = size = _largest(kept)
        for index, array in enumerate(kept):
            reader.add(index, array)
    elif own is not None:
        reader.warn_of_transforms()
    names = None if classes is None or isinstance(classes, (int, np.integer)) else [str(word) for word in classes]
    if labels is None and found:
        labels = _classes_of(found, names)
    elif labels is not None:
        labels = _classes_of(_label_list(labels), names)
    number = len(names) if names is not None else classes
    width, height, polarities = size
    return EventSet(reader.batch(), labels, classes=number, shape=(height, width, polarities))  # type: ignore[arg-type]


#: :func:`from_arrays` under the name of the library whose samples it takes.
from_tonic = from_arrays


class _Reader:
    """Collects the events of samples, as times and neurons."""

    def __init__(self, size: Optional[Tuple[int, int, int]], declared: bool, unit: float, align: bool, dtype: str) -> None:
        self.size = size
        self.declared = declared
        self.unit = unit
        self.align = align
        self.dtype = dtype
        self.times: List[Array] = []
        self.units: List[npt.NDArray[np.uint32]] = []
        self.most: Dict[str, int] = {"x": -1, "y": -1}

    def add(self, index: int, events_of: Array) -> None:
        assert self.size is not None
        width, height, polarities = self.size
        units = np.zeros(len(events_of), dtype=np.int64)
        for field, length in (("y", height), ("x", width), ("p", polarities)):
            if length == 1 and field == "p":
                continue
            values = _integers(index, events_of, field)
            if values is None:
                if length == 1:
                    continue
                raise DataError(
                    f"sample {index} has no field `{field}`, but (width, height, polarities) of the sensor are "
                    f"{self.size}; give another sensor_size"
                )
            if field == "p":
                values = np.maximum(values, 0)
            self._check(index, field, values, length)
            units *= length
            units += values
        times = self._times(index, events_of)
        if len(times) > 1 and not (times[1:] >= times[:-1]).all():
            order = np.argsort(times, kind="stable")
            times, units = times[order], units[order]
        self.times.append(times.astype(self.dtype))
        self.units.append(units.astype(np.uint32))

    def _check(self, index: int, field: str, values: npt.NDArray[np.int64], length: int) -> None:
        if not len(values):
            return
        most = int(values.max())
        if field in self.most:
            self.most[field] = max(self.most[field], most)
        if most < length and int(values.min()) >= 0:
            return
        at = int(np.flatnonzero((values < 0) | (values >= length))[0])
        whose = "the data set says that its sensor" if self.declared else "the sensor"
        raise DataError(
            f"sample {index}, event {at}: {field} is {int(values[at])}, but {whose} has {length}; give sensor_size=(width, "
            f"height, polarities) as it is after all transforms, or let the transform clip such events"
        )

    def _times(self, index: int, events_of: Array) -> npt.NDArray[np.float64]:
        ticks = events_of[_name(events_of, "t")]
        if ticks.dtype.kind not in "iuf":
            raise DataError(f"sample {index}: t must be numbers, in units of time_unit, not {ticks.dtype}")
        if self.align and len(ticks):
            ticks = ticks - ticks.min()
        times: npt.NDArray[np.float64] = ticks.astype(np.float64) * self.unit
        if not len(times):
            return times
        least = times.min()
        if not (least >= 0 and times.max() < np.inf):
            at = int(np.flatnonzero(~((times >= 0) & np.isfinite(times)))[0])
            raise DataError(
                f"sample {index}, event {at}: t is {ticks[at]}; times start at 0. tonic's TimeJitter needs clip_negative=True; "
                f"align=True counts from the first event"
            )
        if least > LATEST_START and self.dtype == "float32":
            raise DataError(
                f"sample {index} begins at {least:.6g} s, the time of a clock, it seems; align=True counts from the first "
                f"event of each sample. Else time_unit is wrong: it is {self.unit} s"
            )
        return times

    def warn_of_transforms(self) -> None:
        """Says so if a transform seems to have made the sensor smaller than the data set says."""
        assert self.size is not None
        width, height, polarities = self.size
        columns, rows = self.most["x"] + 1, self.most["y"] + 1
        if columns < 1 or 2 * columns > width or (height > 1 and 2 * rows > height):
            return
        rows = max(rows, 1)
        warnings.warn(
            f"the data set says that its sensor has {width} x {height} pixels, but all events lie in {columns} x {rows}; if a "
            f"transform such as Downsample did that, give sensor_size=({columns}, {rows}, {polarities})",
            stacklevel=3,
        )

    def batch(self) -> SpikeBatch:
        assert self.size is not None
        offsets = np.zeros(len(self.times) + 1, dtype=np.int64)
        np.cumsum([len(times) for times in self.times], out=offsets[1:])
        times = np.concatenate(self.times) if self.times else np.empty(0, dtype=self.dtype)
        units = np.concatenate(self.units) if self.units else np.empty(0, dtype=np.uint32)
        width, height, polarities = self.size
        return SpikeBatch(times, units, offsets, population=width * height * polarities)


def _items(samples: Any) -> Iterator[Any]:
    """The samples of anything that can be indexed or iterated over."""
    if isinstance(samples, np.ndarray) and samples.dtype.names is not None:
        raise DataError("samples is the recording of one sample; give a list of recordings, such as [recording]")
    if hasattr(samples, "__len__") and hasattr(samples, "__getitem__") and not isinstance(samples, dict):
        # tonic's data sets can be indexed; most of them end with an error of their own when they are iterated over.
        return (samples[index] for index in range(len(samples)))
    try:
        return iter(samples)
    except TypeError:
        raise DataError(f"samples must be a list or a data set of recordings, not {samples!r}") from None


def _recording(index: int, events_of: Any) -> Array:
    hint = "leave out transforms that make frames, images, tensors or time surfaces, such as tonic's ToFrame"
    if isinstance(events_of, np.ndarray) and events_of.dtype.names is not None:
        array = events_of
    elif hasattr(events_of, "dtype"):
        shape = list(getattr(events_of, "shape", []))
        raise DataError(
            f"sample {index} is {type(events_of).__name__} of shape {shape} and {events_of.dtype}, not a structured array of "
            f"events with a field `t`; {hint}"
        )
    else:
        raise DataError(
            f"sample {index} is {type(events_of).__name__}, not a structured array of events with a field `t`; {hint}"
        )
    if _name(array, "t") not in (array.dtype.fields or {}):
        raise DataError(f"sample {index} has the fields {', '.join(array.dtype.names or ())}, but no time `t`")
    return array.ravel()


def _name(events_of: Array, field: str) -> str:
    """The name of a field in these events, or ``""``."""
    fields: Any = events_of.dtype.fields or {}
    return next((name for name in FIELDS[field] if name in fields), "")


def _integers(index: int, events_of: Array, field: str) -> Optional[npt.NDArray[np.int64]]:
    name = _name(events_of, field)
    if not name:
        return None
    values = events_of[name]
    integers = values.astype(np.int64)
    if values.dtype.kind == "f" and not np.array_equal(integers, values):
        at = int(np.flatnonzero(integers != values)[0])
        raise DataError(f"sample {index}, event {at}: {name} is {values[at]}, which is no integer")
    return integers


def _checked(sensor_size: Sequence[int]) -> Tuple[int, int, int]:
    try:
        numbers = [int(length) for length in sensor_size]
    except (TypeError, ValueError):
        numbers = []
    if not 1 <= len(numbers) <= 3 or min(numbers) < 1:
        raise DataError(f"sensor_size must be (width, height, polarities), such as (34, 34, 2), not {sensor_size!r}")
    width, height, polarities = (numbers + [1, 1])[:3]
    return width, height, polarities


def _declared(samples: Any) -> Optional[Tuple[int, int, int]]:
    """The sensor that a data set of tonic, or one that wraps it, has."""
    for _ in range(8):
        size = getattr(samples, "sensor_size", None)
        if size is not None:
            return _checked(size)
        samples = getattr(samples, "dataset", None)
    return None


def _largest(recordings: Sequence[Array]) -> Tuple[int, int, int]:
    """The smallest sensor that has all events; polarities are 1 if all are equal."""
    ranges: Dict[str, Tuple[int, int]] = {}
    for index, events_of in enumerate(recordings):
        if not len(events_of):
            continue
        for field in ("x", "y", "p"):
            values = _integers(index, events_of, field)
            least, most = (0, 0) if values is None else (int(values.min()), int(values.max()))
            before = ranges.get(field, (least, most))
            ranges[field] = (min(before[0], least), max(before[1], most))
    width, height = (max(ranges.get(field, (0, 0))[1], 0) + 1 for field in ("x", "y"))
    least, most = ranges.get("p", (0, 0))
    return width, height, 1 if least == most else max(most, 0) + 1


def _label_list(labels: object) -> List[Any]:
    labels = getattr(labels, "tolist", lambda: labels)()
    if not isinstance(labels, (list, tuple, range)):
        raise ArrayError(f"labels must be a list or an array with one label for each sample, not {labels!r}")
    return list(labels)


def _classes_of(labels: Sequence[Any], names: Optional[List[str]]) -> npt.NDArray[np.int64]:
    """Labels as integers; names become their places in the list."""
    places = {} if names is None else {name: place for place, name in enumerate(names)}
    classes = np.empty(len(labels), dtype=np.int64)
    for index, label in enumerate(labels):
        if isinstance(label, bytes):
            label = label.decode(errors="replace")
        if isinstance(label, str):
            if label not in places:
                hint = "give classes=[...], the names in the order of the output neurons"
                raise DataError(f"sample {index} has the label {label!r}; {hint if names is None else f'classes are {names}'}")
            classes[index] = places[label]
            continue
        try:
            classes[index] = int(label)
            whole = bool(classes[index] == label) and not isinstance(label, (bool, np.bool_))
        except (TypeError, ValueError, OverflowError, RuntimeError):
            whole = False
        if not whole:
            raise DataError(
                f"sample {index} has the label {label!r}, which is no integer; leave out transforms such as ToOneHotEncoding"
            )
    return classes
