#!/usr/bin/env python3
"""Writes experiments/RESULTS.md and the README's table of accuracies from the recorded runs in experiments/results/.

A folder of results/ is named PRESET-SEED and holds a run's config.toml, metrics.jsonl and commit.txt, or is named after a
sweep and holds its config.toml, sweep.json, sweep.png and commit.txt. Runs with other settings than the preset's lie in
results/variants/. `reproduce.py` writes the folders. `--check` writes nothing, and fails if a file is not up to date. Needs
Python 3.11 and nothing else.
"""

import json
import sys
import tomllib
from itertools import groupby
from pathlib import Path
from statistics import mean, stdev

HERE = Path(__file__).parent
RESULTS = HERE / "results"
README = HERE.parent / "README.md"

# The presets in the README, with what their network is. Those that train on the re-split of Fashion-MNIST are marked.
NETWORKS = {
    "yinyang": "5-200-3, many spikes per neuron",
    "yinyang-ttfs": "5-120-3, one spike per neuron",
    "mnist-count": "784-800-10, up to 30 spikes per neuron",
    "mnist-count-sparse": "the same, with a third of the hidden spikes",
    "mnist-count-small-batch": "the same, in batches of 20",
    "mnist-count-wide": "784-2400-10",
    "mnist-count-augmented": "784-800-10, on augmented images",
    "mnist-ttfs": "784-800-10, one spike per neuron",
    "mnist-conv": "15C5-P2-40C5-P2-300-10",
    "mnist-conv-ttfs": "the same, one spike per neuron",
    "fashion-count": "784-400-400-10 (re-split)",
    "fashion-ttfs": "784-800-10, one spike per neuron (re-split)",
    "fashion-conv": "32C5-P2-64C5-P2-1024-10 (re-split)",
}

# Test accuracies in per cent as published, after the full length of training. Fashion-MNIST was published on its
# official split.
PUBLISHED = {
    "mnist-count": "98.88 (100 epochs)",
    "mnist-conv": "99.38 (100 epochs)",
    "emnist-count": "85.75 (100 epochs)",
    "fashion-count": "90.19 (100 epochs, official split)",
    "fashion-conv": "about 92.8 (official split)",
    "yinyang": "98.1 (EventProp, 300 epochs)",
    "yinyang-ttfs": "95.9 (Fast & Deep, 120 hidden neurons, 300 epochs)",
    "yinyang-paper": "95.9 (Fast & Deep, 120 hidden neurons, 300 epochs)",
}

# Without data here, so never run.
NOT_MEASURED = ["emnist-count", "emnist-count-paper", "emnist-ttfs"]


def published(name: str) -> str:
    family = name
    for variant in ("-augmented", "-small-batch", "-sparse"):
        family = family.removesuffix(variant)
    return PUBLISHED.get(name) or PUBLISHED.get(family.removesuffix("-paper"), "-")


# What a key is when a preset leaves it out, for those that recorded runs set.
DEFAULTS = {"dropout": 0.0, "strength": 0.0, "weight_average": 0.0, "rotation": 0.0, "scale": 0.0, "sigma": 0.0}

# What does not make another experiment.
ASIDE = ["name", "description", "seed", "threads"]


