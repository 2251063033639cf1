#!/usr/bin/env python3
"""Checks what Noctule writes and reads against PyPI's `nir`, and its spikes against simulators that read NIR.

usage: test_nir.py [-v] [TEST...]

The environment variable NOCTULE names the command. Needs nir (tried: 1.0.8) and torch; norse (1.1) and snntorch (1.0) for the
simulators; a test says so when it is skipped. With NOCTULE_NIR_TABLE=1 the tables of docs/nir.md are printed.
"""

import os
import subprocess
import sys
import tempfile
import unittest
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

try:
    import nir
    import numpy as np
    import torch

    import simulate
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(0)

# Layers are small: threads would only wait for each other.
torch.set_num_threads(1)

NOCTULE = os.environ.get("NOCTULE", "noctule")
# The end of a sample, and the coarsest time step, in seconds. Input times are multiples of it.
END, STEP = 0.1, 4e-4
TABLE = bool(os.environ.get("NOCTULE_NIR_TABLE"))
STEPS = [STEP / 2**halvings for halvings in range(7 if TABLE else 5)]
# How far spike times in single precision may be from the exact ones, in seconds.
TOLERANCE = 2e-7


def neurons(shape, tau_mem=0.02, tau_syn=0.01, threshold=1.0, reset=0.0):
    """Noctule's neurons, whose weights are those of NIR."""
    ones = np.ones(shape)
    return nir.CubaLIF(
        tau_syn=tau_syn * ones,
        tau_mem=tau_mem * ones,
        r=tau_mem * ones,
        v_leak=0 * ones,
        v_threshold=threshold * ones,
        v_reset=reset * ones,
        w_in=tau_syn * ones,
    )


def sequence(**nodes):
    names = list(nodes)
    return nir.NIRGraph(nodes=nodes, edges=list(zip(names, names[1:])))


def weights(random, mean, deviation, *shape):
    return random.normal(mean, deviation, shape).astype(np.float32)


def dense(seed, **constants):
    random = np.random.default_rng(seed)
    return sequence(
        input=nir.Input([6]),
        first=nir.Linear(weights(random, 40, 60, 12, 6)),
        hidden=neurons(12, **constants),
        second=nir.Affine(weights(random, 5, 30, 4, 12), np.zeros(4, dtype=np.float32)),
        last=neurons(4, **constants),
        output=nir.Output([4]),
    )


def convolutional(seed):
    random = np.random.default_rng(seed)
    pool = dict(kernel_size=np.array([2, 2]), stride=np.array([2, 2]), padding=np.array([0, 0]))
    return sequence(
        input=nir.Input([2, 8, 8]),
        conv=nir.Conv2d((8, 8), weights(random, 25, 45, 3, 2, 3, 3), 1, 1, 1, 1, np.zeros(3, dtype=np.float32)),
        lif=neurons((3, 8, 8)),
        pool=nir.SumPool2d(**pool),
        conv2=nir.Conv2d((4, 4), weights(random, 10, 30, 4, 3, 3, 3), 1, 1, 1, 1, np.zeros(4, dtype=np.float32)),
        lif2=neurons((4, 4, 4)),
        pool2=nir.SumPool2d(**pool),
        flatten=nir.Flatten({"input": np.array([4, 2, 2])}, 0, -1),
        linear=nir.Linear(weights(random, 0, 20, 5, 16)),
        lif3=neurons(5),
        output=nir.Output([5]),
    )


def by_neuron(spikes):
    return sorted((neuron, time) for time, neuron in spikes)


