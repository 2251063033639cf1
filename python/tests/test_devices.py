"""Networks on a device: the same spikes and gradients as on the processor, in a build with `gpu` on a machine with a device.

`.ci/gpu` runs these tests on software Vulkan."""

from __future__ import annotations

import copy
import os
import pickle

import numpy as np
import pytest

import noctule as nt

#: Differences of spike times that single precision explains, in seconds; time constants are 10 and 20 ms.
TIMES = 1e-6


@pytest.fixture(scope="session", autouse=True)
def device() -> None:
    if any(found["backend"] == "gpu" and found["usable"] for found in nt.devices()):
        return
    if os.environ.get("NOCTULE_TEST_DEVICES"):
        pytest.fail(f"NOCTULE_TEST_DEVICES is set, but no device can be used: {nt.devices()}")
    pytest.skip("no device: a build with `--features gpu` and a driver for Vulkan or Metal are needed")


@pytest.fixture
def both(small) -> list:
    """The same network in single precision, on the processor and on the device."""
    return [small.to(dtype="float32", backend=backend) for backend in ("cpu", "gpu")]


def close(found, expected, share=1e-3):
    assert np.abs(found - expected).max() < share * np.abs(expected).max()


def test_spikes_and_gradients_are_those_of_the_processor(both, random_spikes):
    labels = np.arange(len(random_spikes)) % 4
    results = []
    for net in both:
        out = net.forward(random_spikes)
        loss, d_times, predictions = nt.SpikeCount(4, 1)(out, labels)
        results.append((out, loss, predictions, net.backward(d_times)))
    (out, loss, predictions, gradients), (found, found_loss, found_predictions, found_gradients) = results
    assert (found.counts() == out.counts()).all() and out.counts().sum() > 100
    spiked = np.isfinite(out.to_padded())
    assert np.abs(found.to_padded()[spiked] - out.to_padded()[spiked]).max() < TIMES
    assert found_loss == pytest.approx(loss, rel=1e-4) and (found_predictions == predictions).all()
    for layer in (0, 1):
        close(found_gradients.weights[layer], gradients.weights[layer])
    close(found_gradients.input_times, gradients.input_times)


def test_recorded_spikes(both, random_spikes):
    net = both[0]
    output = net.forward(random_spikes)
    recorded = [net.spikes(0), output]
    d_times = np.cos(np.arange(len(output.times)))
    expected, found = (each.backward_recorded(random_spikes, recorded, d_times) for each in both)
    for layer in (0, 1):
        close(found.weights[layer], expected.weights[layer])


def test_images_pass_convolution_and_pooling():
    layers = [
        nt.Conv2d(4, 3, padding=1, theta=0.02, max_spikes=5),
        nt.SumPool2d(2),
        nt.Dense(3, theta=0.02, max_spikes=5),
    ]
    images = np.random.default_rng(0).random((6, 8, 8, 1))
    spikes = nt.data.ImageSet(images, encoding=nt.data.Latency(0.0, 0.05)).spikes
    counts = []
    for backend in ("cpu", "gpu"):
        net = nt.Network((8, 8, 1), layers, tau_m=0.02, tau_s=0.01, t_max=0.1, seed=1, backend=backend)
        counts.append(net.forward(spikes).counts())
    assert counts[0].sum() > 10
    assert (counts[0] == counts[1]).all()


def test_fit_learns_and_gives_the_same_bits_again():
    train, test = (part[:1000] for part in nt.data.yinyang())
    weights = []
    for _ in range(2):
        layers = [nt.Dense(60, theta=0.02, max_spikes=10), nt.Dense(3, theta=0.02, max_spikes=5)]
        net = nt.Network(5, layers, tau_m=0.02, tau_s=0.01, t_max=0.06, seed=0, backend="gpu")
        run = nt.fit(net, train, test, loss=nt.SpikeCount(4, 1), epochs=3, batch_size=100, progress=False)
        losses = [record.loss for record in run.of("train")]
        assert losses[-1] < losses[0]
        weights.append([np.array(layer) for layer in net.weights])
    for first, second in zip(*weights):
        assert (first == second).all()


def test_a_step_changes_weights_as_on_the_processor(both, random_spikes):
    for net in both:
        out = net.forward(random_spikes)
        net.backward(np.ones_like(out.times))
        net.step(nt.Adam(0.01))
    close(both[1].weights[0], both[0].weights[0])


def test_copies_and_pickles_stay_on_the_device(both, random_spikes):
    net = both[1]
    expected = net.forward(random_spikes)
    for again in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert again.backend == "gpu"
        assert again.forward(random_spikes) == expected


def test_torch(both, random_spikes):
    torch = pytest.importorskip("torch")
    inputs = torch.from_numpy(random_spikes.to_padded()).float()
    gradients = []
    for net in both:
        layer = nt.torch.Layer(net)
        times = layer(inputs)
        times[torch.isfinite(times)].sum().backward()
        gradients.append([weights.grad.numpy() for weights in layer.weights])
    for expected, found in zip(*gradients):
        close(found, expected)


def test_what_a_device_lacks_is_refused_by_name(small):
    with pytest.raises(nt.BackendError, match="single precision.*float32"):
        small.to(backend="gpu")
    with pytest.raises(nt.BackendError, match="4096"):
        small.to(dtype="float32", backend="gpu", device=4096).forward(nt.SpikeBatch([], [], [0], population=30))
