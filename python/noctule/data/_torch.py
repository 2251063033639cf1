"""The data set of :func:`noctule.data.torch_dataset`. It is a class of a module so that worker processes can load it."""

from __future__ import annotations

from typing import Optional, Tuple

import numpy as np
import numpy.typing as npt
from torch.utils.data import Dataset

from ..spikes import SpikeBatch


class SpikeDataset(Dataset[Tuple[SpikeBatch, int]]):
    """Samples one by one, with their labels."""

    def __init__(self, spikes: SpikeBatch, labels: Optional[npt.NDArray[np.int64]]) -> None:
        self.spikes = spikes
        self.labels = labels

    def __len__(self) -> int:
        return len(self.spikes)

    def __getitem__(self, index: int) -> Tuple[SpikeBatch, int]:
        return self.spikes[int(index)], -1 if self.labels is None else int(self.labels[index])
