"""What all peers share: the data, the clock, and the line of JSON that each prints. Needs numpy and nothing else."""

import argparse
import gzip
import json
import os
import time
from pathlib import Path
from statistics import median

import numpy as np

# When the brightest and the darkest pixels spike, in seconds; the encoder of Noctule's presets for MNIST.
EARLIEST, LATEST = 0.0, 0.1
# Noctule classifies in batches of this size.
INFERENCE_BATCH = 100
CLASSES = 10


def options(
    description: str, works: list[str], steps: list[float] | None = None, batch: bool = False, checkout: bool = False
) -> argparse.Namespace:
    """The command line of a peer; `batch`: it can be told the size of a batch; `checkout`: it is no package."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--work", choices=works, default=works[0])
    if steps:
        parser.add_argument("--step", type=float, default=steps[0], help="time step in seconds, such as 0.005 or 0.001")
    if batch:
        parser.add_argument("--batch", type=int, help="samples per batch, instead of the work's own")
    if checkout:
        parser.add_argument("--checkout", required=True, help="the folder of its repository")
    parser.add_argument("--data", default=os.environ.get("NOCTULE_DATA"), help="the folder that holds mnist/")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="what PyTorch or JAX computes on")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--windows", type=int, default=3, help="windows of training, and as many of inference")
    parser.add_argument("--seconds", type=float, default=1.0, help="shortest length of a window")
    parser.add_argument("--warm-up", type=float, default=2.0, help="trains for so many seconds first; 0: not at all")
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):  # JAX has no option for it
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given.threads])
    return given


def mnist(folder: str | None, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images as bytes, shape (samples, 784), and labels; split is "train" or "t10k"."""
    if folder is None:
        raise SystemExit("set NOCTULE_DATA or give --data: the folder that holds mnist/train-images-idx3-ubyte.gz")

    def idx(name: str, header: int) -> np.ndarray:
        with gzip.open(Path(folder) / "mnist" / f"{split}-{name}-ubyte.gz") as file:
            return np.frombuffer(file.read(), np.uint8, offset=header)

    return idx("images-idx3", 16).reshape(-1, 784), idx("labels-idx1", 8)


def yin_yang(samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (x, y) of the unit square inside the symbol, and their classes: yin, yang and dots, equally often."""
    random = np.random.default_rng(seed)
    points, classes = [], []
    while len(points) < samples:
        x, y = random.random(2)
        right, left = np.hypot(x - 0.75, y - 0.5), np.hypot(x - 0.25, y - 0.5)
        if np.hypot(x - 0.5, y - 0.5) > 0.5:
            continue
        if min(right, left) < 0.1:
            label = 2
        else:
            label = int(right <= 0.1 or 0.1 < left <= 0.25 or (y > 0.5 and right > 0.25))
        if label == len(points) % 3:
            points.append((x, y))
            classes.append(label)
    return np.array(points, np.float32), np.array(classes)


def batches(count: int, size: int):
    """Indices of one batch after the other, from the beginning again at the end, as `noctule bench` takes them."""
    start = 0
    while True:
        yield np.arange(start, start + size) % count
        start = (start + size) % count


def measure(given: argparse.Namespace, train, infer) -> dict:
    """Samples in a second, medians over windows. `train` and `infer` do one batch and return its number of samples."""

    def window(work, seconds: float) -> float:
        start, samples = time.perf_counter(), 0
        while samples == 0 or time.perf_counter() - start < seconds:
            samples += work()
        return samples / (time.perf_counter() - start)

    if given.warm_up > 0:
        window(train, given.warm_up)
    training = [window(train, given.seconds) for _ in range(given.windows)]
    if given.warm_up > 0:
        window(infer, 0.0)
    inference = [window(infer, given.seconds) for _ in range(given.windows)]
    return {
        "train_samples_per_second": median(training),
        "train_windows": training,
        "infer_samples_per_second": median(inference),
        "infer_windows": inference,
    }


def report(given: argparse.Namespace, peer: str, version: str, batch: int, figures: dict) -> None:
    """Prints the line of JSON."""
    line = {
        "peer": peer,
        "version": version,
        "work": given.work,
        "step": getattr(given, "step", None),
        "batch_size": batch,
        "threads": given.threads,
        "device": given.device,
        "peak_rss_mb": peak_rss_mb(),
    }
    print(json.dumps(line | figures))


def peak_rss_mb() -> float | None:
    """The most memory that this process has had resident, in megabytes, where the system says so."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(kilobytes) * 1024 / 1e6
