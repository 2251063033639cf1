"""What notebooks show of networks and spikes."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, List, Sequence

import numpy as np

if TYPE_CHECKING:
    from .training import History
    from .network import Network
    from .spikes import SpikeBatch

#: Neurons and spikes that a small raster plot shows.
MOST_NEURONS = 1000
MOST_SPIKES = 2000
WIDTH, HEIGHT = 420, 120


def spike_batch(batch: SpikeBatch) -> str:
    """Numbers of a batch, and a raster plot of its first sample."""
    text = f"<b>SpikeBatch</b>: {batch.samples:,} samples, {len(batch.times):,} spikes of {batch.population:,} neurons, {batch.dtype.name}"
    if not batch.samples or not len(batch.times):
        return f"<div>{text}</div>"
    times, units = batch.sample(0)
    return f"<div>{text}<br>{_raster(times, units, batch.population)}<small>sample 0: neurons upwards, seconds to the right</small></div>"


def _raster(times: Any, units: Any, population: int) -> str:
    end = float(times[-1]) if len(times) else 0.0
    scale = WIDTH / end if end > 0 else 0.0
    step = max(1, -(-len(times) // MOST_SPIKES))
    dots: List[str] = []
    for time, unit in zip(times[::step].tolist(), units[::step].tolist()):
        x = 4 + time * scale
        y = HEIGHT - 4 - (HEIGHT - 8) * (unit + 0.5) / population
        dots.append(f'<rect x="{x:.1f}" y="{y - 1:.1f}" width="2" height="2"/>')
    label = f'<text x="{WIDTH + 4}" y="{HEIGHT + 12}" font-size="10" text-anchor="end">{end:.4g} s</text>'
    return (
        f'<svg width="{WIDTH + 10}" height="{HEIGHT + 16}" role="img" aria-label="raster plot">'
        f'<rect width="{WIDTH + 8}" height="{HEIGHT}" fill="none" stroke="currentColor" stroke-opacity="0.3"/>'
        f'<g fill="#3366cc">{"".join(dots)}</g><g fill="currentColor">{label}</g></svg><br>'
    )


def network(net: Network) -> str:
    """A table of the layers of a network."""
    shapes = [net.input_shape, *net.output_shapes]
    rows = [_row(["", "input", _shape(shapes[0]), "", "", ""])]
    for index, (layer, shape) in enumerate(zip(net.layers, shapes[1:])):
        weights = net.weights[index]
        count = "" if weights is None else f"{weights.size:,}"
        constants = "" if weights is None else _constants(layer)
        spikes = "" if weights is None else f"{getattr(layer, 'max_spikes', '')}"
        rows.append(_row([str(index), type(layer).__name__, _shape(shape), count, spikes, constants]))
    head = "".join(f"<th>{name}</th>" for name in ("", "layer", "neurons", "weights", "max_spikes", "constants (s)"))
    engine = net.engine
    return (
        f"<div><b>Network</b>, {net.dtype}, {escape(engine['backend'])} ({escape(engine['device'])})"
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def history(run: History) -> str:
    """A table of the last epochs of a training."""
    shown = run.records[-12:]
    rows = [
        _row([str(r.epoch), r.split, f"{r.loss:.4g}", f"{100 * r.accuracy:.2f}", f"{r.samples_per_second:,.0f}"])
        for r in shown
    ]
    head = "".join(f"<th>{name}</th>" for name in ("epoch", "part", "loss", "accuracy (%)", "samples/s"))
    return (
        f"<div><b>{escape(repr(run))}</b><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _row(cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _shape(shape: Sequence[int]) -> str:
    height, width, channels = shape
    neurons = height * width * channels
    return f"{neurons:,}" if height == width == 1 else f"{height} x {width} x {channels} = {neurons:,}"


def _constants(layer: Any) -> str:
    words = []
    for name in ("theta", "reset", "tau_m", "tau_s", "t_max"):
        value = getattr(layer, name, None)
        if value is None or (name == "reset" and not np.ndim(value) and value == layer.theta):
            continue
        words.append(f"{name} individual" if np.ndim(value) else f"{name} {value:g}")
    return ", ".join(words)
