"""What both scripts of the tutorial share: the command line, the clock and the line of JSON. Needs no package."""

import argparse
import json
import os
import time


def options(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", default=os.environ.get("NOCTULE_DATA"), help="the folder that holds mnist/")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batches", type=int, help="number of batches to train on; default: one epoch")
    return parser.parse_args()


class started:
    """A clock that runs from now on."""

    def __init__(self) -> None:
        self.begin = time.perf_counter()

    def samples_per_second(self, samples: int) -> float:
        return samples / (time.perf_counter() - self.begin)


def finish(given: argparse.Namespace, library: str, version: str, accuracy: float, samples_per_second: float) -> None:
    print(f"{100 * accuracy:.2f} % of the test images are right; {samples_per_second:,.0f} samples/s in training")
    line = {"library": library, "version": version, "accuracy": float(accuracy), "samples_per_second": samples_per_second}
    print(json.dumps({**line, "seed": given.seed, "threads": given.threads, "batches": given.batches}))
