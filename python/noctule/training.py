"""Training: :func:`fit`, and what it tells while it runs."""

from __future__ import annotations

import json
import sys
import warnings as python_warnings
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np

from . import _noctule
from .data import as_pair
from .errors import TrainingError
from .layers import Threshold
from .losses import Loss, LossResult
from ._arrays import real, to_array, to_floats, whole
from ._network_arguments import _check_shape, _seed
from .network import Network
from .regularisation import describe_regularisation
from .optimisers import Adam, Optimiser, Schedule
from .spikes import SpikeBatch


@dataclass(frozen=True)
class Record:
    """What was measured of one part of the data in an epoch."""

    #: The epoch, counted from 1.
    epoch: int
    #: ``"train"``, ``"validation"`` or ``"test"``.
    split: str
    #: Mean loss of a sample.
    loss: float
    #: Fraction of the samples that were classified correctly.
    accuracy: float
    #: Mean spikes of a neuron in a sample, for each layer.
    spikes_per_neuron: Tuple[float, ...]
    #: Fraction of the neurons that did not spike once, for each layer.
    silent_fraction: Tuple[float, ...]
    #: Wall time in seconds.
    seconds: float
    #: Samples per second.
    samples_per_second: float
    #: The learning rate of the last step; only for ``"train"``.
    learning_rate: Optional[float] = None

    @classmethod
    def _of(cls, record: Dict[str, Any]) -> Record:
        lists = ("spikes_per_neuron", "silent_fraction")
        return cls(**{**record, **{name: tuple(record[name]) for name in lists}})


@dataclass(frozen=True)
class Epoch:
    """A finished epoch, which callbacks get."""

    #: Counted from 1.
    number: int
    #: How many there are to be.
    epochs: int
    #: The records of its parts.
    records: Tuple[Record, ...]

    def _part(self, split: str) -> Optional[Record]:
        return next((record for record in self.records if record.split == split), None)

    @property
    def train(self) -> Record:
        """The training samples, while the weights changed."""
        record = self._part("train")
        assert record is not None
        return record

    @property
    def validation(self) -> Optional[Record]:
        """The validation samples, if there are any."""
        return self._part("validation")

    @property
    def test(self) -> Record:
        """The test samples."""
        record = self._part("test")
        assert record is not None
        return record


#: Called after each epoch, when the network has its weights; a return value of ``True`` ends the training.
Callback = Callable[[Epoch], Optional[bool]]


@dataclass
class History:
    """What a training measured, and whether it came to its end."""

    #: The records of all epochs.
    records: List[Record] = field(default_factory=list)
    #: Whether all epochs are done.
    finished: bool = False
    #: What Noctule warned of: silent layers, weights that stand still.
    warnings: List[str] = field(default_factory=list)

    def of(self, split: str) -> List[Record]:
        """The records of one part, epoch after epoch."""
        return [record for record in self.records if record.split == split]

    @property
    def accuracy(self) -> float:
        """Test accuracy after the last epoch, 0 to 1; NaN before the first."""
        records = self.of("test")
        return records[-1].accuracy if records else float("nan")

    @property
    def loss(self) -> float:
        """Test loss after the last epoch; NaN before the first."""
        records = self.of("test")
        return records[-1].loss if records else float("nan")

    def _repr_html_(self) -> str:
        from ._html import history

        return history(self)

    def __repr__(self) -> str:
        epochs = len(self.of("train"))
        word = "epoch" if epochs == 1 else "epochs"
        return f"{type(self).__name__}({epochs} {word}, test accuracy {100 * self.accuracy:.2f} %)"


