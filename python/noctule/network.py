"""Networks: :class:`Network`."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _noctule
from ._arrays import MOST_THREADS, check_dtype, file_path, real, to_floats, whole
from ._kept_network import copy_to, load_model, restore, state_of
from ._last_pass import LastPass
from ._network_arguments import _check_batch, _check_shape, _complete, _describe, _seed, _shape
from .errors import ArrayError, BackendError, NetworkError, StateError, TrainingError
from .gradients import Gradients
from .layers import Conv2d, Dense, Layer, SumPool2d, Threshold, from_description
from .optimisers import Optimiser
from .regularisation import describe_regularisation
from .spikes import SpikeBatch
from .weights import Weights


class Network:
    """A feed-forward network of leaky integrate-and-fire neurons on an engine.

    Between spikes, a neuron follows ``dI/dt = -I/tau_s`` and ``du/dt = -u/tau_m + I``. An input spike adds its weight to
    ``I``. When ``u`` reaches ``theta`` the neuron spikes, and ``u`` drops by ``reset``. Nothing is stepped: spike times are
    exact, and so are gradients through all of them.

    Args:
        inputs: Number of input neurons, or the shape ``(height, width, channels)`` of an image.
        layers: :class:`Dense`, :class:`Conv2d` and :class:`SumPool2d`.
        tau_m, tau_s: Membrane and synaptic time constant in seconds, for layers that have none of their own.
        t_max: End of a sample in seconds, likewise.
        seed: Seed of the initial weights. The same seed gives the same weights, as on the command line.
        dtype: ``"float32"`` or ``"float64"``.
        backend: ``"cpu"``, ``"gpu"`` (Vulkan, Metal), ``"cuda"`` or ``"hip"``; :func:`noctule.devices` lists what is there.
        device: The device of the back end.
        threads: Threads of the processor, 0 for all cores. Results do not depend on it.

    Raises:
        NetworkError: If layers do not fit one another, or a constant is out of range.
        BackendError: If the engine is not part of this build, or does not start.

    >>> import noctule as nt
    >>> net = nt.Network(2, [nt.Dense(3, theta=1.0, max_spikes=10)], tau_m=0.02, tau_s=0.01, t_max=0.1)
    >>> net.weights[0] = [[200.0, 100.0], [0.0, 300.0], [150.0, 150.0]]
    >>> spikes = nt.SpikeBatch([0.000, 0.005], [0, 1], [0, 2], population=2)
    >>> out = net.forward(spikes)
    >>> out.counts()
    array([[1, 1, 1]])
    >>> grads = net.backward(nt.SpikeCount(5, 1)(out, [2]).d_times)
    >>> grads.weights[0].shape
    (3, 2)
    """

    def __init__(
        self,
        inputs: Union[int, Tuple[int, int, int]],
        layers: Sequence[Layer],
        *,
        tau_m: Optional[float] = None,
        tau_s: Optional[float] = None,
        t_max: Optional[float] = None,
        seed: int = 0,
        dtype: object = "float32",
        backend: str = "cpu",
        device: Optional[int] = None,
        threads: int = 0,
    ) -> None:
        shape = _shape(inputs)
        if isinstance(layers, (Dense, Conv2d, SumPool2d)):
            layers = [layers]
        if not isinstance(layers, (list, tuple)):
            raise NetworkError(f"layers must be a list of nt.Dense, nt.Conv2d and nt.SumPool2d, not {layers!r}")
        self._set_engine(dtype, backend, device, threads)
        self._seed = _seed(seed)
        shared = {"tau_m": tau_m, "tau_s": tau_s, "t_max": t_max}
        descriptions = [_describe(index, layer, shared) for index, layer in enumerate(layers)]
        self._model = self._open(shape, descriptions)
        self._begin(tuple(_complete(layer, shared) for layer in layers))
        for index, layer in enumerate(layers):
            init = getattr(layer, "init", None)
            self._drawn[index] = not isinstance(layer, SumPool2d) and (init is None or isinstance(init, Threshold))
            if init is not None and not hasattr(init, "_describe"):
                self.weights[index] = init

    def _set_engine(self, dtype: object, backend: str, device: Optional[int], threads: int) -> None:
        self._dtype = check_dtype(dtype)
        self._backend = str(backend)
        self._device = None if device is None else whole(device, "device", 0, 2**16, BackendError)
        self._threads = whole(threads, "threads", 0, MOST_THREADS + 1, BackendError)

    def _open(self, shape: Tuple[int, int, int], descriptions: List[Dict[str, Any]]) -> _noctule.Model:
        """A model of these layers on the engine of this network."""
        return _noctule.Model(
            shape,
            descriptions,
            seed=self._seed,
            dtype=self._dtype,
            backend=self._backend,
            device=self._device,
            threads=self._threads,
        )

    def _begin(self, layers: Tuple[Layer, ...]) -> None:
        self._layers = layers
        #: Whether the weights of a layer are those that `Threshold` drew, which `fit` may draw anew.
        self._drawn = [False] * len(layers)
        #: What follows from the layers, so that nobody has to wait for the engine to ask.
        self._input_shape = self._model.describe()[0]
        self._output_shapes = self._model.output_shapes()
        self._engine = self._model.engine()
        self._last_pass = LastPass()
        #: Whether there is a gradient that no step has used.
        self._has_gradient = False
        self._optimiser: Optional[Optimiser] = None
        #: Learning rates that followed from the weights, by the name of the optimiser.
        self._rates: Dict[str, float] = {}
        #: How classes are predicted unless somebody says otherwise: as the loss that it was trained with does.
        self._rule = "most_spikes"

    @classmethod
    def _of_model(
        cls,
        model: _noctule.Model,
        dtype: object,
        backend: str,
        device: Optional[int],
        threads: int,
        seed: int = 0,
    ) -> Network:
        network = object.__new__(cls)
        network._set_engine(dtype, backend, device, threads)
        network._seed = seed
        network._model = model
        _, descriptions = model.describe()
        network._begin(tuple(from_description(description) for description in descriptions))
        return network

    # What it is.

    @property
    def layers(self) -> Tuple[Layer, ...]:
        """The layers, with all constants."""
        return self._layers

    @property
    def input_shape(self) -> Tuple[int, int, int]:
        """Height, width and channels of the input; ``(1, 1, inputs)`` if it is no image."""
        return self._input_shape

    @property
    def inputs(self) -> int:
        """Number of input neurons."""
        height, width, channels = self.input_shape
        return height * width * channels

    @property
    def outputs(self) -> int:
        """Number of neurons of the last layer."""
        return self.sizes[-1]

    @property
    def sizes(self) -> Tuple[int, ...]:
        """Number of inputs, then of neurons of each layer."""
        shapes = [self.input_shape, *self._output_shapes]
        return tuple(height * width * channels for height, width, channels in shapes)

    @property
    def output_shapes(self) -> List[Tuple[int, int, int]]:
        """Height, width and channels of each layer's output."""
        return list(self._output_shapes)

    @property
    def dtype(self) -> str:
        """``"float32"`` or ``"float64"``."""
        return self._dtype

    @property
    def backend(self) -> str:
        """The name of the back end."""
        return self._backend

    @property
    def engine(self) -> Dict[str, Any]:
        """The engine: its back end, its device, its threads."""
        backend, device, threads = self._engine
        return {"backend": backend, "device": device, "threads": threads}

    @property
    def weights(self) -> Weights:
        """The weights of each layer: ``[neurons, inputs]`` of a dense one, ``[filters, height, width, channels]`` of a
        convolution, ``None`` of a pooling layer. ``net.weights[0] = array`` sets those of layer 0."""
        return Weights(self)

    # What it does.

    def forward(self, spikes: SpikeBatch, *, dropout_seed: Optional[int] = None) -> SpikeBatch:
        """Runs the network on a batch, and returns the events of its last layer, sorted by time within each sample.

        Args:
            spikes: Events of the input neurons.
            dropout_seed: Drops inputs as in training. Take another seed for each batch.

        Raises:
            ArrayError: If the spikes come from a population of another size.
        """
        _check_batch(spikes)
        self._last_pass.end()
        seed = None if dropout_seed is None else _seed(dropout_seed)
        number, arrays = self._model.forward(spikes, seed, True)
        self._last_pass.begin(number)
        return SpikeBatch._of(*arrays)

    __call__ = forward

    def spikes(self, layer: int) -> SpikeBatch:
        """The events of a layer in the last forward pass.

        Raises:
            StateError: If there was none, or another thread ran the network since the last one of this thread.
        """
        index = self.weights._index(layer)
        return SpikeBatch._of(*self._model.spikes(self._last_pass.number("spikes"), index))

    def backward(
        self,
        d_times: object,
        *,
        accumulate: bool = False,
        max_inverse_slope: Optional[float] = None,
        silent_boost: Union[float, Sequence[float]] = 0.0,
    ) -> Gradients:
        """The exact gradient of the last forward pass.

        Args:
            d_times: ``dL/dt`` of each output spike, aligned with the output of the forward pass; shape ``[spikes]``.
            accumulate: Whether to add to the gradient of earlier backward passes since the last step; else it is that of
                this pass alone.
            max_inverse_slope: The largest ``1/(du/dt)`` of a spike, in seconds per unit of potential; by default no limit.
            silent_boost: What is subtracted from the gradient of each weight of a neuron that was silent in the whole
                batch; one number for the last layer, or one for each layer.

        Raises:
            StateError: If there was no forward pass, or weights have changed since, or another thread ran the network since
                the last one of this thread.
            ArrayError: If ``d_times`` has another length, or a value that is not finite.
        """
        number = self._last_pass.number("backward")
        return self._backward(number, d_times, accumulate, max_inverse_slope, silent_boost)

    def _backward(
        self,
        number: int,
        d_times: object,
        accumulate: bool = False,
        max_inverse_slope: Optional[float] = None,
        silent_boost: Union[float, Sequence[float]] = 0.0,
    ) -> Gradients:
        array = to_floats(d_times, "d_times", self._dtype)
        regularisation = describe_regularisation(len(self._layers), max_inverse_slope, silent_boost, None)
        weights, input_times, without_rise = self._model.backward(number, array, bool(accumulate), regularisation)
        self._has_gradient = True
        none: Any = None
        return Gradients(tuple(none if array is None else array for array in weights), input_times, without_rise)

    def backward_recorded(
        self,
        spikes: SpikeBatch,
        recorded_layers: Sequence[SpikeBatch],
        d_times: object,
        *,
        accumulate: bool = False,
        max_inverse_slope: Optional[float] = None,
        silent_boost: Union[float, Sequence[float]] = 0.0,
    ) -> Gradients:
        """The gradient at spikes that were recorded elsewhere, on a chip for example.

        Args:
            spikes: Events of the input neurons.
            recorded_layers: The recorded events of each layer, pooling layers included, the output last.
            d_times: ``dL/dt`` of each recorded output spike; shape ``[spikes]``.
            accumulate, max_inverse_slope, silent_boost: As for :meth:`backward`.

        Times are the recorded ones. The slope of the potential at a spike is the model's at that time, from the recorded
        inputs and the neuron's own earlier recorded spikes. A recorded spike whose slope is not positive passes no error on;
        :attr:`Gradients.spikes_without_rise` counts them. :meth:`step` uses the gradient.

        Raises:
            ArrayError: If there is not one batch for each layer, or one has other samples or neurons.
        """
        _check_batch(spikes)
        layers = list(recorded_layers)
        for layer in layers:
            _check_batch(layer)
        if len(layers) != len(self._layers):
            raise ArrayError(
                f"there are recorded spikes of {len(layers)} layers, but the network has {len(self._layers)}; pooling layers "
                "count, too"
            )
        self._last_pass.end()
        number = self._model.forward_recorded(spikes, layers)
        return self._backward(number, d_times, accumulate, max_inverse_slope, silent_boost)

    def step(self, optimiser: Optimiser, *, max_norm: Optional[float] = None) -> None:
        """Takes a step of an optimiser with the gradient of the last backward pass, and sets the gradient to zero.

        Args:
            optimiser: It remembers its moments in the network. One with other constants (but for the learning rate) begins
                anew.
            max_norm: A gradient with a larger Euclidean norm is first scaled down to this one.

        A ``learning_rate`` of ``None`` is 0.03 times the root mean square of the weights, in the layer where they are smallest,
        at the first step with such an optimiser; for :class:`noctule.Sgd` 0.03 times its square.

        Raises:
            StateError: If there was no backward pass since the last step.
            TrainingError: If a weight became NaN or too large. The network has that weight then.
        """
        if not isinstance(optimiser, Optimiser):
            raise NetworkError(f"step needs an optimiser such as nt.Adam(0.001), not {optimiser!r}")
        if not self._has_gradient:
            raise StateError("step needs a backward pass first")
        norm = None if max_norm is None else real(max_norm, "max_norm", NetworkError)
        kind = type(optimiser).__name__
        if optimiser.learning_rate is None and kind not in self._rates:
            self._rates[kind] = self._model.learning_rate(optimiser._describe())
        optimiser = self._with_rate(optimiser)
        description = optimiser._describe()
        try:
            self._model.step(description, norm)
        except TrainingError:
            # The step was taken, and diverged.
            self._after_step(optimiser)
            raise
        self._after_step(optimiser)

    def _after_step(self, optimiser: Optimiser) -> None:
        self._has_gradient = False
        self._optimiser = optimiser
        self._drawn = [False] * len(self._layers)
        self._last_pass.forget()

    def _with_rate(self, optimiser: Optimiser) -> Optimiser:
        """The optimiser, with the learning rate that it had here before if it has none of its own."""
        rate = self._rates.get(type(optimiser).__name__)
        if optimiser.learning_rate is not None or rate is None:
            return optimiser
        return replace(optimiser, learning_rate=rate)

    def clear_gradient(self) -> None:
        """Sets the gradient to zero."""
        self._model.clear_gradient()
        self._has_gradient = False

    def predict(
        self, samples: Any, *, rule: Optional[str] = None, batch_size: int = 100
    ) -> npt.NDArray[np.int64]:
        """The class of each sample: -1 where no output neuron spiked; shape ``[samples]``.

        Args:
            samples: A :class:`SpikeBatch`, or a set of :mod:`noctule.data`.
            rule: ``"most_spikes"`` or ``"first_spike"``; by default as the loss does that the network was trained with, else
                ``"most_spikes"``.
            batch_size: Samples that are run together.
        """
        inputs = getattr(samples, "spikes", samples)
        inputs = samples if hasattr(samples, "images") else inputs
        if not isinstance(inputs, SpikeBatch) and not hasattr(inputs, "images"):
            raise ArrayError(f"predict needs a SpikeBatch or a set of noctule.data, not {type(samples).__name__}")
        _check_shape(self.input_shape, samples, "the set")
        batch_size = whole(batch_size, "batch_size", 1, error=ArrayError)
        self._last_pass.end()
        batches = range(0, len(inputs), batch_size)
        name = self._rule if rule is None else rule
        found = [self._model.predict(inputs[first : first + batch_size], name) for first in batches]
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)

    # How it is kept and shown.

    def save(self, path: Union[str, os.PathLike[str]]) -> None:
        """Writes layers and weights to a safetensors file, which :meth:`load` reads, here and in Rust.

        What an optimiser remembers, and how :meth:`predict` decides, are not in it; :mod:`pickle` keeps both.
        """
        self._model.save(file_path(path, "the path", NetworkError))

    @classmethod
    def load(
        cls,
        path: Union[str, os.PathLike[str]],
        *,
        dtype: object = "float32",
        backend: str = "cpu",
        device: Optional[int] = None,
        threads: int = 0,
    ) -> Network:
        """Reads a file that :meth:`save` wrote.

        Raises:
            NetworkError: If it cannot be read, is damaged, or holds no network.
        """
        name = check_dtype(dtype)
        model = load_model(path, name, backend, device, threads)
        return cls._of_model(model, name, backend, device, threads)

    def __getstate__(self) -> Dict[str, Any]:
        return state_of(self)

    def __setstate__(self, state: Dict[str, Any]) -> None:
        restore(self, state)

    def to(
        self,
        *,
        dtype: object = None,
        backend: Optional[str] = None,
        device: Optional[int] = None,
        threads: Optional[int] = None,
    ) -> Network:
        """A copy in another precision or on another engine, without what an optimiser remembers."""
        return copy_to(self, dtype, backend, device, threads)

    def __repr__(self) -> str:
        height, width, channels = self.input_shape
        inputs = str(channels) if height == width == 1 else f"({height}, {width}, {channels})"
        lines = "".join(f"\n    {layer!r}," for layer in self._layers)
        engine = f'dtype="{self._dtype}", backend="{self._backend}"'
        return f"Network({inputs}, [{lines}\n], {engine})"

    def _repr_html_(self) -> str:
        from ._html import network

        return network(self)
