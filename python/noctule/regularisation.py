"""Changes of the exact gradient that help training, as the compiled part takes them."""

from __future__ import annotations

from typing import Any, Dict, Optional, Sequence, Tuple, Union

import numpy as np

from ._arrays import real
from .errors import NetworkError


def describe_regularisation(
    layers: int,
    max_inverse_slope: Optional[float],
    silent_boost: Union[float, Sequence[float]],
    homeostasis: Optional[Sequence[Optional[Tuple[float, float]]]],
) -> Dict[str, Any]:
    """Regularisation as the compiled part takes it."""
    if np.ndim(silent_boost) == 0:
        boosts = [0.0] * (layers - 1) + [real(silent_boost, "silent_boost", NetworkError)]
    else:
        boosts = [real(boost, "silent_boost", NetworkError) for boost in silent_boost]  # type: ignore[union-attr]
    pulls = [None] * layers if homeostasis is None else list(homeostasis)
    for name, values in (("silent_boost", boosts), ("homeostasis", pulls)):
        if len(values) != layers:
            raise NetworkError(f"{name} has {len(values)} entries, but the network has {layers} layers")
    if not all(np.isfinite(boost) and boost >= 0 for boost in boosts):
        raise NetworkError(f"silent_boost must be finite and not negative, not {boosts}")
    if max_inverse_slope is not None:
        max_inverse_slope = real(max_inverse_slope, "max_inverse_slope", NetworkError)
    if max_inverse_slope is not None and not max_inverse_slope > 0:
        raise NetworkError(f"max_inverse_slope must be positive, not {max_inverse_slope}")
    pairs = []
    for pull in pulls:
        if pull is not None and np.shape(pull) != (2,):
            raise NetworkError(f"homeostasis has None or (target, strength) for each layer, not {pull!r}")
        pairs.append(None if pull is None else (float(pull[0]), float(pull[1])))
    return {"max_inverse_slope": max_inverse_slope, "silent_boost": boosts, "homeostasis": pairs}