def fit(
    network: Network,
    train: Any,
    test: Any,
    *,
    loss: Union[Loss, Callable[[SpikeBatch, Any], Any]],
    optimiser: Optimiser = Adam(),
    epochs: int = 10,
    batch_size: int = 50,
    validation: Any = None,
    schedule: Schedule = Schedule(),
    seed: int = 0,
    max_inverse_slope: Optional[float] = None,
    silent_boost: Union[None, float, Sequence[float]] = None,
    homeostasis: Optional[Sequence[Optional[Tuple[float, float]]]] = None,
    weight_average: float = 0.0,
    prediction: Optional[str] = None,
    callbacks: Union[Callback, Sequence[Callback]] = (),
    progress: Optional[bool] = None,
) -> History:
    """Trains a network, which has the trained weights afterwards.

    Args:
        network: In float32. Layers whose ``init`` was left out, or is a :class:`noctule.Threshold`, get initial weights that
            suit the training samples, unless they were trained or set before.
        train, test: ``(SpikeBatch, labels)``, or a set of :mod:`noctule.data`.
        loss: A loss such as ``nt.SpikeCount(15, 3)``, or a function of ``(output, labels)`` that returns ``(loss, d_times)``
            or ``(loss, d_times, predictions)``: the mean loss of the samples, the derivative of this mean with respect to each
            output spike, in the order of ``output.times``, and the predicted classes, by default those with the most spikes.
            ``array[output.sample_of_spike(), output.units]`` spreads an array ``[sample, neuron]`` over the spikes.
        optimiser: A learning rate of ``None`` is 0.03 times the root mean square of the weights, in the layer where they are
            smallest, when the network is first trained with such an optimiser; later trainings keep it.
        epochs: Passes through the training samples.
        batch_size: Samples of a step.
        validation: Samples that are evaluated after each epoch, too.
        schedule: How the learning rate changes: :class:`noctule.Step`, :class:`noctule.Cosine`.
        seed: Seed of the order of the samples, and of dropout. The same seed gives the same bits, on any number of threads.
        max_inverse_slope: The largest ``1/(du/dt)`` of a spike in the gradient, in seconds per unit of potential.
        silent_boost: What is subtracted from the gradient of each weight of a neuron that was silent in a whole batch: for
            the last layer, or for each one. ``None``: as it suits the initial weights of the last layer.
        homeostasis: For each layer ``None``, or ``(target, strength)``: pulls the mean spike count of each neuron to a target.
        weight_average: How much of a running mean of the weights is kept at each step, 0 to below 1; with a mean, it is what
            the network has in the end.
        prediction: ``"most_spikes"`` or ``"first_spike"``; by default as the loss does.
        callbacks: Functions of an :class:`Epoch`, called after each one, when ``network`` has its weights. One that returns
            ``True`` ends the training. Weights that a callback sets do not reach the training.
        progress: Whether to show a progress bar; by default where standard error is a terminal or this is a notebook.

    Raises:
        TrainingError: If the training diverges, or a number is out of range.
        DataError: If samples and labels do not fit each other or the network.
        KeyboardInterrupt: After Ctrl-C, within a batch. The network has the weights of that moment.

    Python's other threads run meanwhile.
    """
    if not isinstance(network, Network):
        raise TrainingError(f"fit needs a Network, not {type(network).__name__}")
    if not isinstance(optimiser, Optimiser):
        raise TrainingError(f"fit needs an optimiser such as nt.Adam(0.001), not {optimiser!r}")
    if not isinstance(schedule, Schedule):
        raise TrainingError(f"fit needs a schedule such as nt.Cosine(), not {schedule!r}")
    if isinstance(loss, type):
        raise TrainingError(f"loss must be an instance such as nt.SpikeCount(15, 3), not the class {loss.__name__}")
    for what, samples in (("train", train), ("test", test), ("validation", validation)):
        _check_shape(network.input_shape, samples, what)
    optimiser = network._with_rate(optimiser)
    most = getattr(network.layers[-1], "max_spikes", None)
    wanted = getattr(loss, "target_true", 0) if getattr(loss, "prediction", None) == "most_spikes" else 0
    if most is not None and wanted > most:
        python_warnings.warn(
            f"the loss asks the neuron of the true class for {wanted:g} spikes, but neurons of the last layer spike at most {most} "
            "times (max_spikes)",
            TrainingWarning,
            stacklevel=2,
        )
    layers = len(network.layers)
    boost = silent_boost if silent_boost is not None else 0.0
    spec: Dict[str, Any] = {
        "train": as_pair(train, "train"),
        "validation": None if validation is None else as_pair(validation, "validation"),
        "test": as_pair(test, "test"),
        "loss": _loss(loss, network),
        "prediction": None if prediction is None else str(prediction),
        "optimiser": optimiser._describe(),
        "schedule": schedule._describe(),
        "regularisation": describe_regularisation(layers, max_inverse_slope, boost, homeostasis),
        "default_silent_boost": silent_boost is None,
        "weight_average": real(weight_average, "weight_average", TrainingError),
        "epochs": whole(epochs, "epochs", 1, 2**32, TrainingError),
        "batch_size": whole(batch_size, "batch_size", 1, 2**32, TrainingError),
        "seed": _seed(seed),
        "measured": [_wanted(network, layer) for layer in range(layers)],
        "weights_seed": network._seed,
    }
    history = History()

    def begun(learning_rate: float) -> None:
        # From now on the network has weights of this training, whatever happens.
        network._rates[type(optimiser).__name__] = learning_rate
        network._last_pass.end()
        network._drawn = [False] * layers
        network._rule = str(prediction or getattr(loss, "prediction", "most_spikes"))

    observer = Observer(history, callbacks, progress, begun)
    spec["has_callbacks"] = observer.has_callbacks
    try:
        history.finished = _noctule.fit(network._model, spec, observer)
    finally:
        observer.close()
    return history


def _wanted(network: Network, layer: int) -> Optional[Tuple[Optional[float], Optional[float]]]:
    """Mean and standard deviation of the potential that initial weights aim at, if they are to suit the samples."""
    if not network._drawn[layer]:
        return None
    init = getattr(network.layers[layer], "init", None)
    return (init.mean, init.std) if isinstance(init, Threshold) else (None, None)


