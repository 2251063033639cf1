"""What all pictures share: colours, axes, and the import of matplotlib when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Optional

import numpy as np

from ..errors import ArrayError
from ..network import Network

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Okabe and Ito: blue, vermilion, green, orange, sky, purple, black.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7", "#000000")
GREY = "#777777"


def check_network(net: object, function: str) -> None:
    """Raises an error if this is no network, for example what `fit` returned."""
    if not isinstance(net, Network):
        hint = "; a run has one as its `network`" if hasattr(net, "network") else ""
        raise ArrayError(f"{function} needs a Network, not {type(net).__name__}{hint}")


def new_axes(ax: Optional[Axes], square: bool = False) -> Axes:
    if ax is not None:
        return ax
    _, axes = _pyplot().subplots(figsize=(5, 4) if square else (7, 3.5), layout="constrained")
    found: Axes = axes
    return found


def several_axes(ax: Any, number: int) -> List[Axes]:
    if ax is None:
        _, found = _pyplot().subplots(1, number, figsize=(5 * number, 3.5), layout="constrained", squeeze=False)
        return list(found.ravel())
    given = list(np.ravel(np.asarray(ax, dtype=object)))
    if len(given) != number:
        raise ArrayError(f"ax must be {number} axes, one for each quantity, not {len(given)}")
    return given


def whole_numbers() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(integer=True)


def time_axis(axes: Axes, end: float) -> None:
    """Time in seconds, shown in milliseconds where it is short."""
    from matplotlib.ticker import FuncFormatter

    if end > 0:
        axes.set_xlim(0, end)
    if 0 < end < 1:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda time, _: f"{1000 * time:.6g}"))
        axes.set_xlabel("time (ms)")
    else:
        axes.set_xlabel("time (s)")


def _pyplot() -> Any:
    try:
        import matplotlib.pyplot as pyplot
    except ImportError as error:
        raise ImportError(f'pictures need matplotlib: pip install "noctule[plot]" ({error})') from error
    return pyplot
