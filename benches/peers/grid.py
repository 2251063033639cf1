"""What the peers that step through time share: spikes on a grid, the loss and the optimiser. Needs PyTorch.

The neuron is Noctule's, seen on the grid. With steps of `dt`, current = exp(-dt/tau_s) current + weights * spikes and
potential = exp(-dt/tau_m) potential + dt * current; it spikes at theta. Weights and thresholds are scaled so that every
threshold is 1 and the factor dt is gone: weights are drawn from (-1, 1) dt/theta, and Adam's rate shrinks alike.
"""

import math
import time

import torch

from common import CLASSES, EARLIEST, INFERENCE_BATCH, LATEST, batches, measure, mnist

TAU_M, TAU_S, T_MAX = 0.26, 0.13, 0.2
LEARNING_RATE = 0.003
# (threshold of every layer with weights; spikes wanted of the true class and of the others; batch size)
WORKS = {
    "dense": ((0.2, 1.3), (15.0, 3.0), 50),
    "conv": ((0.04, 0.8, 0.6, 0.3), (30.0, 3.0), 20),
}


class Grid:
    """The time step and all that follows from it."""

    def __init__(self, step: float) -> None:
        self.step = step
        self.steps = round(T_MAX / step)
        self.current_decay = math.exp(-step / TAU_S)
        self.potential_decay = math.exp(-step / TAU_M)

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels of shape (samples, 784) to spikes of shape (steps, samples, 784); a pixel of 0 stays silent."""
        times = LATEST - (LATEST - EARLIEST) * pixels.float() / 255.0
        bins = (times / self.step).long().clamp(max=self.steps - 1)
        spikes = torch.zeros(self.steps, *pixels.shape, device=pixels.device)
        return spikes.scatter_(0, bins.unsqueeze(0), (pixels > 0).float().unsqueeze(0))


def wait(given) -> None:
    """Until the device has done all that it was asked to do."""
    if given.device == "cuda":
        torch.cuda.synchronize()


# A trial of an order takes so many seconds at least.
TRIAL = 0.5


def run(given, network: torch.nn.Module, orders: dict, grid: Grid) -> tuple[int, dict]:
    """Measures `network`. `orders` has ways to compute the same: by name, a function that returns its spikes in all steps,
    given spikes (steps, samples, 784). Training and inference are each measured in the order that is faster in a trial."""
    torch.set_num_threads(given.threads)
    # Decayed potentials and surrogate gradients become denormal numbers, which processors are slow at.
    torch.set_flush_denormal(True)
    thresholds, (wanted_true, wanted_false), batch = WORKS[given.work]
    batch = given.batch or batch
    inference_batch = max(INFERENCE_BATCH, given.batch or 0)
    network.to(given.device)
    groups = []
    for layer, theta in zip((layer for layer in network if hasattr(layer, "weight")), thresholds, strict=True):
        scale = grid.step / theta
        torch.nn.init.uniform_(layer.weight, -scale, scale)
        groups.append({"params": [layer.weight], "lr": LEARNING_RATE * scale})
    adam = torch.optim.Adam(groups)
    targets = torch.full((CLASSES, CLASSES), wanted_false)
    targets.fill_diagonal_(wanted_true)
    # All data lies on the device from the beginning, and batches are encoded there.
    targets = targets.to(given.device)
    images, labels = (torch.tensor(part).to(given.device) for part in mnist(given.data, "train"))
    labels = labels.long()
    test_images = torch.tensor(mnist(given.data, "t10k")[0]).to(given.device)

    def train(forward, indices=batches(60_000, batch)) -> int:
        chosen = next(indices)
        counts = forward(grid.encode(images[chosen])).sum(0)
        loss = ((counts - targets[labels[chosen]]) ** 2).sum(1).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        wait(given)
        return batch

    def infer(forward, indices=batches(10_000, inference_batch)) -> int:
        with torch.no_grad():
            forward(grid.encode(test_images[next(indices)])).sum(0).argmax(1)
        wait(given)
        return inference_batch

    def faster(work) -> str:
        """The order in which `work` does more samples in a second."""

        def speed(forward) -> float:
            work(forward)
            start, samples = time.perf_counter(), 0
            while time.perf_counter() - start < TRIAL:
                samples += work(forward)
            return samples / (time.perf_counter() - start)

        return max(orders, key=lambda order: speed(orders[order]))

    chosen = {"train": faster(train), "infer": faster(infer)}
    in_training, in_inference = (orders[order] for order in chosen.values())
    figures = measure(given, lambda: train(in_training), lambda: infer(in_inference))
    return batch, figures | {"order": chosen}