def _loss(loss: Any, network: Network) -> Any:
    if isinstance(loss, Loss):
        return loss._describe()
    if not callable(loss):
        raise TrainingError(f"loss must be a loss such as nt.SpikeCount(15, 3), or a function, not {loss!r}")

    def call(arrays: Tuple[Any, ...], labels: List[int]) -> Tuple[float, Any, List[int]]:
        output = SpikeBatch._of(*arrays)
        returned = loss(output, np.asarray(labels, dtype=np.int64))
        if isinstance(returned, LossResult):
            returned = tuple(returned)
        if not isinstance(returned, tuple) or len(returned) not in (2, 3):
            raise TrainingError("the loss must return (loss, d_times) or (loss, d_times, predictions)")
        value, d_times = returned[:2]
        predictions = returned[2] if len(returned) == 3 else output.predictions()
        array = to_floats(d_times, "d_times of the loss", "float32")
        classes = to_array(predictions, "predictions of the loss")
        if classes.dtype.kind not in "iu" or classes.shape != (len(output),):
            raise TrainingError(
                f"predictions of the loss must be one integer for each of {len(output)} samples, not {classes.dtype} of shape "
                f"{list(classes.shape)}"
            )
        wrong = classes[(classes < -1) | (classes >= output.population)]
        if wrong.size:
            raise TrainingError(f"the loss predicts the class {wrong[0]}; there are {output.population}, and -1 means none")
        return real(value, "the loss", TrainingError), array, classes.tolist()

    return call


class TrainingWarning(UserWarning):
    """A training that does not get anywhere, mostly; the text names remedies. It is shown each time."""


# Python shows a warning once for each place, so that a second training would seem to be without it.
python_warnings.simplefilter("always", TrainingWarning, append=True)

#: Keys of experiment files, which warnings name, and what Python has in their place.
_NAMES = {
    "`optimiser.learning_rate`": "the optimiser's `learning_rate`",
    "`training.batch_size`": "`batch_size`",
    "`encoder.earliest`, `data.time_unit`": "`Latency(earliest)`, or times in seconds",
    "(`data.time_unit`)": "",
    "set `silent_boost` in the layer": "set `silent_boost`",
}


class Observer:
    """Hears of batches, epochs and warnings of a training."""

    def __init__(
        self,
        history: History,
        callbacks: Union[Callback, Sequence[Callback]],
        progress: Optional[bool],
        begun: Callable[[float], None] = lambda _: None,
    ) -> None:
        self.history = history
        self.begun = begun
        self.callbacks: List[Any] = list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
        for callback in self.callbacks:
            if not callable(callback):
                raise TrainingError(f"callbacks are functions of an Epoch, not {callback!r}")
        self.has_callbacks = bool(self.callbacks)
        self._bar: Any = None
        self._shows = shows_progress() if progress is None else bool(progress)
        self._last: Optional[Epoch] = None
        self._epochs = 0

    def batch(
        self,
        split: str,
        epoch: Tuple[int, int],
        samples: Tuple[int, int],
        loss: float,
        accuracy: float,
        samples_per_second: float,
    ) -> None:
        number, self._epochs = epoch
        if not self._shows:
            return
        bar = self._bar
        if bar is None:
            bar = self._bar = _bar(self._epochs)
        done, total = samples
        if split == "train":
            trained = number - 1 + done / total
            seconds_left = bar.format_dict["elapsed"] / max(trained, 1e-9) * (self._epochs - trained)
            bar.set_postfix_str(
                f"loss {loss:.4g}, accuracy {100 * accuracy:.2f} %, {samples_per_second:,.0f} samples/s, "
                f"{_duration(seconds_left)} left",
                refresh=False,
            )
            bar.update(trained - bar.n)

    def warning(self, text: str) -> None:
        for key, name in _NAMES.items():
            text = text.replace(key, name)
        self.history.warnings.append(text)
        python_warnings.warn(text, TrainingWarning, stacklevel=3)

    def epoch(self, records: str) -> None:
        parts = tuple(Record._of(record) for record in json.loads(records))
        self.history.records.extend(parts)
        self._last = Epoch(parts[0].epoch, max(self._epochs, parts[0].epoch), parts)
        if self._bar is not None:
            test = self._last.test
            self._bar.set_description_str(f"epoch {test.epoch}: test {100 * test.accuracy:.2f} %", refresh=False)
            self._bar.update(self._last.number - self._bar.n)

    def after_epoch(self) -> bool:
        epoch = self._last
        assert epoch is not None
        answers = [callback(epoch) for callback in self.callbacks]
        return any(isinstance(answer, (bool, np.bool_)) and bool(answer) for answer in answers)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.refresh()
            self._bar.close()


def shows_progress() -> bool:
    """Whether somebody looks at a bar: standard error is a terminal, or this is a notebook."""
    if "ipykernel" in sys.modules:
        return True
    return bool(sys.stderr is not None and hasattr(sys.stderr, "isatty") and sys.stderr.isatty())


def _bar(epochs: int) -> Any:
    with python_warnings.catch_warnings():
        # In a notebook without widgets it draws text, which is fine.
        python_warnings.simplefilter("ignore")
        from tqdm.auto import tqdm

        # What a notebook without widgets draws stays in it.
        interval = 0.5 if "ipykernel" in sys.modules else 0.1
        return tqdm(
            total=epochs,
            bar_format="{desc} {bar} {n:.1f}/{total}{postfix}",
            desc="training",
            mininterval=interval,
            miniters=0,
        )


def _duration(seconds: float) -> str:
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
