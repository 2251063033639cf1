"""Pictures: what they draw is compared with the engine, and files are made without a display."""

from __future__ import annotations

import doctest
import importlib
import io
import sys
from math import inf

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

import noctule as nt  # noqa: E402
from noctule.plot.decisions import DECISIONS, yin_yang_class  # noqa: E402
from noctule.plot.potential import response, trace  # noqa: E402


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def random_spikes(population, samples=3, spikes=40, seed=0, end=0.08):
    random = np.random.default_rng(seed)
    lists = [(np.sort(random.uniform(0, end, spikes)), random.integers(0, population, spikes)) for _ in range(samples)]
    return nt.SpikeBatch.from_lists(lists, population=population)


def dense(tau_m=0.02, tau_s=0.01, **options):
    layers = [nt.Dense(6, theta=1.0, max_spikes=20, **options), nt.Dense(3, theta=1.0, max_spikes=20)]
    return nt.Network(10, layers, tau_m=tau_m, tau_s=tau_s, t_max=0.1, dtype="float64", seed=1)


@pytest.mark.parametrize(
    "tau_m, tau_s", [(0.02, 0.01), (0.02, 0.02), (0.02, 0.007), (0.008, 0.02), (0.02, 0.019999), (0.5, 0.0006)]
)
@pytest.mark.parametrize("layer", [0, 1])
def test_the_potential_meets_the_threshold_at_every_spike(tau_m, tau_s, layer):
    net, spikes = dense(tau_m, tau_s), random_spikes(10)
    net.weights[0] = np.asarray(net.weights[0]) * 3
    net.weights[1] = np.abs(net.weights[1]) * 3
    found = 0
    for neuron in range(net.sizes[layer + 1]):
        followed = trace(net, spikes[1], neuron, layer)
        times = followed.spikes
        found += len(times)
        np.testing.assert_allclose(followed.potential(times), 1.0, atol=1e-8)
        behind = followed.potential(times, after=np.ones(len(times), dtype=bool))
        np.testing.assert_allclose(behind, 0.0, atol=1e-8)
        # Between spikes it stays below the threshold, where the neuron may still spike.
        moments, after = followed.grid(500)
        assert followed.potential(moments, after=after).max() < 1 + 1e-8 or len(times) == 20
    assert found > 5


@pytest.mark.parametrize("ratio", [1.0, 1 + 1e-12, 1 + 1e-6, 1.5, 2.0, 1000.0])
def test_the_response_to_a_spike_has_no_pole(ratio):
    mpmath = pytest.importorskip("mpmath")
    tau_s, times = 0.01, np.array([0.0, 1e-9, 1e-3, 0.02, 1.0])
    for tau_m, other in ((tau_s * ratio, tau_s), (tau_s, tau_s * ratio)):
        with mpmath.workdps(60):
            slow, fast = mpmath.mpf(tau_m), mpmath.mpf(other)

            def exact(t):
                if slow == fast:
                    return t * mpmath.exp(-t / slow)
                return slow * fast / (slow - fast) * (mpmath.exp(-t / slow) - mpmath.exp(-t / fast))

            expected = [float(exact(mpmath.mpf(t))) for t in times]
        np.testing.assert_allclose(response(times, tau_m, other), expected, rtol=1e-9, atol=1e-300)
        assert response(np.array([-1.0]), tau_m, other)[0] == 0


def test_the_potential_of_a_convolution_and_with_own_constants():
    shape = (6, 5, 2)
    random = np.random.default_rng(3)
    theta = random.uniform(0.8, 1.2, 3 * 3 * 4)
    convolution = nt.Conv2d(4, (3, 2), theta=theta, max_spikes=10, stride=2, padding=1, tau_m=0.015)
    net = nt.Network(shape, [convolution, nt.Dense(2, theta=1.0, max_spikes=5)], tau_m=0.02, tau_s=0.01, t_max=0.1)
    net.weights[0] = random.normal(60, 150, np.shape(net.weights[0]))
    spikes = random_spikes(60, samples=1, spikes=200)
    found = 0
    for neuron in range(net.sizes[1]):
        followed = trace(net, spikes, neuron, 0)
        assert (followed.theta, followed.tau_m) == (theta[neuron], 0.015)
        found += len(followed.spikes)
        np.testing.assert_allclose(followed.potential(followed.spikes), theta[neuron], atol=1e-7)
    assert found > 20


def test_the_potential_of_a_layer_with_dropout_is_that_of_evaluation():
    net = dense(dropout=0.3)
    net.weights[0] = np.asarray(net.weights[0]) * 4
    spikes = random_spikes(10, samples=1)
    followed = [trace(net, spikes, neuron, 0) for neuron in range(6)]
    assert sum(len(one.spikes) for one in followed) > 5
    for one in followed:
        np.testing.assert_allclose(one.potential(one.spikes), 1.0, atol=1e-8)


