#!/usr/bin/env python3
"""SpikingJelly: surrogate gradients on a grid of time steps. `CUBALIFNode` is its neuron with a synaptic current."""

from importlib.metadata import version

import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import nn

from common import options, report
from grid import Grid, run


def main() -> None:
    given = options(__doc__, ["dense", "conv"], [0.005, 0.001], batch=True)
    grid = Grid(given.step)

    def spiking() -> nn.Module:
        return neuron.CUBALIFNode(
            c_decay=grid.current_decay, v_decay=grid.potential_decay, v_threshold=1.0, v_reset=None,
            surrogate_function=surrogate.ATan(),
        )  # fmt: skip

    if given.work == "dense":
        network = nn.Sequential(
            layer.Linear(784, 800, bias=False), spiking(), layer.Linear(800, 10, bias=False), spiking()
        )
    else:
        network = nn.Sequential(
            layer.Conv2d(1, 15, 5, bias=False), spiking(), layer.AvgPool2d(2, divisor_override=1),
            layer.Conv2d(15, 40, 5, bias=False), spiking(), layer.AvgPool2d(2, divisor_override=1), layer.Flatten(),
            layer.Linear(640, 300, bias=False), spiking(), layer.Linear(300, 10, bias=False), spiking(),
        )  # fmt: skip

    def images(spikes: torch.Tensor) -> torch.Tensor:
        functional.reset_net(network)
        return spikes.unflatten(2, (1, 28, 28)) if given.work == "conv" else spikes

    def layer_by_layer(spikes: torch.Tensor) -> torch.Tensor:
        functional.set_step_mode(network, "m")
        return network(images(spikes))

    def step_by_step(spikes: torch.Tensor) -> torch.Tensor:
        functional.set_step_mode(network, "s")
        return torch.stack([network(step) for step in images(spikes)])

    orders = {"layer by layer": layer_by_layer, "step by step": step_by_step}
    batch, figures = run(given, network, orders, grid)
    report(given, "spikingjelly", version("spikingjelly"), batch, figures)


if __name__ == "__main__":
    main()
