"""Noctule layers inside PyTorch models: :class:`Layer`, and losses on its output.

Spike times are tensors of shape ``[sample, neuron, spike]`` in seconds, in which ``inf`` stands for no spike. The times of a
neuron ascend, so ``times[..., 0]`` are first spikes and ``torch.isfinite(times).sum(-1)`` are spike counts. Gradients with
respect to times and weights are exact, through every spike.

>>> import torch, noctule as nt
>>> layer = nt.torch.Layer(784, nt.Dense(10, theta=0.2, max_spikes=5), tau_m=0.26, tau_s=0.13, t_max=0.2)
>>> images = torch.rand(50, 784)
>>> times = layer(nt.torch.encode(images))                       # [50, 10, 5]
>>> loss = nt.torch.SpikeLoss(nt.SpikeCount(3, 0))(times, torch.zeros(50, dtype=torch.long))
>>> loss.backward()
>>> layer.weight.grad.shape
torch.Size([10, 784])
"""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple, Union

try:
    import torch
except ImportError as error:  # pragma: no cover
    raise ImportError('noctule.torch needs PyTorch: pip install "noctule[torch]"') from error

from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from . import _noctule
from ._arrays import to_labels
from .data import Latency
from .data.sets import check_encoding
from .errors import ArrayError, NetworkError
from .layers import Conv2d, Dense, SumPool2d
from .losses import Loss
from .layers import Layer as LayerDescription
from .network import Network
from .regularisation import describe_regularisation
from .spikes import SpikeBatch

_TYPES = {"float32": torch.float32, "float64": torch.float64}


