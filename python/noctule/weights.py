"""The weights of a network: :class:`Weights`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, Sequence, Union, overload

import numpy.typing as npt

from ._arrays import place, read_only, to_floats

if TYPE_CHECKING:
    from .network import Network

Array = npt.NDArray[Any]


class Weights(Sequence[Array]):
    """The weights of a network, one array for each layer; ``None`` for pooling layers.

    ``net.weights[0]`` is a copy that is read-only; ``net.weights[0] = array`` sets the weights of layer 0.
    """

    # For checks of types, weights are arrays: whoever names a layer knows that it has some.

    def __init__(self, network: Network) -> None:
        self._network = network

    def __len__(self) -> int:
        return len(self._network.layers)

    @overload
    def __getitem__(self, layer: int) -> Array: ...

    @overload
    def __getitem__(self, layer: slice) -> Sequence[Array]: ...

    def __getitem__(self, layer: Union[int, slice]) -> Union[Array, Sequence[Array]]:
        if isinstance(layer, slice):
            return [self[index] for index in range(*layer.indices(len(self)))]
        weights = self._network._model.weights(self._index(layer))
        none: Any = None
        return none if weights is None else read_only(weights)

    def __setitem__(self, layer: int, weights: object) -> None:
        index = self._index(layer)
        network = self._network
        if weights is None and network._model.weights(index) is None:
            # A pooling layer keeps what it has.
            return
        array = to_floats(weights, f"the weights of layer {index}", network.dtype)
        network._model.set_weights([(index, array)])
        network._drawn[index] = False

    def __iter__(self) -> Iterator[Array]:
        return (self[index] for index in range(len(self)))

    def _index(self, layer: int) -> int:
        return place(layer, "layer", len(self), "")

    def __repr__(self) -> str:
        shapes = ["None" if weights is None else str(list(weights.shape)) for weights in self]
        return f"Weights({', '.join(shapes)})"
