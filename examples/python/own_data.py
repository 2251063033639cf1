# %% [markdown]
# # Your own events
#
# From recordings of an event camera to a trained network and its mistakes. Recordings are
# structured NumPy arrays with the fields `x`, `y`, `t` (microseconds) and `p` (polarity): what
# [tonic](https://tonic.readthedocs.io) gives, and what most readers of cameras give. Here they are
# made up, so nothing is downloaded: a bar crosses a small sensor to the left, to the right, up or
# down, at any speed and from anywhere. This takes some ten seconds on two cores.
#
# Install with `pip install "./python[plot]"` from a clone. As a script: `python own_data.py --figures DIR` writes
# the pictures.

# %%
import argparse
import os
import tempfile
from pathlib import Path

import numpy as np

os.environ.setdefault("MPLBACKEND", "agg")  # No display is needed; a notebook has set its own.

import noctule as nt

parser = argparse.ArgumentParser(description="From recordings of an event camera to a trained network.")
parser.add_argument("--figures", type=Path, help="a folder for the pictures; without it none is written")
figures = parser.parse_known_args()[0].figures


def keep(axes, name):
    """Writes a picture, if a folder was named."""
    if figures is not None:
        figures.mkdir(parents=True, exist_ok=True)
        axes.figure.savefig(figures / name, dpi=120)


# %% [markdown]
# ## The recordings
#
# One structured array for each recording. The bright edge of the bar causes events of polarity 1,
# the dark edge behind it events of polarity 0. Most events are missing, and some are noise.

# %%
# ANCHOR: recordings
WIDTH, HEIGHT = 16, 16
EVENT = np.dtype([("x", np.int16), ("y", np.int16), ("t", np.int64), ("p", bool)])  # that of tonic
DIRECTIONS = ["left", "right", "up", "down"]


def record(direction, random):
    """A bar of 6 pixels that crosses the sensor."""
    start = random.integers(0, 8)
    speed = random.uniform(2500, 5000)  # microseconds from pixel to pixel
    along, across = (array.ravel() for array in np.meshgrid(np.arange(16), np.arange(start, start + 6)))
    along, across = np.tile(along, 2), np.tile(across, 2)
    polarity = np.repeat([True, False], len(along) // 2)
    moments = speed * (along + np.where(polarity, 0, 2)) + random.normal(0, 300, len(along))
    place = along if direction in ("right", "down") else 15 - along
    events = np.empty(len(along), dtype=EVENT)
    events["x"], events["y"] = (place, across) if direction in ("left", "right") else (across, place)
    events["t"], events["p"] = np.maximum(moments, 0), polarity
    events = events[random.random(len(events)) < 0.4]
    noise = random.choice(events, 40)
    noise["x"], noise["y"] = random.integers(0, WIDTH, 40), random.integers(0, HEIGHT, 40)
    return np.concatenate([events, noise])


def recordings(number, seed):
    random = np.random.default_rng(seed)
    for _ in range(number):
        label = int(random.integers(4))
        yield record(DIRECTIONS[label], random), label
# ANCHOR_END: recordings


first, label = next(recordings(1, seed=0))
print(f"{len(first)} events, {DIRECTIONS[label]}:", first[:3])

# %% [markdown]
# ## Into a set
#
# `from_tonic` takes anything that gives pairs `(events, label)`: a list, a generator, or a data set
# of tonic with its transforms, as long as these give events and no frames:
#
# ```python
# train = nt.data.from_tonic(tonic.datasets.NMNIST("data", train=True))
# ```
#
# A data set of tonic knows its `sensor_size`; here it is given. Every pixel and polarity becomes an
# input neuron. Times become seconds.

# %%
# ANCHOR: set
train = nt.data.from_tonic(recordings(3000, seed=1), sensor_size=(WIDTH, HEIGHT, 2), classes=DIRECTIONS)
test = nt.data.from_tonic(recordings(500, seed=2), sensor_size=(WIDTH, HEIGHT, 2), classes=DIRECTIONS)
print(train)
print(train.spikes)
# ANCHOR_END: set

# %% [markdown]
# A look at the data before anything is trained: are these times what they should be? A wrong unit
# is the most frequent mistake with event data.

# %%
keep(nt.plot.raster(train, sample=0), "events.png")

# %% [markdown]
# ## Train
#
# The loss asks the output neuron of the true class for 10 spikes and the others for 2. Weights and
# learning rate follow from the data. What remains to be chosen are constants of the neurons:
# `t_max` behind the last event, and `tau_m` as long as what a neuron should remember, here the time
# in which the bar crosses a few pixels. A part of the training samples is held out to watch the
# training; the test samples are for the end.

# %%
# ANCHOR: train
net = nt.Network(
    train.population,
    [nt.Dense(100, theta=1.0, max_spikes=10), nt.Dense(4, theta=1.0, max_spikes=20)],
    tau_m=0.020,
    tau_s=0.010,
    t_max=0.110,
)
run = nt.fit(
    net,
    train[:2700],
    test,
    validation=train[2700:],
    loss=nt.SpikeCount(10, 2),
    epochs=15,
    batch_size=20,
    schedule=nt.Cosine(),
)
print(f"{100 * run.accuracy:.1f} % of the test recordings are right")
# ANCHOR_END: train

# %%
curves = nt.plot.learning_curves(run)
keep(curves[0], "curves.png")

# %% [markdown]
# ## Predictions and mistakes
#
# Predictions are one class for each recording, -1 where no output neuron spiked. Counts and times
# of the output spikes are NumPy arrays.

# %%
# ANCHOR: predictions
predictions = net.predict(test)
confusion = np.zeros((4, 5), dtype=int)
np.add.at(confusion, (test.labels, predictions), 1)  # -1 is the last column
columns = [*DIRECTIONS, "none"]
print("true \\ predicted", *columns)
for name, row in zip(DIRECTIONS, confusion):
    print(f"{name:>16}", *(f"{count:{len(column)}}" for count, column in zip(row, columns)))

output = net.forward(test.spikes)
print("spike counts of the first recording:", output.counts()[0])
# ANCHOR_END: predictions

# %% [markdown]
# Does the network wait for the end of a recording? The line is the accuracy if one decides with the
# spikes so far.

# %%
keep(nt.plot.latency(output, test.labels), "latency.png")

# %% [markdown]
# ## To the command line, and on
#
# `save` writes an NPZ file, which `noctule new` makes an experiment of, and `nt.data.events` reads
# again. That function also reads the HDF5 files of the Spiking Heidelberg Digits as they are:
# `nt.data.events("shd_train.h5", population=700)`.

# %%
# ANCHOR: save
with tempfile.TemporaryDirectory() as folder:
    test.save(Path(folder) / "bars-test.npz")
    again = nt.data.events(Path(folder) / "bars-test.npz")
# ANCHOR_END: save
assert again.spikes == test.spikes

# %% [markdown]
# A `DataLoader` of PyTorch gives the same samples in batches, for a training loop of your own: see
# `torch_layer.py`.

# %%
assert run.accuracy > 0.9, run
