"""The weights of a network: :class:`Weights`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, Optional, Sequence, Union, overload

import numpy.typing as npt

from ._arrays import read_only, to_floats

if TYPE_CHECKING:
    from .network import Network

Array = npt.NDArray[Any]


class Weights(Sequence[Optional[Array]]):
    """The weights of a network, one array for each layer; ``None`` for pooling layers.

    ``net.weights[0]`` is a copy that is read-only; ``net.weights[0] = array`` sets the weights of layer 0.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    def __len__(self) -> int:
        return len(self._network.layers)

    @overload
    def __getitem__(self, layer: int) -> Optional[Array]: ...

    @overload
    def __getitem__(self, layer: slice) -> Sequence[Optional[Array]]: ...

    def __getitem__(self, layer: Union[int, slice]) -> Union[Optional[Array], Sequence[Optional[Array]]]:
        if isinstance(layer, slice):
            return [self[index] for index in range(*layer.indices(len(self)))]
        weights = self._network._model.weights(self._index(layer))
        return None if weights is None else read_only(weights)

    def __setitem__(self, layer: int, weights: object) -> None:
        index = self._index(layer)
        network = self._network
        array = to_floats(weights, f"the weights of layer {index}", network.dtype)
        network._model.set_weights([(index, array)])
        network._drawn[index] = False

    def __iter__(self) -> Iterator[Optional[Array]]:
        return (self[index] for index in range(len(self)))

    def _index(self, layer: int) -> int:
        layers = len(self)
        if not -layers <= layer < layers:
            raise IndexError(f"there is no layer {layer} among {layers}")
        return layer % layers

    def __repr__(self) -> str:
        shapes = ["None" if weights is None else str(list(weights.shape)) for weights in self]
        return f"Weights({', '.join(shapes)})"
