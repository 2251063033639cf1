"""Reference vectors: spike times, gradients, gradients of recorded spikes; through NumPy and through PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from vectors import aligned, by_neuron, cases, close, inputs, network, padded, tau, trains

import noctule as nt


def check_times(case, found):
    """Every layer's spikes, to 1e-9 tau_s."""
    for layer, expected in enumerate(case["spikes"]):
        got = trains(found[layer])
        assert [len(train) for train in got] == [len(train) for train in expected], f"layer {layer}"
        for train, wanted in zip(got, expected):
            np.testing.assert_allclose(train, wanted, rtol=0, atol=1e-9 * tau(case))


def check_weights(case, gradients):
    for found, expected in zip(gradients, case["weight_gradients"]):
        assert (found is None) == (expected is None)
        if expected is not None:
            close(found, expected)


@pytest.mark.parametrize("case", cases("exact_gradients"))
def test_exact(case):
    net = network(case)
    out = net.forward(inputs(case, net))
    check_times(case, [net.spikes(layer) for layer in range(len(net.layers))])
    assert net.spikes(-1) == out
    gradients = net.backward(aligned(case["output_time_gradient"], out))
    check_weights(case, gradients.weights)
    close(gradients.input_times, case["input_time_gradient"])


@pytest.mark.parametrize("case", cases("recorded_gradients"))
def test_recorded(case):
    net = network(case)
    sizes = net.sizes[1:]
    recorded = [by_neuron(train, size) for train, size in zip(case["recorded_spikes"], sizes)]
    d_times = aligned(case["output_time_gradient"], recorded[-1])
    gradients = net.backward_recorded(inputs(case, net), recorded, d_times)
    check_weights(case, gradients.weights)
    close(gradients.input_times, case["input_time_gradient"])
    assert gradients.spikes_without_rise == case["spikes_without_rise"]


@pytest.mark.parametrize("case", cases("exact_gradients"))
def test_exact_in_single_precision(case):
    net = network(case, "float32")
    out = net.forward(inputs(case, net).astype("float32"))
    expected = trains(by_neuron(case["spikes"][-1], net.outputs))
    got = trains(out)
    assert [len(train) for train in got] == [len(train) for train in expected]
    for train, wanted in zip(got, expected):
        np.testing.assert_allclose(train, wanted, rtol=0, atol=1e-4 * tau(case))
    gradients = net.backward(aligned(case["output_time_gradient"], out))
    for found, wanted in zip(gradients.weights, case["weight_gradients"]):
        if wanted is not None:
            close(found, wanted, 1e-3)


@pytest.mark.parametrize("case", cases("exact_gradients"))
def test_exact_in_torch(case):
    torch = pytest.importorskip("torch")
    net = network(case)
    layer = nt.torch.Layer(net)
    train_of = trains(inputs(case, net))
    array, _ = padded(train_of)
    times = torch.tensor(array, requires_grad=True)
    out = layer(times)
    expected, width = padded(case["spikes"][-1])
    got = out.detach().numpy()
    assert np.isinf(got[..., width:]).all()
    np.testing.assert_array_equal(np.isfinite(got[..., :width]), np.isfinite(expected))
    finite = np.isfinite(expected)
    np.testing.assert_allclose(got[..., :width][finite], expected[finite], rtol=0, atol=1e-9 * tau(case))
    d_out = np.zeros_like(got)
    errors, _ = padded(case["output_time_gradient"])
    d_out[..., :width][finite] = errors[finite]
    out.backward(torch.tensor(d_out))
    wanted = [w for w in case["weight_gradients"] if w is not None]
    for weight, gradient in zip(layer.weights, wanted):
        close(weight.grad.numpy(), gradient)
    # The gradient of each input event, by neuron and in the order of its spikes.
    d_times = times.grad.numpy()
    seen = [0] * net.inputs
    for (_, unit), expected_gradient in zip(case["input_spikes"], case["input_time_gradient"]):
        found = d_times[0, unit, seen[unit]]
        seen[unit] += 1
        assert abs(found - expected_gradient) <= 1e-6 * max(1e-300, np.abs(case["input_time_gradient"]).max())