class Layer(nn.Module):
    """One layer of spiking neurons, or several, as a module of PyTorch.

    Args:
        inputs: Number of input neurons, the shape ``(height, width, channels)`` of an image, or a :class:`noctule.Network`.
        layers: A layer such as ``nt.Dense(800, theta=0.2, max_spikes=30)``, or a list of layers. Several layers in one
            module are faster than one module for each, since their spikes need not become tensors in between.
        tau_m, tau_s, t_max, seed, dtype, backend, device, threads: As for :class:`noctule.Network`. ``device`` is that of the
            engine; tensors are on the CPU.
        max_inverse_slope, silent_boost: As for :meth:`noctule.Network.backward`.

    Shape:
        input: ``[sample, neuron, spike]``, of any number of spikes.
        output: ``[sample, neuron, spike]`` with ``max_spikes`` spikes of each neuron of the last layer.

    PyTorch's own operations around such a layer are small, and its threads keep the cores from Noctule's while they wait for the
    next one: ``torch.set_num_threads(1)`` makes most models faster.

    Gradients of gradients, and ``torch.func``, are not supported.

    Weights are often larger than 1 here, so an optimiser of PyTorch needs a larger rate than its default of 0.001: 0.03 times the
    root mean square of the smallest layer's weights is a good beginning.

    Weights are parameters: :attr:`weight` of a single layer, :attr:`weights` of several. They are copied to the engine in
    each forward pass, so any optimiser of PyTorch can change them. In training mode layers with dropout drop inputs.
    """

    def __init__(
        self,
        inputs: Union[int, Tuple[int, int, int], Network],
        layers: Union[LayerDescription, Sequence[LayerDescription], None] = None,
        *,
        tau_m: Optional[float] = None,
        tau_s: Optional[float] = None,
        t_max: Optional[float] = None,
        seed: int = 0,
        dtype: object = None,
        backend: Optional[str] = None,
        device: Optional[int] = None,
        threads: Optional[int] = None,
        max_inverse_slope: Optional[float] = None,
        silent_boost: Union[float, Sequence[float]] = 0.0,
    ) -> None:
        super().__init__()
        if isinstance(inputs, Network):
            if layers is not None or not tau_m is tau_s is t_max is None or seed != 0:
                raise NetworkError("a Network has its layers, constants and weights; leave them out")
            self._network = inputs.to(dtype=dtype, backend=backend, device=device, threads=threads)
        else:
            if isinstance(layers, (Dense, Conv2d, SumPool2d)):
                layers = [layers]
            if layers is None:
                raise NetworkError("Layer needs a layer such as nt.Dense(800, theta=0.2, max_spikes=30)")
            self._network = Network(
                inputs,
                layers,
                tau_m=tau_m,
                tau_s=tau_s,
                t_max=t_max,
                seed=seed,
                dtype="float32" if dtype is None else dtype,
                backend="cpu" if backend is None else backend,
                device=device,
                threads=0 if threads is None else threads,
            )
        found = [(index, weights) for index, weights in enumerate(self._network.weights) if weights is not None]
        self._indices = [index for index, _ in found]
        self.weights = nn.ParameterList([nn.Parameter(torch.from_numpy(weights.copy())) for _, weights in found])
        self._regularisation = describe_regularisation(
            len(self._network.layers), max_inverse_slope, silent_boost, None
        )
        self._drops = any(getattr(layer, "dropout", 0.0) > 0 for layer in self._network.layers)

    @property
    def weight(self) -> nn.Parameter:
        """The weights of a module with a single layer that has any."""
        if len(self.weights) != 1:
            # `hasattr(module, "weight")` is how PyTorch's programs ask; `__getattr__` says the rest.
            raise AttributeError("weight")
        weight: nn.Parameter = self.weights[0]
        return weight

    def __getattr__(self, name: str) -> Any:
        if name == "weight":
            raise AttributeError(f"this module has {len(self.weights)} layers with weights; see its `weights`")
        return super().__getattr__(name)

    @property
    def network(self) -> Network:
        """The network, with the present weights. Those that are set in it do not reach the module."""
        self._network._model.set_weights(self._arrays(list(self.weights)))
        return self._network

    def output_width(self, input_width: int) -> int:
        """The length of the last dimension of the output, for an input whose last dimension has the length ``input_width``."""
        width = input_width
        for layer in self._network.layers:
            width = width * layer.size**2 if isinstance(layer, SumPool2d) else layer.max_spikes
        return width

    def forward(self, times: Tensor) -> Tensor:
        """Output spike times ``[sample, neuron, spike]`` of input spike times ``[sample, neuron, spike]``, in seconds.

        Raises:
            ArrayError: If the tensor has another type or shape, or is not on the CPU.
            SpikeError: If a time is negative or NaN.
        """
        self._check(times)
        seed = None
        if self.training and self._drops:
            seed = int(torch.randint(2**62, (1,)).item())
        output: Tensor = _Pass.apply(self, times, seed, *self.weights)
        return output

    def _check(self, times: Tensor) -> None:
        _check_tensor(times)
        wanted = _TYPES[self._network.dtype]
        if times.dtype != wanted:
            raise ArrayError(f"the tensor is of {times.dtype}, but the layer of {wanted}")
        if times.dim() != 3 or times.shape[1] != self._network.inputs:
            raise ArrayError(
                f"spike times must have the shape [sample, {self._network.inputs}, spike], not {list(times.shape)}"
            )

    def to_network(self) -> Network:
        """A :class:`noctule.Network` of its own, with the present weights."""
        return self.network.to()

    def _arrays(self, weights: Sequence[Tensor]) -> List[Tuple[int, Any]]:
        """Weights for the engine, each with the index of its layer."""
        return [(index, weight.detach().contiguous().numpy()) for index, weight in zip(self._indices, weights)]

    def extra_repr(self) -> str:
        """The layers."""
        return f"{self._network.inputs}, {', '.join(repr(layer) for layer in self._network.layers)}"

    def _apply(self, fn: Any, recurse: bool = True) -> Layer:
        wanted = _TYPES[self._network.dtype]
        # Before anything is changed.
        moved = fn(torch.empty(0, dtype=wanted))
        if moved.device.type != "cpu" or moved.dtype != wanted:
            raise NetworkError(
                f"a Noctule layer stays on the CPU, in {self._network.dtype}; make it with another dtype, or name an engine with "
                f"backend=, instead of moving it to {moved.dtype} on {moved.device}"
            )
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self


