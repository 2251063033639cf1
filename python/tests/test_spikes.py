"""`SpikeBatch`: what it takes, gives and refuses."""

from __future__ import annotations

import copy
import pickle
import re

import numpy as np
import pytest

import noctule as nt

INF = float("inf")


def test_arrays_are_used_without_a_copy():
    for dtype in (np.float32, np.float64):
        times = np.array([0.1, 0.2], dtype=dtype)
        units = np.array([0, 1], dtype=np.uint32)
        offsets = np.array([0, 2])
        batch = nt.SpikeBatch(times, units, offsets, population=2)
        assert np.shares_memory(batch.times, times)
        assert np.shares_memory(batch.units, units)
        assert np.shares_memory(batch.offsets, offsets)
        assert batch.dtype == dtype
        with pytest.raises(ValueError):
            batch.times[0] = 0.3


def test_arrays_that_are_not_aligned_are_copied():
    times = np.frombuffer(b"x" + np.array([0.1, 0.2]).tobytes(), dtype=np.float64, offset=1)
    assert nt.SpikeBatch(times, [0, 1], [0, 2], population=2).times.tolist() == [0.1, 0.2]


def test_lists_and_pairs_agree():
    pairs = nt.SpikeBatch.from_lists([[(0.2, 1), (0.1, 0)], [], [(0.3, 2)]], population=3)
    lists = nt.SpikeBatch.from_lists([[0.2, 0.1], [], [0.3]], [[1, 0], [], [2]], population=3)
    arrays = nt.SpikeBatch.from_lists([(np.array([0.2, 0.1]), np.array([1, 0])), ([], []), ([0.3], [2])], population=3)
    assert pairs == lists == arrays
    assert pairs.to_lists() == [[(0.1, 0), (0.2, 1)], [], [(0.3, 2)]]
    assert len(nt.SpikeBatch.from_lists([], population=3)) == 0


def test_padded_there_and_back(random_spikes):
    padded = random_spikes.to_padded()
    assert padded.shape[:2] == (20, 30)
    assert np.isfinite(padded).sum() == len(random_spikes.times)
    back = nt.SpikeBatch.from_padded(padded)
    assert back.counts().tolist() == random_spikes.counts().tolist()
    np.testing.assert_array_equal(back.times, random_spikes.times)
    wider = random_spikes.to_padded(100, fill=-1)
    assert wider.shape == (20, 30, 100) and (wider[..., 99] == -1).all()


def test_unsorted_spikes_can_be_sorted(random_spikes):
    order = np.random.default_rng(1).permutation(len(random_spikes.times))
    order = order[np.argsort(random_spikes.sample_of_spike()[order], kind="stable")]
    times, units = random_spikes.times[order], random_spikes.units[order]
    with pytest.raises(nt.SpikeError, match="sort"):
        nt.SpikeBatch(times, units, random_spikes.offsets, population=30)
    assert nt.SpikeBatch(times, units, random_spikes.offsets, population=30, sort=True) == random_spikes
    with pytest.raises(nt.SpikeError):
        nt.SpikeBatch(times, units[:-1], random_spikes.offsets, population=30, sort=True)


def test_batches_of_both_precisions_are_joined(random_spikes):
    single = random_spikes.astype("float32")
    joined = nt.SpikeBatch.concatenate([single, random_spikes])
    assert joined.dtype == np.float64
    np.testing.assert_allclose(joined[:20].times, random_spikes.times, rtol=0, atol=1e-12)
    assert nt.SpikeBatch.concatenate([single, single]).residuals is not None


@pytest.mark.parametrize("array, named", [([[[0.0, 1.0, 0.0]]], "raster"), ([[[0.01, 0.0]]], "padded with 0")])
def test_arrays_of_other_kinds_are_noticed(array, named):
    with pytest.warns(UserWarning, match=named):
        nt.SpikeBatch.from_padded(array)


def test_counts_first_spikes_and_predictions(random_spikes):
    counts, first = random_spikes.counts(), random_spikes.first_spikes()
    for sample, (times, units) in enumerate(random_spikes):
        for unit in range(30):
            of_unit = times[units == unit]
            assert counts[sample, unit] == len(of_unit)
            assert np.isnan(first[sample, unit]) if not len(of_unit) else first[sample, unit] == of_unit[0]
    silent = counts.sum(1) == 0
    assert silent.any()
    assert (random_spikes.predictions() == -1).tolist() == silent.tolist()
    spoke = ~silent
    chosen = counts[np.arange(20), random_spikes.predictions()]
    assert (chosen[spoke] == counts.max(1)[spoke]).all()


def test_samples_can_be_chosen(random_spikes):
    for index in (slice(3, 9), slice(None, None, 3), [4, 1, 1], random_spikes.counts().sum(1) > 20, -1, 0):
        part = random_spikes[index]
        chosen = np.atleast_1d(np.arange(20)[index])
        assert part.to_lists() == [random_spikes.to_lists()[i] for i in chosen]
    for wrong in (20, [3, 20]):
        with pytest.raises(nt.OutOfRangeError, match="20"):
            random_spikes[wrong]
    with pytest.raises(nt.ArrayError, match="None"):
        random_spikes[None]
    assert nt.SpikeBatch.concatenate(random_spikes[i] for i in range(20)) == random_spikes
    parts = [random_spikes[:7], random_spikes[7:7], random_spikes[7:]]
    assert nt.SpikeBatch.concatenate(parts) == random_spikes


