"""Spikes of samples that are given as lists, for :meth:`noctule.SpikeBatch.from_lists`."""

from __future__ import annotations

from typing import Any, List, Tuple

import numpy as np
import numpy.typing as npt

from ._arrays import to_array
from .errors import ArrayError, SpikeError


def listed(values: Any, what: str) -> List[Any]:
    """The items of anything that can be iterated over."""
    try:
        return list(values)
    except TypeError:
        raise SpikeError(f"{what} must be a list, not {values!r}") from None


def times_and_units(index: int, sample: Any) -> Tuple[Any, Any]:
    """Times and units of a sample that is a list of pairs, or a pair of lists."""
    if isinstance(sample, tuple) and len(sample) == 2 and np.ndim(sample[0]) == 1:
        return sample
    pairs = listed(sample, f"sample {index}")
    if not pairs:
        return (), ()
    array: npt.NDArray[Any]
    try:
        array = to_array(pairs, f"sample {index}")
    except ArrayError:
        array = np.empty(0)
    if array.ndim != 2 or array.shape[1] != 2 or any(np.ndim(pair[1]) for pair in pairs):
        raise SpikeError(
            f"sample {index} must be a list of (time, unit) pairs, or a tuple of two lists (times, units)"
        )
    units = [pair[1] for pair in pairs]
    wrong = [unit for unit in units if not np.isfinite(unit) or unit != int(unit)]
    if wrong:
        raise SpikeError(f"sample {index} has the unit {wrong[0]}, which is no integer; pairs are (time, unit)")
    return [pair[0] for pair in pairs], np.asarray(units).astype(np.int64)
