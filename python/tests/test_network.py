"""`Network`: forward, backward, steps, weights, copies; and what it refuses."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import noctule as nt


def error(net, spikes, target=3.0):
    """Half the squared distance of each neuron's summed spike times from a target, and its gradient."""
    out = net.forward(spikes)
    return out, 0.5 * float(((out.times - target) ** 2).sum()), out.times - target


def test_gradients_agree_with_central_differences(small, random_spikes):
    out, _, d_times = error(small, random_spikes)
    assert out.counts().sum() > 100
    gradients = small.backward(d_times)
    step = 1e-6
    random = np.random.default_rng(0)
    for layer in (0, 1):
        weights = small.weights[layer]
        largest = np.abs(gradients.weights[layer]).max()
        for _ in range(6):
            at = tuple(random.integers(0, length) for length in weights.shape)
            values = []
            for sign in (1, -1):
                changed = weights.copy()
                changed[at] += sign * step
                small.weights[layer] = changed
                values.append(error(small, random_spikes)[1])
            small.weights[layer] = weights
            difference = (values[0] - values[1]) / (2 * step)
            assert abs(difference - gradients.weights[layer][at]) < 1e-4 * largest


def test_gradients_of_input_times(small, random_spikes):
    _, _, d_times = error(small, random_spikes)
    d_inputs = small.backward(d_times).input_times
    assert d_inputs.shape == random_spikes.times.shape
    step = 1e-9
    for at in np.argsort(-np.abs(d_inputs))[:5]:
        values = []
        for sign in (1, -1):
            times = random_spikes.times.copy()
            times[at] += sign * step
            moved = nt.SpikeBatch(times, random_spikes.units, random_spikes.offsets, population=30)
            values.append(error(small, moved)[1])
        assert abs((values[0] - values[1]) / (2 * step) - d_inputs[at]) < 1e-3 * np.abs(d_inputs).max()


def test_backward_belongs_to_the_last_forward(small, random_spikes):
    with pytest.raises(nt.StateError):
        small.backward(np.zeros(3))
    out, _, d_times = error(small, random_spikes)
    first = small.backward(d_times)
    again = small.backward(d_times)
    np.testing.assert_array_equal(first.weights[0], again.weights[0])
    twice = small.backward(d_times, accumulate=True)
    np.testing.assert_allclose(twice.weights[0], 2 * first.weights[0], rtol=1e-12)
    small.weights[0] = small.weights[0] * 1.1
    with pytest.raises(nt.StateError):
        small.backward(d_times)
    with pytest.raises(nt.ArrayError, match="spikes|d_times|times"):
        out = small.forward(random_spikes)
        small.backward(np.zeros(len(out.times) + 1))
    with pytest.raises(nt.ArrayError, match="NaN"):
        small.backward(np.full(len(out.times), np.nan))


def test_recorded_spikes_of_the_network_itself_give_its_gradient(small, random_spikes):
    out, _, d_times = error(small, random_spikes)
    layers = [small.spikes(0), small.spikes(1)]
    exact = small.backward(d_times)
    recorded = small.backward_recorded(random_spikes, layers, d_times)
    for found, expected in zip(recorded.weights, exact.weights):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())
    clipped = small.backward_recorded(random_spikes, layers, d_times, max_inverse_slope=1e-3)
    assert clipped.norm() < recorded.norm()
    with pytest.raises(nt.ArrayError, match="1 layers"):
        small.backward_recorded(random_spikes, layers[:1], d_times)
    with pytest.raises(nt.ArrayError, match="spikes"):
        small.forward(nt.data.yinyang()[0])
    with pytest.raises(nt.ArrayError):
        small.backward_recorded(random_spikes, [layers[0][:3], layers[1]], d_times)


@pytest.mark.parametrize("optimiser", [nt.Sgd(1.0, momentum=0.9), nt.Adam(0.01), nt.AdamW(0.01), nt.NAdam(0.01)])
def test_steps_are_those_of_torch(small, random_spikes, optimiser):
    torch = pytest.importorskip("torch")
    if not hasattr(torch.optim, type(optimiser).__name__.replace("Sgd", "SGD")):
        pytest.skip("this torch lacks the rule")
    parameters = [torch.nn.Parameter(torch.tensor(w.copy())) for w in small.weights]
    if isinstance(optimiser, nt.Sgd):
        theirs = torch.optim.SGD(parameters, lr=1.0, momentum=0.9)
    else:
        more = {"weight_decay": 1e-3} if isinstance(optimiser, nt.AdamW) else {}
        theirs = getattr(torch.optim, type(optimiser).__name__)(parameters, lr=0.01, **more)
    for _ in range(5):
        out, _, d_times = error(small, random_spikes)
        gradients = small.backward(d_times)
        for parameter, gradient in zip(parameters, gradients.weights):
            parameter.grad = torch.tensor(gradient)
        theirs.step()
        small.step(optimiser)
        for parameter, weights in zip(parameters, small.weights):
            # PyTorch keeps NAdam's product of momenta in single precision.
            exact = 1e-6 if isinstance(optimiser, nt.NAdam) else 1e-9
            np.testing.assert_allclose(weights, parameter.detach().numpy(), rtol=exact, atol=exact)


