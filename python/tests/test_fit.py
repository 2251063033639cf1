"""`fit`: it learns, stops, repeats itself bit for bit, and refuses what is wrong."""

from __future__ import annotations

import copy
import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest

import noctule as nt


def events(samples=200, seed=0):
    """Two classes that differ in the order of eight inputs."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, samples)
    ramp = np.linspace(0.005, 0.05, 8)
    times = np.where(labels[:, None] == 1, ramp, ramp[::-1]) + random.normal(0, 0.001, (samples, 8))
    pairs = [(np.sort(row), np.argsort(row)) for row in np.abs(times)]
    return nt.SpikeBatch.from_lists(pairs, population=8, dtype="float32"), labels


def net(**more):
    layers = [nt.Dense(30, theta=1.0, max_spikes=5), nt.Dense(2, theta=1.0, max_spikes=5)]
    return nt.Network(8, layers, **{"tau_m": 0.02, "tau_s": 0.01, "t_max": 0.1, **more})


TRAIN, TEST = events(), events(100, seed=1)
LOSS = nt.SpikeCount(4, 1)


def test_it_learns_without_a_number_that_was_chosen_by_hand():
    run = nt.fit(net(), TRAIN, TEST, loss=LOSS, epochs=20, batch_size=20)
    assert run.accuracy > 0.95 and run.finished
    assert [record.epoch for record in run.of("test")] == list(range(1, 21))
    assert run.of("train")[0].learning_rate > 0
    assert "20 epochs" in repr(run)


def test_the_same_seed_gives_the_same_bits():
    weights = []
    for threads, seed in ((1, 3), (2, 3), (2, 4)):
        network = net(threads=threads)
        nt.fit(network, TRAIN, TEST, loss=LOSS, epochs=3, seed=seed)
        weights.append(np.concatenate([w.ravel() for w in network.weights]))
    assert (weights[0] == weights[1]).all()
    assert (weights[0] != weights[2]).any()


def test_weights_that_were_set_are_kept():
    network = net()
    chosen = network.weights[0] * 0.0 + 55.0
    network.weights[0] = chosen
    nt.fit(network, TRAIN, TEST, loss=LOSS, optimiser=nt.Sgd(1e-12), epochs=1, silent_boost=0.0)
    np.testing.assert_allclose(network.weights[0], chosen, rtol=1e-5)


def test_callbacks_see_the_weights_and_can_stop():
    network, seen = net(), []

    def look(epoch):
        seen.append((epoch.number, epoch.epochs, epoch.test.accuracy, network.weights[0].sum()))
        assert (network.predict(TEST[0]) == TEST[1]).mean() == pytest.approx(epoch.test.accuracy)
        return epoch.number == 3

    run = nt.fit(network, TRAIN, TEST, loss=LOSS, epochs=8, callbacks=[look], validation=TEST)
    assert [number for number, *_ in seen] == [1, 2, 3] and seen[0][1] == 8
    assert len({total for *_, total in seen}) == 3
    assert not run.finished and len(run.of("validation")) == 3
    same = net()
    nt.fit(same, TRAIN, TEST, loss=LOSS, epochs=3, validation=TEST)
    assert (same.weights[0] == network.weights[0]).all()


def test_errors_of_callbacks_and_losses_come_through():
    def broken(*_):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        nt.fit(net(), TRAIN, TEST, loss=LOSS, callbacks=[broken])
    with pytest.raises(LookupError, match="mine"):
        nt.fit(net(), TRAIN, TEST, loss=broken)
    with pytest.raises(nt.NoctuleError, match="d_time"):
        nt.fit(net(), TRAIN, TEST, loss=lambda output, labels: (1.0, np.zeros(1)))
    with pytest.raises(nt.NoctuleError, match="must return"):
        nt.fit(net(), TRAIN, TEST, loss=lambda output, labels: 1.0)


def test_an_error_of_a_loss_ends_the_training_at_once():
    calls = []

    def broken(output, labels):
        calls.append(len(labels))
        # The last test batch of the first epoch.
        if len(calls) == 5:
            raise LookupError("mine")
        return LOSS(output, labels)

    with pytest.raises(LookupError):
        nt.fit(net(), TRAIN, TEST, loss=broken, epochs=5, callbacks=lambda epoch: None)
    assert len(calls) == 5


def test_what_was_trained_is_kept_by_the_next_training():
    network, calls = net(), []

    def broken(output, labels):
        calls.append(None)
        if len(calls) == 3:
            raise LookupError("mine")
        return LOSS(output, labels)

    with pytest.raises(LookupError):
        nt.fit(network, TRAIN, TEST, loss=broken)
    begun = network.weights[0].copy()
    nt.fit(network, TRAIN, TEST, loss=LOSS, optimiser=nt.Sgd(1e-30), epochs=1, silent_boost=0.0)
    np.testing.assert_array_equal(network.weights[0], begun)


def test_others_may_look_at_a_network_that_trains():
    network, done = net(), threading.Event()

    def look():
        while not done.is_set():
            assert network.sizes == (8, 30, 2)
            network._repr_html_()

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    run = nt.fit(network, TRAIN, TEST, loss=LOSS, epochs=10, callbacks=[lambda epoch: np.bool_(False)])
    done.set()
    for thread in threads:
        thread.join()
    assert run.finished and "accuracy" in run._repr_html_()


def test_a_loss_of_ones_own_is_as_good():
    own, known = net(), net()
    arguments = {"epochs": 3, "silent_boost": 0.0, "optimiser": nt.Adam(1.0)}
    first = nt.fit(own, TRAIN, TEST, loss=lambda output, labels: LOSS(output, labels), **arguments)
    second = nt.fit(known, TRAIN, TEST, loss=LOSS, **arguments)
    assert first.accuracy == second.accuracy
    np.testing.assert_allclose(own.weights[0], known.weights[0], rtol=1e-4, atol=1e-3)


def test_a_training_that_diverges_is_an_error():
    for optimiser in (nt.Sgd(1e37), nt.Adam(1e20)):
        with pytest.raises(nt.TrainingError, match="diverged"):
            nt.fit(net(), TRAIN, TEST, loss=LOSS, optimiser=optimiser, epochs=2)


def test_predictions_of_a_loss_are_classes():
    def loss(output, labels):
        return 0.0, np.zeros_like(output.times), np.full(len(output), 99)

    with pytest.raises(nt.TrainingError, match="99"):
        nt.fit(net(), TRAIN, TEST, loss=loss, epochs=1)
    with pytest.raises(nt.TrainingError, match="5"):
        nt.fit(net(), TRAIN, TEST, loss=LOSS, callbacks=5)


def test_images_of_another_shape_than_the_network_s_are_refused():
    images = np.zeros((4, 3, 8, 6), dtype=np.uint8)
    net = nt.Network((8, 6, 3), [nt.Dense(2, theta=0.1, max_spikes=2)], tau_m=0.02, tau_s=0.01, t_max=0.1)
    first = nt.data.ImageSet(images, [0, 1, 0, 1])
    for call in (lambda: nt.fit(net, first, first, loss=nt.SpikeCount(2, 0)), lambda: net.predict(first)):
        with pytest.raises(nt.ArrayError, match=r"\(3, 8, 6\).*\(8, 6, 3\).*moveaxis"):
            call()
    assert len(net.predict(nt.data.ImageSet(np.moveaxis(images, 1, -1)))) == 4
    with pytest.raises(nt.DataError, match="ndarray"):
        nt.fit(net, images, images, loss=nt.SpikeCount(2, 0))
    # A line is a line in each direction.
    line = nt.Network((144, 1, 1), [nt.Dense(2, theta=0.1, max_spikes=2)], tau_m=0.02, tau_s=0.01, t_max=0.1)
    spikes = nt.SpikeBatch([0.01], [3], [0, 1], population=144)
    assert len(line.predict(nt.data.EventSet(spikes, shape=(1, 144, 1)))) == 1


def test_images_events_and_schedules():
    train, test = nt.data.yinyang()
    layers = [nt.Dense(60, theta=0.02, max_spikes=10), nt.Dense(3, theta=0.02, max_spikes=1)]
    loss = nt.FirstSpike(0.0005, 0.06)
    results = []
    for first, second in ((train, test), ((train.spikes, train.labels), (test.spikes, test.labels))):
        network = nt.Network(5, layers, tau_m=0.02, tau_s=0.01, t_max=0.06)
        run = nt.fit(network, first, second, loss=loss, epochs=2, schedule=nt.Cosine(warmup_epochs=1))
        results.append([record.loss for record in run.records])
    assert results[0] == results[1]
    rates = nt.fit(network, train[:100], test, loss=loss, epochs=3, schedule=nt.Step(1, 0.5), optimiser=nt.Adam(0.1))
    assert [record.learning_rate for record in rates.of("train")] == pytest.approx([0.1, 0.05, 0.025])


def test_predictions_are_those_of_the_loss():
    layers = [nt.Dense(30, theta=1.0, max_spikes=5), nt.Dense(2, theta=1.0, max_spikes=5)]
    network = nt.Network(8, layers, tau_m=0.02, tau_s=0.01, t_max=0.1)
    run = nt.fit(network, TRAIN, TEST, loss=nt.FirstSpike(0.001, 0.1), epochs=3)
    for other in (network, copy.deepcopy(network)):
        assert (other.predict(TEST[0]) == TEST[1]).mean() == pytest.approx(run.accuracy)


def test_the_learning_rate_stays():
    network = net()
    rates = [nt.fit(network, TRAIN, TEST, loss=LOSS, epochs=1).records[0].learning_rate for _ in range(3)]
    assert rates[0] == rates[1] == rates[2]
    other = copy.deepcopy(network)
    assert nt.fit(other, TRAIN, TEST, loss=LOSS, epochs=1).records[0].learning_rate == rates[0]
    stepped = net()
    out = stepped.forward(TRAIN[0])
    before = stepped.weights[0].copy()
    stepped.backward(LOSS(out, TRAIN[1]).d_times)
    stepped.step(nt.Adam())
    moved = np.abs(stepped.weights[0] - before).max()
    smallest = min(float(np.sqrt(np.mean(np.square(w)))) for w in net().weights)
    assert moved == pytest.approx(0.03 * smallest, rel=0.01)


def test_warnings_come_each_time():
    for _ in range(2):
        with pytest.warns(nt.TrainingWarning, match="15 spikes") as caught:
            nt.fit(net(), TRAIN, TEST, loss=nt.SpikeCount(15, 1), epochs=1)
        assert caught[0].filename == __file__
    early = nt.SpikeBatch(TRAIN[0].times * 1e-6, TRAIN[0].units, TRAIN[0].offsets, population=8)
    with pytest.warns(nt.TrainingWarning, match="all inputs come within"):
        nt.fit(net(), (early, TRAIN[1]), TEST, loss=LOSS, epochs=1)


def test_a_silent_network_is_told():
    network = net()
    for layer in (0, 1):
        network.weights[layer] = network.weights[layer] * 0
    with pytest.warns(UserWarning, match="layer 0 is silent"):
        run = nt.fit(network, TRAIN, TEST, loss=LOSS, epochs=1)
    assert len(run.warnings) >= 1


def test_other_threads_run_meanwhile():
    ticks, done = [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(None)
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.monotonic()
    nt.fit(net(), TRAIN, TEST, loss=LOSS, epochs=100)
    seconds = time.monotonic() - start
    done.set()
    thread.join()
    assert len(ticks) > 20 * seconds


def test_progress_is_shown(capsys):
    nt.fit(net(), TRAIN, TEST, loss=LOSS, epochs=2, progress=True)
    shown = capsys.readouterr().err
    assert "samples/s" in shown and "loss" in shown and "left" in shown
    nt.fit(net(), TRAIN, TEST, loss=LOSS, epochs=1, progress=False)
    assert capsys.readouterr().err == ""


INTERRUPTED = """
import os, signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, {tests!r})
import noctule as nt
from test_fit import net, TRAIN, TEST, LOSS
network = net()
def look(epoch):
    if epoch.number == 2:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    nt.fit(network, TRAIN, TEST, loss=LOSS, epochs=10**6, callbacks=[look])
