"""Losses, on their own."""

from __future__ import annotations

import numpy as np
import pytest

import noctule as nt

OUTPUT = nt.SpikeBatch.from_lists([[(0.010, 2), (0.012, 0), (0.020, 2)], []], population=3)


def test_values():
    loss, d_times, predictions = nt.SpikeCount(3, 1)(OUTPUT, [2, 0])
    # Sample 0: counts 1, 0, 2 of 1, 1, 3; sample 1: 0, 0, 0 of 3, 1, 1.
    assert loss == pytest.approx((0.5 * (0 + 1 + 1) + 0.5 * (9 + 1 + 1)) / 2)
    np.testing.assert_allclose(d_times, [0.5, 0.0, 0.5])
    assert predictions.tolist() == [2, -1]
    softmax = nt.CountSoftmax()(OUTPUT, [2, 0])
    expected = -np.log(np.exp(2) / (np.exp(1) + 1 + np.exp(2))) + np.log(3)
    assert softmax.loss == pytest.approx(expected / 2)


@pytest.mark.parametrize(
    "loss",
    [nt.FirstSpike(0.005, 0.1, early_pull=0.1, early_pull_time=0.02), nt.SpikeTime(0.005, 0.03, 0.01, 0.1)],
)
def test_errors_are_derivatives(loss):
    assert loss.prediction == "first_spike"
    value, d_times, _ = loss(OUTPUT, [0, 1])
    for at in range(3):
        values = []
        for sign in (1, -1):
            times = OUTPUT.times.copy()
            times[at] += sign * 1e-7
            values.append(loss(nt.SpikeBatch(times, OUTPUT.units, OUTPUT.offsets, population=3), [0, 1]).loss)
        assert (values[0] - values[1]) / 2e-7 == pytest.approx(d_times[at], rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    "call, named",
    [
        (lambda: nt.SpikeCount(3, 1)(OUTPUT, [2]), "2 samples"),
        (lambda: nt.SpikeCount(3, 1)(OUTPUT, [2, 7]), "7"),
        (lambda: nt.SpikeCount(3, 1)(OUTPUT, [2, -1]), "-1"),
        (lambda: nt.SpikeCount(3, 1)(OUTPUT, [0.5, 1]), "float64"),
        (lambda: nt.SpikeCount(float("nan"), 1)(OUTPUT, [0, 1]), "finite"),
        (lambda: nt.CountSoftmax(0)(OUTPUT, [0, 1]), "temperature"),
        (lambda: nt.FirstSpike("hot", 0.1)(OUTPUT, [0, 1]), "hot"),
    ],
)
def test_what_is_wrong_is_named(call, named):
    with pytest.raises(nt.NoctuleError) as refused:
        call()
    assert named in str(refused.value)
