"""`to_nir` and `from_nir`: round trips through files and through the package `nir`, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import noctule as nt

CONSTANTS = {"tau_m": 0.02, "tau_s": 0.01, "t_max": 0.1}
NETWORKS = {
    "dense": lambda dtype: nt.Network(
        6, [nt.Dense(5, theta=0.5, reset=0.4, max_spikes=4), nt.Dense(3, theta=1.0, max_spikes=9)], dtype=dtype, **CONSTANTS
    ),
    "convolution": lambda dtype: nt.Network(
        (6, 6, 2),
        [nt.Conv2d(3, 3, theta=0.5, max_spikes=4), nt.SumPool2d(2), nt.Dense(3, theta=1.0, max_spikes=9)],
        dtype=dtype,
        **CONSTANTS,
    ),
    "individual": lambda dtype: nt.Network(
        6, [nt.Dense(4, theta=[0.5, 0.625, 0.75, 0.875], tau_m=[0.0078125, 0.015625, 0.03125, 0.0625], max_spikes=4)], dtype=dtype, **CONSTANTS
    ),
}


def same(first: nt.Network, second: nt.Network) -> None:
    assert first.layers == second.layers and first.input_shape == second.input_shape
    for ours, theirs in zip(first.weights, second.weights):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NETWORKS)
def test_files_there_and_back(name, dtype, tmp_path):
    net = NETWORKS[name](dtype)
    for step in (None, 1e-4):
        nt.to_nir(net, tmp_path / "net.nir", dt=step)
        same(net, nt.from_nir(tmp_path / "net.nir", dtype=dtype))


@pytest.mark.parametrize("name", NETWORKS)
def test_graphs_in_memory(name):
    nir = pytest.importorskip("nir")
    net = NETWORKS[name]("float64")
    graph = nt.to_nir(net)
    assert isinstance(graph, nir.NIRGraph)
    kinds = [type(node).__name__ for node in graph.nodes.values()]
    assert kinds.count("CubaLIF") == sum(w is not None for w in net.weights)
    same(net, nt.from_nir(graph, dtype="float64"))


def test_a_graph_of_others(tmp_path):
    nir = pytest.importorskip("nir")
    random = np.random.default_rng(0)
    weight = random.normal(1.0, 0.5, (3, 4))
    one = np.ones(3)
    graph = nir.NIRGraph.from_list(
        nir.Input(np.array([4])),
        nir.Affine(weight, np.zeros(3)),
        nir.CubaLIF(
            tau_mem=0.02 * one, tau_syn=0.01 * one, r=0.04 * one, v_leak=0 * one, v_threshold=0.01 * one, v_reset=0 * one,
            w_in=0.02 * one,
        ),
        nir.Output(np.array([3])),
    )
    with pytest.raises(nt.NirError, match="t.max"):
        nt.from_nir(graph)
    with pytest.warns(UserWarning, match="65535"):
        net = nt.from_nir(graph, t_max=0.1, dtype="float64")
    np.testing.assert_allclose(net.weights[0], 4 * weight)
    nir.write(tmp_path / "theirs.nir", graph)
    again = nt.from_nir(tmp_path / "theirs.nir", t_max=0.1, max_spikes=20)
    assert again.layers[0].max_spikes == 20
    biased = nir.NIRGraph.from_list(
        nir.Input(np.array([4])), nir.Affine(weight, one), graph.nodes["cubalif"], nir.Output(np.array([3]))
    )
    with pytest.raises(nt.NirError, match="bias"):
        nt.from_nir(biased, t_max=0.1)
    leaky = nir.NIRGraph.from_list(
        nir.Input(np.array([4])),
        nir.Linear(weight),
        nir.LIF(tau=0.02 * one, r=one, v_leak=0 * one, v_threshold=one, v_reset=0 * one),
        nir.Output(np.array([3])),
    )
    with pytest.raises(nt.NirError, match="(?i)lif"):
        nt.from_nir(leaky, t_max=0.1)


def test_what_others_will_not_know_is_said(tmp_path):
    net = nt.Network(4, nt.Dense(3, theta=1.0, max_spikes=1), **CONSTANTS)
    with pytest.warns(UserWarning, match="spike once"):
        nt.to_nir(net, tmp_path / "net.nir")


def test_a_run_keeps_its_experiment(tmp_path):
    run = nt.train("yinyang", out=tmp_path / "run", epochs=1)
    nt.to_nir(run, tmp_path / "run.nir")
    assert nt._noctule.run_command(["noctule", "import", str(tmp_path / "run.nir"), "-o", str(tmp_path / "again")]) == 0
    again = nt.load(tmp_path / "again")
    assert again.evaluate().accuracy == run.accuracy
    same(again.network, run.network)


def test_what_is_wrong_is_named(tmp_path):
    net = NETWORKS["dense"]("float32")
    nt.to_nir(net, tmp_path / "net.nir")
    whole = (tmp_path / "net.nir").read_bytes()
    for length in (0, 7, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.nir").write_bytes(whole[:length])
        with pytest.raises(nt.NirError, match="cut.nir"):
            nt.from_nir(tmp_path / "cut.nir")
    for call, named in (
        (lambda: nt.from_nir(tmp_path / "none.nir"), "none.nir"),
        (lambda: nt.from_nir(3), "int"),
        (lambda: nt.from_nir(tmp_path / "net.nir", dt=-1), "-1"),
        (lambda: nt.from_nir(tmp_path / "net.nir", max_spikes=0), "0"),
        (lambda: nt.to_nir("net"), "str"),
        (lambda: nt.to_nir(net, tmp_path / "no" / "folder.nir"), "folder.nir"),
    ):
        with pytest.raises((nt.NirError, ImportError)) as refused:
            call()
        assert named in str(refused.value)
