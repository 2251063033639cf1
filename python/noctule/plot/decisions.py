"""Pictures of what networks decide, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Union

import numpy as np
import numpy.typing as npt

from .._arrays import to_labels, whole
from ..data.builtin import YIN_YANG
from ..data.sets import ImageSet, Latency, check_encoding
from ..errors import ArrayError, DataError, NetworkError
from ..network import Network
from ..spikes import SpikeBatch
from .axes import COLOURS, check_network, new_axes, time_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What a Yin-Yang network decides, as in ``decision.png`` of a run: yin, yang, dot, nothing.
DECISIONS = ((232, 119, 34), (38, 84, 124), (80, 160, 90), (120, 120, 120))
#: The most samples that are run together.
BATCH = 1000


def decision_map(
    net: Network,
    *,
    encoding: Latency = YIN_YANG,
    rule: str = "first_spike",
    resolution: int = 200,
    ax: Optional[Axes] = None,
) -> Axes:
    """Draws what a network that was trained on Yin-Yang decides for every point of the symbol.

    Orange is decided as yin, blue as yang, green as a dot, grey as nothing. A wrong decision is darker.

    Args:
        net: A network with the inputs ``x``, ``y``, ``1 - x``, ``1 - y`` and, if the encoding has one, a bias. It is not changed.
        encoding: How points become spikes; by default as :func:`noctule.data.yinyang` does it.
        rule: ``"first_spike"`` or ``"most_spikes"``.
        resolution: Points on each side.
        ax: Axes of matplotlib to draw into.

    Returns:
        The axes. The title says which share of the symbol is decided correctly.

    Raises:
        NetworkError: If the network has another number of inputs, or not three outputs.
        ImportError: If matplotlib is not installed.

    >>> nt.plot.decision_map(net)  # doctest: +SKIP
    """
    check_network(net, "decision_map")
    check_encoding(encoding)
    inputs = 4 + (encoding.bias is not None)
    if net.inputs != inputs or net.outputs != 3:
        raise NetworkError(
            f"a decision map needs a Yin-Yang network with {inputs} inputs and 3 outputs, not {net.inputs} and {net.outputs}"
        )
    resolution = whole(resolution, "resolution", 1, 10_000, ArrayError)
    centres = (np.arange(resolution) + 0.5) / resolution
    x, y = (array.ravel() for array in np.meshgrid(centres, centres))
    truth = yin_yang_class(x, y)
    inside = truth >= 0
    features = np.stack([x, y, 1 - x, 1 - y], axis=1)[inside].astype(np.float32)
    images = ImageSet(features.reshape(-1, 1, 4), encoding=encoding)
    predicted = net.to().predict(images, rule=rule, batch_size=BATCH)
    right = predicted == truth[inside]
    colours = np.array(DECISIONS, dtype=np.uint8)
    chosen = colours[predicted]  # -1 is the last one: nothing
    chosen[~right] //= 2
    picture = np.full((resolution * resolution, 3), 255, dtype=np.uint8)
    picture[inside] = chosen
    axes = new_axes(ax, square=True)
    axes.imshow(picture.reshape(resolution, resolution, 3), origin="lower", extent=(0, 1, 0, 1), interpolation="nearest")
    from matplotlib.patches import Patch

    names = ["yin", "yang", "dot", "nothing"]
    there = [place for place in range(4) if place < 3 or (predicted < 0).any()]
    patches = [Patch(color="#%02x%02x%02x" % DECISIONS[place], label=names[place]) for place in there]
    axes.legend(handles=patches, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize="small", frameon=False)
    axes.set_xlabel("x")
    axes.set_ylabel("y")
    axes.set_title(f"{100 * right.mean() if len(right) else 0:.1f} % of the symbol is right", fontsize="medium")
    return axes


def latency(
    net_or_output: Union[Network, SpikeBatch],
    labels: object,
    ax: Optional[Axes] = None,
    *,
    rule: str = "most_spikes",
    points: int = 200,
) -> Axes:
    """Draws how accurate a network is if one decides at some time with the output spikes until then.

    Args:
        net_or_output: The output spikes, or a network, which has them from its last forward pass.
        labels: The class of each sample, shape ``[samples]``.
        ax: Axes of matplotlib to draw into.
        rule: How a decision is taken: ``"most_spikes"`` or ``"first_spike"``.
        points: Moments at which a decision is taken.

    Returns:
        The axes. The line is the accuracy; the grey area is the share of the samples that had an output spike until then, and
        the light bars show how many samples had their first one when.

    Raises:
        DataError: If there is not one label for each sample.
        StateError: If the network had no forward pass.
        ImportError: If matplotlib is not installed.

    >>> import noctule as nt
    >>> output = nt.SpikeBatch([0.01, 0.02, 0.03], [1, 0, 0], [0, 1, 3], population=2)
    >>> nt.plot.latency(output, [1, 0]).get_ylabel()
    'share of the samples (%)'
    """
    output = net_or_output.spikes(-1) if isinstance(net_or_output, Network) else net_or_output
    if not isinstance(output, SpikeBatch):
        raise ArrayError(f"latency needs output spikes or a network, not {type(output).__name__}")
    classes = to_labels(labels, output.samples)
    if not output.samples:
        raise DataError("there is no sample")
    if classes.max() >= output.population:
        raise DataError(f"there is a label {classes.max()}, but only {output.population} output neurons")
    points = whole(points, "points", 1, error=ArrayError)
    last = float(output.times.max()) if len(output.times) else 0.0
    moments = np.linspace(0.0, last if last > 0 else 1e-3, max(2, points))
    accuracies = [100 * float((_until(output, moment).predictions(rule) == classes).mean()) for moment in moments]
    spiking = np.diff(output.offsets) > 0
    firsts = np.sort(output.times[output.offsets[:-1][spiking]])
    shares = 100 * np.searchsorted(firsts, moments, side="right") / output.samples
    axes = new_axes(ax)
    axes.fill_between(moments, shares, step="post", color="#dddddd", label="has spiked")
    if len(firsts):
        weights = np.full(len(firsts), 100 / output.samples)
        axes.hist(firsts, bins=40, range=(0.0, moments[-1]), weights=weights, color=COLOURS[4], label="first spike")
    axes.plot(moments, accuracies, color=COLOURS[0], label="right, if decided now")
    time_axis(axes, float(moments[-1]))
    axes.set_ylim(0, 102)
    axes.set_ylabel("share of the samples (%)")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncol=3, fontsize="small", frameon=False, borderaxespad=0.2)
    return axes


def yin_yang_class(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """The class of points of the Yin-Yang symbol: 0 yin, 1 yang, 2 dot; -1 outside."""
    left, right = np.hypot(x - 0.25, y - 0.5), np.hypot(x - 0.75, y - 0.5)
    yin = (right <= 0.1) | ((left > 0.1) & (left <= 0.25)) | ((y > 0.5) & (right > 0.25))
    classes = np.where(yin, 0, 1)
    classes[(left < 0.1) | (right < 0.1)] = 2
    classes[np.hypot(x - 0.5, y - 0.5) > 0.5] = -1
    return classes


def _until(output: SpikeBatch, moment: float) -> SpikeBatch:
    """The spikes until a moment."""
    kept = output.times <= moment
    offsets = np.concatenate([[0], np.cumsum(kept)])[output.offsets].astype(np.int64)
    return SpikeBatch._of(output.times[kept], output.units[kept], offsets, None, output.population)