class Case(unittest.TestCase):
    # Spikes that were compared with exact ones, and their largest error in seconds.
    compared, largest = 0, 0.0

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.number = 0

    def path(self, name):
        return str(Path(self.folder.name) / name)

    def noctule(self, *words):
        done = subprocess.run([NOCTULE, *words], capture_output=True, text=True, cwd=self.folder.name)
        self.assertEqual(done.returncode, 0, done.stderr)

    def imported(self, graph, *options):
        """A run of a graph that `nir.write` writes."""
        nir.write(self.path("graph.nir"), graph)
        self.number += 1
        run = self.path(f"run-{self.number}")
        self.noctule("import", "graph.nir", "--t-max", str(END), "-o", run, *options)
        shape = graph.nodes["input"].input_type["input"]
        if len(shape) == 3:
            # An experiment on images has their shape from its files.
            channels, height, width = map(int, shape)
            images = np.zeros((1, height, width, channels), dtype=np.float32)
            np.savez(Path(run) / "test.npz", images=images, labels=np.zeros(1, dtype=np.int64))
        return run

    def exported(self, run, *options):
        self.noctule("export", run, "-o", "exported.nir", *options)
        return nir.read(self.path("exported.nir"))

    def events(self, seed, population, count):
        """Input spikes on the grid of the coarsest time step."""
        random = np.random.default_rng(seed)
        times = np.sort(random.integers(0, round(0.8 * END / STEP), count)) * STEP
        units = random.integers(0, population, count)
        offsets = np.array([0, count])
        np.savez(self.path("samples.npz"), times=times, units=units, offsets=offsets, population=population)
        return list(zip(times.tolist(), units.tolist()))

    def images(self, seed, channels, height, width):
        """An image whose latencies are on the grid of the coarsest time step, and its spikes in the order of NIR."""
        random = np.random.default_rng(seed)
        steps = random.integers(0, round(END / STEP), (height, width, channels))
        image = 1 - steps * STEP / END
        image[random.random(image.shape) < 0.4] = 0
        np.savez(self.path("samples.npz"), images=image[None].astype(np.float32))
        spikes = []
        for (y, x, channel), value in np.ndenumerate(image):
            if value > 0:
                spikes.append(((1 - value) * END, (channel * height + y) * width + x))
        return sorted(spikes)

    def spikes(self, run, layer, shape=None):
        """The spikes of a layer in Noctule, in the order of NIR if it is an image [channels, height, width]."""
        self.noctule("predict", run, "--input", "samples.npz", "--spikes", "-o", "out.npz")
        out = np.load(self.path("out.npz"))
        times, units = out[f"layer{layer}_times"], out[f"layer{layer}_units"]
        if shape is not None:
            channels, height, width = shape
            pixels, channel = np.divmod(units, channels)
            units = channel * height * width + pixels
        return list(zip(times.tolist(), units.tolist()))

    def assert_same_spikes(self, found, expected):
        found, expected = by_neuron(found), by_neuron(expected)
        self.assertEqual([neuron for neuron, _ in found], [neuron for neuron, _ in expected])
        error = max((abs(a - b) for (_, a), (_, b) in zip(found, expected)), default=0)
        self.assertLess(error, TOLERANCE)
        Case.compared += len(found)
        Case.largest = max(Case.largest, error)


class Files(Case):
    def test_nir_reads_what_noctule_writes(self):
        graph = dense(1)
        run = self.imported(graph)
        read = self.exported(run)
        kinds = {name: type(node).__name__ for name, node in read.nodes.items()}
        self.assertEqual(
            kinds,
            {
                "input": "Input",
                "dense_0": "Linear",
                "neurons_0": "CubaLIF",
                "dense_1": "Linear",
                "neurons_1": "CubaLIF",
                "output": "Output",
            },
        )
        for ours, theirs in [("dense_0", "first"), ("dense_1", "second")]:
            weight = read.nodes[ours].weight
            self.assertEqual(weight.dtype, np.float32)
            np.testing.assert_array_equal(weight, graph.nodes[theirs].weight)
        for ours, theirs in [("neurons_0", "hidden"), ("neurons_1", "last")]:
            ours, theirs = read.nodes[ours], graph.nodes[theirs]
            for field in ["tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset", "w_in"]:
                np.testing.assert_array_equal(getattr(ours, field), getattr(theirs, field), field)
            self.assertEqual(ours.metadata["noctule_t_max"], END)
        # And again, through nir.write, with all metadata.
        nir.write(self.path("again.nir"), read)
        self.noctule("import", "again.nir", "-o", "again")
        files = [Path(run) / "last.safetensors", Path(self.path("again")) / "last.safetensors"]
        self.assertEqual(*[file.read_bytes() for file in files])
        files = [Path(run) / "config.toml", Path(self.path("again")) / "config.toml"]
        texts = [file.read_text().partition("description")[2] for file in files]
        self.assertEqual(*texts)

    def test_a_convolutional_network_has_the_shapes_of_nir(self):
        graph = convolutional(1)
        read = self.exported(self.imported(graph))
        names = {
            "input": "input", "conv": "conv_0", "lif": "neurons_0", "pool": "pool_1", "conv2": "conv_2", "lif2": "neurons_2",
            "pool2": "pool_3", "flatten": "flatten_4", "linear": "dense_4", "lif3": "neurons_4", "output": "output",
        }  # fmt: skip
        self.assertEqual(sorted(read.nodes), sorted(names.values()))
        for theirs, ours in names.items():
            theirs, ours = graph.nodes[theirs], read.nodes[ours]
            self.assertIs(type(ours), type(theirs))
            np.testing.assert_array_equal(ours.output_type["output"], theirs.output_type["output"])
            for field in ["weight", "v_threshold", "kernel_size"]:
                if hasattr(theirs, field):
                    np.testing.assert_array_equal(getattr(ours, field), getattr(theirs, field))