def test_membrane_draws_threshold_spikes_and_potential_and_leaves_the_network_alone():
    net, spikes = dense(), random_spikes(10)
    net.weights[0] = np.abs(net.weights[0]) * 0.5
    output = net.forward(spikes)
    figure, axes = plt.subplots()
    assert nt.plot.membrane(net, spikes, 2, layer=0, sample=1, ax=axes) is axes
    labels = {line.get_label(): line for line in axes.get_lines()}
    own, whose = net.spikes(0).sample(1)
    np.testing.assert_allclose(labels["spikes"].get_xdata(), own[whose == 2])
    assert labels["threshold"].get_ydata()[0] == 1.0
    times = np.asarray(labels["potential"].get_xdata())
    assert times.min() == 0 and times.max() == 0.1 and (np.diff(times) >= 0).all()
    assert np.max(labels["potential"].get_ydata()) == pytest.approx(1.0)
    assert axes.get_xlabel() == "time (ms)" and axes.get_ylabel() == "potential (weight x s)"
    net.backward(np.ones(len(output.times)))
    figure.savefig(io.BytesIO())


def test_membrane_says_what_is_wrong():
    net = nt.Network((4, 4, 1), [nt.SumPool2d(2), nt.Dense(2, theta=1, max_spikes=1)], tau_m=0.02, tau_s=0.01, t_max=0.1)
    spikes = random_spikes(16)
    with pytest.raises(nt.NetworkError, match="layer 0 is SumPool2d"):
        nt.plot.membrane(net, spikes, 0, layer=0)
    with pytest.raises(IndexError, match="no layer 2 among 2"):
        nt.plot.membrane(net, spikes, 0, layer=2)
    with pytest.raises(IndexError, match="no neuron 2 among 2 of layer 1"):
        nt.plot.membrane(net, spikes, 2)
    with pytest.raises(IndexError, match="no sample 3"):
        nt.plot.membrane(net, spikes, 0, sample=3)
    with pytest.raises(nt.ArrayError):
        nt.plot.membrane(net, [1, 2], 0)
    nt.plot.membrane(net, spikes, 0)
    nt.plot.membrane(net, nt.SpikeBatch([], [], [0, 0], population=16), 0)


def test_after_the_last_permitted_spike_the_potential_is_dotted():
    layer = nt.Dense(1, theta=1.0, max_spikes=1, init=[[400.0]])
    net = nt.Network(1, [layer], tau_m=0.02, tau_s=0.01, t_max=0.1)
    spikes = nt.SpikeBatch([0.0, 0.01], [0, 0], [0, 2], population=1)
    axes = nt.plot.membrane(net, spikes, 0)
    labels = {line.get_label(): line for line in axes.get_lines()}
    first = labels["spikes"].get_xdata()[0]
    assert np.max(labels["potential"].get_xdata()) == first
    assert np.min(labels["after max_spikes"].get_xdata()) == first


def test_raster_draws_every_spike():
    spikes = random_spikes(10)
    axes = nt.plot.raster(spikes, sample=2)
    drawn = np.asarray(axes.collections[0].get_offsets())
    times, units = spikes.sample(2)
    np.testing.assert_allclose(drawn[:, 0], times)
    np.testing.assert_array_equal(drawn[:, 1], units)
    assert axes.get_ylabel() == "neuron"
    axes.figure.savefig(io.BytesIO())


def test_raster_stacks_layers_and_takes_sets_and_networks():
    net, spikes = dense(), random_spikes(10)
    with pytest.raises(nt.StateError):
        nt.plot.raster(net)
    net.forward(spikes)
    axes = nt.plot.raster([spikes, net.spikes(0), net.spikes(1)], 1, labels=["in", "hidden", "out"])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["in\n10 neurons", "hidden\n6 neurons", "out\n3 neurons"]
    for place, batch in enumerate([spikes, net.spikes(0), net.spikes(1)]):
        drawn = np.asarray(axes.collections[place].get_offsets())
        np.testing.assert_allclose(drawn[:, 0], batch.sample(1)[0])
        assert ((drawn[:, 1] > place) & (drawn[:, 1] < place + 1)).all()
    assert len(nt.plot.raster(net, layers=[1]).collections) == 1
    train, _ = nt.data.yinyang()
    nt.plot.raster(train, sample=4)
    nt.plot.raster(nt.data.EventSet(spikes, [0, 1, 2]), t_max=2.0)
    with pytest.raises(nt.ArrayError, match="2 labels for 1 layers"):
        nt.plot.raster(spikes, labels=["a", "b"])
    with pytest.raises(nt.ArrayError, match="no layer to draw"):
        nt.plot.raster([])
    with pytest.raises(IndexError, match="no sample 3"):
        nt.plot.raster(spikes, 3)


def history(accuracies):
    records = []
    for epoch, accuracy in enumerate(accuracies, 1):
        for split in ("train", "test"):
            records.append(nt.Record(epoch, split, 1 - accuracy, accuracy, (1.0,), (0.0,), 0.1, 100.0))
    return nt.History(records, finished=True)