def test_copies_go_on_alike(small, random_spikes):
    def train(net, steps):
        for _ in range(steps):
            _, _, d_times = error(net, random_spikes)
            net.backward(d_times)
            net.step(nt.Adam(0.01))
        return [w.copy() for w in net.weights]

    train(small, 3)
    copies = [copy.deepcopy(small), pickle.loads(pickle.dumps(small))]
    expected = train(small, 3)
    for other in copies:
        for found, wanted in zip(train(other, 3), expected):
            np.testing.assert_array_equal(found, wanted)


def test_files(small, tmp_path, random_spikes):
    small.save(tmp_path / "net.safetensors")
    read = nt.Network.load(tmp_path / "net.safetensors", dtype="float64")
    assert read.layers == small.layers
    assert read.forward(random_spikes) == small.forward(random_spikes)
    with pytest.raises(nt.NetworkError, match="missing.safetensors"):
        nt.Network.load(tmp_path / "missing.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}")
    with pytest.raises(nt.NetworkError, match="bad.safetensors"):
        nt.Network.load(tmp_path / "bad.safetensors")


def test_weights_are_those_of_the_seed():
    def make(seed, **more):
        return nt.Network(5, [nt.Dense(7, theta=0.5, max_spikes=3)], tau_m=0.02, tau_s=0.01, t_max=0.1, seed=seed, **more)

    assert (make(3).weights[0] == make(3).weights[0]).all()
    assert (make(3).weights[0] != make(4).weights[0]).any()
    assert (make(3, threads=1).weights[0] == make(3, threads=2).weights[0]).all()
    make(2**64 - 1)
    drawn = nt.Network(
        1000, [nt.Dense(100, theta=1, max_spikes=3, init=nt.Normal(2.0, 0.5))], tau_m=0.02, tau_s=0.01, t_max=0.1
    ).weights[0]
    assert abs(drawn.mean() - 2) < 0.01 and abs(drawn.std() - 0.5) < 0.01


def test_a_single_layer_needs_no_list():
    net = nt.Network(2, nt.Dense(3, theta=1.0, max_spikes=2), tau_m=1, tau_s=1, t_max=1)
    assert len(net.layers) == 1


def test_constants_of_single_neurons(random_spikes):
    theta = np.linspace(0.01, 0.05, 20)
    net = nt.Network(30, [nt.Dense(20, theta=theta, max_spikes=10)], tau_m=0.02, tau_s=0.01, t_max=0.12, dtype="float64")
    counts = net.forward(random_spikes).counts().sum(0)
    for neuron in (0, 7, 19):
        alone = nt.Network(
            30,
            [nt.Dense(1, theta=float(theta[neuron]), max_spikes=10, init=net.weights[0][[neuron]])],
            tau_m=0.02, tau_s=0.01, t_max=0.12, dtype="float64",
        )
        assert alone.forward(random_spikes).counts().sum() == counts[neuron]
    assert "individual" in net._repr_html_()
    assert (copy.deepcopy(net).layers[0].theta == theta).all()


def test_convolution_and_pooling():
    net = nt.Network(
        (6, 5, 2),
        [nt.Conv2d(3, (3, 2), stride=1, padding=1, theta=0.01, max_spikes=4), nt.SumPool2d(2), nt.Dense(2, theta=0.01, max_spikes=4)],
        tau_m=0.02, tau_s=0.01, t_max=0.1,
    )
    assert net.weights[0].shape == (3, 3, 2, 2) and net.weights[1] is None
    assert net.output_shapes[0] == (6, 6, 3) and net.output_shapes[1] == (3, 3, 3)
    assert net.sizes == (60, 108, 27, 2)
    with pytest.raises(nt.NetworkError, match="no weights"):
        net.weights[1] = np.zeros((2, 2))
    assert "Conv2d(3, (3, 2)" in repr(net)