class _Pass(torch.autograd.Function):
    """A forward pass of a module, and the exact gradient through it."""

    @staticmethod
    def forward(ctx: Any, module: Layer, times: Tensor, seed: Optional[int], *weights: Tensor) -> Tensor:
        width = module.output_width(times.shape[2])
        array = times.detach().contiguous().numpy()
        with_input = bool(ctx.needs_input_grad[1])
        model = module._network._model
        number, output = model.forward_padded(module._arrays(weights), array, width, seed, with_input)
        ctx.save_for_backward(times, *weights)
        ctx.module, ctx.number, ctx.width, ctx.seed = module, number, width, seed
        return torch.from_numpy(output)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *grad_outputs: Tensor
    ) -> Tuple[Optional[Tensor], ...]:
        module: Layer = ctx.module
        times, *weights = ctx.saved_tensors
        # Where the module ran again since, the engine runs this pass once more first.
        gradients, d_input = module._network._model.backward_padded(
            ctx.number,
            module._arrays(weights),
            times.detach().contiguous().numpy(),
            ctx.width,
            ctx.seed,
            grad_outputs[0].contiguous().numpy(),
            module._regularisation,
            bool(ctx.needs_input_grad[1]),
        )
        d_weights: List[Optional[Tensor]] = [
            torch.from_numpy(gradients[index]) if needed else None
            for index, needed in zip(module._indices, ctx.needs_input_grad[3:])
        ]
        return None, None if d_input is None else torch.from_numpy(d_input), None, *d_weights


class SpikeLoss(nn.Module):
    """A loss of Noctule on output spike times: ``nt.torch.SpikeLoss(nt.SpikeCount(15, 3))(times, labels)``.

    Spike counts do not change smoothly with times, so losses on counts come with errors of their own, as
    :class:`noctule.SpikeCount` describes them.

    Shape:
        times: ``[sample, class, spike]``.
        labels: ``[sample]``.
        output: a scalar, the mean over the samples.
    """

    def __init__(self, loss: Loss) -> None:
        super().__init__()
        if not isinstance(loss, Loss):
            raise ArrayError(f"SpikeLoss needs a loss such as nt.SpikeCount(15, 3), not {loss!r}")
        self.loss = loss

    def forward(self, times: Tensor, labels: Tensor) -> Tensor:
        """The mean loss."""
        value: Tensor = _Loss.apply(times, labels, self.loss)
        return value

    def extra_repr(self) -> str:
        """The loss."""
        return repr(self.loss)


class _Loss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, times: Tensor, labels: Tensor, loss: Loss) -> Tensor:
        _check_tensor(times)
        classes = to_labels(labels, len(times))
        array = times.detach().contiguous().numpy()
        value, d_times = _noctule.evaluate_padded_loss(loss._describe(), array, classes)
        ctx.save_for_backward(torch.from_numpy(d_times))
        return times.new_tensor(value)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, *grad_outputs: Tensor
    ) -> Tuple[Optional[Tensor], ...]:
        (d_times,) = ctx.saved_tensors
        return d_times * grad_outputs[0], None, None


def _check_tensor(times: object) -> None:
    if not isinstance(times, Tensor):
        raise ArrayError(f"a tensor of spike times is needed, not {type(times).__name__}")
    if times.device.type != "cpu":
        raise ArrayError(f"the tensor is on the device {times.device}; move it to the CPU first, with .cpu()")
    if times.layout != torch.strided:
        raise ArrayError(f"the tensor is sparse ({times.layout}); a dense one is needed")


