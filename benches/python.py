#!/usr/bin/env python3
"""How fast MNIST trains through Python, beside the command line: `nt.train`, `nt.fit`, and a layer in PyTorch with PyTorch's Adam.

    NOCTULE_DATA=... benches/python.py --python ENV/bin/python [--rounds 5] [--write]

ENV has noctule and torch; its own `noctule` command, or the one that NOCTULE names, is compared with. Each round runs all of them in turn, as
processes of their own, and takes the second epoch; the fastest rounds are compared. Nothing else should run meanwhile. `--write` fills the
table in docs/python.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "python.md"
BEGIN, END = "<!-- speed of Python: measured -->", "<!-- end of speed -->"
CONSTANTS = {"tau_m": 0.26, "tau_s": 0.13, "t_max": 0.2}
BATCH = 50
WORKS = {
    "command": "`noctule train mnist-count`",
    "train": "`nt.train(\"mnist-count\")`",
    "fit": "`nt.fit`",
    "torch": "`nt.torch.Layer`, PyTorch's Adam",
}


def layers(nt):
    """Those of the preset."""
    return [
        nt.Dense(800, theta=0.2, max_spikes=30, init=nt.Uniform(-1.0, 1.0)),
        nt.Dense(10, theta=1.3, max_spikes=30, init=nt.Uniform(-0.4, 0.4)),
    ]


def measure_fit() -> float:
    import noctule as nt

    train, test = nt.data.mnist()
    net = nt.Network(784, layers(nt), **CONSTANTS)
    loss, optimiser = nt.SpikeCount(15, 3), nt.Adam(0.008)
    run = nt.fit(
        net, train[:58000], test, loss=loss, optimiser=optimiser, epochs=2, batch_size=BATCH, max_inverse_slope=0.2,
        silent_boost=1.0, progress=False,
    )
    return run.of("train")[-1].samples_per_second


def measure_torch() -> float:
    import torch

    import noctule as nt

    torch.set_num_threads(1)
    train, _ = nt.data.mnist()
    images = torch.from_numpy(train.images.reshape(len(train), -1))
    labels = torch.from_numpy(train.labels)
    layer = nt.torch.Layer(784, layers(nt), max_inverse_slope=0.2, silent_boost=1.0, **CONSTANTS)
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.008, fused=True)
    loss_of = nt.torch.SpikeLoss(nt.SpikeCount(15, 3))
    order = torch.randperm(len(train))
    begin = 0.0
    # As in the others, the second epoch counts: in the first one neurons spike more often.
    for step in range((58000 + 25000) // BATCH):
        if step == 58000 // BATCH:
            begin = time.perf_counter()
        first = step * BATCH % 58000
        chosen = order[first : first + BATCH]
        times = layer(nt.torch.encode(images[chosen]))
        optimiser.zero_grad()
        loss_of(times, labels[chosen]).backward()
        optimiser.step()
    return 25000 / (time.perf_counter() - begin)


def measure_train() -> float:
    import noctule as nt

    with tempfile.TemporaryDirectory() as folder:
        run = nt.train("mnist-count", epochs=2, out=Path(folder) / "run", progress=False)
    return run.of("train")[-1].samples_per_second


def measure_command(python: str) -> float:
    command = os.environ.get("NOCTULE", str(Path(python).parent / "noctule"))
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        words = [command, "train", "mnist-count", "--epochs", "2", "--no-report", "--out", str(run)]
        subprocess.run(words, capture_output=True, check=True)
        records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [record for record in records if record["split"] == "train"][-1]["samples_per_second"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--work", choices=("train", "fit", "torch"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work is not None:
        print({"train": measure_train, "fit": measure_fit, "torch": measure_torch}[given.work]())
        return
    found: dict[str, list[float]] = {work: [] for work in WORKS}
    for _ in range(given.rounds):
        found["command"].append(measure_command(given.python))
        for work in ("train", "fit", "torch"):
            words = [given.python, __file__, "--work", work]
            found[work].append(float(subprocess.run(words, capture_output=True, text=True, check=True).stdout))
        print({work: round(speeds[-1]) for work, speeds in found.items()}, flush=True)
    text = table(found)
    print(text)
    if given.write:
        document = DOCUMENT.read_text(encoding="utf-8")
        before, rest = document.split(BEGIN)
        after = rest.split(END)[1] if END in rest else rest
        DOCUMENT.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")


def table(found: dict[str, list[float]]) -> str:
    # What disturbs a round makes it slower, never faster.
    fastest = {work: max(found[work]) for work in WORKS}
    rows = "".join(
        f"| {name} | {fastest[work]:,.0f} | {median(found[work]):,.0f} | {min(found[work]):,.0f} "
        f"| {100 * fastest[work] / fastest['command']:.0f} % |\n"
        for work, name in WORKS.items()
    )
    rounds = len(found["command"])
    least, most = min(found["command"]), max(found["command"])
    return (
        f"Training of 784-800-10 on MNIST in batches of {BATCH}, on {os.cpu_count()} cores of a {platform.machine()} machine, "
        f"{datetime.date.today()}: {rounds} rounds in\nturn. "
        f"Rounds differ, by {100 * (most / least - 1):.0f} % for the command; the fastest are compared.\n\n"
        "| samples/s | fastest | median | slowest | of the command line |\n|---|---|---|---|---|\n" + rows
    )


if __name__ == "__main__":
    main()