def test_both_precisions_and_long_samples_keep_what_rounding_takes():
    layers = [nt.Dense(4, theta=0.005, max_spikes=50), nt.Dense(4, theta=0.005, max_spikes=50)]
    net = nt.Network(4, layers, tau_m=0.02, tau_s=0.01, t_max=400.0, seed=3)
    precise = net.to(dtype="float64")
    random = np.random.default_rng(0)
    spikes = nt.SpikeBatch(np.sort(random.uniform(0, 390, 400)), random.integers(0, 4, 400), [0, 400], population=4)
    single, double = net.forward(spikes), precise.forward(spikes)
    assert single.counts().tolist() == double.counts().tolist()
    assert single.residuals is not None
    np.testing.assert_allclose(single.astype("float64").times, double.times, rtol=0, atol=1e-6)


def test_threads_take_turns(small, random_spikes):
    """Each thread gets the spikes of its own batch; a gradient of another's is refused."""
    batches = [random_spikes[first : first + 5] for first in (0, 5, 10, 15)]
    expected = [small.forward(batch) for batch in batches]
    gradients = [(small.forward(batch), small.backward(out.times * 0 + 1.0).weights[0])[1] for batch, out in zip(batches, expected)]
    wrong, stale = [], []

    def run(index):
        for _ in range(100):
            out = small.forward(batches[index])
            if out != expected[index]:
                wrong.append("spikes")
            try:
                gradient = small.backward(out.times * 0 + 1.0)
            except nt.StateError:
                stale.append(index)
                continue
            if not np.array_equal(gradient.weights[0], gradients[index]):
                wrong.append("gradient")

    threads = [threading.Thread(target=run, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    # The last pass is another thread's, and this one had its own.
    small.forward(batches[0])
    thread = threading.Thread(target=small.forward, args=(batches[1],))
    thread.start()
    thread.join()
    with pytest.raises(nt.StateError):
        small.backward(np.zeros(len(expected[0].times)))


@pytest.mark.parametrize("optimiser", [nt.Sgd(momentum=0.9), nt.Adam(), nt.AdamW(), nt.NAdam()])
def test_default_optimisers_are_kept_in_copies(small, random_spikes, optimiser):
    def train(net, steps):
        for _ in range(steps):
            _, _, d_times = error(net, random_spikes)
            net.backward(d_times)
            net.step(optimiser)
        return [w.copy() for w in net.weights]

    train(small, 3)
    other = pickle.loads(pickle.dumps(small))
    for found, wanted in zip(train(other, 3), train(small, 3)):
        np.testing.assert_array_equal(found, wanted)


def test_a_changed_learning_rate_keeps_the_moments(small, random_spikes):
    for kind in (nt.Adam, nt.AdamW, nt.NAdam):
        net = copy.deepcopy(small)
        for rate in (0.01, 0.005, 0.001):
            _, _, d_times = error(net, random_spikes)
            net.backward(d_times)
            net.step(kind(rate))
        assert net._model.optimiser_state()[1] == 3, kind


def test_steps_need_a_gradient(small, random_spikes):
    with pytest.raises(nt.StateError):
        small.step(nt.Adam(0.1))
    _, _, d_times = error(small, random_spikes)
    small.backward(d_times)
    small.step(nt.Adam(0.1))
    with pytest.raises(nt.StateError):
        small.step(nt.Adam(0.1))


def _use_in_child(net, spikes, queue):
    try:
        net.forward(spikes)
    except nt.StateError as refused:
        made = nt.Network(2, [nt.Dense(1, theta=0.01, max_spikes=2)], tau_m=0.02, tau_s=0.01, t_max=0.1)
        made.forward(nt.SpikeBatch([0.01], [0], [0, 1], population=2))
        queue.put(str(refused))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_is_told(small, random_spikes):
    small.forward(random_spikes)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_use_in_child, args=(small, random_spikes, queue))
    child.start()
    assert "forked" in queue.get(timeout=60)
    child.join(60)


def dense(**changed):
    return nt.Dense(**{"neurons": 3, "theta": 1.0, "max_spikes": 2, **changed})


@pytest.mark.parametrize(
    "make, named",
    [
        (lambda: nt.Network(2, [dense(theta=-1.0)], tau_m=1, tau_s=1, t_max=1), "-1"),
        (lambda: nt.Network(2, [dense(theta="high")], tau_m=1, tau_s=1, t_max=1), "high"),
        (lambda: nt.Network(2, [dense(theta=float("nan"))], tau_m=1, tau_s=1, t_max=1), "NaN"),
        (lambda: nt.Network(2, [dense()], tau_s=1, t_max=1), "tau_m is not given"),
        (lambda: nt.Network(2, [dense()], tau_m=1, tau_s=1e-9, t_max=1), "tau_s"),
        (lambda: nt.Network(2, [dense(max_spikes=70000)], tau_m=1, tau_s=1, t_max=1), "70000"),
        (lambda: nt.Network(2, [dense(max_spikes=-1)], tau_m=1, tau_s=1, t_max=1), "at least 1, not -1"),
        (lambda: nt.Network(2, [dense(theta=1e300)], tau_m=1, tau_s=1, t_max=1), "theta = 1e300"),
        (lambda: nt.Network(2, [dense(theta=True)], tau_m=1, tau_s=1, t_max=1), "True"),
        (lambda: nt.Network(2**40, [dense()], tau_m=1, tau_s=1, t_max=1), "at most 4,294,967,295"),
        (lambda: nt.Network(2, None, tau_m=1, tau_s=1, t_max=1), "None"),
        (lambda: nt.Network(2, [dense(init=np.full((3, 2), 1e30))], tau_m=1, tau_s=1, t_max=1), "1.000e30"),
        (lambda: nt.Network(2, [dense(init=np.full((3, 2), 1e300))], tau_m=1, tau_s=1, t_max=1), "1e+300"),
        (lambda: nt.Network(2, [dense()], tau_m=1, tau_s=1, t_max=1, threads=2000), "1,024"),
        (lambda: nt.Network.load(3), "3"),
        (lambda: nt.Network(2, [dense(theta="0.02")], tau_m=1, tau_s=1, t_max=1), "0.02"),
        (lambda: nt.Network(2, [dense()], tau_m=1, tau_s=1, t_max=1, backend="hip"), "MATURIN_PEP517_ARGS"),
        (lambda: nt.Network(2, [dense(init=np.full((3, 2), 1e100))], tau_m=1, tau_s=1, t_max=1, dtype="float64").to(dtype="float32"), "1e+100"),
        (lambda: nt.Network(2, [dense(max_spikes=1.5)], tau_m=1, tau_s=1, t_max=1), "1.5"),
        (lambda: nt.Network(2, [dense(neurons=0)], tau_m=1, tau_s=1, t_max=1), "0"),
        (lambda: nt.Network(0, [dense()], tau_m=1, tau_s=1, t_max=1), "inputs"),
        (lambda: nt.Network(2, [], tau_m=1, tau_s=1, t_max=1), "layers"),
        (lambda: nt.Network("two", [dense()], tau_m=1, tau_s=1, t_max=1), "two"),
        (lambda: nt.Network(2, [dense(dropout=1.0)], tau_m=1, tau_s=1, t_max=1), "dropout"),
        (lambda: nt.Network(2, [dense(init=np.zeros((5, 5)))], tau_m=1, tau_s=1, t_max=1), "[5, 5]"),
        (lambda: nt.Network(2, [dense(init=nt.Uniform(2, 1))], tau_m=1, tau_s=1, t_max=1), "2 and 1"),
        (lambda: nt.Network(2, [dense(theta=[1, 2])], tau_m=1, tau_s=1, t_max=1), "[2]"),
        (lambda: nt.Network(2, [object()], tau_m=1, tau_s=1, t_max=1), "layer 0"),
        (lambda: nt.Network((4, 4, 1), [nt.Conv2d(2, 9, theta=1, max_spikes=1)], tau_m=1, tau_s=1, t_max=1), "9 x 9"),
        (lambda: nt.Network((4, 4, 1), [nt.SumPool2d(3)], tau_m=1, tau_s=1, t_max=1), "3"),
        (lambda: nt.Network(2, [dense()], tau_m=1, tau_s=1, t_max=1, dtype="float16"), "float16"),
        (lambda: nt.Network(2, [dense()], tau_m=1, tau_s=1, t_max=1, backend="tpu"), "tpu"),
        (lambda: nt.Network(2, [dense()], tau_m=1, tau_s=1, t_max=1, seed=-1), "-1"),
        (lambda: nt.Network(2, [dense()], tau_m=1, tau_s=1, t_max=1, threads=-1), "-1"),
        (lambda: nt.Network(2, [dense(init=nt.Normal)], tau_m=1, tau_s=1, t_max=1), "Normal"),
        (lambda: nt.Network(2, [dense(init=nt.Uniform(-1e308, 1e308))], tau_m=1, tau_s=1, t_max=1), "finite distance"),
        (lambda: nt.Network(2, [dense()], tau_m=1, tau_s=1, t_max=1, device=-1), "device"),
        (lambda: nt.Network(2, [dense()], tau_m=1, tau_s=1, t_max=1, device=5), "backend"),
        (lambda: nt.Network(2, [dense()], tau_m=1, tau_s=1, t_max=1, device="cuda"), "cuda"),
        (lambda: nt.Network(2, [dense(neurons=10**9)] * 2, tau_m=1, tau_s=1, t_max=1), "weights"),
    ],
)
def test_what_is_wrong_is_named(make, named):
    with pytest.raises(nt.NoctuleError) as refused:
        make()
    assert named in str(refused.value)


def test_a_forward_pass_of_another_thread_is_the_last_one(small, random_spikes):
    def forward_in_a_worker():
        with ThreadPoolExecutor(1) as workers:
            return workers.submit(small.forward, random_spikes).result()

    other = small.to()
    expected = other.backward(np.ones_like(other.forward(random_spikes).times)).weights[0]
    for _ in range(2):
        out = forward_in_a_worker()
        assert (small.spikes(1) == out) and (small.backward(np.ones_like(out.times)).weights[0] == expected).all()
        small.step(nt.Sgd(0.0))
    out = forward_in_a_worker()
    small.predict(random_spikes)
    for _ in range(2):
        # A pass of another thread is not in the place of one that this thread ended.
        with pytest.raises(nt.StateError, match="predict"):
            small.backward(np.ones_like(out.times))
        out = forward_in_a_worker()


def test_a_step_that_diverges_is_an_error(small, random_spikes, tmp_path):
    for dtype, rate in (("float32", 1e37), ("float32", 1e20), ("float64", 1e300)):
        net = small.to(dtype=dtype)
        net.backward(np.ones_like(net.forward(random_spikes).times))
        with pytest.raises(nt.TrainingError, match="lower the learning rate"):
            net.step(nt.Adam(rate))
        # The step was taken: neither is there a gradient, nor are the weights worth keeping.
        with pytest.raises(nt.StateError):
            net.step(nt.Adam(0.1))
        for keep in (lambda: net.save(tmp_path / "net.safetensors"), lambda: pickle.dumps(net)):
            with pytest.raises(nt.NetworkError, match="layer 0 has weights that are NaN|too large"):
                keep()
        assert not (tmp_path / "net.safetensors").exists()


def test_weights_of_a_network_fit_another(random_spikes):
    layers = [nt.Conv2d(2, 3, theta=1.0, max_spikes=3), nt.SumPool2d(2), nt.Dense(3, theta=1.0, max_spikes=3)]
    first, second = (nt.Network((6, 6, 1), layers, tau_m=0.02, tau_s=0.01, t_max=0.1, seed=seed) for seed in (0, 1))
    for index, weights in enumerate(first.weights):
        second.weights[index] = weights
    assert second.weights[1] is None and (second.weights[2] == first.weights[2]).all()
    with pytest.raises(nt.NetworkError, match="pooling"):
        second.weights[1] = np.ones((2, 2))


def test_wrong_arguments_of_calls(small, random_spikes):
    with pytest.raises(nt.ArrayError, match="30 inputs"):
        small.forward(nt.SpikeBatch([0.1], [0], [0, 1], population=7))
    with pytest.raises(nt.ArrayError, match="list"):
        small.forward([0.1, 0.2])
    with pytest.raises(nt.StateError):
        small.spikes(0)
    with pytest.raises(nt.OutOfRangeError, match="layer 2 among 2"):
        small.spikes(2)
    with pytest.raises(nt.ArrayError, match="first"):
        small.weights["first"]
    for size in (0, -1, 1.5):
        with pytest.raises(nt.ArrayError, match="batch_size"):
            small.predict(random_spikes, batch_size=size)
    with pytest.raises(nt.NetworkError, match="0.1"):
        small.step(0.1)
    out = small.forward(random_spikes)
    small.backward(out.times)
    with pytest.raises(nt.TrainingError, match="learning_rate"):
        small.step(nt.Adam(-1.0))
    with pytest.raises(nt.ArrayError, match="NaN|nan"):
        small.weights[0] = np.full((20, 30), np.nan)
    small.forward(random_spikes)
    with pytest.raises(nt.NetworkError, match="silent_boost"):
        small.backward(np.zeros(len(small.spikes(1).times)), silent_boost=[1, 2, 3])
