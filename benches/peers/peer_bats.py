#!/usr/bin/env python3
"""The published reference implementation (Bacho & Chu 2023): exact gradients on a GPU, with CuPy.

Networks, constants, loss and optimiser are those of its own training scripts, and so is the work of a batch: encode it on
the processor, upload it, forward, loss, backward, mean of the gradients, a step of Adam. What favours it: images are not bent
in `conv`, and nothing is printed or plotted. `--checkout` names its repository, commit d8dce59.
"""

import sys

import numpy as np

from common import CLASSES, INFERENCE_BATCH, LATEST, batches, measure, mnist, options, report

T_MAX, TAU_S, LEARNING_RATE = 0.2, 0.13, 0.003
# Size of a batch, and the targets of the true class and of the others.
WORKS = {"dense": (50, 15, 3), "conv": (20, 30, 3)}


def encode(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spike times (samples, 784, 1) and the number of spikes of each pixel; a black one has none."""
    times = LATEST * (1 - pixels[..., None] / 255)
    times[times == LATEST] = np.inf
    return times, np.isfinite(times)[..., 0].astype(int)


def build(work: str):
    import cupy as cp
    from bats.Layers import ConvInputLayer, ConvLIFLayer, InputLayer, LIFLayer
    from bats.Layers.PoolingLayer import PoolingLayer
    from bats.Network import Network

    def uniform(*shape: int):
        return cp.random.uniform(-1.0, 1.0, size=shape, dtype=cp.float32)

    network = Network()

    def add(layer, **more):
        network.add_layer(layer, **more)
        return layer

    def neurons(kind, before, size: dict, theta: float, spikes: int, name: str):
        return add(kind(
            previous_layer=before, tau_s=TAU_S, theta=theta, delta_theta=theta, weight_initializer=uniform,
            max_n_spike=spikes, name=name, **size,
        ))  # fmt: skip

    if work == "dense":
        last = add(InputLayer(n_neurons=784, name="input"), input=True)
        last = neurons(LIFLayer, last, {"n_neurons": 800}, 0.2, 30, "hidden")
        neurons(LIFLayer, last, {"n_neurons": CLASSES}, 1.3, 30, "output")
        return network
    last = add(ConvInputLayer(neurons_shape=np.array([28, 28, 1]), name="input"), input=True)
    for channels, theta, spikes in ((15, 0.04, 1), (40, 0.8, 3)):
        filters = {"filters_shape": np.array([5, 5, channels])}
        last = neurons(ConvLIFLayer, last, filters, theta, spikes, f"convolution {channels}")
        last = add(PoolingLayer(last, name=f"pooling {channels}"))
    last = neurons(LIFLayer, last, {"n_neurons": 300}, 0.6, 10, "dense")
    neurons(LIFLayer, last, {"n_neurons": CLASSES}, 0.3, 30, "output")
    return network


def main() -> None:
    given = options(__doc__, list(WORKS), batch=True, checkout=True)
    sys.path.insert(0, given.checkout)
    import cupy as cp
    from bats.Losses import SpikeCountClassLoss
    from bats.Optimizers import AdamOptimizer

    batch, target_true, target_false = WORKS[given.work]
    batch = given.batch or batch
    inference_batch = max(INFERENCE_BATCH, given.batch or 0)
    network = build(given.work)
    loss = SpikeCountClassLoss(target_false=target_false, target_true=target_true)
    optimiser = AdamOptimizer(learning_rate=LEARNING_RATE)
    images, labels = mnist(given.data, "train")
    labels = labels.astype(int)
    test_images, _ = mnist(given.data, "t10k")

    def forward(pixels: np.ndarray, training: bool):
        network.reset()
        network.forward(*encode(pixels), max_simulation=T_MAX, training=training)
        return network.output_spike_trains

    def train(indices=batches(60_000, batch)) -> int:
        chosen = next(indices)
        spikes, counts = forward(images[chosen], True)
        loss.predict(spikes, counts).get()
        value, errors = loss.compute_loss_and_errors(spikes, counts, labels[chosen])
        value.get()
        gradients = [None if gradient is None else cp.mean(gradient, axis=0) for gradient in network.backward(errors)]
        network.apply_deltas(optimiser.step(gradients))
        cp.cuda.Device().synchronize()
        return batch

    def infer(indices=batches(10_000, inference_batch)) -> int:
        loss.predict(*forward(test_images[next(indices)], False)).get()
        return inference_batch

    report(given, "bats", "d8dce59", batch, measure(given, train, infer))


if __name__ == "__main__":
    main()
