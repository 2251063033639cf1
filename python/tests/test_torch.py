"""`noctule.torch`: gradients, shapes, optimisers, copies; and what it refuses."""

from __future__ import annotations

import copy
import pickle
import threading

import numpy as np
import pytest

import noctule as nt

torch = pytest.importorskip("torch")

CONSTANTS = {"tau_m": 0.02, "tau_s": 0.01, "t_max": 0.2}


def spike_times(*shape: int, seed: int = 0, share: float = 0.8) -> torch.Tensor:
    """Random spike times in double precision, some of them inf."""
    random = np.random.default_rng(seed)
    times = np.sort(random.uniform(0, 0.1, shape), axis=-1)
    times[random.random(shape) > share] = np.inf
    return torch.tensor(times)


def layer(inputs=6, layers=None, **more) -> nt.torch.Layer:
    layers = layers or [nt.Dense(4, theta=0.02, max_spikes=3, init=nt.Normal(2.0, 1.0))]
    return nt.torch.Layer(inputs, layers, dtype="float64", seed=1, **CONSTANTS, **more)


NETWORKS = {
    "dense": (6, [nt.Dense(4, theta=0.02, max_spikes=3, init=nt.Normal(2.0, 1.0))]),
    "two": (6, [nt.Dense(5, theta=0.02, max_spikes=4, init=nt.Normal(2.0, 1.0)), nt.Dense(3, theta=0.02, max_spikes=2, init=nt.Normal(1.5, 0.5))]),
    "conv": ((4, 3, 1), [nt.Conv2d(2, 2, theta=0.02, max_spikes=2, init=nt.Normal(3.0, 1.0))]),
    "pool": ((4, 4, 1), [nt.Conv2d(2, 1, theta=0.02, max_spikes=2, init=nt.Normal(6.0, 0.3)), nt.SumPool2d(2), nt.Dense(2, theta=0.02, max_spikes=3, init=nt.Normal(0.8, 0.2))]),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_gradcheck(name):
    inputs, layers = NETWORKS[name]
    module = layer(inputs, layers)
    times = spike_times(3, module.network.inputs, 2, seed=5)
    finite = torch.isfinite(times)
    assert torch.isfinite(module(times)).sum() > 5

    # Central differences need finite numbers: only these are moved.
    def run(moved, *weights):
        with torch.no_grad():
            for parameter, weight in zip(module.weights, weights):
                parameter.copy_(weight)
        padded = torch.full_like(times, float("inf"))
        padded[finite] = moved
        out = nt.torch._Pass.apply(module, padded, None, *weights)
        return torch.where(torch.isfinite(out), out, torch.zeros_like(out))

    moved = times[finite].clone().requires_grad_()
    weights = [weight.detach().clone().requires_grad_() for weight in module.weights]
    assert torch.autograd.gradcheck(run, (moved, *weights), eps=1e-8, atol=1e-5, rtol=1e-4)


def test_padding_is_inf_and_times_ascend():
    module = layer()
    out = module(spike_times(10, 6, 4))
    assert out.shape == (10, 4, 3) and out.dtype == torch.float64
    finite = torch.isfinite(out)
    assert (finite[..., :-1] | ~finite[..., 1:]).all()
    assert (out[..., 1:][finite[..., 1:]] > out[..., :-1][finite[..., 1:]]).all()
    assert module(torch.full((2, 6, 1), float("inf"), dtype=torch.float64)).isinf().all()
    assert module(torch.empty((0, 6, 1), dtype=torch.float64)).shape == (0, 4, 3)
    assert (nt.torch.spike_counts(out) == finite.sum(-1)).all()


def test_it_is_the_network():
    module = layer()
    times = spike_times(10, 6, 4)
    spikes = nt.torch.to_spikes(times)
    expected = module.to_network().forward(spikes)
    assert nt.torch.to_spikes(module(times).detach()) == expected
    assert (nt.torch.from_spikes(expected, 3) == module(times)).all()
    assert (nt.torch.predictions(module(times)).numpy() == expected.predictions()).all()


def test_backward_of_an_earlier_pass():
    module = layer()
    first, second = spike_times(4, 6, 2, seed=1), spike_times(5, 6, 2, seed=2)

    def gradient(*batches):
        module.zero_grad()
        outs = [module(times) for times in batches]
        total = sum(torch.where(torch.isfinite(out), out, 0).square().sum() for out in outs)
        total.backward()
        return module.weight.grad.clone()

    # With two passes in one graph, the second has replaced the first in the engine.
    torch.testing.assert_close(gradient(first, second), gradient(first) + gradient(second))


def test_what_happens_between_forward_and_backward():
    module = layer()
    times = spike_times(4, 6, 2, seed=1)

    def gradient(between):
        module.zero_grad()
        out = module(times)
        between()
        torch.where(torch.isfinite(out), out, 0).square().sum().backward()
        return module.weight.grad.clone()

    def fails():
        with pytest.raises(nt.SpikeError):
            module(torch.full((2, 6, 1), -1.0, dtype=torch.float64))

    expected = gradient(lambda: None)
    for between in (module.to_network, lambda: module.network, fails, lambda: module(times[:2])):
        torch.testing.assert_close(gradient(between), expected, rtol=0, atol=0)


def test_threads():
    module = layer()
    batches = [spike_times(4, 6, 2, seed=seed) for seed in range(3)]

    def gradient(times):
        out = module(times)
        total = torch.where(torch.isfinite(out), out, 0).square().sum()
        return torch.autograd.grad(total, module.weight)[0]

    expected = [gradient(times) for times in batches]
    wrong = []

    def run(index):
        try:
            for _ in range(100):
                if not torch.equal(gradient(batches[index]), expected[index]):
                    wrong.append(index)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_network_in_pieces():
    conv = nt.Conv2d(2, 2, theta=0.02, max_spikes=2, init=nt.Normal(3.0, 1.0))
    times = spike_times(3, 25, 1, seed=2)
    pieces = torch.nn.Sequential(
        nt.torch.Layer((5, 5, 1), conv, dtype="float64", **CONSTANTS),
        nt.torch.Layer((4, 4, 2), nt.SumPool2d(2), dtype="float64"),
    )
    whole = nt.torch.Layer((5, 5, 1), [conv, nt.SumPool2d(2)], dtype="float64", **CONSTANTS)
    out = pieces(times)
    assert out.shape == (3, 8, 8) and torch.equal(out, whole(times))
    torch.where(torch.isfinite(out), out, 0).sum().backward()
    assert pieces[0].weight.grad.abs().sum() > 0


def test_a_refused_move_changes_nothing():
    module = layer()
    times = spike_times(4, 6, 2)
    before = module(times)
    for move in (module.float, module.half, lambda: module.to("meta")):
        with pytest.raises(nt.NetworkError):
            move()
    assert torch.equal(module(times), before)
    net = module.to_network()
    assert nt.torch.Layer(net, dtype="float32").network.dtype == "float32"
    with pytest.raises(nt.NetworkError, match="leave them out"):
        nt.torch.Layer(net, nt.Dense(3, theta=1, max_spikes=1))


def test_it_learns_inside_a_model():
    torch.manual_seed(0)

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.delays = torch.nn.Parameter(torch.full((8, 1), 0.01))
            self.hidden = nt.torch.Layer(8, nt.Dense(30, theta=0.02, max_spikes=5), seed=1, **CONSTANTS)
            self.out = nt.torch.Layer(30, nt.Dense(2, theta=0.02, max_spikes=1), seed=2, **CONSTANTS)

        def forward(self, times):
            return self.out(self.hidden(times + torch.relu(self.delays)))

    model = Model()
    labels = torch.arange(40) % 2
    times = torch.where(labels[:, None] == 1, torch.linspace(0.0, 0.05, 8), torch.linspace(0.05, 0.0, 8))[..., None]
    times = times + 0.005 * torch.rand(40, 8, 1)
    loss = nt.torch.SpikeLoss(nt.FirstSpike(0.002, 0.2))
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    for _ in range(60):
        optimiser.zero_grad()
        value = loss(model(times), labels)
        value.backward()
        optimiser.step()
    right = (nt.torch.predictions(model(times), "first_spike") == labels).float().mean()
    assert right == 1.0, f"loss {float(value)}"
    assert all((parameter != other).any() for parameter, other in zip(model.parameters(), before))


def test_losses_are_those_of_the_library():
    out = layer()(spike_times(10, 6, 4)).detach().requires_grad_()
    labels = torch.arange(10) % 4
    spikes = nt.torch.to_spikes(out.detach())
    for loss in (nt.SpikeCount(3, 1), nt.CountSoftmax(), nt.FirstSpike(0.005, 0.2)):
        expected = loss(spikes, labels)
        out.grad = None
        value = nt.torch.SpikeLoss(loss)(out, labels)
        (2 * value).backward()
        assert float(value.detach()) == pytest.approx(expected.loss)
        padded = nt.SpikeBatch._of(expected.d_times * 2, spikes.units, spikes.offsets, None, 4)
        found = out.grad[torch.isfinite(out.detach())].abs().sum()
        assert float(found) == pytest.approx(np.abs(padded.times).sum())


def test_state_and_copies():
    module = layer()
    times = spike_times(4, 6, 2)
    other = nt.torch.Layer(6, nt.Dense(4, theta=0.02, max_spikes=3), dtype="float64", seed=9, **CONSTANTS)
    assert not torch.equal(other(times), module(times))
    other.load_state_dict(module.state_dict())
    assert torch.equal(other(times), module(times))
    for again in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert torch.equal(again(times), module(times))
        with torch.no_grad():
            again.weight.mul_(2)
        assert not torch.equal(again(times), module(times))
    assert "Dense(4" in repr(module)
    # `.data` changes unseen by autograd, and is seen all the same.
    before = module(times).detach()
    module.weight.data.mul_(1.5)
    assert not torch.equal(before, module(times))


def test_dropout_drops_in_training_only():
    module = layer(6, [nt.Dense(4, theta=0.02, max_spikes=3, dropout=0.5, init=nt.Normal(4.0, 1.0))])
    times = spike_times(30, 6, 4)
    torch.manual_seed(1)
    first, second = module(times), module(times)
    assert not torch.equal(first, second)
    module.eval()
    assert torch.equal(module(times), module(times))


def test_encoding_is_that_of_the_engines():
    images = torch.randint(0, 256, (5, 4, 3, 1), dtype=torch.uint8)
    images[0, 0] = 0
    for encoding in (nt.data.Latency(), nt.data.Latency(0.01, 0.04, silent_zero=False, bias=0.02)):
        expected = nt.data.ImageSet(images.numpy(), encoding=encoding).spikes.to_padded(1)
        found = nt.torch.encode(images, encoding).numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def test_weight_is_there_where_there_is_one():
    several, single = (layer(*NETWORKS[name]) for name in ("two", "dense"))
    assert not hasattr(several, "weight") and single.weight is single.weights[0]
    with pytest.raises(AttributeError, match="2 layers"):
        several.weight


def test_channels_of_images_come_first_or_last():
    images = torch.rand(2, 9, 7, 3)
    last = nt.torch.encode(images)
    assert torch.equal(last, nt.torch.encode(images.flatten(1)))
    assert torch.equal(last, nt.torch.encode(images.movedim(-1, 1), channels="first"))
    # With a single channel there is one order only.
    single = torch.rand(2, 1, 9, 7)
    assert torch.equal(nt.torch.encode(single), nt.torch.encode(single, channels="first"))


@pytest.mark.parametrize(
    "call, named",
    [
        (lambda m: m(torch.zeros(2, 6, 1)), "float32"),
        (lambda m: m(torch.zeros(2, 7, 1, dtype=torch.float64)), "[2, 7, 1]"),
        (lambda m: m(torch.zeros(2, 6, dtype=torch.float64)), "[2, 6]"),
        (lambda m: m(torch.zeros(2, 6, 1, dtype=torch.float64, device="meta")), "meta"),
        (lambda m: m(torch.full((2, 6, 1), float("nan"), dtype=torch.float64)), "NaN"),
        (lambda m: m(torch.full((2, 6, 1), -1.0, dtype=torch.float64)), "-1"),
        (lambda m: m(np.zeros((2, 6, 1))), "ndarray"),
        (lambda m: m.float(), "float32"),
        (lambda m: m(torch.zeros(2, 6, 1, dtype=torch.float64).to_sparse()), "sparse"),
        (lambda m: nt.torch.encode(torch.randint(0, 255, (2, 6))), "int64"),
        (lambda m: nt.torch.encode(torch.full((2, 6), 2.0)), "2.0"),
        (lambda m: nt.torch.encode(torch.zeros(6)), "[6]"),
        (lambda m: nt.torch.encode(torch.zeros(2, 3, 8, 5)), "[2, 3, 8, 5]"),
        (lambda m: nt.torch.encode(torch.zeros(2, 9, 9, 3), channels="right"), "right"),
        (lambda m: nt.torch.encode(torch.zeros(2, 9), None), "None"),
        (lambda m: nt.torch.to_spikes(torch.zeros(2, 6, 1, dtype=torch.bfloat16)), "BFloat16"),
        (lambda m: nt.torch.SpikeLoss(3), "3"),
        (lambda m: nt.torch.SpikeLoss(nt.SpikeCount(1, 0))(m(spike_times(2, 6, 1)), torch.tensor([0, 9])), "9"),
        (lambda m: nt.torch.SpikeLoss(nt.SpikeCount(1, 0))(m(spike_times(2, 6, 1)), torch.tensor([0])), "2 samples"),
        (lambda m: nt.torch.Layer(6), "Dense"),
        (lambda m: nt.torch.encode(torch.zeros(2, 6, device="meta")), "meta"),
    ],
)
def test_what_is_wrong_is_named(call, named):
    with pytest.raises(nt.NoctuleError) as refused:
        call(layer())
    assert named in str(refused.value)
