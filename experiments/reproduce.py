#!/usr/bin/env python3
"""Trains a preset with the present build and compares every figure with the recorded run.

    experiments/reproduce.py mnist-count --seeds 0..2
    experiments/reproduce.py mnist-count --seeds 0..0 --epochs 1    # only the first epoch of the planned twenty
    experiments/reproduce.py convergence                           # a sweep
    experiments/reproduce.py mnist-count --seeds 0..2 --record     # the runs become the record

The same seed gives the same bits on every machine that rounds alike, so losses, accuracies and spike counts must agree to
the last digit; times need not. Runs lie in `runs/reproduce/PRESET-SEED` and are resumed when the command is given again.
The exit status is 0 if all figures agree, 1 if one differs, and 2 if a run or a record is missing. Needs Python 3.11 and
git.
"""

import argparse
import json
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORDS = ROOT / "experiments" / "results"

# The figures of an epoch that do not depend on the machine.
EXACT = ["loss", "accuracy", "spikes_per_neuron", "silent_fraction"]

# The figures of a sweep that do not depend on the machine.
EXACT_IN_SWEEP = ["x", "y", "repeats", "accuracy", "solved", "mean_accuracy", "mean_solved", "diverged"]


def seeds(text: str) -> list[int]:
    """`0..2` with both ends, or `0,3,7`."""
    if ".." in text:
        first, last = text.split("..")
        return list(range(int(first), int(last) + 1))
    return [int(seed) for seed in text.split(",")]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", help="a preset, such as mnist-count, or a TOML file")
    parser.add_argument("--seeds", type=seeds, default=[0], metavar="A..B", help="both ends included; default 0")
    parser.add_argument("--epochs", type=int, metavar="N", help="stop after N of the planned epochs")
    parser.add_argument("--record", action="store_true", help="make the finished runs the record instead of comparing")
    parser.add_argument("--noctule", type=Path, help="the program; default: build target/release/noctule")
    parser.add_argument("--data-dir", type=Path, help="directory of the data sets")
    parser.add_argument("--threads", type=int, default=0, help="threads; default: all cores")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "reproduce", help="where the runs lie")
    return parser.parse_args()


def fail(message: str) -> None:
    print(f"error: {message}", file=sys.stderr)
    sys.exit(2)


def program(given: argparse.Namespace) -> Path:
    if given.noctule:
        return given.noctule.resolve()
    subprocess.run(["cargo", "build", "--release", "--locked", "--package", "noctule"], cwd=ROOT, check=True)
    return ROOT / "target" / "release" / "noctule"