def test_it_is_kept(random_spikes):
    for other in (pickle.loads(pickle.dumps(random_spikes)), copy.deepcopy(random_spikes)):
        assert other == random_spikes
    assert random_spikes.astype("float32").dtype == np.float32
    assert random_spikes != random_spikes.astype("float32")
    assert "raster" in random_spikes._repr_html_()
    assert "SpikeBatch" in nt.SpikeBatch([], [], [0], population=0)._repr_html_()


@pytest.mark.parametrize(
    "times, units, offsets, population, named",
    [
        ([0.2, 0.1], [0, 0], [0, 2], 1, "0.1"),
        ([float("nan")], [0], [0, 1], 1, "NaN"),
        ([INF], [0], [0, 1], 1, "inf"),
        ([-0.5], [0], [0, 1], 1, "-0.5"),
        ([0.1], [7], [0, 1], 3, "7"),
        ([0.1], [-4], [0, 1], 3, "-4"),
        ([0.1], [2**40], [0, 1], 3, str(2**40)),
        ([0.1], [1.5], [0, 1], 3, "float64"),
        ([0.1], [0], [0, 5], 3, "5"),
        ([0.1], [0], [1, 1], 3, "1"),
        ([0.1, 0.2], [0, 0], [0, 2, 1, 2], 3, "2 to 1"),
        ([0.1], [0], [0, 2**63 - 1, -(2**63), -1, 1], 3, str(2**63 - 1)),
        ([0.1], [0], [0, 1], 2**32 - 1, str(2**32 - 1)),
        ([0.1], [0], [], 3, "offsets"),
        ([0.1], [0], [0.0, 1.0], 3, "float64"),
        ([0.1], [0, 1], [0, 2], 3, "1 times"),
        (["late"], [0], [0, 1], 3, "<U4"),
        ([[0.1]], [0], [0, 1], 3, "[1, 1]"),
        ([0.1 + 2j], [0], [0, 1], 3, "complex128"),
        ([0.1], [0], [0, 1], -3, "-3"),
        ([0.1], [0], [0, 1], "three", "three"),
        ([True], [0], [0, 1], 3, "bool"),
        ([object()], [0], [0, 1], 3, "object"),
        ([[0.1], [0.1, 0.2]], [0], [0, 1], 3, "times"),
        (np.ma.masked_array([0.1, 0.2], [False, True]), [0, 0], [0, 2], 3, "masked"),
    ],
)
def test_what_is_wrong_is_named(times, units, offsets, population, named):
    with pytest.raises(nt.NoctuleError) as refused:
        nt.SpikeBatch(times, units, offsets, population=population)
    assert named in str(refused.value)
    assert isinstance(refused.value, ValueError)


@pytest.mark.parametrize(
    "make, named",
    [
        (lambda: nt.SpikeBatch.from_padded(np.full((1, 2, 3), np.nan)), "NaN"),
        (lambda: nt.SpikeBatch.from_padded(np.full((1, 2, 3), -INF)), "-inf"),
        (lambda: nt.SpikeBatch.from_padded(np.full((1, 2, 3), -1.0)), "-1"),
        (lambda: nt.SpikeBatch.from_padded(np.zeros((2, 3))), "[2, 3]"),
        (lambda: nt.SpikeBatch.from_lists([[0.1, 0.2]], population=3), "pairs"),
        (lambda: nt.SpikeBatch.from_lists([[(0.1, 0.5)]], population=3), "0.5"),
        (lambda: nt.SpikeBatch.from_lists([[0.1]], [[0], [1]], population=3), "1 samples"),
        (lambda: nt.SpikeBatch([0.1, 0.2], [1, 1], [0, 2], population=2).to_padded(1), "2 times"),
        (lambda: nt.SpikeBatch([0.1], [1], [0, 1], population=2).predictions("loudest"), "loudest"),
        (lambda: nt.SpikeBatch([0.1], [1], [0, 1], population=2).astype("float16"), "float16"),
        (lambda: nt.SpikeBatch.concatenate([]), "no batch"),
        (lambda: nt.SpikeBatch.concatenate([None]), "NoneType"),
        (lambda: nt.SpikeBatch.from_lists([0.1, 0.2], population=3), "0.1"),
        (lambda: nt.SpikeBatch.from_lists([[(1e300, 0)]], population=3, dtype="float32"), "1e+300"),
        # Refused at once: a population that large would take minutes to look through for each sample.
        (lambda: nt.SpikeBatch([0.1], [0], np.r_[0, np.ones(10**6, int)], population=60_000_000).to_padded(), "memory|too large"),
        (lambda: nt.SpikeBatch([1e300], [0], [0, 1], population=1).astype("float32"), "1e+300"),
        (lambda: nt.SpikeBatch([0.1], [0], [0, 1], population=2**26).to_padded(2**20), "memory|too large"),
        (lambda: nt.SpikeBatch([0.1], [0], [0, 1], population=2).to_padded(-1), "-1"),
        (lambda: nt.SpikeBatch.from_lists([[(0.1, INF)]], population=2), "inf"),
    ],
)
def test_other_ways_to_be_wrong(make, named):
    with pytest.raises(nt.NoctuleError, match="|".join(map(re.escape, named.split("|")))):
        make()