def encode(intensities: Tensor, encoding: Latency = Latency(), *, channels: Optional[str] = None) -> Tensor:
    """Intensities from 0 to 1 as spike times, one for each: ``[sample, ...]`` becomes ``[sample, neuron, 1]``, in seconds.

    Args:
        intensities: uint8, or floats from 0 to 1; images or flat.
        encoding: See :class:`noctule.data.Latency`; a bias is one neuron more.
        channels: Where the channels of images with four dimensions are: ``"first"``, ``[sample, channel, height, width]`` as
            PyTorch's images, or ``"last"``, ``[sample, height, width, channel]`` as :mod:`noctule.data`'s. ``None`` is
            ``"last"``, but refuses images whose channels seem to come first.

    The order of the neurons is that of networks on images: ``(y * width + x) * channels + c``.

    Gradients pass through, with respect to the intensities.
    """
    if not isinstance(intensities, Tensor):
        raise ArrayError(f"a tensor of intensities is needed, not {type(intensities).__name__}; see torch.from_numpy")
    check_encoding(encoding)
    if intensities.device.type != "cpu":
        raise ArrayError(f"the tensor is on the device {intensities.device}; move it to the CPU first, with .cpu()")
    if intensities.dim() < 2:
        raise ArrayError(f"intensities must have the shape [sample, ...], not {list(intensities.shape)}")
    values = (intensities.movedim(1, -1) if _channels_first(intensities, channels) else intensities).flatten(1)
    if values.dtype != torch.uint8:
        if not values.is_floating_point():
            raise ArrayError(f"intensities must be uint8, or floats from 0 to 1, not {values.dtype}")
        if values.numel() and not (values.detach().amin() >= 0 and values.detach().amax() <= 1):
            raise ArrayError(
                f"intensities are from {float(values.detach().amin())} to {float(values.detach().amax())}; scale them to 0 to 1"
            )
    if values.dtype == torch.uint8:
        # A time for each of the 256 intensities.
        table = _times(torch.arange(256, dtype=torch.float64) / 255, encoding).to(torch.float32)
        times = torch.index_select(table, 0, values.flatten().int()).view(values.shape)
    else:
        times = _times(values, encoding)
    if encoding.bias is not None:
        bias = times.new_full((len(times), 1), encoding.bias)
        times = torch.cat([times, bias], 1)
    return times[..., None]


def _channels_first(images: Tensor, channels: Optional[str]) -> bool:
    if channels not in (None, "first", "last"):
        raise ArrayError(f'channels must be "first" or "last", not {channels!r}')
    if images.dim() != 4 or channels is not None:
        return images.dim() == 4 and channels == "first"
    few_first, few_last = 1 < images.shape[1] <= 4, images.shape[3] <= 4
    if few_first and not few_last:
        shape = list(images.shape)
        raise ArrayError(f'the channels of {shape} seem to come first; say channels="first", or channels="last" if they do not')
    # A single channel makes no difference.
    return False


def _times(values: Tensor, encoding: Latency) -> Tensor:
    times = encoding.earliest + (encoding.latest - encoding.earliest) * (1 - values)
    return times.masked_fill(values == 0, float("inf")) if encoding.silent_zero else times


def to_spikes(times: Tensor) -> SpikeBatch:
    """A tensor of spike times ``[sample, neuron, spike]`` as a :class:`noctule.SpikeBatch`."""
    return SpikeBatch.from_padded(times)


def from_spikes(spikes: SpikeBatch, width: Optional[int] = None) -> Tensor:
    """A :class:`noctule.SpikeBatch` as a tensor ``[sample, neuron, spike]``, with room for ``width`` spikes of a neuron."""
    return torch.from_numpy(spikes.to_padded(width))


def spike_counts(times: Tensor) -> Tensor:
    """Spikes of each neuron, ``[sample, neuron]``; the class is ``spike_counts(times).argmax(1)``. It has no gradient."""
    return torch.isfinite(times).sum(-1)


def predictions(times: Tensor, rule: str = "most_spikes") -> Tensor:
    """The class of each sample, -1 where no output neuron spiked; see :meth:`noctule.SpikeBatch.predictions`."""
    return torch.from_numpy(to_spikes(times.detach()).predictions(rule))


__all__ = ["Layer", "SpikeLoss", "encode", "from_spikes", "predictions", "spike_counts", "to_spikes"]
