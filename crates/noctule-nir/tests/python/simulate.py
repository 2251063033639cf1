"""Simulates NIR graphs from what they say alone: exactly, and with the simulators Norse and snnTorch in time steps.

A population's neurons are in the order of NIR: channel by channel. Spikes of a population are pairs (time, neuron).
"""

import math

import nir
import numpy as np
import torch


def chain(graph):
    """The nodes in the order of the edges."""
    after = dict(graph.edges)
    (name,) = [name for name, node in graph.nodes.items() if isinstance(node, nir.Input)]
    names = [name]
    while name in after:
        name = after[name]
        names.append(name)
    assert len(names) == len(graph.nodes), "not a chain"
    return [(name, graph.nodes[name]) for name in names]


def impulse_responses(node, shape):
    """What each neuron of a population of this shape sends through a node without state: a matrix [from, to], and the new shape."""
    basis = torch.eye(int(np.prod(shape)), dtype=torch.float64).reshape(-1, *shape)
    if isinstance(node, (nir.Affine, nir.Linear)):
        if isinstance(node, nir.Affine):
            assert not np.any(node.bias)
        out = basis @ torch.from_numpy(np.asarray(node.weight, dtype=np.float64)).T
    elif isinstance(node, nir.Conv2d):
        assert not np.any(node.bias)
        out = torch.nn.functional.conv2d(
            basis,
            torch.from_numpy(np.asarray(node.weight, dtype=np.float64)),
            stride=tuple(map(int, node.stride)),
            padding=tuple(map(int, node.padding)),
            dilation=tuple(map(int, node.dilation)),
            groups=int(node.groups),
        )
    elif isinstance(node, nir.SumPool2d):
        size = tuple(map(int, node.kernel_size))
        out = torch.nn.functional.avg_pool2d(basis, size, tuple(map(int, node.stride))) * np.prod(size)
    elif isinstance(node, nir.Flatten):
        out = torch.flatten(basis, int(node.start_dim) + 1, -1)
    else:
        raise TypeError(type(node).__name__)
    return out.reshape(len(basis), -1).numpy(), tuple(out.shape[1:])


def neuron_spikes(inputs, constants, end):
    """The spike times of one neuron, exactly, for sorted inputs (time, jump of the current)."""
    tau_s, tau_m, r, threshold, reset = constants

    def potential(v, i, x):
        if tau_s == tau_m:
            return (v + r * i * x / tau_m) * math.exp(-x / tau_m)
        part = r * i * tau_s / (tau_s - tau_m)
        return (v - part) * math.exp(-x / tau_m) + part * math.exp(-x / tau_s)

    def rises(v, i, x):
        return r * i * math.exp(-x / tau_s) > potential(v, i, x)

    spikes, now, v, i = [], 0.0, 0.0, 0.0
    for time, jump in [*inputs, (end, 0.0)]:
        while True:
            # The potential rises until it has its maximum, and falls for ever.
            length, top = time - now, 0.0
            if rises(v, i, 0.0):
                low, top = 0.0, length
                if not rises(v, i, length):
                    for _ in range(100):
                        middle = (low + top) / 2
                        low, top = (middle, top) if rises(v, i, middle) else (low, middle)
            if top == 0.0 or potential(v, i, top) < threshold:
                break
            low = 0.0
            for _ in range(100):
                middle = (low + top) / 2
                low, top = (low, middle) if potential(v, i, middle) >= threshold else (middle, top)
            now, v, i = now + top, reset, i * math.exp(-top / tau_s)
            spikes.append(now)
        v, i = potential(v, i, time - now), i * math.exp(-(time - now) / tau_s) + jump
        now = time
    return spikes


def exact(graph, spikes, end):
    """For each CubaLIF the spikes (time, neuron) of a graph whose spikes are Dirac deltas."""
    layers, matrix, shape = [], None, None
    for _, node in chain(graph):
        if isinstance(node, nir.Input):
            shape = tuple(map(int, node.input_type["input"]))
            matrix = np.eye(int(np.prod(shape)))
        elif isinstance(node, nir.CubaLIF):
            assert node.v_threshold.shape == shape, (node.v_threshold.shape, shape)
            assert not np.any(node.v_leak)
            fields = [np.ravel(f).astype(float) for f in (node.tau_syn, node.tau_mem, node.r, node.v_threshold, node.v_reset)]
            gain = np.ravel(node.w_in) / np.ravel(node.tau_syn)
            out = []
            for neuron, constants in enumerate(zip(*fields)):
                weights = matrix[:, neuron] * gain[neuron]
                inputs = [(time, weights[source]) for time, source in spikes if weights[source] != 0.0]
                out += [(time, neuron) for time in neuron_spikes(inputs, constants, end)]
            spikes = sorted(out)
            layers.append(spikes)
            matrix = np.eye(matrix.shape[1])
        elif not isinstance(node, nir.Output):
            step, shape = impulse_responses(node, shape)
            matrix = matrix @ step
    return layers


def pulses(spikes, population, dt, end):
    """Spikes as ones in steps of dt: [steps, population]."""
    steps = np.zeros((round(end / dt), population), dtype=np.float32)
    for time, neuron in spikes:
        steps[round(time / dt), neuron] += 1
    return torch.from_numpy(steps)


def norse(graph, spikes, dt, end):
    """The spikes of the last layer in Norse. Its reset is to 0."""
    import norse.torch as norse_torch

    (shape,) = [tuple(map(int, n.input_type["input"])) for n in graph.nodes.values() if isinstance(n, nir.Input)]
    model = norse_torch.from_nir(graph, dt=dt).double()
    state, out = None, []
    with torch.no_grad():
        for step, row in enumerate(pulses(spikes, int(np.prod(shape)), dt, end).double()):
            result, state = model(row.reshape(shape), state)
            out += [(step * dt, int(neuron)) for neuron in torch.nonzero(result.ravel())]
    return out


# The time step that snnTorch takes NIR files to have.
SNNTORCH_STEP = 1e-4


def snntorch(graph, spikes, dt, end):
    """The spikes of the last layer in snnTorch, whose step is 0.1 ms: the time constants are counted in units of it."""
    import contextlib
    import io

    from snntorch.import_nir import import_from_nir

    unit = SNNTORCH_STEP / dt
    for node in graph.nodes.values():
        if isinstance(node, nir.CubaLIF):
            node.tau_syn, node.tau_mem = node.tau_syn * unit, node.tau_mem * unit
    (shape,) = [tuple(map(int, n.input_type["input"])) for n in graph.nodes.values() if isinstance(n, nir.Input)]
    with contextlib.redirect_stdout(io.StringIO()):
        # Its spikes are always in single precision.
        model = import_from_nir(graph)
    out, state = [], None
    with torch.no_grad():
        for step, row in enumerate(pulses(spikes, int(np.prod(shape)), dt, end)):
            result, state = model(row.reshape(shape), state)
            out += [(step * dt, int(neuron)) for neuron in torch.nonzero(result.ravel())]
    return out