except KeyboardInterrupt:
    counts = network.forward(TEST[0]).counts()
    print("stopped", (network.predict(TEST[0]) == TEST[1]).mean() > 0.5)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals are another matter there")
def test_ctrl_c_stops_within_a_batch():
    script = INTERRUPTED.format(tests=os.path.dirname(__file__))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "stopped True", done.stderr
    assert signal.SIGINT


@pytest.mark.parametrize(
    "call, named",
    [
        (lambda: nt.fit(net(dtype="float64"), TRAIN, TEST, loss=LOSS), "float64"),
        (lambda: nt.fit(net(), (TRAIN[0], TRAIN[1][:-1]), TEST, loss=LOSS), "199 labels"),
        (lambda: nt.fit(net(), TRAIN, (TEST[0], TEST[1] + 1), loss=LOSS), "2"),
        (lambda: nt.fit(net(), TRAIN[0], TEST, loss=LOSS), "train"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss="mse"), "mse"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=nt.SpikeCount), "instance"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=LOSS, epochs=0), "epochs"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=LOSS, batch_size=2.5), "2.5"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=LOSS, optimiser=0.1), "0.1"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=LOSS, optimiser=nt.Adam(float("inf"))), "inf"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=LOSS, schedule=nt.Step(0, 0.5)), "every_epochs"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=LOSS, weight_average=1.0), "average"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=LOSS, prediction="loudest"), "loudest"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=LOSS, homeostasis=[None]), "homeostasis"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=LOSS, seed=-1), "-1"),
        (lambda: nt.fit(net(), (TRAIN[0][:0], TRAIN[1][:0]), TEST, loss=LOSS), "no train samples"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=LOSS, schedule="cosine"), "cosine"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=LOSS, callbacks=[3]), "3"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=LOSS, max_inverse_slope="a"), "a"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=LOSS, homeostasis=[(1,), None]), "(1,)"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=LOSS, epochs=10**30), "epochs"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=lambda out, _: ("a", 0 * out.times)), "a"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=lambda out, _: (1.0, 0 * out.times, [0.5])), "float64"),
        (lambda: nt.fit("net", TRAIN, TEST, loss=LOSS), "str"),
        (lambda: nt.fit(net(), TRAIN, TEST, loss=lambda out, _: (float("nan"), 0 * out.times)), "diverged"),
    ],
)
def test_what_is_wrong_is_named(call, named):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(nt.NoctuleError) as refused:
            call()
    assert named in str(refused.value)
