"""Pictures with matplotlib: spikes, potentials, learning curves, decisions.

Every function draws into ``ax``, or makes a figure of its own, and returns the axes. Data are in seconds; axes that show less
than a second are labelled in milliseconds. Colours are those of Okabe and Ito, which colour-blind people tell apart.

>>> import noctule as nt
>>> train, test = nt.data.yinyang()
>>> axes = nt.plot.raster(test, sample=3)  # doctest: +SKIP
>>> axes.figure.savefig("spikes.svg")  # doctest: +SKIP

matplotlib comes with ``pip install "noctule[plot]"``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._arrays import to_labels
from ._potential import trace
from .data.builtin import YIN_YANG
from .data.sets import EventSet, ImageSet, Latency
from .errors import ArrayError, DataError, NetworkError
from .network import Network
from .spikes import SpikeBatch
from .training import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Okabe and Ito: blue, vermilion, green, orange, sky, purple, black.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7", "#000000")
#: What a Yin-Yang network decides, as in ``decision.png`` of a run: yin, yang, dot, nothing.
DECISIONS = ((232, 119, 34), (38, 84, 124), (80, 160, 90), (120, 120, 120))
GREY = "#777777"
#: The most samples that are run together.
BATCH = 1000

Spikes = Union[SpikeBatch, EventSet, ImageSet]
Runs = Union[History, str, "os.PathLike[str]"]


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
    axes = _axes(ax)
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
    _time_axis(axes, 1.05 * last if t_max is None else t_max)
    if single:
        axes.set_ylim(-0.5, max(1, batches[0].population) - 0.5)
        axes.set_ylabel("neuron" if not several and labels is None else f"neuron of {names[0]}")
        axes.yaxis.set_major_locator(_whole_numbers())
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
    followed = trace(net, _one(spikes, sample), neuron, layer)
    axes = _axes(ax)
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
    _time_axis(axes, followed.t_max)
    axes.set_ylabel("potential (weight x s)")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncol=3, fontsize="small", frameon=False, borderaxespad=0.2)
    return axes


def learning_curves(
    runs: Union[Runs, Sequence[Runs], Mapping[str, Runs]],
    ax: Any = None,
    *,
    quantities: Union[str, Sequence[str]] = ("loss", "accuracy"),
    splits: Sequence[str] = ("train", "validation", "test"),
) -> Any:
    """Draws loss and accuracy over the epochs of a training, or of several ones.

    Args:
        runs: What :func:`noctule.fit`, :func:`noctule.train` or :func:`noctule.load` returned, or a run directory; or a list
            of them, or a dictionary with a name for each.
        ax: Axes to draw into, one for each quantity.
        quantities: ``"loss"``, ``"accuracy"`` or both.
        splits: Parts of the data; those that were not measured are left out.

    Returns:
        The axes of the quantity, or, if there are several, an array of them.

    Raises:
        ArrayError: If there are no runs, or not one axes for each quantity.
        ImportError: If matplotlib is not installed.

    >>> nt.plot.learning_curves({"adam": first, "sgd": second}, quantities="accuracy")  # doctest: +SKIP
    """
    named = _named_runs(runs)
    wanted = [quantities] if isinstance(quantities, str) else list(quantities)
    unknown = [name for name in wanted if name not in ("loss", "accuracy")]
    if unknown or not wanted:
        raise ArrayError(f'quantities are "loss" and "accuracy", not {quantities!r}')
    every = _several_axes(ax, len(wanted))
    styles = {"train": "--", "validation": ":", "test": "-"}
    for axes, quantity in zip(every, wanted):
        for place, (name, history) in enumerate(named):
            for number, split in enumerate(splits):
                records = history.of(split)
                if not records:
                    continue
                colour = COLOURS[(number if len(named) == 1 else place) % len(COLOURS)]
                axes.plot(
                    [record.epoch for record in records],
                    [getattr(record, quantity) * (100 if quantity == "accuracy" else 1) for record in records],
                    color=colour,
                    linestyle=styles.get(split, "-."),
                    marker="." if len(records) < 30 else None,
                    label=split if not name else f"{name}, {split}",
                )
        axes.set_xlabel("epoch")
        axes.set_ylabel("accuracy (%)" if quantity == "accuracy" else "loss")
        axes.xaxis.set_major_locator(_whole_numbers())
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize="small", frameon=False)
    if len(wanted) == 1:
        return every[0]
    array = np.empty(len(every), dtype=object)
    array[:] = every
    return array


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
    inputs = 4 + (encoding.bias is not None)
    if net.inputs != inputs or net.outputs != 3:
        raise NetworkError(
            f"a decision map needs a Yin-Yang network with {inputs} inputs and 3 outputs, not {net.inputs} and {net.outputs}"
        )
    if isinstance(resolution, bool) or not isinstance(resolution, (int, np.integer)) or resolution < 1:
        raise ArrayError(f"resolution must be a whole number of at least 1, not {resolution!r}")
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
    axes = _axes(ax, square=True)
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
    last = float(output.times.max()) if len(output.times) else 0.0
    moments = np.linspace(0.0, last if last > 0 else 1e-3, max(2, points))
    accuracies = [100 * float((_until(output, moment).predictions(rule) == classes).mean()) for moment in moments]
    spiking = np.diff(output.offsets) > 0
    firsts = np.sort(output.times[output.offsets[:-1][spiking]])
    shares = 100 * np.searchsorted(firsts, moments, side="right") / output.samples
    axes = _axes(ax)
    axes.fill_between(moments, shares, step="post", color="#dddddd", label="has spiked")
    if len(firsts):
        weights = np.full(len(firsts), 100 / output.samples)
        axes.hist(firsts, bins=40, range=(0.0, moments[-1]), weights=weights, color=COLOURS[4], label="first spike")
    axes.plot(moments, accuracies, color=COLOURS[0], label="right, if decided now")
    _time_axis(axes, float(moments[-1]))
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


def _named_runs(runs: Any) -> List[Tuple[str, History]]:
    """Runs with their names; a single one has none."""
    if isinstance(runs, (History, str, os.PathLike)):
        return [("", _history(runs))]
    if isinstance(runs, Mapping):
        named = [(str(name), _history(run)) for name, run in runs.items()]
    elif isinstance(runs, Iterable):
        listed = list(runs)
        names = [os.path.basename(os.path.normpath(getattr(run, "path", ""))) if hasattr(run, "path") else "" for run in listed]
        named = [(name or f"run {place}", _history(run)) for place, (name, run) in enumerate(zip(names, listed))]
    else:
        raise ArrayError(f"learning_curves needs what nt.fit returned, not {type(runs).__name__}")
    if not named:
        raise ArrayError("there is no run to draw")
    return named


def _history(run: object) -> History:
    if isinstance(run, History):
        return run
    if isinstance(run, (str, os.PathLike)):
        from .runs import load

        return load(run)
    raise ArrayError(f"learning_curves needs what nt.fit returned, or a run directory, not {type(run).__name__}")


def _pyplot() -> Any:
    try:
        import matplotlib.pyplot as pyplot
    except ImportError as error:
        raise ImportError(f'pictures need matplotlib: pip install "noctule[plot]" ({error})') from error
    return pyplot


def _axes(ax: Optional[Axes], square: bool = False) -> Axes:
    if ax is not None:
        return ax
    _, axes = _pyplot().subplots(figsize=(5, 4) if square else (7, 3.5), layout="constrained")
    found: Axes = axes
    return found


def _several_axes(ax: Any, number: int) -> List[Axes]:
    if ax is None:
        _, found = _pyplot().subplots(1, number, figsize=(5 * number, 3.5), layout="constrained", squeeze=False)
        return list(found.ravel())
    given = list(np.ravel(np.asarray(ax, dtype=object)))
    if len(given) != number:
        raise ArrayError(f"ax must be {number} axes, one for each quantity, not {len(given)}")
    return given


def _whole_numbers() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(integer=True)


def _time_axis(axes: Axes, end: float) -> None:
    """Time in seconds, shown in milliseconds where it is short."""
    from matplotlib.ticker import FuncFormatter

    if end > 0:
        axes.set_xlim(0, end)
    if 0 < end < 1:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda time, _: f"{1000 * time:.6g}"))
        axes.set_xlabel("time (ms)")
    else:
        axes.set_xlabel("time (s)")


__all__ = ["decision_map", "latency", "learning_curves", "membrane", "raster"]
