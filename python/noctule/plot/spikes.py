"""Pictures of spikes and of the potentials that cause them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt

from .._arrays import whole
from ..data.sets import EventSet, ImageSet
from ..errors import ArrayError
from ..network import Network
from ..spikes import SpikeBatch
from .axes import COLOURS, GREY, check_network, new_axes, time_axis, whole_numbers
from .potential import trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Spikes = Union[SpikeBatch, EventSet, ImageSet]


def raster(
    spikes: Union[Spikes, Network, Sequence[Spikes]],
    sample: int = 0,
    *,
    layers: Optional[Sequence[int]] = None,
    labels: Optional[Sequence[str]] = None,
    t_max: Optional[float] = None,
    ax: Optional[Axes] = None,
) -> Axes:
    """Draws the spikes of a sample: a dot for each, time to the right and neurons upwards.

    Args:
        spikes: A :class:`noctule.SpikeBatch` or a set of :mod:`noctule.data`; or several of them, which are drawn one above the
            other, the first one at the bottom; or a network, which shows the layers of its last forward pass.
        sample: Which sample.
        layers: Of a network or of several batches, which to draw; by default all.
        labels: A name for each of them.
        t_max: End of the time axis in seconds; by default a bit behind the last spike.
        ax: Axes of matplotlib to draw into.

    Returns:
        The axes; times are in seconds.

    Raises:
        ArrayError: If there is nothing to draw, or not one label for each batch.
        StateError: If a network had no forward pass.
        ImportError: If matplotlib is not installed.

    >>> import noctule as nt
    >>> batch = nt.SpikeBatch([0.010, 0.025, 0.040], [2, 0, 1], [0, 3], population=3)
    >>> nt.plot.raster(batch).get_xlabel()
    'time (ms)'
    """
    several = isinstance(spikes, (Network, list, tuple))
    if isinstance(spikes, Network):
        indices = list(range(len(spikes.layers)) if layers is None else layers)
        batches = [spikes.spikes(layer)[sample] for layer in indices]
        names = [f"layer {layer}" for layer in indices]
    else:
        given = list(spikes) if isinstance(spikes, (list, tuple)) else [spikes]
        indices = list(range(len(given)) if layers is None else layers)
        batches = [_one(given[index], sample) for index in indices]
        names = ["input" if index == 0 else f"layer {index - 1}" for index in indices]
    if not batches:
        raise ArrayError("there is no layer to draw")
    if labels is not None:
        names = [str(label) for label in labels]
        if len(names) != len(batches):
            raise ArrayError(f"there are {len(names)} labels for {len(batches)} layers")
    parts = [batch.sample(0) for batch in batches]
    axes = new_axes(ax)
    # Every layer gets a band of the same height, so that ten outputs can be seen beside a thousand hidden neurons.
    single = len(batches) == 1
    for place, (batch, (times, units)) in enumerate(zip(batches, parts)):
        neurons = max(1, batch.population)
        heights = units if single else place + 0.05 + 0.9 * (units + 0.5) / neurons
        size = float(np.clip(200 / neurons, 2, 30))
        axes.scatter(times, heights, s=size, marker="|" if neurons <= 100 else ".", color=COLOURS[place % len(COLOURS)])
        if place:
            axes.axhline(place, color=GREY, linewidth=0.5)
    last = max((float(times[-1]) for times, _ in parts if len(times)), default=0.0)
    time_axis(axes, 1.05 * last if t_max is None else t_max)
    if single:
        axes.set_ylim(-0.5, max(1, batches[0].population) - 0.5)
        axes.set_ylabel("neuron" if not several and labels is None else f"neuron of {names[0]}")
        axes.yaxis.set_major_locator(whole_numbers())
    else:
        axes.set_ylim(0, len(batches))
        axes.set_yticks([place + 0.5 for place in range(len(batches))])
        axes.set_yticklabels([f"{name}\n{batch.population} neurons" for name, batch in zip(names, batches)])
    return axes


def membrane(
    net: Network,
    spikes: Spikes,
    neuron: int,
    layer: int = -1,
    sample: int = 0,
    ax: Optional[Axes] = None,
    *,
    points: int = 1000,
) -> Axes:
    """Draws the potential ``u(t)`` of a neuron with its threshold, its input spikes and its own spikes.

    The potential is not stored while a network runs. It is evaluated here from the spikes that reach the neuron and those that
    it emits, in double precision, so it meets the threshold at every spike.

    Args:
        net: The network. It is not changed: a backward pass still belongs to its last forward pass.
        spikes: Its input.
        neuron: Which neuron of the layer.
        layer: Which layer; by default the last one.
        sample: Which sample.
        ax: Axes of matplotlib to draw into.
        points: Moments at which the potential is evaluated, besides those of all spikes.

    Returns:
        The axes. Times are in seconds, potentials in weight times seconds, the unit of ``theta``. Marks at the bottom are input
        spikes, the higher, the larger their weight: blue ones raise the potential, vermilion ones lower it.

    Raises:
        NetworkError: If the layer has no neurons of its own (pooling).
        ArrayError: If the spikes come from a population of another size.
        ImportError: If matplotlib is not installed.

    >>> import noctule as nt
    >>> net = nt.Network(1, [nt.Dense(1, theta=1.0, max_spikes=5, init=[[300.0]])], tau_m=0.02, tau_s=0.01, t_max=0.1)
    >>> spikes = nt.SpikeBatch([0.010, 0.020], [0, 0], [0, 2], population=1)
    >>> nt.plot.membrane(net, spikes, neuron=0).get_ylabel()
    'potential (weight x s)'
    """
    check_network(net, "membrane")
    points = whole(points, "points", 1, error=ArrayError)
    followed = trace(net, _one(spikes, sample), neuron, layer)
    axes = new_axes(ax)
    times, after = followed.grid(points)
    potential = followed.potential(times, after=after)
    end = np.inf
    if len(followed.spikes) >= followed.max_spikes:
        end = followed.spikes[-1]
    alive = (times < end) | ((times == end) & ~after)
    axes.plot(times[alive], potential[alive], color="black", linewidth=1.2, label="potential")
    if not alive.all():
        axes.plot(times[~alive], potential[~alive], color=GREY, linewidth=1, linestyle=":", label="after max_spikes")
    axes.axhline(followed.theta, color=GREY, linewidth=1, linestyle="--", label="threshold")
    least, most = min(0.0, float(potential.min())), max(followed.theta, float(potential[alive].max()))
    room = 0.2 * (most - least)
    _input_marks(axes, followed.input_times, followed.input_weights, least - room, 0.8 * room)
    if len(followed.spikes):
        heights = np.full(len(followed.spikes), followed.theta)
        axes.plot(followed.spikes, heights, "v", color=COLOURS[2], markersize=7, label="spikes")
    axes.set_ylim(least - 1.1 * room, most + room)
    time_axis(axes, followed.t_max)
    axes.set_ylabel("potential (weight x s)")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncol=3, fontsize="small", frameon=False, borderaxespad=0.2)
    return axes


def _one(spikes: object, sample: int) -> SpikeBatch:
    """A batch of one sample."""
    if isinstance(spikes, ImageSet):
        return spikes[sample].spikes
    if isinstance(spikes, EventSet):
        return spikes.spikes[sample]
    if isinstance(spikes, SpikeBatch):
        return spikes[sample]
    raise ArrayError(f"a SpikeBatch or a set of noctule.data is needed, not {type(spikes).__name__}")


def _input_marks(axes: Axes, times: npt.NDArray[Any], weights: npt.NDArray[Any], bottom: float, height: float) -> None:
    if not len(times):
        return
    heights = height * (0.2 + 0.8 * np.abs(weights) / np.abs(weights).max())
    for chosen, colour, label in ((weights > 0, COLOURS[0], "excitatory input"), (weights < 0, COLOURS[1], "inhibitory input")):
        if chosen.any():
            axes.vlines(times[chosen], bottom, bottom + heights[chosen], color=colour, linewidth=1, label=label)
