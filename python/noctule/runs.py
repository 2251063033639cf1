"""Presets and run directories, which the command line shares: :func:`train`, :func:`load`, :class:`Run`."""

from __future__ import annotations

import json
import math
import os
from typing import Any, Dict, List, Optional, Sequence, Union

from . import _noctule
from .data import Latency, Set, _set
from ._arrays import MOST_THREADS, file_path, whole
from .errors import BackendError, DataError, TrainingError
from .network import Network
from .training import Callback, History, Observer, Record

Path = Union[str, "os.PathLike[str]"]


class Run(History):
    """A run directory: its experiment, its records and its trained network.

    :func:`train` makes one, and :func:`load` opens one. ``noctule eval``, ``predict``, ``report`` and ``train --resume``
    take its :attr:`path`.
    """

    def __init__(self, path: Path, *, best: bool, backend: Optional[str], device: Optional[int], threads: int) -> None:
        self.path: str = file_path(path, "the run", TrainingError)
        self._best = best
        if device is not None:
            device = whole(device, "device", 0, 2**16, BackendError)
        threads = whole(threads, "threads", 0, MOST_THREADS + 1, TrainingError)
        self._engine = (backend, device, threads)
        toml, config, metrics, model = _noctule.load_run(self.path, best, backend, device, threads)
        super().__init__([Record._of(json.loads(line)) for line in metrics.splitlines() if line])
        #: The experiment as TOML.
        self.toml: str = toml
        #: The experiment as dictionaries, lists and numbers.
        self.config: Dict[str, Any] = json.loads(config)
        name = model.engine()[0]
        #: The trained network.
        self.network: Network = Network._of_model(model, "float32", name, device, threads)
        self.network._rule = (
            "first_spike" if self.config["loss"]["kind"] in ("first-spike", "spike-time") else "most_spikes"
        )
        self.finished = len(self.of("train")) >= self.config["training"]["epochs"]

    def evaluate(self, split: str = "test", *, data_dir: Optional[Path] = None) -> Record:
        """Evaluates the network on a part of the run's data: ``"train"``, ``"validation"`` or ``"test"``."""
        directory = None if data_dir is None else file_path(data_dir, "data_dir", DataError)
        record = _noctule.evaluate_run(self.path, self._best, split, directory, *self._engine)
        return Record._of(json.loads(record))

    def data(self, split: str = "test", *, data_dir: Optional[Path] = None) -> Set:
        """A part of the run's data, in the order of its file, with the encoding of the experiment."""
        directory = None if data_dir is None else file_path(data_dir, "data_dir", DataError)
        described = _noctule.run_samples(self.path, split, directory)
        return _set(described, Latency(*described["encoding"]))

    def __repr__(self) -> str:
        return f"Run({self.path!r}, {len(self.of('train'))} epochs, test accuracy {100 * self.accuracy:.2f} %)"


def train(
    experiment: Optional[Path] = None,
    *,
    out: Optional[Path] = None,
    resume: Optional[Path] = None,
    epochs: Optional[int] = None,
    seed: Optional[int] = None,
    overrides: Union[Dict[str, Any], Sequence[str], None] = None,
    init: Optional[Path] = None,
    data_dir: Optional[Path] = None,
    backend: Optional[str] = None,
    device: Optional[int] = None,
    threads: Optional[int] = None,
    report: bool = False,
    callbacks: Union[Callback, Sequence[Callback]] = (),
    progress: Optional[bool] = None,
) -> Run:
    """Trains a preset or an experiment file, as ``noctule train`` does, in a run directory.

    Args:
        experiment: A preset, one of :func:`presets`, or a TOML file.
        out: The run directory to make; by default ``runs/NAME``, or ``runs/NAME-2`` and so on.
        resume: In place of an experiment, the directory of a run to continue, bit for bit.
        epochs, seed, threads: In place of what the experiment says.
        overrides: Keys of the experiment, such as ``{"training.batch_size": 100, "layers.0.neurons": 400}``.
        init: A run or a safetensors file whose weights to begin with.
        data_dir: Where data sets lie, and are downloaded to.
        backend, device: The engine.
        report: Whether to write ``report.html``, a page with pictures of the run.
        callbacks, progress: As in :func:`fit`; callbacks read the weights with :func:`load`.

    Raises:
        TrainingError: If the experiment is not valid, or the training diverges.
        KeyboardInterrupt: After Ctrl-C; ``train(resume=...)`` continues.

    >>> run = nt.train("mnist-count", epochs=5)  # doctest: +SKIP
    """
    if (experiment is None) == (resume is None):
        raise TrainingError("train needs an experiment, such as \"mnist-count\", or resume=RUN")
    spec = {
        "experiment": None if experiment is None else file_path(experiment, "experiment", TrainingError),
        "resume": None if resume is None else file_path(resume, "resume", TrainingError),
        "out": None if out is None else file_path(out, "out", TrainingError),
        "data_dir": None if data_dir is None else file_path(data_dir, "data_dir", DataError),
        "init": None if init is None else file_path(init, "init", TrainingError),
        "overrides": _overrides(overrides),
        "epochs": None if epochs is None else whole(epochs, "epochs", 0, 2**32, TrainingError),
        "seed": None if seed is None else whole(seed, "seed", 0, 2**64, TrainingError),
        "threads": None if threads is None else whole(threads, "threads", 0, 2**16, TrainingError),
        "backend": None if backend is None else str(backend),
        "device": None if device is None else whole(device, "device", 0, 2**16, BackendError),
        "report": bool(report),
    }
    observer = RunObserver(History(), callbacks, progress)
    try:
        path, _ = _noctule.train_experiment(spec, observer)
    except KeyboardInterrupt:
        if observer.path is None:
            raise
        raise KeyboardInterrupt(f"continue with nt.train(resume={observer.path!r})") from None
    finally:
        observer.close()
    run = load(path, backend=backend, device=device, threads=threads or 0)
    run.warnings = observer.history.warnings
    return run


def load(
    run: Path,
    *,
    best: bool = False,
    backend: Optional[str] = None,
    device: Optional[int] = None,
    threads: int = 0,
) -> Run:
    """Opens a run directory, of :func:`train` or of the command line.

    Args:
        run: The directory.
        best: Whether to take the epoch with the best validation accuracy, in place of the last one.
        backend, device, threads: The engine; by default that on which the run was trained.
    """
    return Run(run, best=best, backend=backend, device=device, threads=threads)


def presets() -> List[str]:
    """The names of the built-in experiments, for :func:`train`."""
    return _noctule.preset_names()


class RunObserver(Observer):
    """Also hears of the run directory."""

    #: The run directory, once there is one.
    path: Optional[str] = None

    def begin(self, path: str, sizes: Sequence[int], samples: int) -> None:
        self.path = os.fspath(path)
        if self._shows:
            layers = "-".join(str(size) for size in sizes)
            print(f"{layers} on {samples:,} training samples, into {path}")


def _overrides(overrides: Union[Dict[str, Any], Sequence[str], None]) -> List[str]:
    if overrides is None:
        return []
    if not isinstance(overrides, dict):
        return [str(override) for override in overrides]
    return [f"{key}={_toml(value)}" for key, value in overrides.items()]


def _toml(value: Any) -> str:
    """A value as TOML writes it."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, dict):
        inner = ", ".join(f"{key} = {_toml(item)}" for key, item in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if isinstance(value, (str, bool, int, float)):
        return json.dumps(value)
    if isinstance(value, os.PathLike):
        return json.dumps(os.fspath(value))
    raise TrainingError(f"an override must be a number, a text, a list or a dictionary, not {value!r}; leave out what is None")
