"""Pictures with matplotlib: spikes, potentials, learning curves, decisions.

Every function draws into ``ax``, or makes a figure of its own, and returns the axes. Data are in seconds; axes that show less
than a second are labelled in milliseconds. Colours are those of Okabe and Ito, which colour-blind people tell apart.

>>> import noctule as nt
>>> train, test = nt.data.yinyang()
>>> axes = nt.plot.raster(test, sample=3)  # doctest: +SKIP
>>> axes.figure.savefig("spikes.svg")  # doctest: +SKIP

matplotlib comes with ``pip install "noctule[plot]"``.
"""

from .decisions import decision_map, latency
from .learning import learning_curves
from .spikes import membrane, raster

__all__ = ["decision_map", "latency", "learning_curves", "membrane", "raster"]
