"""How a spike moves when a weight changes: cases for `noctule replay`, and a picture of what it computes.

usage: gradient.py cases CASES.json
       gradient.py draw OUTCOME.json FILE.svg
"""

import json
import sys

from chart import COLOURS, Chart

WEIGHTS = [146, 148, 150, 155, 160, 170, 180, 190, 199.99, 200, 200.01, 220, 240, 260, 280, 300]


def case(weight):
    """Two inputs, at 5 and 10 ms, drive one neuron. The first has this weight; the loss is the time of the spike."""
    layer = {"kind": "dense", "weights": [[weight, 60.0]], "tau_m": 0.020, "tau_s": 0.010,
             "theta": 1.0, "reset": 1.0, "cap": 1, "t_max": 0.1}
    return {"name": f"{weight}", "network": [layer], "input_spikes": [[0.005, 0], [0.010, 1]],
            "output_time_gradient": [[1.0]]}


def draw(outcome, path):
    found = {}
    for case in json.load(open(outcome, encoding="utf-8"))["cases"]:
        found[float(case["name"])] = case["spikes"][0][0][0], case["weight_gradients"][0][0][0]
    low, high = found[199.99][0], found[200.01][0]
    print(f"spike at weight 200   {found[200.0][0]:.9f} s")
    print(f"exact gradient        {found[200.0][1]:.9e} s per unit of weight")
    print(f"central difference    {(high - low) / 0.02:.9e}")
    chart = Chart((140, 300), (0.008, 0.020), [150, 200, 250, 300], [0.008, 0.012, 0.016, 0.020],
                  "weight of the first input", "time of the spike in seconds")
    chart.line([(weight, time) for weight, (time, _) in found.items()], COLOURS[0])
    chart.dots([(weight, time) for weight, (time, _) in found.items()], COLOURS[0])
    for weight, reach in [(150.0, 10), (160.0, 15), (200.0, 30), (260.0, 30)]:
        time, slope = found[weight]
        chart.line([(weight + by, time + slope * by) for by in (-reach, reach)], COLOURS[1], "5 3")
    chart.text(400, 50, "spike times of the engine", colour=COLOURS[0])
    chart.text(400, 68, "slopes: its gradients", colour=COLOURS[1])
    chart.save(path)


if sys.argv[1] == "cases":
    json.dump({"cases": [case(weight) for weight in WEIGHTS]}, open(sys.argv[2], "w", encoding="utf-8"))
else:
    draw(sys.argv[2], sys.argv[3])
