#!/usr/bin/env python3
"""Writes experiments and a study for `.ci/report` into a folder: images of 47 classes for a convolutional network, events
of many units without pictures, and the result of a study. NPZ files are written without NumPy.

usage: report-data.py FOLDER
"""

import array
import json
import random
import struct
import sys
import zipfile
from pathlib import Path

NEURON = "tau_m = 0.02\ntau_s = 0.01\nt_max = 0.1\n"


def npy(kind, shape, values):
    """The bytes of a NumPy file."""
    types = {"f4": "f", "u1": "B", "i8": "q"}
    order = "|" if kind == "u1" else "<"
    header = f"{{'descr': '{order}{kind}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + array.array(types[kind], values).tobytes()


def save(path, **arrays):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, (kind, shape, values) in arrays.items():
            file.writestr(name + ".npy", npy(kind, shape, values))


def images(folder, classes=47, side=12):
    """A bright spot for each class, on noise."""
    draw = random.Random(1)
    for part, count in (("train", 940), ("test", 470)):
        labels = [index % classes for index in range(count)]
        pixels = []
        for label in labels:
            image = [draw.randrange(60) for _ in range(side * side)]
            for y in range(3):
                for x in range(3):
                    image[(label // 9 + y + 1) * side + label % 9 + x] = 255
            pixels += image
        save(folder / f"images-{part}.npz", images=("u1", (count, side, side), pixels), labels=("i8", (count,), labels))
    (folder / "images.toml").write_text(f"""name = "spots"
description = "Spots of 47 classes </script>, a convolutional network"
[data]
set = "images"
train = "images-train.npz"
test = "images-test.npz"
[neuron]
{NEURON}[[layers]]
kind = "conv2d"
filters = 8
window = 3
theta = 1.0
max_spikes = 5
[[layers]]
kind = "sum_pool2d"
size = 2
[[layers]]
kind = "dense"
neurons = {classes}
theta = 1.0
max_spikes = 20
[loss]
kind = "spike-count"
target_true = 10
target_false = 1
[optimiser]
kind = "adam"
[training]
epochs = 2
batch_size = 20
""")


def events(folder, classes=5, units=4000, spikes=9000):
    """A band of units that is busier for each class; more spikes than a page shows."""
    draw = random.Random(2)
    for part, count in (("train", 60), ("test", 30)):
        labels = [index % classes for index in range(count)]
        times, neurons = [], []
        for label in labels:
            times += sorted(draw.uniform(0, 0.08) for _ in range(spikes))
            band = units // classes
            neurons += [label * band + draw.randrange(band) if draw.random() < 0.4 else draw.randrange(units) for _ in range(spikes)]
        offsets = [spikes * index for index in range(count + 1)]
        save(folder / f"events-{part}.npz", times=("f4", (len(times),), times), units=("i8", (len(times),), neurons),
             offsets=("i8", (count + 1,), offsets), labels=("i8", (count,), labels), population=("i8", (), [units]))
    (folder / "events.toml").write_text(f"""name = "bands"
[data]
set = "events"
train = "events-train.npz"
test = "events-test.npz"
[neuron]
{NEURON}[[layers]]
kind = "dense"
neurons = 60
theta = 1.0
max_spikes = 20
[[layers]]
kind = "dense"
neurons = {classes}
theta = 1.0
max_spikes = 20
[loss]
kind = "spike-count"
target_true = 10
target_false = 1
[optimiser]
kind = "adam"
[training]
epochs = 2
batch_size = 10
""")


def study(folder):
    """A study with every finding, tables and charts on linear and logarithmic axes."""
    lines = [{"name": name, "x": [1e-4, 1e-3, 1e-2, 0.1], "y": [y, y * 0.99, y * 0.9, y * 0.6], "error": [0.01] * 4}
             for name, y in (("Noctule", 0.97), ("a time step", 0.95))]
    def chart(name, log):
        return {"name": name, "title": f"Accuracy over the time step, {name}", "x": {"label": "time step (s)", "log": log},
                "y": {"label": "test accuracy", "log": log}, "series": lines}
    verdicts = [{"subject": subject, "claim": "Accuracy holds when times are rounded.", "finding": finding,
                 "evidence": "97.1 ± 0.2 % against 97.4 ± 0.1 %, 3 seeds"}
                for subject, finding in (("steps", "holds"), ("weights", "holds-partly"), ("noise", "does-not-hold-here"))]
    (folder / "study").mkdir()
    (folder / "study" / "study.json").write_text(json.dumps({
        "study": "precision", "title": "What rounding does", "summary": "Networks are trained exactly and evaluated with rounded times.",
        "provenance": {"version": "0.1.0", "machine": "a machine, 2 threads", "command": "noctule study precision", "seconds": 4000.0},
        "verdicts": verdicts,
        "sections": [{"title": "Time steps", "text": "One standard error to each side.", "charts": [chart("linear", False), chart("logarithmic", True)],
                      "tables": [{"title": "Accuracy", "columns": ["step", "accuracy"], "rows": [["1 ms", "97.1 %"], ["10 ms", "87.3 %"]]}]}]}))


def main():
    folder = Path(sys.argv[1])
    images(folder)
    events(folder)
    study(folder)


main()
