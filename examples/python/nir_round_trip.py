# %% [markdown]
# # To other simulators and chips, and back
#
# A trained network becomes a graph in the Neuromorphic Intermediate Representation
# ([NIR](https://neuroir.org)), which simulators and chips read. Here it goes to a file and back,
# and then to another simulator: twenty lines of NumPy that know nothing but the graph and take
# time steps. The smaller its steps, the more its decisions are those of Noctule. This takes some
# ten seconds on two cores.
#
# Install with `pip install "./python[nir]"` from a clone.

# %%
import tempfile
from pathlib import Path

import numpy as np

import nir
import noctule as nt

# %% [markdown]
# ## A network

# %%
train, test = nt.data.yinyang()
net = nt.Network(
    train.population,
    [nt.Dense(100, theta=0.02, max_spikes=30), nt.Dense(3, theta=0.02, max_spikes=1)],
    tau_m=0.020,
    tau_s=0.010,
    t_max=0.060,
)
loss = nt.FirstSpike(temperature=0.0005, silent_time=0.060)
run = nt.fit(
    net, train, test, loss=loss, epochs=40, batch_size=32, schedule=nt.Cosine(), max_inverse_slope=20.0
)
print(f"{100 * run.accuracy:.1f} % of the test points are right")

# %% [markdown]
# ## There and back
#
# A neuron of Noctule is NIR's `CubaLIF`, exactly. So weights come back to the last bit, and so do
# the spikes.

# %%
# ANCHOR: file
with tempfile.TemporaryDirectory() as folder:
    nt.to_nir(net, Path(folder) / "yinyang.nir")
    again = nt.from_nir(Path(folder) / "yinyang.nir")
    graph = nir.read(Path(folder) / "yinyang.nir")
assert again.forward(test.spikes) == net.forward(test.spikes)
# ANCHOR_END: file

for source, target in graph.edges:
    print(f"{source} -> {target}: {type(graph.nodes[target]).__name__}")

# %% [markdown]
# ## Another simulator
#
# It reads the nodes of the graph and steps through their equations:
#
#     tau_syn dJ/dt = -J + w_in S
#     tau_mem dv/dt = (v_leak - v) + r J      at v > v_threshold: spike, and v = v_reset
#
# A spike is a Dirac delta, so `J` jumps by the weight times `w_in / tau_syn`. For simulators that
# take it as a pulse of one step, such as snnTorch and Norse, there is `nt.to_nir(net, dt=1e-4)`.


# %%
# ANCHOR: simulator
def simulate(graph, spikes, dt, end):
    """First output spikes in seconds, `[sample, class]`; infinite where a neuron is silent."""
    layers = [(graph.nodes[f"dense_{i}"].weight, graph.nodes[f"neurons_{i}"]) for i in range(2)]
    steps = int(round(end / dt))
    states = [[np.zeros((len(spikes), len(weight))) for _ in "Jv"] for weight, _ in layers]
    first = np.full((len(spikes), 3), np.inf)
    # Input spikes of each step.
    step_of = np.minimum(np.round(spikes.times / dt).astype(int), steps - 1)
    sample_of, units = spikes.sample_of_spike(), spikes.units
    for step in range(steps):
        now = step_of == step
        arrived = np.zeros((len(spikes), spikes.population))
        np.add.at(arrived, (sample_of[now], units[now]), 1)
        for (weight, neuron), (current, potential) in zip(layers, states):
            current += arrived @ weight.T * (neuron.w_in / neuron.tau_syn)
            current *= np.exp(-dt / neuron.tau_syn)
            potential += dt / neuron.tau_mem * (neuron.v_leak - potential + neuron.r * current)
            fired = potential > neuron.v_threshold
            potential[:] = np.where(fired, neuron.v_reset, potential)
            arrived = fired.astype(float)
        first = np.where(fired & np.isinf(first), (step + 1) * dt, first)
    return first
# ANCHOR_END: simulator


some = test[:300]
exact = net.forward(some.spikes)
decisions = exact.predictions("first_spike")
agreement = []
for dt in (2e-3, 5e-4, 1e-4):
    first = simulate(graph, some.spikes, dt, end=0.060)
    agreement.append((first.argmin(1) == decisions).mean())
    both = np.isfinite(first) & np.isfinite(exact.first_spikes())
    error = np.abs(first - exact.first_spikes())[both].mean()
    print(
        f"steps of {1000 * dt:.1f} ms: {100 * agreement[-1]:.1f} % of the decisions are the same, "
        f"spikes are {1000 * error:.3f} ms off"
    )

# %% [markdown]
# The reset is where steps hurt most: a neuron has passed its threshold at the end of a step, and
# what is above it is lost.

# %%
assert run.accuracy > 0.93, run
assert agreement[0] < agreement[-1] and agreement[-1] > 0.95
