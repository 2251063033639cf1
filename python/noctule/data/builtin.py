"""The built-in sets."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

from .. import _noctule
from .._arrays import file_path, whole
from ..errors import DataError
from ..spikes import SpikeBatch
from .sets import EventSet, ImageSet, Latency, Path, Set

#: The usual encoding of the Yin-Yang set: features from 10 to 40 ms, and a bias at 20 ms.
YIN_YANG = Latency(0.010, 0.040, silent_zero=False, bias=0.020)


def names() -> Dict[str, str]:
    """The built-in sets, and what each of them is."""
    return dict(_noctule.data_sets())


def load(
    name: str,
    split: str = "train",
    *,
    data_dir: Optional[Path] = None,
    seed: int = 0,
    encoding: Optional[Latency] = None,
) -> Set:
    """One part of a built-in set; it is downloaded and checked if it is not there.

    Args:
        name: One of :func:`names`.
        split: ``"train"``, ``"test"`` or, for Yin-Yang, ``"validation"``.
        data_dir: Where data sets lie; by default ``$NOCTULE_DATA``, else the cache directory of the user.
        seed: Seed of sets that are generated.
        encoding: How intensities become spikes; by default as :func:`mnist`, :func:`fashion_mnist` and :func:`yinyang` do it.

    Raises:
        DataError: If there is no such set or part, or it can be neither read nor downloaded.
    """
    directory = None if data_dir is None else file_path(data_dir, "data_dir", DataError)
    if encoding is None:
        encoding = YIN_YANG if name == "yin-yang" else Latency()
    return _set(_noctule.load_set(
        str(name), str(split), directory, whole(seed, "seed", 0, 2**64, DataError)
    ), encoding)


def mnist(*, data_dir: Optional[Path] = None, encoding: Latency = Latency()) -> Tuple[ImageSet, ImageSet]:
    """MNIST: 60,000 images to train with and 10,000 to test, 28 x 28, 10 classes."""
    return _pair("mnist", data_dir, 0, encoding)


def fashion_mnist(*, data_dir: Optional[Path] = None, encoding: Latency = Latency()) -> Tuple[ImageSet, ImageSet]:
    """Fashion-MNIST: 60,000 images to train with and 10,000 to test, 28 x 28, 10 classes."""
    return _pair("fashion-mnist", data_dir, 0, encoding)


def yinyang(*, seed: int = 0, encoding: Latency = YIN_YANG) -> Tuple[ImageSet, ImageSet]:
    """Yin-Yang: 5,000 points to train with and 1,000 to test, 4 features and a bias, 3 classes. It is generated."""
    return _pair("yin-yang", None, seed, encoding)


def _pair(name: str, data_dir: Optional[Path], seed: int, encoding: Latency) -> Tuple[ImageSet, ImageSet]:
    parts = [load(name, split, data_dir=data_dir, seed=seed, encoding=encoding) for split in ("train", "test")]
    train, test = parts
    assert isinstance(train, ImageSet) and isinstance(test, ImageSet)
    return train, test


def _set(described: Dict[str, Any], encoding: Latency) -> Set:
    if "images" in described:
        return ImageSet._of(described, encoding)
    batch = SpikeBatch._of(*described["events"])
    return EventSet(batch, described["labels"], classes=described["classes"])
