"""What all tests share."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import List

import numpy as np
import pytest

import noctule as nt


@pytest.fixture(autouse=True)
def doctest_names(doctest_namespace: dict) -> None:
    """Names that the examples of docstrings use."""
    doctest_namespace["nt"] = nt
    doctest_namespace["np"] = np


def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    """Examples of docstrings that import PyTorch are skipped where it is not installed."""
    if importlib.util.find_spec("torch") is not None:
        return
    for item in items:
        examples = item.dtest.examples if isinstance(item, pytest.DoctestItem) else []
        if any("torch" in example.source for example in examples):
            item.add_marker(pytest.mark.skip(reason="PyTorch is not installed"))


@pytest.fixture(scope="session")
def mnist() -> tuple:
    """MNIST, where it lies on this machine."""
    data = os.environ.get("NOCTULE_DATA")
    if not data or not (Path(data) / "mnist").exists():
        pytest.skip("NOCTULE_DATA names no folder with mnist/")
    return nt.data.mnist(data_dir=data)


@pytest.fixture
def random_spikes() -> nt.SpikeBatch:
    """Twenty samples of thirty neurons, seven of them without spikes."""
    random = np.random.default_rng(3)
    counts = random.integers(0, 60, 20) * (random.random(20) > 0.2)
    lists = [list(zip(np.sort(random.uniform(0, 0.1, n)), random.integers(0, 30, n))) for n in counts]
    return nt.SpikeBatch.from_lists(lists, population=30)


@pytest.fixture
def small() -> nt.Network:
    """A network that spikes, in double precision."""
    layers = [nt.Dense(20, theta=0.02, max_spikes=10), nt.Dense(4, theta=0.02, max_spikes=6)]
    return nt.Network(30, layers, tau_m=0.02, tau_s=0.01, t_max=0.12, seed=1, dtype="float64")
