#!/usr/bin/env python3
"""Measures the GPU engine on this machine: exactness, training, speed, kernels, and other libraries beside it.

scripts/gpu-bench.sh calls it. Each step has a time limit; one that fails or is skipped is recorded, and the next one follows.
The most important steps come first. Exit status: 0 if all was tried, 130 after a signal.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from peers import Peers
from record import Record, Stopped, stop_on_signals
from steps import MNIST, Noctule, machine

ROOT = Path(__file__).resolve().parent.parent.parent
CARRIED = ROOT / ".carry"
VECTORS = ("exact_gradients.json", "recorded_gradients.json", "temporal_gradients.json")
# Preset, sizes of batches, and what is changed. The augmentation of images is the processor's work.
PLAIN = ("augmentation={}",)
FIRST = [("mnist-count", 50, ()), ("mnist-count", 1000, ())]
CONVOLUTION = [("mnist-conv", 20, PLAIN), ("mnist-conv", 512, PLAIN)]
DENSE = [("mnist-count", 512, ()), ("mnist-count", 4096, ())]
OTHERS = [
    ("mnist-ttfs", 50, ()), ("mnist-ttfs", 512, ()), ("mnist-ttfs", 4096, ()),
    ("yinyang", 50, ()), ("yinyang", 512, ()), ("yinyang", 4096, ()), ("mnist-conv", 512, ()), ("mnist-conv", 4096, PLAIN),
]  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gpu-bench.sh", description=__doc__)
    parser.add_argument("--noctule", type=Path, help="a release binary; default: .carry/noctule, else that on the path")
    parser.add_argument("--backend", default="cuda", choices=["gpu", "cuda", "hip"])
    parser.add_argument("--data", type=Path, help="the folder that holds mnist/; default: .carry/data, else $NOCTULE_DATA")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has PyTorch, and CuPy; default: this one")
    parser.add_argument("--wheels", type=Path, help="wheels of what the peers lack; default: .carry/wheels")
    parser.add_argument("--bats", type=Path, help="checkout of the published reference implementation; default: .carry/bats")
    parser.add_argument("--minutes", type=float, default=7.5, help="when all has to be over")
    parser.add_argument("--quick", action="store_true", help="tiny networks for moments: tries the script and measures nothing")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="RESULT.json")
    given = parser.parse_args()
    given.noctule = given.noctule or carried("noctule") or Path(shutil.which("noctule") or CARRIED / "noctule")
    given.data = given.data or carried("data") or Path(os.environ.get("NOCTULE_DATA") or CARRIED / "data")
    given.wheels = given.wheels or carried("wheels")
    given.bats = given.bats or carried("bats")
    if not given.minutes > 0:
        parser.error(f"--minutes {given.minutes:g}: must be above 0")
    if not (given.noctule.is_file() and os.access(given.noctule, os.X_OK)):
        parser.error(f"{given.noctule} is not a program; the head of scripts/gpu-bench.sh says how to build and carry it")
    try:
        given.out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"cannot write {given.out}: {error}")
    for name in ("noctule", "data", "wheels", "bats"):
        setattr(given, name, getattr(given, name) and getattr(given, name).resolve())
    return given


def carried(name: str) -> Path | None:
    return CARRIED / name if (CARRIED / name).exists() else None


def main() -> int:
    given = arguments()
    stop_on_signals()
    with tempfile.TemporaryDirectory(prefix="gpu-bench-") as folder:
        hide = {str(given.noctule): "noctule", str(given.data): "DATA", folder: "WORK", str(ROOT): "NOCTULE", given.python: "python"}
        hide[str(ROOT.parent / "shared")] = "SHARED"
        for name in ("wheels", "bats"):
            if getattr(given, name):
                hide[str(getattr(given, name))] = name.upper()
        if Path.home() != Path("/"):
            hide[str(Path.home())] = "~"
        record = Record(given.out, 60 * given.minutes, hide, backend=given.backend, quick=given.quick)
        try:
            steps(given, record, Path(folder))
        except Stopped:
            record.close("interrupted")
            return 130
        except BaseException:
            record.close("failed")
            raise
    record.close("complete")
    print(f"{given.out} written after {record.data['seconds']:.0f} s")
    return 0


def steps(given: argparse.Namespace, record: Record, folder: Path) -> None:
    """All of it, the cheap and most important first."""
    noctule = Noctule(record, given.noctule, given.backend, given.data, folder, given.quick)
    machine(record, noctule)
    has_mnist = (given.data / MNIST).exists()
    for name in VECTORS:
        noctule.replay(vectors(name))

    def each(step, works) -> None:
        for preset, batch, changes in works[:1] if given.quick else works:
            if preset.startswith("mnist") and not has_mnist:
                record.skip(step.__name__, f"{step.__name__} {preset}, batches of {batch}", f"there is no {MNIST} in the folder of data")
            else:
                step(preset, batch, changes)

    each(noctule.bench, FIRST)
    each(noctule.kernels, FIRST)
    each(noctule.bench, CONVOLUTION)
    if has_mnist and not given.quick:
        noctule.train("mnist-count", 25)
    noctule.batteries()
    each(noctule.kernels, CONVOLUTION)
    each(noctule.bench, DENSE)
    peers = Peers(record, given, folder)
    peers.prepare()
    for work, batch in (("dense", 50), ("dense", 1000), ("conv", 20), ("conv", 512)):
        peers.surrogate(work, batch)
    noctule.train("yinyang", 15)
    peers.reference("dense", 50)
    each(noctule.bench, OTHERS[3:] if given.quick else OTHERS)
    peers.reference("conv", 20)


def vectors(name: str) -> Path:
    """Beside the checkout or in it, else the copy that the tests have."""
    folders = (ROOT / "shared" / "vectors", ROOT.parent / "shared" / "vectors", ROOT / "crates/noctule-conformance/fixtures")
    return next((folder / name for folder in folders if (folder / name).exists()), folders[-1] / name)


if __name__ == "__main__":
    sys.exit(main())
