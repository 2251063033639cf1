#!/usr/bin/env python3
"""Runs both scripts of the tutorial in turn, and fills the table of the guide's chapter "From snnTorch".

    NOCTULE_DATA=... benches/peers/tutorial.py --python ENV/bin/python [--rounds 3]

ENV has noctule, snntorch and torch. Figures are medians over the rounds; each round has a seed of its own. Nothing else should
run meanwhile. `--batches 5 --print` tries both out and changes no file.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from statistics import mean, median

HERE = Path(__file__).resolve().parent
CHAPTER = HERE.parent.parent / "docs/guide/src/from-snntorch.md"
BEGIN, END = "<!-- tutorial: generated -->", "<!-- end of tutorial -->"
SCRIPTS = {"snntorch": ("snnTorch", "tutorial_snntorch.py"), "noctule": ("Noctule", "tutorial_noctule.py")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has both libraries")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--batches", type=int, help="number of batches to train on, in place of an epoch")
    parser.add_argument("--print", action="store_true", help="prints the table instead of writing it")
    given = parser.parse_args()
    results = {name: [] for name in SCRIPTS}
    for seed in range(given.rounds):
        for name, (_, script) in SCRIPTS.items():
            results[name].append(run(given, script, seed))
    text = table(given, results)
    if given.print:
        print(text)
        return
    if given.batches is not None:
        sys.exit("the table is of a whole epoch: leave --batches out, or give --print")
    chapter = CHAPTER.read_text(encoding="utf-8")
    before, rest = chapter.split(BEGIN)
    _, after = rest.split(END)
    CHAPTER.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")
    print(f"filled the table of {CHAPTER}")


def run(given: argparse.Namespace, script: str, seed: int) -> dict:
    command = [given.python, str(HERE / script), "--seed", str(seed), "--threads", str(given.threads)]
    if given.batches is not None:
        command += ["--batches", str(given.batches)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{script} fails:\n{done.stderr}")
    line = json.loads(done.stdout.splitlines()[-1])
    speed = f"{line['samples_per_second']:,.0f} samples/s"
    print(f"{line['library']}, seed {seed}: {100 * line['accuracy']:.2f} %, {speed}", flush=True)
    return line


def table(given: argparse.Namespace, results: dict) -> str:
    speeds = {name: median(line["samples_per_second"] for line in lines) for name, lines in results.items()}
    rows = []
    for name, lines in results.items():
        accuracy = 100 * mean(line["accuracy"] for line in lines)
        rows.append(f"| {SCRIPTS[name][0]} {lines[0]['version']} | {accuracy:.2f} % | {speeds[name]:,.0f} |\n")
    length = "one epoch" if given.batches is None else f"{given.batches} batches"
    seeds = "one seed" if given.rounds == 1 else f"{given.rounds} seeds"
    return (
        f"| library | test accuracy after {length} | samples/s of training |\n|---|---|---|\n"
        + "".join(rows)
        + f"\n{datetime.date.today()}, {given.threads} threads of {processor()}; means and medians of {seeds}. Training is "
        f"{speeds['noctule'] / speeds['snntorch']:.1f} times as fast.\n"
    )


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
