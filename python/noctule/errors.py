"""The exceptions of Noctule. All are subclasses of ``ValueError``, so ``except ValueError`` catches each of them.

Every message names the value that was refused, where it stands, and where that helps what to do.
"""

from __future__ import annotations

from ._noctule import (
    ArrayError,
    BackendError,
    DataError,
    NetworkError,
    NirError,
    NoctuleError,
    SpikeError,
    StateError,
    TrainingError,
)


class OutOfRangeError(NoctuleError, IndexError):
    """There is no such layer, neuron or sample. It is an ``IndexError``, too."""


__all__ = [
    "ArrayError",
    "BackendError",
    "DataError",
    "NetworkError",
    "NirError",
    "NoctuleError",
    "OutOfRangeError",
    "SpikeError",
    "StateError",
    "TrainingError",
]
