#!/usr/bin/env python3
"""snnTorch: surrogate gradients on a grid of time steps. `Synaptic` is its neuron with a synaptic current."""

import snntorch
import torch
from snntorch import surrogate
from torch import nn

from common import options, report
from grid import Grid, run


class Spiking(nn.Module):
    """Neurons after a layer that has no memory: steps through the currents (steps, samples, ...)."""

    def __init__(self, grid: Grid) -> None:
        super().__init__()
        self.neuron = snntorch.Synaptic(
            alpha=grid.current_decay, beta=grid.potential_decay, spike_grad=surrogate.atan(), reset_mechanism="subtract"
        )

    def forward(self, currents: torch.Tensor) -> torch.Tensor:
        synapse, membrane = self.neuron.reset_mem()
        spikes = []
        for current in currents:
            spike, synapse, membrane = self.neuron(current, synapse, membrane)
            spikes.append(spike)
        return torch.stack(spikes)


def main() -> None:
    given = options(__doc__, ["dense", "conv"], [0.005, 0.001], batch=True)
    grid = Grid(given.step)
    if given.work == "dense":
        network = nn.Sequential(
            nn.Linear(784, 800, bias=False), Spiking(grid), nn.Linear(800, 10, bias=False), Spiking(grid)
        )
    else:
        network = nn.Sequential(
            nn.Conv2d(1, 15, 5, bias=False), Spiking(grid), nn.AvgPool2d(2, divisor_override=1),
            nn.Conv2d(15, 40, 5, bias=False), Spiking(grid), nn.AvgPool2d(2, divisor_override=1), nn.Flatten(),
            nn.Linear(640, 300, bias=False), Spiking(grid), nn.Linear(300, 10, bias=False), Spiking(grid),
        )  # fmt: skip

    def layer_by_layer(spikes: torch.Tensor) -> torch.Tensor:
        steps, samples, _ = spikes.shape
        # Layers without memory see all steps at once, as one large batch.
        values = spikes.reshape(steps * samples, 1, 28, 28) if given.work == "conv" else spikes.flatten(0, 1)
        for layer in network:
            if isinstance(layer, Spiking):
                values = layer(values.unflatten(0, (steps, samples))).flatten(0, 1)
            else:
                values = layer(values)
        return values.unflatten(0, (steps, samples))

    def step_by_step(spikes: torch.Tensor) -> torch.Tensor:
        states = {layer: layer.neuron.reset_mem() for layer in network if isinstance(layer, Spiking)}
        outputs = []
        for values in spikes.unflatten(2, (1, 28, 28)) if given.work == "conv" else spikes:
            for layer in network:
                if isinstance(layer, Spiking):
                    values, *states[layer] = layer.neuron(values, *states[layer])
                else:
                    values = layer(values)
            outputs.append(values)
        return torch.stack(outputs)

    orders = {"layer by layer": layer_by_layer, "step by step": step_by_step}
    batch, figures = run(given, network, orders, grid)
    report(given, "snntorch", snntorch.__version__, batch, figures)


if __name__ == "__main__":
    main()
