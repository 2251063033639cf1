#!/usr/bin/env python3
"""Measures Noctule and its peers in turn on this machine, and writes benches/results.json. Needs Python 3.11 alone.

    NOCTULE_DATA=... benches/peers/run.py --noctule target/release/noctule --python ENV/bin/python

Each peer runs in the first interpreter that has it; a peer that none has is skipped. Noctule runs before every peer.
Figures are medians over windows. How much of the processor other programs took during a run is recorded; a run that they
disturbed is repeated, and does not count if there is a better one.
"""

import argparse
import datetime
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
# The work, what `noctule bench` does for it, and the peers: (distribution, script, options).
WORKS = {
    "dense": (["mnist-count"], [
        ("snntorch", "peer_snntorch.py", ["--work", "dense", "--step", "0.005"]),
        ("spikingjelly", "peer_spikingjelly.py", ["--work", "dense", "--step", "0.005"]),
        ("snntorch", "peer_snntorch.py", ["--work", "dense", "--step", "0.001"]),
        ("spikingjelly", "peer_spikingjelly.py", ["--work", "dense", "--step", "0.001"]),
    ]),
    "conv": (["mnist-conv"], [
        ("snntorch", "peer_snntorch.py", ["--work", "conv", "--step", "0.005"]),
        ("spikingjelly", "peer_spikingjelly.py", ["--work", "conv", "--step", "0.005"]),
    ]),
    "yinyang": (["yinyang"] + [part for pair in (
        "layers.0.neurons=100", "layers.0.max_spikes=1", "layers.1.max_spikes=1", "training.batch_size=64",
    ) for part in ("--set", pair)], [
        ("jaxsnn", "peer_jaxsnn.py", []),
        ("eventax", "peer_eventax.py", []),
    ]),
    # Half a minute for each batch of the peer: no warm-up, and one batch for each figure.
    "dense-single": (["mnist-ttfs"], [
        ("exact-snn-nn", "peer_exact_snn.py", ["--windows", "1", "--seconds", "0", "--warm-up", "0"]),
    ]),
    # Large batches, which GPUs are good at.
    "dense-large": (["mnist-count", "--set", "training.batch_size=1000"], [
        ("snntorch", "peer_snntorch.py", ["--work", "dense", "--step", "0.005", "--batch", "1000"]),
        ("spikingjelly", "peer_spikingjelly.py", ["--work", "dense", "--step", "0.005", "--batch", "1000"]),
    ]),
}  # fmt: skip
# What is measured of Noctule alone: presets with 1, 2, 4 ... threads, and the synthetic sweep.
THREADS, SWEEP = "threads", "synthetic"
THREADED = ("mnist-count", "mnist-ttfs", "mnist-conv", "yinyang")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--noctule", required=True, help="a release binary")
    parser.add_argument("--python", action="append", default=[], help="interpreter of a virtual environment with peers")
    parser.add_argument("--data", default=os.environ.get("NOCTULE_DATA"), help="the folder that holds mnist/")
    parser.add_argument("--work", action="append", choices=[*WORKS, THREADS, SWEEP], help="only this work; may be repeated")
    parser.add_argument("--keep", action="store_true", help="keep what the file has of works that are not measured now")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="what the peers compute on")
    parser.add_argument("--rounds", type=int, default=1, help="how often each peer runs, and Noctule before it")
    parser.add_argument("--windows", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a window")
    parser.add_argument("--warm-up", type=float, default=6.0, help="seconds of training before Noctule is measured")
    parser.add_argument("--peer-warm-up", type=float, default=2.0, help="the same for peers, compilation included")
    parser.add_argument("--tries", type=int, default=2, help="how often a disturbed run is made at most")
    parser.add_argument("--quiet", type=float, default=0.05, help="share of all cores that others may take")
    parser.add_argument("--limit", type=float, default=600.0, help="longest time of one run, in seconds")
    parser.add_argument("--out", type=Path, default=HERE.parent / "results.json")
    given = parser.parse_args()
    for program in (given.noctule, *given.python, *(["nvidia-smi"] if given.device == "cuda" else [])):
        if shutil.which(program) is None:
            parser.error(f"{program} is not a program that can be run here")
    environment = dict(os.environ, **({"NOCTULE_DATA": given.data} if given.data else {}))
    plan = ["--windows", str(given.windows), "--seconds", str(given.seconds)]
    skipped = []
    kept = json.loads(given.out.read_text()) if given.keep else {}
    works = kept.get("works", {})
    device = graphics_card() if given.device == "cuda" else None
    if works and kept.get("device") != device:
        parser.error(f"{given.out} has figures of other devices; choose another --out")

    def run(name: str, command: list[str]) -> dict | None:
        """The least disturbed of some tries."""
        best = None
        for _ in range(max(1, given.tries)):
            figures = once(name, command)
            if figures is None:
                return best
            if best is None or figures["others"] < best["others"]:
                best = figures
            if best["others"] <= given.quiet:
                break
        return best

    def once(name: str, command: list[str]) -> dict | None:
        """The last line of standard output, which is one object of JSON, and the share that others took."""
        busy, own, start = busy_seconds(), own_seconds(), time.monotonic()
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=given.limit)
        except (OSError, subprocess.TimeoutExpired) as error:
            return skip(name, f"{type(error).__name__}", str(error))
        lines = done.stdout.strip().splitlines()
        if done.returncode or not lines:
            return skip(name, f"failed with exit status {done.returncode}", done.stderr[-2000:])
        others = (busy_seconds() - busy) - (own_seconds() - own)
        share = max(0.0, others / (time.monotonic() - start) / os.cpu_count())
        return json.loads(lines[-1]) | {"others": round(share, 3)}

    def skip(name: str, reason: str, detail: str = "") -> None:
        print(f"  {name} skipped: {reason} {detail}".rstrip(), file=sys.stderr)
        if {"name": name, "reason": reason} not in skipped:
            skipped.append({"name": name, "reason": reason})

    chosen = given.work or [*WORKS, THREADS, SWEEP]
    for work in (work for work in WORKS if work in chosen):
        bench, peers = WORKS[work]
        noctule = [given.noctule, "bench", *bench, "--json", *plan, "--warm-up", str(given.warm_up)]
        runs: dict[str, list[dict]] = {}
        for _ in range(given.rounds):
            for distribution, script, arguments in peers:
                python = next((python for python in given.python if has(python, distribution)), None)
                if python is None:
                    skip(distribution, "not installed")
                    continue
                peer = [python, str(HERE / script), *plan, "--warm-up", str(given.peer_warm_up), "--device", given.device, *arguments]
                before = None
                for name, command in (("noctule", noctule), (distribution, peer)):
                    figures = run(f"{name} ({work})", command)
                    if figures:
                        step, figures["before"] = figures.get("step"), before
                        runs.setdefault(name if step is None else f"{name} {1000 * step:g} ms", []).append(figures)
                        before = {key: figures[f"{key}_samples_per_second"] for key in ("train", "infer")}
                        print(f"  {work}: {name} {figures['train_samples_per_second']:.1f}/s, others {figures['others']}", file=sys.stderr)
        works[work] = {"bench": bench, "entries": [summary(name, runs[name], given.quiet) for name in runs]}

    def over_threads(work: str) -> dict:
        """A preset with more and more threads, in turn."""
        runs: dict[int, list[dict]] = {}
        for _ in range(given.rounds):
            for count in thread_counts():
                command = [given.noctule, "bench", work, "--json", *plan, "--threads", str(count)]
                figures = run(f"noctule ({work})", [*command, "--warm-up", str(given.warm_up)])
                if figures:
                    runs.setdefault(count, []).append(figures | {"before": None})
                    print(f"  {work}: {count} threads {figures['train_samples_per_second']:.1f}/s", file=sys.stderr)
        return {"work": work, "entries": [summary(work, runs[count], given.quiet) for count in runs]}

    threads = [over_threads(work) for work in THREADED] if THREADS in chosen else kept.get("threads", [])
    points = kept.get("points", [])
    if SWEEP in chosen:
        points = (run("noctule bench synthetic", [given.noctule, "bench", SWEEP, "--json", *plan]) or {}).get("points", points)
    result = {
        "date": datetime.date.today().isoformat(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "device": device,
        "system": f"{platform.system()} {platform.machine()}",
        "noctule": version(given.noctule),
        "works": works,
        "skipped": skipped,
        "threads": threads,
        "points": points,
    }
    given.out.write_text(json.dumps(result, indent=1) + "\n")


def busy_seconds() -> float:
    """Seconds that all cores together have worked since the machine started; 0 where the system does not say."""
    try:
        user, nice, system = Path("/proc/stat").read_text().split()[1:4]
    except OSError:
        return 0.0
    return (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")


def own_seconds() -> float:
    """Seconds that the programs which this one started have worked."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def has(python: str, distribution: str) -> bool:
    probe = [python, "-c", f"import importlib.metadata as m; m.version({distribution!r})"]
    return subprocess.run(probe, capture_output=True).returncode == 0


def version(noctule: str) -> str:
    return subprocess.run([noctule, "--version"], capture_output=True, text=True).stdout.strip()


def summary(name: str, runs: list[dict], quiet: float) -> dict:
    """Medians over the windows of the runs that were not disturbed, or of the least disturbed one."""
    runs = [run for run in runs if run["others"] <= max(quiet, min(run["others"] for run in runs))]
    windows = {key: [value for run in runs for value in run[f"{key}_windows"]] for key in ("train", "infer")}
    return {
        "name": name,
        "version": runs[0].get("version"),
        "step": runs[0].get("step"),
        "batch_size": runs[0]["batch_size"],
        "threads": runs[0]["threads"],
        "orders": [run["order"] for run in runs if "order" in run],
        "train_samples_per_second": median(windows["train"]),
        "infer_samples_per_second": median(windows["infer"]),
        "peak_rss_mb": max(run["peak_rss_mb"] or 0.0 for run in runs),
        # How many times as fast the run of Noctule just before was.
        "ratios": {
            key: median(run["before"][key] / run[f"{key}_samples_per_second"] for run in runs)
            for key in ("train", "infer")
            if all(run["before"] for run in runs)
        },
        "others": max(run["others"] for run in runs),
        "train_windows": windows["train"],
        "infer_windows": windows["infer"],
    }


def thread_counts() -> list[int]:
    """1, 2, 4 and so on, and all cores."""
    cores = os.cpu_count() or 1
    return sorted({min(2**power, cores) for power in range(cores.bit_length() + 1)})


def graphics_card() -> str:
    query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    return subprocess.run(query, capture_output=True, text=True).stdout.strip() or "unknown"


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    vectors = next((name for name in ("avx512f", "avx2") if name in facts.get("flags", "").split()), None)
    return facts.get("model name", platform.processor()) + (f", {vectors}" if vectors else "")


if __name__ == "__main__":
    main()
