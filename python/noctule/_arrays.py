"""From what users pass to NumPy arrays of a known type, with errors that name what was wrong."""

from __future__ import annotations

import os
from typing import Any, Optional, Type

import numpy as np
import numpy.typing as npt

from .errors import ArrayError, DataError, NoctuleError, OutOfRangeError, SpikeError

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.integer[Any]]

FLOAT_TYPES = ("float32", "float64")

#: More take longer to start than they could help.
MOST_THREADS = 1024


def check_dtype(dtype: object) -> str:
    """The name of a precision, ``"float32"`` or ``"float64"``, from a name or a type of NumPy or PyTorch."""
    name = str(dtype)
    if name.startswith("torch."):
        name = name[len("torch.") :]
    elif not isinstance(dtype, str):
        try:
            name = np.dtype(dtype).name  # type: ignore[call-overload]
        except TypeError:
            pass
    if name not in FLOAT_TYPES:
        raise ArrayError(f"dtype must be float32 or float64, not {name}")
    return str(name)


def to_array(values: object, what: str) -> npt.NDArray[Any]:
    """An array of numbers; PyTorch's tensors must be on the CPU."""
    device = getattr(values, "device", None)
    if device is not None and getattr(device, "type", "cpu") != "cpu":
        raise ArrayError(f"{what} is on the device {device}; move it to the CPU first, with .cpu()")
    detach = getattr(values, "detach", None)
    if detach is not None:
        try:
            values = detach().numpy()
        except (TypeError, RuntimeError) as error:
            raise ArrayError(f"{what} cannot be an array of NumPy: {error}") from None
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ArrayError(f"{what} has masked values; leave them out, with .compressed() for example")
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ArrayError(f"{what} is no array: {error}") from None
    if array.dtype == object or array.dtype.kind not in "biuf":
        raise ArrayError(f"{what} must be numbers, not {array.dtype}")
    return array


def to_floats(values: object, what: str, dtype: Optional[str] = None) -> Floats:
    """A contiguous array of float32 or float64: of ``dtype``, or as it is. Integers become float64."""
    array = to_array(values, what)
    if array.dtype.kind == "b":
        raise ArrayError(f"{what} must be numbers, not {array.dtype}")
    if dtype is None:
        if array.dtype.name in FLOAT_TYPES:
            dtype = array.dtype.name
        else:
            dtype = "float32" if array.dtype == np.float16 else "float64"
    with np.errstate(over="ignore"):
        floats = np.require(array, dtype=dtype, requirements=["C", "A"])
    if floats.dtype.itemsize < array.dtype.itemsize and np.isinf(floats).any():
        too_large = np.isinf(floats) & np.isfinite(array)
        if too_large.any():
            at = np.unravel_index(int(np.flatnonzero(too_large)[0]), array.shape)
            raise ArrayError(f"{what}: {array[at]} at {[int(i) for i in at]} is too large for {dtype}")
    return floats


def to_units(values: object) -> npt.NDArray[np.uint32]:
    """Indices of neurons as ``uint32``; the memory of such an array is kept."""
    array = to_array(values, "units")
    if array.dtype.kind not in "iu":
        if array.size:
            raise SpikeError(f"units must be integers, not {array.dtype}")
        array = array.astype(np.uint32)
    if array.dtype != np.uint32 and array.size:
        least, most = int(array.min()), int(array.max())
        for extreme in (least, most):
            if not 0 <= extreme < 2**32:
                at = int(np.flatnonzero(array.ravel() == extreme)[0])
                raise SpikeError(f"units[{at}] is {extreme}, which is no index of a neuron")
    return np.require(array, dtype=np.uint32, requirements=["C", "A"])


def to_offsets(values: object) -> npt.NDArray[np.int64]:
    """Offsets as ``int64``; the memory of such an array is kept."""
    array = to_array(values, "offsets")
    if array.dtype.kind not in "iu":
        raise SpikeError(f"offsets must be integers, not {array.dtype}")
    if array.dtype == np.uint64 and array.size and int(array.max()) >= 2**63:
        raise SpikeError(f"offsets end with {int(array.max())}, which is more than any array holds")
    return np.require(array, dtype=np.int64, requirements=["C", "A"])


def to_labels(values: object, samples: Optional[int] = None) -> npt.NDArray[np.int64]:
    """Labels as ``int64``, one for each sample, none of them negative."""
    array = to_array(values, "labels")
    if not array.size:
        # An empty list is of floats for NumPy.
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise DataError(f"labels must be integers, not {array.dtype}")
    if array.ndim != 1:
        raise DataError(f"labels must have the shape [samples], not {list(array.shape)}")
    if samples is not None and len(array) != samples:
        raise DataError(f"there are {samples} samples, but {len(array)} labels")
    wrong = np.flatnonzero((array < 0) | (array >= 2**32))
    if wrong.size:
        at = int(wrong[0])
        raise DataError(f"labels[{at}] is {int(array[at])}; labels are classes, counted from 0 to at most {2**32 - 1:,}")
    return np.ascontiguousarray(array, dtype=np.int64)


def whole(
    value: object, what: str, least: int = 0, below: int = 2**63, error: Type[NoctuleError] = NoctuleError
) -> int:
    """A whole number in a range."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise error(f"{what} must be a whole number, not {value!r}")
    if not least <= value < below:
        bound = f"at least {least:,}" if value < least else f"at most {below - 1:,}"
        raise error(f"{what} must be {bound}, not {value}")
    return int(value)


def place(value: object, what: str, length: int, whose: str) -> int:
    """An index from 0 of one of ``length`` things; negative ones count from the end."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise ArrayError(f"{what} must be a whole number, not {value!r}")
    if not -length <= value < length:
        raise OutOfRangeError(f"there is no {what} {value} among {length}{whose}")
    return int(value) % length


def chosen_samples(index: Any, samples: int) -> Any:
    """A slice or an array of the samples that a number, a slice, a list of numbers or a mask names."""
    if isinstance(index, slice):
        return index
    if isinstance(index, (int, np.integer)):
        first = place(index, "sample", samples, "")
        return slice(first, first + 1)
    numbers = np.asarray(index)
    if not numbers.size:
        numbers = numbers.astype(np.int64)
    if numbers.ndim != 1 or numbers.dtype.kind not in "biu":
        raise ArrayError(f"samples are chosen by a number, a slice, a list of numbers or a mask, not by {index!r}")
    try:
        chosen: npt.NDArray[np.int64] = np.arange(samples)[numbers]
    except IndexError as error:
        raise OutOfRangeError(f"{error}; there are {samples} samples") from None
    return chosen


def file_path(value: Any, what: str, error: Type[NoctuleError]) -> str:
    """A path as text."""
    try:
        return os.fsdecode(value)
    except TypeError:
        raise error(f"{what} must be a path, not {value!r}") from None


def real(value: object, what: str, error: Type[NoctuleError] = NoctuleError) -> float:
    """A number."""
    try:
        if not isinstance(value, (bool, np.bool_, str, bytes)):
            return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        pass
    raise error(f"{what} must be a number, not {value!r}")


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A view of an array that cannot be written to."""
    view: npt.NDArray[Any] = array.view()
    view.flags.writeable = False
    return view
