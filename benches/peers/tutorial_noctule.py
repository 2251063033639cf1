#!/usr/bin/env python3
"""The network of `tutorial_snntorch.py` with Noctule: 784-1000-10 learns MNIST for one epoch, in batches of 128.

There are no steps: a pixel is one spike, and neurons spike when they spike. Thresholds, time constants, targets of the loss
and learning rate are those of the preset `mnist-count`. The last line is JSON.
"""

from tutorial_options import finish, options, started

# ANCHOR: data
import numpy as np
import noctule as nt

given = options(__doc__)
random = np.random.default_rng(given.seed)

batch_size = 128
train, test = nt.data.mnist(data_dir=given.data)
# ANCHOR_END: data

# ANCHOR: network
num_inputs, num_hidden, num_outputs = 28 * 28, 1000, 10

net = nt.Network(
    num_inputs,
    [
        nt.Dense(num_hidden, theta=0.2, max_spikes=30, init=nt.Uniform(-1, 1)),
        nt.Dense(num_outputs, theta=1.3, max_spikes=30, init=nt.Uniform(-0.4, 0.4)),
    ],
    tau_m=0.26,
    tau_s=0.13,
    t_max=0.2,
    seed=given.seed,
    threads=given.threads,
)
# ANCHOR_END: network

# ANCHOR: training
loss = nt.SpikeCount(15, 3)
optimiser = nt.Adam(0.008)

start = started()
order = random.permutation(len(train))
batches = order[: len(order) // batch_size * batch_size].reshape(-1, batch_size)
for batch in batches[: given.batches]:
    data, targets = train[batch].spikes, train.labels[batch]
    output = net.forward(data)
    result = loss(output, targets)
    net.backward(result.d_times, max_inverse_slope=0.2, silent_boost=1.0)
    net.step(optimiser)
# ANCHOR_END: training
speed = start.samples_per_second(len(batches[: given.batches]) * batch_size)

# ANCHOR: test
predicted = net.predict(test)
accuracy = (predicted == test.labels).mean()
# ANCHOR_END: test
finish(given, "noctule", nt.__version__, accuracy, speed)
