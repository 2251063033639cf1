"""Presets and run directories, which the command line shares; and the command that the package installs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import noctule as nt

SMALL = {"training.epochs": 2, "layers.0.neurons": 30}


def command(*words, **more):
    """The `noctule` command of this package."""
    return subprocess.run(
        [sys.executable, "-m", "noctule", *map(str, words)], capture_output=True, text=True, timeout=300, **more
    )


def test_a_run_is_shared_with_the_command(tmp_path):
    run = nt.train("yinyang", out=tmp_path / "run", overrides=SMALL, seed=5)
    assert run.finished and len(run.of("test")) == 2 and run.config["seed"] == 5
    assert (tmp_path / "run" / "config.toml").read_text() == run.toml
    evaluated = command("eval", tmp_path / "run", "--json")
    assert evaluated.returncode == 0, evaluated.stderr
    assert json.loads(evaluated.stdout)["accuracy"] == run.accuracy == run.evaluate().accuracy
    test = run.data("test")
    found = run.network.predict(test, rule="first_spike")
    assert (found == test.labels).mean() == pytest.approx(run.accuracy)
    # The same experiment on the command line gives the same bits.
    words = ["train", "yinyang", "--out", tmp_path / "other", "--seed", 5, "--no-report"]
    for key, value in SMALL.items():
        words += ["--set", f"{key}={value}"]
    assert command(*words).returncode == 0
    other = nt.load(tmp_path / "other")
    for ours, theirs in zip(run.network.weights, other.network.weights):
        np.testing.assert_array_equal(ours, theirs)
    assert [record.loss for record in other.records] == [record.loss for record in run.records]


def test_fit_with_the_same_numbers_gives_the_same_bits(tmp_path):
    overrides = {**SMALL, "layers.0.silent_boost": 0.0, "layers.1.silent_boost": 0.0}
    run = nt.train("yinyang", out=tmp_path / "run", overrides=overrides)
    layers = [
        nt.Dense(30, theta=0.02, max_spikes=30, init=nt.Normal(1.5, 0.78)),
        nt.Dense(3, theta=0.02, max_spikes=1, init=nt.Normal(0.93, 0.1)),
    ]
    net = nt.Network(5, layers, tau_m=0.02, tau_s=0.01, t_max=0.06, seed=0)
    fitted = nt.fit(
        net,
        run.data("train"),
        run.data("test"),
        loss=nt.FirstSpike(0.0005, 0.06, early_pull=0.003, early_pull_time=0.0064),
        optimiser=nt.Adam(0.003),
        schedule=nt.Cosine(),
        epochs=2,
        batch_size=32,
        max_inverse_slope=20.0,
        silent_boost=[0.0, 0.0],
    )
    assert [record.loss for record in fitted.of("test")] == [record.loss for record in run.of("test")]
    for ours, theirs in zip(net.weights, run.network.weights):
        np.testing.assert_array_equal(ours, theirs)


def test_a_run_is_resumed_with_callbacks(tmp_path):
    whole = nt.train("yinyang", out=tmp_path / "whole", overrides=SMALL, epochs=4)
    seen = []

    def look(epoch):
        seen.append(epoch.number)
        return epoch.number == 2

    part = nt.train("yinyang", out=tmp_path / "part", overrides=SMALL, epochs=4, callbacks=[look])
    assert seen == [1, 2] and not part.finished
    rest = nt.train(resume=tmp_path / "part")
    assert rest.finished and rest.accuracy == whole.accuracy
    for ours, theirs in zip(rest.network.weights, whole.network.weights):
        np.testing.assert_array_equal(ours, theirs)


def test_own_data_and_reports(tmp_path):
    random = np.random.default_rng(0)
    templates = random.uniform(0.005, 0.095, (3, 50))
    for name, samples in (("train", 90), ("test", 30)):
        labels = random.integers(0, 3, samples)
        moments = templates[labels] + random.normal(0, 0.001, (samples, 50))
        units = np.argsort(moments)
        times = np.take_along_axis(moments, units, axis=1)
        offsets = 50 * np.arange(samples + 1)
        np.savez(tmp_path / f"{name}.npz", times=times.ravel(), units=units.ravel(), offsets=offsets, labels=labels)
    made = command("new", tmp_path / "mine.toml", "--from", tmp_path / "train.npz")
    assert made.returncode == 0, made.stderr
    run = nt.train(tmp_path / "mine.toml", out=tmp_path / "run", epochs=3, report=True)
    assert (tmp_path / "run" / "report.html").exists()
    assert run.network.inputs == 50 and len(run.data("test")) == 30
    assert isinstance(run.data("train"), nt.data.EventSet)


def test_overrides_are_values_of_toml(tmp_path):
    loss = {"kind": "first-spike", "temperature": 0.001}
    overrides = {**SMALL, "training.epochs": 1, "loss": loss, "description": "5"}
    run = nt.train("yinyang", out=tmp_path / "run", overrides=overrides)
    assert run.config["loss"]["temperature"] == 0.001 and run.config["description"] == "5"
    again = nt.train("yinyang", out=tmp_path / "again", overrides={**SMALL, "training.epochs": 1, "loss": run.config["loss"]})
    assert again.config["loss"] == run.config["loss"]


def test_presets():
    assert "mnist-count" in nt.presets() and "yinyang" in nt.presets()


@pytest.mark.parametrize(
    "call, named",
    [
        (lambda path: nt.train("mnist-cuont"), "mnist-count"),
        (lambda path: nt.train(), "experiment"),
        (lambda path: nt.train("yinyang", resume=path), "experiment"),
        (lambda path: nt.train("yinyang", out=path / "r", overrides={"training.epoch": 1}), "training.epochs"),
        (lambda path: nt.train("yinyang", out=path / "r", overrides={"training.epochs": -1}), "-1"),
        (lambda path: nt.train("yinyang", out=path / "r", backend="tpu"), "tpu"),
        (lambda path: nt.train("yinyang", out=path / "r", overrides={"description": None}), "None"),
        (lambda path: nt.train("yinyang", out=path / "r", epochs=1.5), "1.5"),
        (lambda path: nt.train("yinyang", out=path / "r", seed=-1), "-1"),
        (lambda path: nt.load(path, threads=-1), "-1"),
        (lambda path: nt.train(path / "none.toml", out=path / "r"), "none.toml"),
        (lambda path: nt.load(path / "nothing"), "nothing"),
        (lambda path: nt.load(path), "config.toml"),
        (lambda path: nt.train(resume=path), "config.toml"),
    ],
)
def test_what_is_wrong_is_named(call, named, tmp_path):
    with pytest.raises(nt.NoctuleError) as refused:
        call(tmp_path)
    assert named in str(refused.value)
    assert not (tmp_path / "r").exists()


def test_the_command():
    version = command("--version")
    assert version.stdout.split()[:2] == ["noctule", nt.__version__]
    assert command("train", "nonsense").returncode == 2
    assert "presets" in command("train", "--help").stdout.lower()
    assert command("devices", "--json").stdout.strip().startswith("[")
    assert isinstance(nt.devices(), list)


@pytest.mark.skipif(os.name == "nt", reason="signals are another matter there")
def test_ctrl_c_leaves_a_run_that_can_be_resumed(tmp_path):
    words = [sys.executable, "-m", "noctule", "train", "yinyang", "--epochs", "100000", "--out", str(tmp_path / "run")]
    # The signal may be ignored by whoever started this test; the command would ignore it, too.
    process = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    metrics = tmp_path / "run" / "metrics.jsonl"
    for _ in range(600):
        if metrics.exists() and metrics.stat().st_size:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "--resume" in output
    assert not nt.load(tmp_path / "run").finished
