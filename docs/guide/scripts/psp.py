"""Draws the potential after one spike of weight 1, for three synaptic time constants.

usage: psp.py FILE.svg
"""

import math
import sys

from chart import COLOURS, Chart

TAU_M = 0.020


def potential(time, tau_s):
    """The potential `time` seconds after a spike of weight 1, in units of weight times seconds."""
    if tau_s == TAU_M:
        return time * math.exp(-time / TAU_M)
    scale = TAU_M * tau_s / (TAU_M - tau_s)
    return scale * (math.exp(-time / TAU_M) - math.exp(-time / tau_s))


def peak(tau_s):
    """The largest potential, and when it is reached."""
    if tau_s == TAU_M:
        return TAU_M / math.e, TAU_M
    moment = TAU_M * tau_s / (TAU_M - tau_s) * math.log(TAU_M / tau_s)
    return potential(moment, tau_s), moment


chart = Chart((0, 0.1), (0, 0.008), [0, 0.02, 0.04, 0.06, 0.08, 0.1], [0, 0.002, 0.004, 0.006, 0.008],
              "seconds after the spike", "potential")
for row, (tau_s, colour) in enumerate(zip([0.020, 0.010, 0.002], COLOURS)):
    chart.line([(step * 2e-4, potential(step * 2e-4, tau_s)) for step in range(501)], colour)
    height, moment = peak(tau_s)
    chart.dots([(moment, height)], colour)
    chart.text(430, 40 + 18 * row, f"tau_s = {tau_s:.3f}, peak {height:.5f}", colour=colour)
    print(f"tau_s {tau_s:.3f}  peak {height:.6f} after {moment:.5f} s  weight for theta = 1: {1 / height:.0f}")
chart.save(sys.argv[1])
