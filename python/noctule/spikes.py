"""Spike trains: :class:`SpikeBatch`."""

from __future__ import annotations

import warnings
from typing import Any, Iterable, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _noctule
from ._arrays import check_dtype, chosen_samples, place, read_only, real, to_floats, to_offsets, to_units, whole
from ._spike_lists import listed, times_and_units
from .errors import ArrayError, SpikeError

#: More would hardly fit in memory with their spikes.
MOST_NEURONS = 2**26

Sample = Tuple[npt.NDArray[Any], npt.NDArray[np.uint32]]


class SpikeBatch:
    """The spikes of a batch of samples, from one population of neurons.

    Spikes stand sample after sample, and within each sample they are sorted by time. Input and output of every network
    are such batches.

    Args:
        times: Spike times in seconds, not negative, shape ``[spikes]``. An array of float32 or float64 is used as it is,
            without a copy; other numbers become float64.
        units: The neuron of each spike, shape ``[spikes]``. An array of uint32 is used without a copy.
        offsets: Where each sample begins in ``times``, and where the last one ends; shape ``[samples + 1]``. Sample ``i``
            has the spikes ``offsets[i]`` to ``offsets[i + 1]``. An array of int64 is used without a copy.
        population: Number of neurons.
        sort: Whether to sort the spikes of each sample by time, which copies them. Otherwise they must be sorted.

    Raises:
        SpikeError: If times are not sorted within a sample, NaN, infinite or negative, or a neuron does not exist.
        ArrayError: If something is no array of numbers of the right shape.

    An array that is used without a copy must not be changed afterwards; the batch itself shows arrays that are read-only.

    >>> import noctule as nt
    >>> batch = nt.SpikeBatch([0.010, 0.025, 0.005], [2, 0, 1], [0, 2, 3], population=3)
    >>> batch
    SpikeBatch(2 samples, 3 spikes of 3 neurons, float64)
    >>> batch.counts()
    array([[1, 0, 1],
           [0, 1, 0]])
    """

    __slots__ = ("_times", "_units", "_offsets", "_residuals", "_population")

    _times: npt.NDArray[Any]
    _units: npt.NDArray[np.uint32]
    _offsets: npt.NDArray[np.int64]
    _residuals: Optional[npt.NDArray[Any]]
    _population: int

    def __init__(
        self, times: object, units: object, offsets: object, population: int, *, sort: bool = False
    ) -> None:
        self._times = read_only(to_floats(times, "times"))
        self._units = read_only(to_units(units))
        self._offsets = read_only(to_offsets(offsets))
        self._residuals = None
        self._population = _population(population)
        for name, array in (("times", self._times), ("units", self._units), ("offsets", self._offsets)):
            if array.ndim != 1:
                raise ArrayError(f"{name} must have one dimension, not the shape {list(array.shape)}")
        if sort:
            self._sort()
        _noctule.check_spikes(self)

    def _sort(self) -> None:
        """Sorts each sample by time, if the arrays have lengths that fit; else the check says what is wrong."""
        counts = np.diff(self._offsets)
        if len(self._times) == len(self._units) == counts.sum() and (counts >= 0).all():
            order = np.lexsort((self._times, self.sample_of_spike()))
            self._times, self._units = read_only(self._times[order]), read_only(self._units[order])

    # Other ways to make one.

    @classmethod
    def _of(
        cls,
        times: npt.NDArray[Any],
        units: npt.NDArray[np.uint32],
        offsets: npt.NDArray[np.int64],
        residuals: Optional[npt.NDArray[Any]],
        population: int,
    ) -> SpikeBatch:
        """Of arrays that Noctule made."""
        batch = object.__new__(cls)
        batch._times = read_only(times)
        batch._units = read_only(units)
        batch._offsets = read_only(offsets)
        batch._residuals = None if residuals is None else read_only(residuals)
        batch._population = population
        return batch

    @classmethod
    def from_lists(
        cls,
        samples: Iterable[Any],
        units: Optional[Iterable[Any]] = None,
        *,
        population: int,
        dtype: object = "float64",
    ) -> SpikeBatch:
        """From one list for each sample.

        Args:
            samples: For each sample its spikes as ``(time, unit)`` pairs, or a tuple of two arrays ``(times, units)``;
                or, with ``units``, only the times.
            units: For each sample the neuron of each of its spikes.
            population: Number of neurons.
            dtype: ``"float32"`` or ``"float64"``.

        Spikes of a sample need not be sorted. Those at the same time stay in their order.

        >>> import noctule as nt
        >>> nt.SpikeBatch.from_lists([[(0.01, 2), (0.02, 0)], []], population=3)
        SpikeBatch(2 samples, 2 spikes of 3 neurons, float64)
        >>> nt.SpikeBatch.from_lists([[0.01, 0.02], []], [[2, 0], []], population=3)
        SpikeBatch(2 samples, 2 spikes of 3 neurons, float64)
        """
        if units is None:
            pairs = [times_and_units(index, sample) for index, sample in enumerate(listed(samples, "samples"))]
        else:
            times_of, units_of = listed(samples, "samples"), listed(units, "units")
            if len(times_of) != len(units_of):
                raise SpikeError(f"there are times of {len(times_of)} samples, but units of {len(units_of)}")
            pairs = [(times, its_units) for times, its_units in zip(times_of, units_of)]
        name = check_dtype(dtype)
        all_times: List[npt.NDArray[Any]] = []
        all_units: List[npt.NDArray[np.uint32]] = []
        for index, (times, its_units) in enumerate(pairs):
            sample_times = to_floats(times, f"the times of sample {index}", name)
            sample_units = to_units(its_units)
            if sample_times.shape != sample_units.shape or sample_times.ndim != 1:
                raise SpikeError(
                    f"sample {index} has {sample_times.size} times, but {sample_units.size} units; each spike needs both"
                )
            order = np.argsort(sample_times, kind="stable")
            all_times.append(sample_times[order])
            all_units.append(sample_units[order])
        offsets = np.zeros(len(pairs) + 1, dtype=np.int64)
        np.cumsum([len(times) for times in all_times], out=offsets[1:])
        return cls(
            np.concatenate(all_times) if all_times else np.empty(0, dtype=name),
            np.concatenate(all_units) if all_units else np.empty(0, dtype=np.uint32),
            offsets,
            population,
        )

    @classmethod
    def from_padded(cls, padded: object) -> SpikeBatch:
        """From spike times of shape ``[sample, neuron, spike]``, in seconds, in which ``inf`` stands for no spike.

        The spikes of a neuron need not be sorted. A warning says so if the array looks like a raster of zeros and ones, or like
        one that is padded with 0.

        >>> import noctule as nt
        >>> from math import inf
        >>> nt.SpikeBatch.from_padded([[[0.01, 0.03], [0.02, inf]]])
        SpikeBatch(1 sample, 3 spikes of 2 neurons, float64)
        """
        array = to_floats(padded, "padded times")
        if array.ndim != 3:
            raise ArrayError(
                f"padded times must have the shape [sample, neuron, spike], not {list(array.shape)}"
            )
        if array.shape[2] > 1 and ((array[..., 1:] == 0) & (array[..., :-1] > 0)).any():
            is_raster = bool(((array == 0) | (array == 1)).all())
            what = "a raster of zeros and ones" if is_raster else "padded with 0"
            warnings.warn(
                f"the array looks like {what}, but it should have spike times in seconds, and inf where there is no spike",
                stacklevel=2,
            )
        arrays, _ = _noctule.from_padded(array)
        return cls._of(*arrays)

    @classmethod
    def concatenate(cls, batches: Iterable[SpikeBatch]) -> SpikeBatch:
        """The samples of several batches of the same population, in their order; in float64 if one of them is."""
        batches = list(batches)
        for index, batch in enumerate(batches):
            if not isinstance(batch, SpikeBatch):
                raise ArrayError(f"batch {index} is no SpikeBatch, but {type(batch).__name__}")
        if not batches:
            raise SpikeError("there is no batch to concatenate")
        populations = {batch.population for batch in batches}
        if len(populations) > 1:
            raise SpikeError(f"the batches have different populations: {sorted(populations)}")
        if len({batch.dtype for batch in batches}) > 1:
            batches = [batch.astype("float64") for batch in batches]
        ends = np.cumsum([0] + [len(batch.times) for batch in batches])
        offsets = [batch.offsets[:-1] + end for batch, end in zip(batches, ends)]
        residuals = None
        if any(batch.residuals is not None for batch in batches):
            known = (np.zeros_like(b.times) if b.residuals is None else b.residuals for b in batches)
            residuals = np.concatenate(list(known))
        return cls._of(
            np.concatenate([batch.times for batch in batches]),
            np.concatenate([batch.units for batch in batches]),
            np.concatenate([*offsets, ends[-1:]]).astype(np.int64),
            residuals,
            batches[0].population,
        )

    # What it has.

    @property
    def times(self) -> npt.NDArray[Any]:
        """Spike times in seconds, sample after sample, ascending within each; shape ``[spikes]``. Read-only."""
        return self._times

    @property
    def units(self) -> npt.NDArray[np.uint32]:
        """The neuron of each spike; shape ``[spikes]``. Read-only."""
        return self._units

    @property
    def offsets(self) -> npt.NDArray[np.int64]:
        """Where each sample begins, and where the last one ends; shape ``[samples + 1]``. Read-only."""
        return self._offsets

    @property
    def population(self) -> int:
        """Number of neurons."""
        return self._population

    @property
    def residuals(self) -> Optional[npt.NDArray[Any]]:
        """What rounding to float32 took from each time, in seconds; ``None`` if that is not known.

        Networks in float32 keep it in samples that are longer than a hundred time constants, and use it in the next layer.
        """
        return self._residuals

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of ``times``: float32 or float64."""
        return self._times.dtype

    @property
    def samples(self) -> int:
        """Number of samples."""
        return len(self._offsets) - 1

    def __len__(self) -> int:
        return self.samples

    def sample(self, index: int) -> Sample:
        """Times in seconds and neurons of one sample, two arrays of shape ``[spikes]``."""
        begin, end = self._range(index)
        return self._times[begin:end], self._units[begin:end]

    def _range(self, index: int) -> Tuple[int, int]:
        index = place(index, "sample", self.samples, "")
        return int(self._offsets[index]), int(self._offsets[index + 1])

    def __iter__(self) -> Iterator[Sample]:
        return (self.sample(index) for index in range(self.samples))

    def __getitem__(self, index: Union[int, slice, Sequence[int], npt.NDArray[Any]]) -> SpikeBatch:
        """Some of the samples: ``batch[3]``, ``batch[:10]``, ``batch[[4, 1, 1]]``, ``batch[labels == 2]``."""
        if isinstance(index, slice) and index.step in (None, 1):
            first, last, _ = index.indices(self.samples)
            last = max(first, last)
            begin, end = int(self._offsets[first]), int(self._offsets[last])
            return SpikeBatch._of(
                self._times[begin:end],
                self._units[begin:end],
                self._offsets[first : last + 1] - begin,
                None if self._residuals is None else self._residuals[begin:end],
                self._population,
            )
        chosen = np.arange(self.samples)[chosen_samples(index, self.samples)]
        begins = self._offsets[chosen]
        counts = self._offsets[chosen + 1] - begins
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        spikes = np.arange(offsets[-1]) + np.repeat(begins - offsets[:-1], counts)
        return SpikeBatch._of(
            self._times[spikes],
            self._units[spikes],
            offsets,
            None if self._residuals is None else self._residuals[spikes],
            self._population,
        )

    # What follows from it.

    def sample_of_spike(self) -> npt.NDArray[np.int64]:
        """The sample of each spike; shape ``[spikes]``."""
        return np.repeat(np.arange(self.samples), np.diff(self._offsets))

    def counts(self) -> npt.NDArray[np.int64]:
        """Spikes of each neuron in each sample; shape ``[samples, population]``."""
        flat = self.sample_of_spike() * self._population + self._units
        counts = np.bincount(flat, minlength=self.samples * self._population)
        return counts.reshape(self.samples, self._population)

    def first_spikes(self) -> npt.NDArray[Any]:
        """The first spike of each neuron in each sample, in seconds, NaN if it is silent; shape ``[samples, population]``."""
        first = np.full(self.samples * self._population, np.nan, dtype=self.dtype)
        flat = self.sample_of_spike() * self._population + self._units
        # The last one that is written stays.
        first[flat[::-1]] = self._times[::-1]
        return first.reshape(self.samples, self._population)

    def predictions(self, rule: str = "most_spikes") -> npt.NDArray[np.int64]:
        """The class of each sample, if these are output spikes: the neuron with ``"most_spikes"`` (of equals the one that
        spiked first), or the one that spiked first (``"first_spike"``). -1 where no neuron spiked. Shape ``[samples]``."""
        return _noctule.predict_classes(rule, self)

    def to_padded(self, spikes: Optional[int] = None, *, fill: float = float("inf")) -> npt.NDArray[Any]:
        """Spike times as an array of shape ``[sample, neuron, spike]``, in seconds.

        Args:
            spikes: Room for this many spikes of each neuron; by default for the most that there are.
            fill: What stands where there is no spike.

        Raises:
            SpikeError: If a neuron spikes more often than there is room for.

        >>> import noctule as nt
        >>> nt.SpikeBatch.from_lists([[(0.01, 1), (0.02, 1)]], population=2).to_padded()
        array([[[ inf,  inf],
                [0.01, 0.02]]])
        """
        room = None if spikes is None else whole(spikes, "spikes", error=ArrayError)
        padded, _ = _noctule.to_padded(self, self.dtype.name, room, real(fill, "fill", ArrayError))
        return padded

    def to_lists(self) -> List[List[Tuple[float, int]]]:
        """For each sample its ``(time, unit)`` pairs."""
        return [list(zip(times.tolist(), units.tolist())) for times, units in self]

    def astype(self, dtype: object) -> SpikeBatch:
        """The same spikes with times in ``"float32"`` or ``"float64"``. :attr:`residuals` keep what float32 cannot hold."""
        name = check_dtype(dtype)
        if name == self.dtype.name:
            return self
        with np.errstate(over="ignore"):
            times = self._times.astype(name)
        residuals = None
        if not np.isfinite(times).all():
            at = int(np.flatnonzero(~np.isfinite(times))[0])
            raise SpikeError(f"the time {self._times[at]} s of spike {at} is too large for {name}")
        if name == "float32":
            lost = (self._times - times).astype(name)
            residuals = lost if lost.any() else None
        elif self._residuals is not None:
            times = times + self._residuals
        return SpikeBatch._of(times, self._units, self._offsets, residuals, self._population)

    # How it is shown, compared and kept.

    def __repr__(self) -> str:
        samples = _plural(self.samples, "sample")
        spikes = _plural(len(self._times), "spike")
        return f"SpikeBatch({samples}, {spikes} of {_plural(self._population, 'neuron')}, {self.dtype.name})"

    def _repr_html_(self) -> str:
        from ._html import spike_batch

        return spike_batch(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SpikeBatch):
            return NotImplemented
        return (
            self._population == other._population
            and np.array_equal(self._offsets, other._offsets)
            and np.array_equal(self._units, other._units)
            and np.array_equal(self._times, other._times)
            and _same(self._residuals, other._residuals)
        )

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> Tuple[Any, ...]:
        arrays = (self._times, self._units, self._offsets, self._residuals, self._population)
        return SpikeBatch._of, arrays


def _population(population: object) -> int:
    if isinstance(population, bool) or not isinstance(population, (int, np.integer)):
        raise ArrayError(f"population must be an integer, not {population!r}")
    if not 0 <= population <= MOST_NEURONS:
        raise SpikeError(f"a population of {population} neurons is not possible; there may be up to {MOST_NEURONS:,}")
    return int(population)


def _same(first: Optional[npt.NDArray[Any]], second: Optional[npt.NDArray[Any]]) -> bool:
    if first is None or second is None:
        return first is second
    return np.array_equal(first, second)


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
