"""Other libraries on the same GPU: snnTorch and SpikingJelly on a grid of 5 ms, and the published reference implementation."""

import argparse
import os
import shutil
import subprocess
from pathlib import Path

from record import Record
from steps import MNIST, read_last_line

SCRIPTS = Path(__file__).resolve().parent.parent / "peers"
# The name of the module, and the script.
SURROGATE = {"snntorch": "peer_snntorch.py", "spikingjelly": "peer_spikingjelly.py"}
# What SpikingJelly imports and an environment with PyTorch may lack.
BESIDE = ("loguru", "scienceplots")
# Seconds that an installation may take.
PATIENCE = 100


class Peers:
    """The interpreter that has them, and what has to be said to it."""

    def __init__(self, record: Record, given: argparse.Namespace, folder: Path) -> None:
        self.record, self.folder = record, folder
        self.data, self.bats, self.wheels, self.quick = given.data, given.bats, given.wheels, given.quick
        self.python, self.environment = given.python, {}
        self.blind: dict[str, bool] = {}
        self.hopeless = None
        if not (given.data / MNIST).exists():
            self.hopeless = f"there is no {MNIST} in the folder of data"
        elif shutil.which("nvidia-smi") is None:
            self.hopeless = "it needs an NVIDIA card, and there is no nvidia-smi"

    def prepare(self) -> None:
        """Installs what is missing: carried wheels, else what the network has; PyTorch into an environment of its own."""
        if self.hopeless or not missing(self.python, ["torch", *SURROGATE], {}):
            return
        into = self.folder / "site"
        self.environment = {"PYTHONPATH": str(into)}
        if self.wheels and not missing(self.python, ["torch"], {}):
            files = sorted(self.wheels.glob("*.whl"))
            self.install("wheels", ["--no-index", "--no-deps", "--no-compile", "--target", into, *files], 60)
        elif not missing(self.python, ["torch"], {}):
            self.install("peers", ["--no-deps", "--target", into, *pinned(*SURROGATE), *BESIDE], 60)
        else:
            self.environment = {}
            self.make_environment()

    def make_environment(self) -> None:
        place = self.folder / "environment"
        made = subprocess.run([self.python, "-m", "venv", place], capture_output=True, text=True)
        if made.returncode:
            self.record.skip("prepare", "install torch", f"no environment could be made: {made.stderr.strip()[-200:]}")
            return
        self.python = str(place / "bin" / "python")
        self.install("torch", pinned("numpy", "torch", "torchvision", *SURROGATE), PATIENCE)

    def install(self, name: str, words: list, limit: float) -> None:
        command = [self.python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--retries", "0", *words]
        self.record.step("prepare", f"install {name}", command, limit, lambda printed: {"said": printed[-300:]})

    def surrogate(self, work: str, batch: int) -> None:
        """Training and inference, each in the order (layer by layer, or step by step) that is faster."""
        for name, script in SURROGATE.items():
            step = f"{name} {work}, batches of {batch}"
            lacking = self.lacking(["torch", name], "import torch, sys; sys.exit(not torch.cuda.is_available())")
            if lacking:
                self.record.skip("peer", step, lacking)
            else:
                self.measure(step, script, name, work, batch, ["--step", "0.005"])

    def reference(self, work: str, batch: int) -> None:
        """The work of its own training scripts, on CuPy, without augmentation."""
        step = f"reference implementation {work}, batches of {batch}"
        if self.bats is None:
            self.record.skip("peer", step, "its checkout was not named (--bats)")
        elif lacking := self.lacking(["cupy"], "import cupy, sys; sys.exit(cupy.cuda.runtime.getDeviceCount() == 0)"):
            self.record.skip("peer", step, lacking)
        else:
            self.measure(step, "peer_bats.py", "bats", work, batch, ["--checkout", self.bats])

    def lacking(self, modules: list[str], sees_a_card: str) -> str | None:
        """Why a peer cannot be measured."""
        if self.hopeless:
            return self.hopeless
        if self.record.left() < 15:
            return "no time was left"
        absent = missing(self.python, modules, self.environment)
        if absent:
            return f"not installed: {', '.join(absent)}"
        # To import PyTorch takes seconds.
        if sees_a_card not in self.blind:
            self.blind[sees_a_card] = ask_status(self.python, sees_a_card, self.environment) != 0
        if self.blind[sees_a_card]:
            return f"{modules[0]} sees no CUDA device"
        return None

    def measure(self, step: str, script: str, peer: str, work: str, batch: int, more: list) -> None:
        windows = ["1", "0.1", "0.1"] if self.quick else ["3", "0.5", "1.5"]
        windows = [word for pair in zip(("--windows", "--seconds", "--warm-up"), windows) for word in pair]
        words = [self.python, SCRIPTS / script, "--work", work, "--batch", str(batch), "--device", "cuda", "--data", self.data]
        about = {"peer": peer, "work": work, "batch": batch}
        self.record.step(
            "peer", step, [*words, *windows, *more], 60, read_last_line, self.environment, least=15, about=about,
        )  # fmt: skip


def pinned(*names: str) -> list[str]:
    """`name==version`, as benches/peers/requirements.txt has them."""
    lines = (SCRIPTS / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line.partition("==")[0] in names]


def missing(python: str, modules: list[str], environment: dict) -> list[str]:
    probe = "import importlib.util as u, sys; sys.exit(u.find_spec(sys.argv[1]) is None)"
    return [module for module in modules if ask_status(python, probe, environment, module)]


def ask_status(python: str, program: str, environment: dict, *words: str) -> int:
    """The exit status of a line of Python; 1 if it cannot be run."""
    try:
        return subprocess.run(
            [python, "-c", program, *words], env={**os.environ, **environment}, capture_output=True, timeout=60
        ).returncode
    except (OSError, subprocess.TimeoutExpired):
        return 1
