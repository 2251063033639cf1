# %% [markdown]
# # Hardware in the loop
#
# Analog chips have neurons that are not alike, and spikes that jitter. Weights that were trained
# with ideal neurons do worse on such a chip. Here the chip takes part in the training: it runs the
# forward pass, and Noctule computes the gradient from the spikes that the chip recorded. The host
# knows nothing of the differences between the neurons of the chip. This takes some 15 seconds on
# two cores.
#
# Install with `pip install ./python` from a clone. The chip is emulated: replace the class `Chip` by the driver
# of yours.

# %%
import numpy as np

import noctule as nt

train, test = nt.data.yinyang()
TAU_M, TAU_S, T_MAX, THETA = 0.020, 0.010, 0.060, 0.02
HIDDEN, OUTPUTS = 120, 3


# %% [markdown]
# ## A chip
#
# The emulation is a second network. Its thresholds differ from the ideal one by 20 % (standard
# deviation), each membrane time constant by 10 %, and recorded times jitter by 0.1 ms. A driver of
# a real chip needs the same two methods: one that writes weights, and one that plays input spikes
# and returns the spikes of every layer.

# %%
# ANCHOR: chip
class Chip:
    """Neurons that are not alike, and spikes that are recorded with jitter."""

    def __init__(self, seed):
        random = np.random.default_rng(seed)

        def layer(neurons, max_spikes):
            theta = THETA * np.clip(random.normal(1, 0.2, neurons), 0.4, None)
            tau_m = TAU_M * np.clip(random.normal(1, 0.1, neurons), 0.5, None)
            return nt.Dense(neurons, theta=theta, tau_m=tau_m, max_spikes=max_spikes)

        layers = [layer(HIDDEN, 30), layer(OUTPUTS, 1)]
        self._network = nt.Network(train.population, layers, tau_s=TAU_S, t_max=T_MAX)
        self._random = random

    def write_weights(self, weights):
        for layer, matrix in enumerate(weights):
            self._network.weights[layer] = matrix

    def play(self, spikes):
        """The spikes that each layer emitted, as the chip recorded them."""
        self._network.forward(spikes)
        return [self._record(self._network.spikes(layer)) for layer in range(2)]

    def _record(self, exact):
        jitter = self._random.normal(0, 0.0001, len(exact.times))
        times = np.maximum(exact.times + jitter, 0)
        # Within each sample times must ascend, with the neurons that they belong to.
        order = np.lexsort((times, exact.sample_of_spike()))
        return nt.SpikeBatch(times[order].astype(np.float32), exact.units[order], exact.offsets, exact.population)
# ANCHOR_END: chip


# %% [markdown]
# ## Trained in software
#
# First an ideal network learns on its own. This costs nothing but time on a processor.

# %%
# ANCHOR: software
loss = nt.FirstSpike(temperature=0.0005, silent_time=T_MAX)
host = nt.Network(
    train.population,
    [nt.Dense(HIDDEN, theta=THETA, max_spikes=30), nt.Dense(OUTPUTS, theta=THETA, max_spikes=1)],
    tau_m=TAU_M,
    tau_s=TAU_S,
    t_max=T_MAX,
)
run = nt.fit(
    host, train, test, loss=loss, epochs=40, batch_size=32, schedule=nt.Cosine(), max_inverse_slope=20.0
)
print(f"in software: {100 * run.accuracy:.1f} %")
# ANCHOR_END: software

# %% [markdown]
# ## Transferred to the chip
#
# The same weights on three chips. No two chips are alike, so one number says little.


# %%
# ANCHOR: transfer
def accuracy(chip, weights, samples=test):
    chip.write_weights(weights)
    output = chip.play(samples.spikes)[-1]
    return (output.predictions("first_spike") == samples.labels).mean()


chips = [Chip(seed) for seed in range(3)]
transferred = [accuracy(chip, host.weights) for chip in chips]
print("transferred:", *(f"{100 * value:.1f} %" for value in transferred))
# ANCHOR_END: transfer

# %% [markdown]
# ## In the loop
#
# A step of training: the chip gets the present weights and plays a batch; the loss looks at the
# output that was recorded; `backward_recorded` computes the gradient at the recorded spikes; `step`
# changes the weights of the host. The gradient needs spike times, which the chip tells, and the
# slope of the potential at each spike, which is that of the ideal model. No potential is measured,
# and nobody measures the thresholds.
#
# Training goes on from the weights of the ideal network, with a small learning rate that falls.


# %%
# ANCHOR: loop
def train_in_the_loop(chip, start, epochs=6, batch_size=50, seed=0):
    model = start.to()  # a copy
    random = np.random.default_rng(seed)
    events, labels = train.spikes, train.labels
    batches = len(train) // batch_size
    without_rise = 0
    for step in range(epochs * batches):
        if step % batches == 0:
            order = random.permutation(len(train))
        chosen = order[step % batches * batch_size :][:batch_size]
        chip.write_weights(model.weights)
        spikes = events[chosen]
        hidden, output = chip.play(spikes)
        result = loss(output, labels[chosen])
        gradients = model.backward_recorded(spikes, [hidden, output], result.d_times)
        without_rise += gradients.spikes_without_rise
        rate = 0.003 * (1 - step / (epochs * batches))
        model.step(nt.Adam(rate), max_norm=1.0)
    return model, without_rise
# ANCHOR_END: loop


in_the_loop = []
for chip, before in zip(chips, transferred):
    model, without_rise = train_in_the_loop(chip, host)
    after = accuracy(chip, model.weights)
    in_the_loop.append(after)
    ideal = (model.predict(test, rule="first_spike") == test.labels).mean()
    print(
        f"on the chip: {100 * before:.1f} % before, {100 * after:.1f} % after; the same weights in ideal neurons: "
        f"{100 * ideal:.1f} %; {without_rise} spikes where the model does not rise"
    )

# %% [markdown]
# The weights now suit this one chip: ideal neurons do worse with them. The bound on the norm of the
# gradient (`max_norm`) keeps single spikes that only just happened from taking over.

# %%
print(f"mean: {100 * np.mean(transferred):.1f} % transferred, {100 * np.mean(in_the_loop):.1f} % in the loop")
assert np.mean(in_the_loop) > np.mean(transferred) + 0.02
assert min(in_the_loop) > 0.9