def commit_of(noctule: Path) -> str:
    """The commit that the program says it was built from."""
    told = subprocess.run([noctule, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\((.*)\)", told)
    return found[1] if found else "unknown"


def recordable(commit: str) -> None:
    """A record names a commit of this history, so that anyone can build the same program."""
    if not re.fullmatch("[0-9a-f]{40}", commit):
        fail(f"the program was built from `{commit}`, not from a commit; commit the changes and build again")
    ancestor = ["git", "merge-base", "--is-ancestor", commit, "HEAD"]
    if subprocess.run(ancestor, cwd=ROOT).returncode != 0:
        fail(f"the program was built from {commit}, which is not in the history of HEAD")


def metrics(folder: Path) -> list[dict]:
    """The records of a run, the later of two of the same epoch and split."""
    path = folder / "metrics.jsonl"
    if not path.exists():
        return []
    lines = [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
    records = [json.loads(line) for line in lines]
    # Until version 0.1.0 epochs were counted from 0.
    first = min((record["epoch"] for record in records), default=1)
    for record in records:
        record["epoch"] += 1 - first
    return list({(record["epoch"], record["split"]): record for record in records}.values())


def finished_epochs(folder: Path) -> int:
    return max((record["epoch"] for record in metrics(folder) if record["split"] == "test"), default=0)


def planned_epochs(folder: Path) -> int:
    return tomllib.loads((folder / "config.toml").read_text())["training"]["epochs"]


def train(given: argparse.Namespace, noctule: Path, seed: int, folder: Path) -> None:
    """Trains to the end, or until `--epochs` are done."""
    options = ["--threads", str(given.threads)]
    if given.data_dir:
        options += ["--data-dir", str(given.data_dir)]
    if (folder / "config.toml").exists():
        start = ["train", "--resume", str(folder)]
    else:
        start = ["train", given.preset, "--seed", str(seed), "--out", str(folder)]
    wanted = given.epochs
    if wanted and finished_epochs(folder) >= wanted:
        return
    running = subprocess.Popen([noctule, *start, *options])
    try:
        while running.poll() is None:
            time.sleep(0.1)
            if wanted and finished_epochs(folder) >= wanted and wanted < planned_epochs(folder):
                running.send_signal(signal.SIGINT)
                running.wait()
    except KeyboardInterrupt:
        running.wait()
        sys.exit(130)
    if running.returncode not in ([0, 130] if wanted else [0]):
        fail(f"training ended with status {running.returncode}")


def sweep(given: argparse.Namespace, noctule: Path, folder: Path) -> None:
    if (folder / "sweep.json").exists():
        return
    if (folder / "config.toml").exists():
        command = [noctule, "sweep", "--resume", str(folder)]
    else:
        shutil.rmtree(folder, ignore_errors=True)
        command = [noctule, "sweep", given.preset, "--out", str(folder)]
    command += ["--threads", str(given.threads)]
    if subprocess.run(command).returncode != 0:
        fail("the sweep did not finish")


def record(name: str, folder: Path, commit: str) -> None:
    """Copies what a finished run measured into the records; never its weights."""
    place = RECORDS / name
    place.mkdir(parents=True, exist_ok=True)
    for file in ["config.toml", "metrics.jsonl", "decision.png", "sweep.json", "sweep.png"]:
        if (folder / file).exists():
            shutil.copy(folder / file, place / file)
    (place / "commit.txt").write_text(commit + "\n")
    print(f"{name}: recorded, of commit {commit[:10]}")


def compare_epochs(name: str, found: list[dict], expected: list[dict], epochs: int) -> int:
    """How many figures differ in the epochs that both have; prints the first."""
    place = {(record["epoch"], record["split"]): record for record in expected}
    compared = differing = 0
    for new in found:
        key = (new["epoch"], new["split"])
        if new["epoch"] > epochs or key not in place:
            continue
        for figure in EXACT:
            compared += 1
            if new[figure] != place[key][figure]:
                differing += 1
                if differing == 1:
                    print(f"{name}: epoch {key[0]}, {key[1]}: {figure} is {new[figure]}, recorded {place[key][figure]}")
    if compared == 0:
        fail(f"{name}: the record has no epoch in common with the run")
    print(f"{name}: {compared - differing} of {compared} figures of {epochs} epochs agree to the last digit")
    return differing


def compare_sweeps(name: str, folder: Path) -> int:
    new, old = (json.loads((place / "sweep.json").read_text()) for place in (folder, RECORDS / name))
    differing = [figure for figure in EXACT_IN_SWEEP if new[figure] != old[figure]]
    print(f"{name}: {', '.join(differing) or 'nothing'} differs")
    return len(differing)


def main() -> None:
    given = arguments()
    given.out = given.out.resolve()
    noctule = program(given)
    commit = commit_of(noctule)
    name = Path(given.preset).stem
    if given.record:
        recordable(commit)
    is_sweep = "[sweep]" in (ROOT / "experiments" / f"{name}.toml").read_text().split("# [sweep]")[0]
    differing = 0
    for run in [name] if is_sweep else [f"{name}-{seed}" for seed in given.seeds]:
        folder = given.out / run
        if not given.record and not (RECORDS / run / "config.toml").exists():
            fail(f"there is no record {RECORDS / run}")
        noted = folder.with_suffix(".commit")
        if folder.exists() and (not noted.exists() or noted.read_text().strip() != commit):
            fail(f"{folder} is of another build; remove it, or choose another folder with --out")
        folder.parent.mkdir(parents=True, exist_ok=True)
        noted.write_text(commit + "\n")
        if is_sweep:
            sweep(given, noctule, folder)
        else:
            train(given, noctule, int(run.rpartition("-")[2]), folder)
        if given.record:
            record(run, folder, commit)
        elif is_sweep:
            differing += compare_sweeps(run, folder)
        else:
            epochs = min(finished_epochs(folder), given.epochs or sys.maxsize)
            differing += compare_epochs(run, metrics(folder), metrics(RECORDS / run), epochs)
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