class Exact(Case):
    """Spikes against a simulation of the graph from crossing to crossing, in double precision."""

    def tearDown(self):
        self.assertGreater(Case.compared, 100)
        if TABLE:
            print(f"{Case.compared} spikes so far, largest error {Case.largest:.1e} s")

    def test_dense_networks(self):
        for seed, constants in enumerate(
            [{}, {"tau_mem": 0.013, "tau_syn": 0.013}, {"tau_mem": 0.009, "tau_syn": 0.017}, {"reset": 0.3}, {"threshold": 0.7}]
        ):
            with self.subTest(constants=constants):
                graph = dense(seed, **constants)
                run = self.imported(graph)
                spikes = self.events(seed, 6, 24)
                for read in (nir.read(self.path("graph.nir")), self.exported(run)):
                    layers = simulate.exact(read, spikes, END)
                    for layer, expected in enumerate(layers):
                        self.assert_same_spikes(self.spikes(run, layer), expected)

    def test_weights_with_factors(self):
        graph = dense(2)
        for node in graph.nodes.values():
            if isinstance(node, nir.CubaLIF):
                node.r, node.w_in = node.r * 3, node.w_in * np.linspace(0.2, 0.6, len(node.w_in))
        run = self.imported(graph)
        spikes = self.events(5, 6, 24)
        for layer, expected in enumerate(simulate.exact(nir.read(self.path("graph.nir")), spikes, END)):
            self.assert_same_spikes(self.spikes(run, layer), expected)

    def test_convolutional_networks(self):
        for seed in range(3):
            with self.subTest(seed=seed):
                graph = convolutional(seed)
                run = self.imported(graph)
                spikes = self.images(seed, 2, 8, 8)
                for read in (nir.read(self.path("graph.nir")), self.exported(run)):
                    first, second, last = simulate.exact(read, spikes, END)
                    self.assert_same_spikes(self.spikes(run, 0, (3, 8, 8)), first)
                    self.assert_same_spikes(self.spikes(run, 2, (4, 4, 4)), second)
                    self.assert_same_spikes(self.spikes(run, 4), last)


