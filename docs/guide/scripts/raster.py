"""Draws the spikes of one sample in both layers, from what `noctule predict --spikes` wrote.

usage: raster.py OUT.npz FILE.svg [SAMPLE]
"""

import sys

import numpy as np
from chart import COLOURS, Chart

out = np.load(sys.argv[1])
sample = int(sys.argv[3]) if len(sys.argv) > 3 else 0


def spikes(layer):
    start, end = out[f"layer{layer}_offsets"][sample:sample + 2]
    return out[f"layer{layer}_times"][start:end], out[f"layer{layer}_units"][start:end]


chart = Chart((0, 0.15), (-60, 100), [0, 0.05, 0.1, 0.15], [0, 50, 100], "seconds", "hidden neuron")
chart.dots(zip(*spikes(0)), COLOURS[0], 1.5)
for time, unit in zip(*spikes(1)):
    x, y = chart.x(time), chart.y(-54 + 10 * unit)
    chart.parts.append(f'<path d="M{x:.1f} {y - 5:.1f}v10" stroke="{COLOURS[1]}" stroke-width="2"/>')
chart.text(62, 14, "hidden spikes", colour=COLOURS[0])
chart.text(62, chart.y(-22), "output spikes of classes 0 (lowest row), 1 and 2", colour=COLOURS[1])
chart.save(sys.argv[2])
print(f"sample {sample}: class {out['labels'][sample]}, decided {out['predictions'][sample]}, counts {out['counts'][sample]}")
