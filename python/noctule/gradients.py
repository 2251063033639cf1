"""What a backward pass gives: :class:`Gradients`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Tuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Gradients:
    """What :meth:`Network.backward` gives."""

    #: ``dL/dw`` of each layer, in the shape of its weights: ``[neurons, inputs]``, or ``[filters, height, width, channels]``.
    #: ``None`` for a pooling layer.
    weights: Tuple[Array, ...]
    #: ``dL/dt`` of each input spike, aligned with the times of the input; shape ``[spikes]``.
    input_times: Array
    #: After :meth:`Network.backward_recorded`: recorded spikes at which the potential of the model does not rise. They pass
    #: no error on.
    spikes_without_rise: int = 0

    def norm(self) -> float:
        """The Euclidean norm of the gradient of all weights."""
        squares = (np.square(weights, dtype=np.float64).sum() for weights in self.weights if weights is not None)
        return float(np.sqrt(sum(squares)))

    def __repr__(self) -> str:
        shapes = ["None" if w is None else str(list(w.shape)) for w in self.weights]
        return f"Gradients(weights of {', '.join(shapes)}; {len(self.input_times)} input times; norm {self.norm():.4g})"
