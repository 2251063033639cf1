"""What `noctule` is asked for on a machine with a GPU, and what is kept of its answers."""

import json
import os
import platform
import re
import shutil
import subprocess
import time
from pathlib import Path

from record import Record

MNIST = "mnist/train-images-idx3-ubyte.gz"
# With --quick: networks and data that software Vulkan trains in moments.
SMALL = {
    "mnist-count": ["layers.0.neurons=20", "data.samples=300", "data.validation=50"],
    "mnist-ttfs": ["layers.0.neurons=20", "data.samples=300", "data.validation=50"],
    "mnist-conv": ["layers.0.filters=2", "layers.2.filters=2", "layers.4.neurons=10", "data.samples=300", "data.validation=50"],
    "yinyang": ["layers.0.neurons=10", "data.samples=320"],
}
CARD = "name,driver_version,memory.total,memory.used,clocks.sm,clocks.max.sm,clocks.mem,power.limit,ecc.mode.current"


class Noctule:
    """A binary, a back end, and where things lie."""

    def __init__(self, record: Record, program: Path, backend: str, data: Path, folder: Path, quick: bool) -> None:
        self.record, self.program, self.backend = record, program, backend
        self.data, self.folder, self.quick = data, folder, quick

    def step(self, kind: str, name: str, words: list, limit: float, read, **more) -> dict | None:
        return self.record.step(kind, name, [self.program, *words], limit, read, **more)

    def devices(self) -> None:
        self.step("devices", "devices", ["devices", "--json"], 60, json.loads)

    def replay(self, cases: Path) -> None:
        words = ["replay", cases, "--precision", "f32", "--backend", self.backend]
        self.step("replay", f"replay {cases.stem}", words, 60, read_replay)

    def batteries(self) -> None:
        words = ["batteries", "--json", "--backend", self.backend, *(["losses::"] if self.quick else [])]
        self.step("batteries", "batteries", words, 100, read_batteries)

    def bench(self, preset: str, batch: int, changes: tuple = ()) -> None:
        # Compilation is a part of the warm-up: a second for dense networks, three for convolutions.
        plan = ["3", "0.5", "6" if preset == "mnist-conv" else "3"]
        self.measure("bench", preset, batch, changes, plan, [])

    def kernels(self, preset: str, batch: int, changes: tuple = ()) -> None:
        plan = ["1", "0.3", "5" if preset == "mnist-conv" else "2"]
        self.measure("kernels", preset, batch, changes, plan, ["--kernels"])

    def measure(self, kind: str, preset: str, batch: int, changes: tuple, plan: list, more: list) -> None:
        windows, seconds, warm_up = ["1", "0.1", "0.1"] if self.quick else plan
        words = ["bench", preset, "--backend", self.backend, "--json", "--data-dir", self.data, *more]
        words += ["--windows", windows, "--seconds", seconds, "--warm-up", warm_up]
        for change in [f"training.batch_size={batch}", *changes, *self.small(preset)]:
            words += ["--set", change]
        note = " without augmentation" if changes else ""
        about = {"preset": preset, "batch": batch, "changes": list(changes)}
        self.step(kind, f"{kind} {preset}, batches of {batch}{note}", words, 45, read_last_line, about=about)

    def train(self, preset: str, seconds: float) -> None:
        """As many epochs of the whole plan as `seconds` allow, so that each is comparable with the recorded run's."""
        run = self.folder / preset
        words = ["train", preset, "--seed", "0", "--backend", self.backend, "--out", run, "--data-dir", self.data]
        for change in [*self.small(preset), *(["training.epochs=1"] if self.quick else [])]:
            words += ["--set", change]
        end = time.monotonic() + seconds
        self.step(
            "train", f"train {preset}", words, seconds + 20, lambda _: read_epochs(run),
            enough=lambda: time.monotonic() > end or self.quick and has_epoch(run), about={"preset": preset, "seed": 0},
        )  # fmt: skip

    def small(self, preset: str) -> list[str]:
        return SMALL[preset] if self.quick else []


def read_last_line(printed: str) -> dict:
    return json.loads(printed.strip().splitlines()[-1])


def read_replay(printed: str) -> dict | None:
    """The two lines at the end; what failed is kept by name."""
    counts = re.search(r"(\d+) cases? passed, (\d+) failed, (\d+) without expectations", printed)
    errors = re.search(r"worst error of times: (.*?)(?: tau_s)?; of gradients: (\S+|none compared)", printed)
    if not counts or not errors:
        return None
    passed, failed, unjudged = (int(number) for number in counts.groups())
    return {
        "passed": passed, "failed": failed, "unjudged": unjudged,
        "time_error": number(errors[1]), "gradient_error": number(errors[2]),
        "problems": [line[:300] for line in printed.splitlines() if line.startswith("failed: ")][:20],
    }  # fmt: skip


def number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def read_batteries(printed: str) -> dict:
    lines = [json.loads(line) for line in printed.splitlines() if line.endswith("}")]
    failed = [{"battery": line["battery"], "problem": (line["problem"] or "")[:400]} for line in lines if not line["passed"]]
    return {"passed": len(lines) - len(failed), "failed": failed, "seconds": {line["battery"]: line["seconds"] for line in lines}}


def has_epoch(run: Path) -> bool:
    return bool(read_epochs(run))


def read_epochs(run: Path) -> list[dict] | None:
    """An object for each epoch whose test is over, as far as there are some."""
    path = run / "metrics.jsonl"
    if not path.exists():
        return None
    epochs: dict[int, dict] = {}
    for line in path.read_text().splitlines():
        try:
            one = json.loads(line)
        except ValueError:
            continue
        epoch = epochs.setdefault(one["epoch"], {"epoch": one["epoch"]})
        if one["split"] in ("train", "test"):
            for key in ("loss", "accuracy", "seconds", "samples_per_second", "spikes_per_neuron"):
                epoch[f"{one['split']}_{key}"] = one[key]
    return [epoch for epoch in epochs.values() if "test_loss" in epoch] or None


def machine(record: Record, noctule: Noctule) -> None:
    """What this machine is; what it does not tell is left out."""
    told = record.data["machine"]
    told.update(processor=processor(), cores=os.cpu_count(), system=f"{platform.system()} {platform.machine()}")
    told["noctule"] = ask([noctule.program, "--version"])
    if shutil.which("nvidia-smi") is None:
        told["card"] = None
        told["card_missing"] = "there is no nvidia-smi"
    else:
        figures = ask(["nvidia-smi", "--id=0", f"--query-gpu={CARD}", "--format=csv,noheader"])
        values = [value.strip() for value in (figures or "").split(",")]
        told["card"] = dict(zip(CARD.split(","), values)) if figures else None
        told["cuda"] = (re.search(r"CUDA Version: *([\d.]+)", ask(["nvidia-smi"]) or "") or [None, None])[1]
    record.save()
    noctule.devices()


def ask(command: list) -> str | None:
    """The first lines that a program prints, if it is there and does not hang."""
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip()[:4000] if done.returncode == 0 else None


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