def settings(config: dict | list, prefix: str = "") -> dict:
    """All keys of an experiment with their values, those of tables and lists joined by dots."""
    items = config.items() if isinstance(config, dict) else enumerate(config)
    found = {}
    for key, value in items:
        if key in ASIDE:
            continue
        if isinstance(value, dict) or (isinstance(value, list) and value and isinstance(value[0], dict)):
            found |= settings(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def differences(name: str, config: dict) -> str:
    """In what a run is not the preset of its name as it is now; keys that the preset leaves out count if they have a
    default in DEFAULTS."""
    preset = settings(tomllib.loads((HERE / f"{name}.toml").read_text()))
    run = settings(config)
    for key in run.keys() ^ preset.keys():
        default = DEFAULTS.get(key.rpartition(".")[2])
        if default is not None:
            preset.setdefault(key, default)
            run.setdefault(key, default)
    other = {key: run[key] for key in sorted(preset.keys() & run.keys()) if preset[key] != run[key]}
    return ", ".join(f"`{key} = {json.dumps(value)}`" for key, value in other.items()) or "-"


class Run:
    """One recorded training."""

    def __init__(self, folder: Path) -> None:
        config = tomllib.loads((folder / "config.toml").read_text())
        self.name, self.seed = config["name"], config["seed"]
        self.planned = config["training"]["epochs"]
        self.differences = differences(self.name, config)
        self.records = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        # Runs of the first builds count epochs from 0.
        first = min(record["epoch"] for record in self.records)
        for record in self.records:
            record["epoch"] += 1 - first
        # A resumed run may have an epoch twice: the later record counts.
        self.test = list({record["epoch"]: record for record in self.of("test")}.values())
        self.commit = (folder / "commit.txt").read_text().strip()

    def of(self, split: str) -> list[dict]:
        return [record for record in self.records if record["split"] == split]

    @property
    def accuracy(self) -> float:
        return 100 * self.test[-1]["accuracy"]

    def chosen(self) -> str:
        validation = self.of("validation")
        if not validation:
            return "-"
        # The first of the best, as the trainer chooses.
        best = max(validation, key=lambda record: (record["accuracy"], -record["epoch"]))["epoch"]
        chosen = next(record for record in self.test if record["epoch"] == best)
        return f"{100 * chosen['accuracy']:.2f} % (epoch {best})"

    def row(self) -> str:
        last = self.test[-1]
        spikes = ", ".join(f"{value:.2f}" for value in last["spikes_per_neuron"])
        minutes = sum(record["seconds"] for record in self.records) / 60
        return (
            f"| {self.name} | {self.seed} | {last['epoch']} of {self.planned} | {self.accuracy:.2f} % "
            f"| {self.chosen()} | {spikes} | {minutes:.1f} | {self.commit[:7]} |"
        )


def overview(runs: list[Run]) -> list[str]:
    lines = [
        "| preset | other than the preset | runs | epochs | test, last epoch: mean | each | published |",
        "|---|---|---|---|---|---|---|",
    ]
    for (name, planned, other), group in groupby(runs, key=lambda run: (run.name, run.planned, run.differences)):
        group = list(group)
        each = ", ".join(f"{run.accuracy:.2f}" for run in group)
        reached = ", ".join(str(length) for length in sorted({len(run.test) for run in group}))
        epochs = reached if reached == str(planned) else f"{reached} of {planned}"
        average = mean(run.accuracy for run in group)
        lines.append(f"| {name} | {other} | {len(group)} | {epochs} | **{average:.2f} %** | {each} | {published(name)} |")
    return lines


def sweeps() -> list[str]:
    found = {path.parent.name: json.loads(path.read_text()) for path in sorted(RESULTS.glob("*/sweep.json"))}
    if not found:
        return []
    lines = [
        "## Convergence",
        "",
        "Two samples of four spikes that differ in the order of two, and a network of 4-2: mean test accuracy after 50 "
        "epochs over the mean (columns) and the standard deviation (rows) of the initial weights. A run is *solved* if it "
        "makes no mistake at the end; a sample without an output spike is a mistake.",
        "",
        "| sweep | points | runs each | mean accuracy | solved | diverged |",
        "|---|---|---|---|---|---|",
    ]
    for name, sweep in found.items():
        points = sum(len(row) for row in sweep["accuracy"])
        lines.append(
            f"| {name} | {points} | {sweep['repeats']} | {100 * sweep['mean_accuracy']:.1f} % "
            f"| {100 * sweep['mean_solved']:.1f} % | {sweep['diverged']} |"
        )
    if {"convergence", "convergence-ttfs"} <= found.keys():
        count, first = found["convergence"], found["convergence-ttfs"]
        gain = 100 * (count["mean_solved"] - first["mean_solved"])
        lines += [
            "",
            f"**The advantage of many spikes: {gain:+.1f} percentage points of solved runs**, averaged over the grid "
            f"({100 * count['mean_solved']:.1f} % with up to ten spikes and a spike-count loss, "
            f"{100 * first['mean_solved']:.1f} % with one spike and a first-spike loss).",
        ]
    for name in found:
        lines += ["", f"![{name}](results/{name}/sweep.png)"]
    return [*lines, ""]


def readme_table(runs: list[Run]) -> list[str]:
    """One row for each preset of the README: mean and standard deviation of its recorded runs."""
    lines = [
        "| preset | network | epochs | seeds | test accuracy | published |",
        "|---|---|---|---|---|---|",
    ]
    for name, network in NETWORKS.items():
        group = [run for run in runs if run.name == name]
        if not group:
            continue
        accuracies = [run.accuracy for run in group]
        spread = f" ± {stdev(accuracies):.2f}" if len(group) > 1 else ""
        of_others = published(name) if name in PUBLISHED else ""
        lines.append(
            f"| `{name}` | {network} | {group[0].planned} | {len(group)} "
            f"| **{mean(accuracies):.2f}**{spread} % | {of_others} |"
        )
    return lines


def between(text: str, mark: str, lines: list[str]) -> str:
    """The text with `lines` between the comments that begin and end a generated part."""
    begin, end = f"<!-- {mark}: generated -->\n", f"<!-- end of {mark} -->"
    before, found, rest = text.partition(begin)
    if not found or end not in rest:
        sys.exit(f"error: README.md lacks the lines `{begin.strip()}` and `{end}`")
    return before + begin + "\n".join(lines) + "\n" + end + rest.partition(end)[2]


def recorded(pattern: str) -> list[Run]:
    folders = [path.parent for path in RESULTS.glob(pattern)]
    return sorted((Run(folder) for folder in folders), key=lambda run: (run.name, run.planned, run.differences, run.seed))


def report(runs: list[Run], variants: list[Run]) -> str:
    lines = [
        "# Recorded runs",
        "",
        "Generated by `python3 experiments/summarise.py` from `experiments/results/`. Accuracies are on the test set after "
        "the last epoch. No run and no epoch is chosen by it; the settings of fashion-conv were tried one after another, with "
        "the test accuracies of those before in sight, and mnist-count-wide got all training images after it had been "
        "tested without 2000 of them. Fashion-MNIST is a seeded re-split of the official 70,000 "
        "images into 60,000 and 10,000, since the official split could not be had; its figures are not comparable to the "
        f"last digit. Not measured, since the data could not be had: {', '.join(NOT_MEASURED)}.",
        "",
        "`experiments/reproduce.py PRESET --seeds 0..2` trains anew and compares every figure.",
        "",
        *overview(runs),
        "",
        *sweeps(),
        "## Every run",
        "",
        "*Chosen* is the epoch with the best validation accuracy. Minutes are the time spent on batches, on one or two "
        "shared cores that did other work as well.",
        "",
        *every(runs),
        "",
        "## Other settings",
        "",
        "Runs that were made on the way to the presets, by earlier builds. They are kept as they were and are not repeated.",
        "",
        *overview(variants),
        "",
        *every(variants),
        "",
    ]
    return "\n".join(lines)


def every(runs: list[Run]) -> list[str]:
    return [
        "| preset | seed | epochs | test, last epoch | test, chosen by validation | spikes per neuron, by layer | minutes | commit |",
        "|---|---|---|---|---|---|---|---|",
        *(run.row() for run in runs),
    ]


def main() -> None:
    runs, variants = recorded("*/metrics.jsonl"), recorded("variants/*/metrics.jsonl")
    texts = {
        HERE / "RESULTS.md": report(runs, variants),
        README: between(README.read_text(), "accuracies", readme_table(runs)),
    }
    stale = [path.name for path, text in texts.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv[1:]:
        sys.exit(f"{', '.join(stale)}: not up to date; run experiments/summarise.py" if stale else 0)
    for path, text in texts.items():
        path.write_text(text)


if __name__ == "__main__":
    main()