class Simulators(Case):
    """Spikes against simulators in time steps, which converge to Noctule's at first order."""

    def converges(self, title, run, spikes, expected, simulator):
        expected = by_neuron(expected)
        self.assertGreater(len(expected), 5)
        rows = []
        for dt in STEPS:
            graph = self.exported(run, "--dt", repr(dt))
            found = by_neuron(simulator(graph, spikes, dt, END))
            if [neuron for neuron, _ in found] != [neuron for neuron, _ in expected]:
                rows.append((dt, len(found), None, None))
                continue
            errors = [abs(a - b) for (_, a), (_, b) in zip(found, expected)]
            rows.append((dt, len(found), max(errors), sum(errors) / len(errors)))
        if TABLE:
            self.show(title, rows, len(expected))
        fine = [row for row in rows[-4:] if row[2] is not None]
        self.assertEqual(len(fine), 4, f"{title}: spike counts differ at fine steps: {rows}")
        (coarse, _, _, before), (fine, _, _, after) = fine[0], fine[-1]
        order = np.log(before / after) / np.log(coarse / fine)
        self.assertGreater(order, 0.8, rows)
        self.assertLess(order, 1.25, rows)
        self.assertLess(after, 4 * fine, rows)

    def show(self, title, rows, count):
        print(f"\n{title}: {count} output spikes of Noctule")
        print("| dt (us) | output spikes | largest error (us) | mean error (us) | ratio of means |\n|---|---|---|---|---|")
        last = None
        for dt, found, largest, mean in rows:
            if mean is None:
                print(f"| {1e6 * dt:g} | {found} | | | |")
            else:
                ratio = f"{last / mean:.2f}" if last else ""
                print(f"| {1e6 * dt:g} | {found} | {1e6 * largest:.1f} | {1e6 * mean:.2f} | {ratio} |")
            last = mean

    def dense(self, name, simulator):
        try:
            __import__(name)
        except ImportError as missing:
            self.skipTest(str(missing))
        run = self.imported(dense(DENSE_SEED))
        spikes = self.events(DENSE_SEED, 6, 24)
        self.converges(f"{name}, dense", run, spikes, self.spikes(run, 1), simulator)

    def test_norse(self):
        self.dense("norse", simulate.norse)

    def test_snntorch(self):
        self.dense("snntorch", simulate.snntorch)

    def test_a_network_that_snntorch_exports(self):
        """Its own model against the run that is imported from its own file."""
        try:
            import snntorch
            from snntorch.export_nir import export_to_nir
        except ImportError as missing:
            self.skipTest(str(missing))
        dt, graph = simulate.SNNTORCH_STEP, dense(DENSE_SEED)
        model = torch.nn.Sequential()
        for name, weight in [("first", graph.nodes["first"].weight), ("second", graph.nodes["second"].weight)]:
            count = len(weight)
            linear = torch.nn.Linear(weight.shape[1], count, bias=False)
            # A spike lets the current of Noctule jump by the weight over the step.
            linear.weight.data = torch.from_numpy(weight * dt)
            decays = dict(alpha=torch.full((count,), 1 - dt / 0.01), beta=torch.full((count,), 1 - dt / 0.02))
            cell = snntorch.Synaptic(**decays, threshold=torch.ones(count), init_hidden=True, output=name == "second")
            model.extend([linear, cell])
        run = self.imported(export_to_nir(model, torch.zeros(6)), "--dt", repr(dt))
        spikes = self.events(DENSE_SEED, 6, 24)
        model[1].reset_mem(), model[3].reset_mem()
        theirs = []
        with torch.no_grad():
            for step, row in enumerate(simulate.pulses(spikes, 6, dt, END)):
                result = model(row)[0]
                theirs += [(step * dt, int(neuron)) for neuron in torch.nonzero(result.ravel())]
        ours, theirs = by_neuron(self.spikes(run, 1)), by_neuron(theirs)
        self.assertEqual([neuron for neuron, _ in ours], [neuron for neuron, _ in theirs])
        self.assertGreater(len(ours), 5)
        errors = [abs(a - b) for (_, a), (_, b) in zip(ours, theirs)]
        self.assertLess(sum(errors) / len(errors), 4 * dt)
        if TABLE:
            print(f"a network of snnTorch: {len(ours)} spikes, mean error {1e6 * sum(errors) / len(errors):.0f} us")

    def test_norse_convolutional(self):
        try:
            __import__("norse")
        except ImportError as missing:
            self.skipTest(str(missing))
        run = self.imported(convolutional(CONV_SEED))
        spikes = self.images(CONV_SEED, 2, 8, 8)
        self.converges("norse, convolutional", run, spikes, self.spikes(run, 4), simulate.norse)


# Networks without a potential that only just reaches, or misses, a threshold: such a spike would come and go with the step.
DENSE_SEED, CONV_SEED = 11, 0

if __name__ == "__main__":
    unittest.main()
