# %% [markdown]
# # First steps
#
# A spiking network learns the Yin-Yang set: which part of the symbol is a point in, yin, yang or a
# dot? The network has no time step, and its gradient is exact. This takes some ten seconds on two
# cores.
#
# Install with `pip install "./python[plot]"` from a clone. As a script: `python first_steps.py --figures DIR`
# writes the pictures.

# %%
import argparse
import os
import tempfile
from pathlib import Path

import numpy as np

os.environ.setdefault("MPLBACKEND", "agg")  # No display is needed; a notebook has set its own.

import noctule as nt

parser = argparse.ArgumentParser(description="A spiking network learns the Yin-Yang set.")
parser.add_argument("--figures", type=Path, help="a folder for the pictures; without it none is written")
figures = parser.parse_known_args()[0].figures


def keep(axes, name):
    """Writes a picture, if a folder was named."""
    if figures is not None:
        figures.mkdir(parents=True, exist_ok=True)
        axes.figure.savefig(figures / name, dpi=120)


# %% [markdown]
# ## The data
#
# A point has four features: `x`, `y`, `1 - x` and `1 - y`. Each one becomes a single spike between
# 10 and 40 ms: the larger, the earlier. A fifth input, the bias, spikes at 20 ms in every sample.
# There is no tensor with a time axis: a batch is a list of spike times, a list of the neurons that
# spiked, and where each sample begins.

# %%
# ANCHOR: data
train, test = nt.data.yinyang()
print(train)

times, neurons = train.spikes.sample(0)
for time, neuron in zip(times, neurons):
    print(f"input {neuron} spikes at {1000 * time:.1f} ms")
# ANCHOR_END: data

# %% [markdown]
# ## The network
#
# 200 hidden neurons that spike up to 30 times, and one output neuron for each class. The output
# neuron that spikes first is the decision. `theta` is the firing threshold; `tau_m` and `tau_s` are
# the time constants of the membrane and of the synapses, in seconds. Initial weights are left out:
# `fit` chooses them so that the neurons spike about once.

# %%
# ANCHOR: network
net = nt.Network(
    train.population,
    [nt.Dense(200, theta=0.02, max_spikes=30), nt.Dense(3, theta=0.02, max_spikes=1)],
    tau_m=0.020,
    tau_s=0.010,
    t_max=0.060,
)
output = net.forward(train.spikes[:4])
print(output)
print(output.first_spikes())  # seconds; NaN: the neuron is silent
# ANCHOR_END: network

# %% [markdown]
# ## A gradient that is exact
#
# A loss looks at the output spikes and says how it changes with each spike time: `d_times`.
# `backward` takes it from there. Other libraries replace the derivative of a spike by that of a
# smooth function, a *surrogate*. Here the gradient is the true one, so it agrees with a finite
# difference.

# %%
# ANCHOR: gradient
loss = nt.FirstSpike(temperature=0.0005, silent_time=0.060)
precise = net.to(dtype="float64")
spikes, labels = train.spikes[:4], train.labels[:4]

result = loss(precise.forward(spikes), labels)
gradient = precise.backward(result.d_times).weights[1]
row, column = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)


def loss_with(change):
    weights = precise.weights[1].copy()
    weights[row, column] += change
    changed = precise.to()
    changed.weights[1] = weights
    return loss(changed.forward(spikes), labels).loss


difference = (loss_with(1e-6) - loss_with(-1e-6)) / 2e-6
print(f"exact gradient {gradient[row, column]:.8f}, finite difference {difference:.8f}")
# ANCHOR_END: gradient
assert abs(gradient[row, column] - difference) < 1e-5 * abs(difference)

# %% [markdown]
# ## Training
#
# `fit` is the loop over epochs and batches, with what a spiking network needs: `max_inverse_slope`
# bounds the gradient of spikes that only just reached the threshold. The learning rate follows from
# the initial weights if it is left out.

# %%
# ANCHOR: fit
run = nt.fit(
    net,
    train,
    test,
    loss=loss,
    optimiser=nt.Adam(),
    schedule=nt.Cosine(),
    epochs=60,
    batch_size=32,
    max_inverse_slope=20.0,
)
print(f"{100 * run.accuracy:.1f} % of the test points are right after {run.records[-1].epoch} epochs")
# ANCHOR_END: fit

# %% [markdown]
# ## Pictures
#
# How it learned:

# %%
curves = nt.plot.learning_curves(run)
keep(curves[0], "curves.png")

# %% [markdown]
# What it decides for every point. Orange is decided as yin, blue as yang, green as a dot. A wrong
# decision is darker.

# %%
keep(nt.plot.decision_map(net, resolution=150), "decision.png")

# %% [markdown]
# One sample on its way through the network: five input spikes, then the hidden neurons, then the
# decision.

# %%
net.forward(test[:1].spikes)
keep(nt.plot.raster([test[:1], net.spikes(0), net.spikes(1)], labels=["input", "hidden", "output"]), "raster.png")

# %% [markdown]
# The potential of one hidden neuron, here the one that spiked most. It meets the threshold exactly
# where it spikes.

# %%
busiest = int(net.spikes(0).counts()[0].argmax())
keep(nt.plot.membrane(net, test, busiest, layer=0), "membrane.png")

# %% [markdown]
# How soon is it right? The line is the accuracy if one decides with the output spikes so far.

# %%
net.forward(test.spikes)
keep(nt.plot.latency(net, test.labels, rule="first_spike"), "latency.png")

# %% [markdown]
# ## Keep it
#
# `save` writes layers and weights to one safetensors file, which `noctule` reads in Rust, too.

# %%
# ANCHOR: save
with tempfile.TemporaryDirectory() as folder:
    net.save(Path(folder) / "yinyang.safetensors")
    again = nt.Network.load(Path(folder) / "yinyang.safetensors")
predictions = again.predict(test, rule="first_spike")
# ANCHOR_END: save
accuracy = (predictions == test.labels).mean()
print(f"the network that was loaded: {100 * accuracy:.1f} %")

# %%
assert accuracy == run.accuracy
assert run.accuracy > 0.95, run
