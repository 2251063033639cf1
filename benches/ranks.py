#!/usr/bin/env python3
"""Trains with 1, 2, 4 ... MPI ranks of one thread in turn, and prints samples per second. Needs Python 3.11 and mpirun.

    NOCTULE_DATA=... benches/ranks.py --noctule target/release/noctule mnist-count mnist-conv

The binary must be built with `--features mpi`. The first epoch warms up; figures are medians over the others.
"""

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="+")
    parser.add_argument("--noctule", required=True, help="a release binary with the feature mpi")
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run, in turn")
    parser.add_argument("--epochs", type=int, default=3, help="at least 2")
    parser.add_argument("--set", action="append", default=[], help="as for `noctule train`")
    parser.add_argument("--mpirun", default="mpirun --bind-to none", help="mpirun, with options")
    given = parser.parse_args()
    if given.epochs < 2:
        parser.error("--epochs must be at least 2: the first warms up")
    if given.rounds < 1 or min(given.ranks) < 1:
        parser.error("--rounds and --ranks must be at least 1")
    for program in (given.noctule, *shlex.split(given.mpirun)[:1]):
        if shutil.which(program) is None:
            parser.error(f"{program} is not a program that can be run here")
    overrides = [part for pair in given.set for part in ("--set", pair)]
    for preset in given.presets:
        speeds: dict[int, list[float]] = {ranks: [] for ranks in given.ranks}
        for _ in range(given.rounds):
            for ranks in given.ranks:
                speeds[ranks] += epochs(given, preset, ranks, overrides)
        for ranks, values in speeds.items():
            ratio = median(values) / median(speeds[given.ranks[0]])
            print(
                f"{preset} {ranks} ranks: {median(values):,.0f} samples/s"
                f" ({min(values):,.0f} to {max(values):,.0f}), {ratio:.2f} x",
                flush=True,
            )


def epochs(given: argparse.Namespace, preset: str, ranks: int, overrides: list[str]) -> list[float]:
    """Samples per second of every epoch but the first."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        command = [*shlex.split(given.mpirun), "-n", str(ranks), given.noctule, "train", preset, "--threads", "1"]
        command += ["--epochs", str(given.epochs), "--out", str(run), *overrides]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{shlex.join(command)} failed:\n{done.stderr[-2000:]}")
        lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
        return [line["samples_per_second"] for line in lines if line["split"] == "train" and line["epoch"] > 0]


if __name__ == "__main__":
    main()
