"""Sets for PyTorch's DataLoader."""

from __future__ import annotations

from typing import Any, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from ..errors import DataError
from ..spikes import SpikeBatch
from .sets import EventSet, ImageSet, Set


def torch_dataset(samples: Set) -> Any:
    """A ``torch.utils.data.Dataset`` of a set, whose items are ``(SpikeBatch of one sample, label)``.

    Give :func:`collate` to the DataLoader, which joins such items to ``(SpikeBatch, labels)``. Workers may be processes.

    Args:
        samples: A set of :mod:`noctule.data`. Images are encoded at once. Without labels, every label is -1.

    Raises:
        ImportError: If PyTorch is not installed.

    >>> import noctule as nt
    >>> from torch.utils.data import DataLoader
    >>> train, _ = nt.data.yinyang()
    >>> loader = DataLoader(nt.data.torch_dataset(train), batch_size=50, shuffle=True, collate_fn=nt.data.collate)
    >>> spikes, labels = next(iter(loader))
    >>> spikes, labels.shape
    (SpikeBatch(50 samples, 250 spikes of 5 neurons, float32), (50,))
    """
    if not isinstance(samples, (ImageSet, EventSet)):
        kind = type(samples).__name__
        raise DataError(f"torch_dataset needs a set of noctule.data, such as nt.data.EventSet(spikes, labels), not {kind}")
    try:
        from ._torch import SpikeDataset
    except ImportError as error:
        raise ImportError(f'this needs PyTorch: pip install "noctule[torch]" ({error})') from error
    return SpikeDataset(samples.spikes, samples.labels)


def collate(items: Sequence[Tuple[SpikeBatch, int]]) -> Tuple[SpikeBatch, npt.NDArray[np.int64]]:
    """Joins samples with their labels to a batch: a :class:`noctule.SpikeBatch`, and labels of shape ``[samples]``.

    Raises:
        DataError: If there is no sample.
    """
    if not items:
        raise DataError("there is no sample to collate")
    batches, labels = zip(*items)
    return SpikeBatch.concatenate(batches), np.asarray(labels, dtype=np.int64)
