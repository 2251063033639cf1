"""Pictures of trainings."""

from __future__ import annotations

import os
from typing import Any, Iterable, List, Mapping, Sequence, Tuple, Union

import numpy as np

from ..errors import ArrayError
from ..training import History
from .axes import COLOURS, several_axes, whole_numbers

Runs = Union[History, str, "os.PathLike[str]"]


def learning_curves(
    runs: Union[Runs, Sequence[Runs], Mapping[str, Runs]],
    ax: Any = None,
    *,
    quantities: Union[str, Sequence[str]] = ("loss", "accuracy"),
    splits: Sequence[str] = ("train", "validation", "test"),
) -> Any:
    """Draws loss and accuracy over the epochs of a training, or of several ones.

    Args:
        runs: What :func:`noctule.fit`, :func:`noctule.train` or :func:`noctule.load` returned, or a run directory; or a list
            of them, or a dictionary with a name for each.
        ax: Axes to draw into, one for each quantity.
        quantities: ``"loss"``, ``"accuracy"`` or both.
        splits: Parts of the data; those that were not measured are left out.

    Returns:
        The axes of the quantity, or, if there are several, an array of them.

    Raises:
        ArrayError: If there are no runs, or not one axes for each quantity.
        ImportError: If matplotlib is not installed.

    >>> nt.plot.learning_curves({"adam": first, "sgd": second}, quantities="accuracy")  # doctest: +SKIP
    """
    named = _named_runs(runs)
    wanted = [quantities] if isinstance(quantities, str) else list(quantities)
    unknown = [name for name in wanted if name not in ("loss", "accuracy")]
    if unknown or not wanted:
        raise ArrayError(f'quantities are "loss" and "accuracy", not {quantities!r}')
    every = several_axes(ax, len(wanted))
    styles = {"train": "--", "validation": ":", "test": "-"}
    for axes, quantity in zip(every, wanted):
        for place, (name, history) in enumerate(named):
            for number, split in enumerate(splits):
                records = history.of(split)
                if not records:
                    continue
                colour = COLOURS[(number if len(named) == 1 else place) % len(COLOURS)]
                axes.plot(
                    [record.epoch for record in records],
                    [getattr(record, quantity) * (100 if quantity == "accuracy" else 1) for record in records],
                    color=colour,
                    linestyle=styles.get(split, "-."),
                    marker="." if len(records) < 30 else None,
                    label=split if not name else f"{name}, {split}",
                )
        axes.set_xlabel("epoch")
        axes.set_ylabel("accuracy (%)" if quantity == "accuracy" else "loss")
        axes.xaxis.set_major_locator(whole_numbers())
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize="small", frameon=False)
    if len(wanted) == 1:
        return every[0]
    array = np.empty(len(every), dtype=object)
    array[:] = every
    return array


def _named_runs(runs: Any) -> List[Tuple[str, History]]:
    """Runs with their names; a single one has none."""
    if isinstance(runs, (History, str, os.PathLike)):
        return [("", _history(runs))]
    if isinstance(runs, Mapping):
        named = [(str(name), _history(run)) for name, run in runs.items()]
    elif isinstance(runs, Iterable):
        listed = list(runs)
        names = [os.path.basename(os.path.normpath(getattr(run, "path", ""))) if hasattr(run, "path") else "" for run in listed]
        named = [(name or f"run {place}", _history(run)) for place, (name, run) in enumerate(zip(names, listed))]
    else:
        raise ArrayError(f"learning_curves needs what nt.fit returned, not {type(runs).__name__}")
    if not named:
        raise ArrayError("there is no run to draw")
    return named


def _history(run: object) -> History:
    if isinstance(run, History):
        return run
    if isinstance(run, (str, os.PathLike)):
        from ..runs import load

        return load(run)
    raise ArrayError(f"learning_curves needs what nt.fit returned, or a run directory, not {type(run).__name__}")