def test_learning_curves_of_one_and_several_trainings():
    loss, accuracy = nt.plot.learning_curves(history([0.5, 0.75]))
    assert (loss.get_ylabel(), accuracy.get_ylabel(), loss.get_xlabel()) == ("loss", "accuracy (%)", "epoch")
    test = next(line for line in accuracy.get_lines() if line.get_label() == "test")
    np.testing.assert_allclose(test.get_ydata(), [50, 75])
    _, axes = plt.subplots()
    runs = {"adam": history([0.5, 0.75]), "sgd": history([0.4])}
    assert nt.plot.learning_curves(runs, ax=axes, quantities="accuracy", splits=["test"]) is axes
    assert [line.get_label() for line in axes.get_lines()] == ["adam, test", "sgd, test"]
    assert len(nt.plot.learning_curves([history([0.5]), history([0.4])])) == 2
    for wrong in ([], 3, [3]):
        with pytest.raises(nt.ArrayError):
            nt.plot.learning_curves(wrong)
    with pytest.raises(nt.ArrayError, match="2 axes"):
        nt.plot.learning_curves(history([0.5]), ax=axes)
    with pytest.raises(nt.ArrayError, match="spikes"):
        nt.plot.learning_curves(history([0.5]), quantities="spikes")


def test_the_classes_of_the_symbol_are_those_of_the_set():
    train, _ = nt.data.yinyang()
    x, y = train.images[:, 0, 0, 0].astype(float), train.images[:, 0, 1, 0].astype(float)
    np.testing.assert_array_equal(yin_yang_class(x, y), train.labels)
    assert yin_yang_class(np.array([0.0]), np.array([0.0]))[0] == -1


def test_decision_map_shows_what_the_network_decides():
    layers = [nt.Dense(30, theta=0.02, max_spikes=5), nt.Dense(3, theta=0.02, max_spikes=1)]
    net = nt.Network(5, layers, tau_m=0.02, tau_s=0.01, t_max=0.06)
    axes = nt.plot.decision_map(net, resolution=41)
    picture = np.asarray(axes.get_images()[0].get_array())
    assert picture.shape == (41, 41, 3) and tuple(picture[0, 0]) == (255, 255, 255)
    # The middle of the upper half is yin.
    x, y = (20 + 0.5) / 41, (35 + 0.5) / 41
    point = nt.data.ImageSet([[[x, y, 1 - x, 1 - y]]], encoding=nt.data.builtin.YIN_YANG)
    decided = int(net.predict(point, rule="first_spike")[0])
    colour = np.array(DECISIONS[decided])
    assert tuple(picture[35, 20]) == tuple(colour if decided == 0 else colour // 2)
    assert "% of the symbol is right" in axes.get_title()
    with pytest.raises(nt.NetworkError, match="5 inputs and 3 outputs, not 10 and 3"):
        nt.plot.decision_map(dense())
    with pytest.raises(nt.NetworkError, match="4 inputs"):
        nt.plot.decision_map(net, encoding=nt.data.Latency())
    with pytest.raises(nt.ArrayError, match="decision_map needs a Network, not History"):
        nt.plot.decision_map(history([0.5]))
    with pytest.raises(nt.ArrayError, match="resolution"):
        nt.plot.decision_map(net, resolution=0)


def test_latency_is_the_accuracy_of_early_decisions():
    padded = [[[0.01, inf], [0.02, 0.03]], [[0.04, inf], [inf, inf]], [[inf, inf], [inf, inf]]]
    output = nt.SpikeBatch.from_padded(padded)
    axes = nt.plot.latency(output, [1, 0, 0], points=5)
    times, accuracies = (np.asarray(data) for data in axes.get_lines()[0].get_data())
    np.testing.assert_allclose(times, [0, 0.01, 0.02, 0.03, 0.04])
    # At 20 ms both neurons of the first sample have spiked once, and the other one was first.
    np.testing.assert_allclose(accuracies, np.array([0, 0, 0, 1, 2]) * 100 / 3)
    first = nt.plot.latency(output, [1, 0, 0], rule="first_spike", points=5)
    np.testing.assert_allclose(first.get_lines()[0].get_ydata()[-1], 100 / 3)
    net, spikes = dense(), random_spikes(10)
    with pytest.raises(nt.StateError):
        nt.plot.latency(net, [0, 1, 2])
    end = (net.forward(spikes).predictions() == [0, 1, 2]).mean()
    assert nt.plot.latency(net, [0, 1, 2]).get_lines()[0].get_ydata()[-1] == pytest.approx(100 * end)
    with pytest.raises(nt.DataError, match="3 samples, but 1 labels"):
        nt.plot.latency(output, [1])
    nt.plot.latency(nt.SpikeBatch([], [], [0, 0], population=2), [1])


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "noctule\[plot\]"'):
        nt.plot.raster(random_spikes(3))


def test_examples_in_the_documentation():
    for name in ("spikes", "decisions", "learning"):
        assert doctest.testmod(importlib.import_module(f"noctule.plot.{name}")).failed == 0

