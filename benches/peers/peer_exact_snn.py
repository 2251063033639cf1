#!/usr/bin/env python3
"""exact-snn-nn: one spike per neuron and exact gradients; finds crossings on a grid and polishes them by Newton steps.

The network and the constants are those of Noctule's mnist-ttfs; times are in milliseconds, as the library's defaults.
The library's kernel has a peak of 1, Noctule's one of tau_m/4, and every pixel spikes, black ones last.
"""

from importlib.metadata import version

import torch
from exact_snn import ExactTTFSLinear, latency_cross_entropy

from common import batches, measure, mnist, options, report
from grid import wait

BATCH = 50
TAU_M, TAU_S, T_MAX = 260.0, 130.0, 1000.0
# mnist-ttfs: theta in units of weight times seconds, and the peak of the kernel in the same unit.
THETAS, PEAK = (0.7, 2.0), 0.26 / 4
LATEST = 100.0


def main() -> None:
    given = options(__doc__, ["dense-single"])
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    sizes = (784, 800, 10)
    network = torch.nn.Sequential(*(
        ExactTTFSLinear(inputs, neurons, tm=TAU_M, ts=TAU_S, theta=theta / PEAK, t_max=T_MAX, bias_val=0.0)
        for inputs, neurons, theta in zip(sizes, sizes[1:], THETAS)
    ))  # fmt: skip
    for layer in network:
        torch.nn.init.uniform_(layer.weight[:, :-1], 0.0, 1.0)
    network.to(given.device)
    adam = torch.optim.Adam(network.parameters(), lr=0.002)
    images, labels = (torch.tensor(part).to(given.device) for part in mnist(given.data, "train"))
    labels = labels.long()
    test_images = torch.tensor(mnist(given.data, "t10k")[0]).to(given.device)

    def encode(pixels: torch.Tensor) -> torch.Tensor:
        """Spike times (784, samples)."""
        return LATEST * (1.0 - pixels.T.float() / 255.0)

    def train(indices=batches(60_000, BATCH)) -> int:
        chosen = next(indices)
        loss = latency_cross_entropy(network(encode(images[chosen])), labels[chosen], t_max=T_MAX, beta=1 / 5.0)
        adam.zero_grad()
        loss.backward()
        adam.step()
        wait(given)
        return BATCH

    def infer(indices=batches(10_000, BATCH)) -> int:
        with torch.no_grad():
            network(encode(test_images[next(indices)])).argmin(0)
        wait(given)
        return BATCH

    report(given, "exact-snn-nn", version("exact-snn-nn"), BATCH, measure(given, train, infer))


if __name__ == "__main__":
    main()
