/* A test sample through all layers: rasters, potentials, the decision. All share one axis of time. */

const GROUPS = [["wrong", "Wrong, worst first"], ["slow", "Right, decided latest"], ["right", "Right"]];
const predicted = (sample) => (sample.prediction === null ? "none" : String(sample.prediction));
const isRight = (sample) => sample.prediction === sample.label;
const picture = (uri, alt, kind) => (uri ? el("img", { src: uri, alt, class: "pixels " + (kind || "") }) : null);
/** The lead of the true class, in spikes or in seconds. */
function marginWords(run, margin) {
  const sign = margin > 0 ? "+" : margin < 0 ? "−" : "";
  const size = Math.abs(margin), unit = timeUnit(Math.max(0, ...[...run.samples, ...run.worst].map((one) => Math.abs(one.margin))));
  return sign + (run.result.rule === "most_spikes" ? count(size, "spike") : `${short(unit.of(size), 3)} ${unit.name}`);
}

function explorerSection(run) {
  if (!run.samples.length) return;
  const order = GROUPS.flatMap(([why]) => run.samples.filter((sample) => sample.why === why));
  let at = 0;
  const label = () => `Spikes of test sample ${order[at].index} in all layers, potentials of chosen neurons, and the decision, over time.`;
  const head = el("div", { class: "sample-head", "aria-live": "polite" });
  const plot = chart(label(), () => sampleOption(run, order[at]), { renderer: "canvas" });
  const buttons = order.map((sample, index) => pick(sample, () => show(index)));
  const picks = el("div", { class: "picks", role: "listbox", "aria-label": "Chosen test samples" }, GROUPS.flatMap(([why, title]) => {
    const own = buttons.filter((_, index) => order[index].why === why);
    return own.length ? [el("h3", { role: "presentation" }, title), ...own] : [];
  }));
  const caption = el("div", { class: "note" });
  function show(index, focus) {
    at = (index + order.length) % order.length;
    buttons.forEach((button, other) => {
      button.setAttribute("aria-selected", String(other === at));
      button.tabIndex = other === at ? 0 : -1;
    });
    if (focus) buttons[at].focus({ preventScroll: true });
    // Only the list is scrolled, never the page.
    picks.scrollTo({ top: buttons[at].offsetTop - picks.offsetTop - 40, left: buttons[at].offsetLeft - picks.offsetLeft - 40 });
    head.replaceChildren(...sampleHead(run, order[at]));
    caption.replaceChildren(...sampleNotes(run, order[at]));
    plot.setAttribute("aria-label", label());
    plot.style.height = layout(run, order[at]).height + "px";
    plot.resize();
    plot.redraw();
    root.setAttribute("data-sample", String(order[at].index));
  }
  const zoom = (factor) => {
    const now = plot.plot && plot.plot.getOption().dataZoom[0];
    if (!now) return;
    const middle = (now.start + now.end) / 2, half = Math.min(50, Math.max(0.05, ((now.end - now.start) / 2) * factor));
    const start = Math.min(Math.max(0, middle - half), 100 - 2 * half);
    plot.plot.dispatchAction({ type: "dataZoom", start: factor === 0 ? 0 : start, end: factor === 0 ? 100 : start + 2 * half });
  };
  const tools = el("div", { class: "tools", role: "group", "aria-label": "Sample and zoom" },
    el("button", { type: "button", "aria-label": "Previous sample", onclick: () => show(at - 1) }, "← previous"),
    el("button", { type: "button", "aria-label": "Next sample", onclick: () => show(at + 1) }, "next →"),
    el("span", { class: "spacer" }),
    el("button", { type: "button", "aria-label": "Zoom in", onclick: () => zoom(0.5) }, "+"),
    el("button", { type: "button", "aria-label": "Zoom out", onclick: () => zoom(2) }, "−"),
    el("button", { type: "button", "aria-label": "Show the whole sample", onclick: () => zoom(0) }, "all"));
  const root = el("div", { class: "explorer" }, picks, el("div", {}, tools, head, plot, caption));
  root.addEventListener("keydown", (event) => {
    const moves = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    const zooms = { "+": 0.5, "=": 0.5, "-": 2, 0: 0 };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in moves) show(at + moves[event.key], picks.contains(document.activeElement));
    else if (event.key === "Home") show(0, true);
    else if (event.key === "End") show(order.length - 1, true);
    else if (event.key in zooms) zoom(zooms[event.key]);
    else return;
    event.preventDefault();
  });
  section("samples", "Samples through all layers",
    el("p", {}, "Each dot is a spike: a neuron (height) at a time (across). The input comes first, then each layer; its spikes are all that the next layer sees. ",
      "Below, potentials of a few neurons in units of their threshold: input spikes move them, and a neuron spikes exactly where its potential reaches 1, then loses its reset. ",
      "Times are not rounded to a step; hover a mark to read them."),
    el("p", { class: "note keys" }, "Keys: arrows choose a sample; + and − zoom, 0 shows all. Drag the bar below the chart to zoom, or turn the wheel with Ctrl."),
    root);
  show(0);
}

/** A button that chooses a sample. */
function pick(sample, choose) {
  const words = `true ${sample.label}, decided ${predicted(sample)}`;
  return el("button", { type: "button", class: "pick", role: "option", "aria-selected": "false", tabindex: "-1", onclick: choose,
    "aria-label": `Sample ${sample.index}: ${words}` },
    picture(sample.picture, ""),
    el("span", {}, el("span", { class: "mark" }, isRight(sample) ? `✓ ${sample.label}` : `✗ ${sample.label} → ${predicted(sample)}`), el("small", {}, `no. ${sample.index}`)));
}

function sampleHead(run, sample) {
  const unit = timeUnit(sample.end);
  const decided = sample.decided === null ? "No output neuron spikes, so nothing is decided."
    : `The decision stands from ${short(unit.of(sample.decided), 5)} ${unit.name} on.`;
  const total = sample.rasters.slice(1).reduce((sum, raster) => sum + raster.spikes, 0);
  return [picture(sample.picture, `Test sample ${sample.index}, class ${sample.label}`),
    el("div", {}, el("p", {}, el("b", {}, `Test sample ${sample.index}: class ${sample.label}, `, isRight(sample) ? "decided right" : sample.prediction === null ? "nothing decided" : `decided ${sample.prediction}, wrong`)),
      el("p", { class: "note" }, `${decided} Lead of the true class over the best other one: ${marginWords(run, sample.margin)}. Spikes: ${sample.rasters[0].spikes.toLocaleString("en")} in, ${total.toLocaleString("en")} in all layers.`))].filter(Boolean);
}

/** What the pictures leave out. */
function sampleNotes(run, sample) {
  const notes = sample.rasters.map((raster, layer) => raster.shown < raster.spiking
    ? `${layerName(run, layer)}: ${raster.shown} of ${raster.spiking} neurons that spike are drawn, evenly chosen, to keep the page small.` : null).filter(Boolean);
  const worst = Math.max(0, ...sample.traces.flatMap((trace) => trace.before.map((potential) => Math.abs(potential - 1))));
  if (sample.traces.some((trace) => trace.crossings.length))
    notes.push(`At the spike times of the engine (single precision) the potentials, computed anew in double precision, differ from the threshold by ${worst < 1e-6 ? "less than 1e-6" : "at most " + worst.toExponential(0)} of it.`);
  const full = sample.traces.filter((trace) => trace.is_exhausted);
  if (full.length) notes.push(`${full.length} of the ${sample.traces.length} neurons whose potentials are drawn spike as often as the experiment allows. They are silent from then on, and not drawn further.`);
  return notes.map((note) => el("p", { class: "note" }, note));
}

const layerName = (run, index) => index === 0 ? "input" : index === run.layers.length - 1 ? "output" : `layer ${index - 1} (${run.layers[index].kind.replace("sum_pool2d", "pool").replace("2d", "")})`;

/** The panels of a sample from top to bottom, with their places in pixels. */
function layout(run, sample) {
  const panels = [];
  let top = 26;
  const add = (panel, height) => { panels.push({ ...panel, top, height }); top += height + 34; };
  sample.rasters.forEach((raster, layer) => add({ kind: "raster", raster, layer }, layer === 0 ? 120 : layer === sample.rasters.length - 1 ? 84 : 104));
  const last = run.layers.length - 2;
  const layers = [...new Set(sample.traces.map((trace) => trace.layer))].sort((a, b) => b - a);
  // The output and the two layers before it; more would not be looked at.
  for (const layer of layers.slice(0, 3).reverse()) add({ kind: "trace", layer, traces: sample.traces.filter((trace) => trace.layer === layer) }, layer === last ? 180 : 130);
  add({ kind: "decision" }, 110);
  return { panels, height: top + 56 };
}

function sampleOption(run, sample) {
  const unit = timeUnit(sample.end);
  const { panels, height } = layout(run, sample);
  const option = { ...baseOption(), legend: { show: false }, grid: [], xAxis: [], yAxis: [], series: [], title: [] };
  const left = isNarrow() ? 40 : 56;
  panels.forEach((panel, index) => {
    const isLast = index === panels.length - 1;
    option.grid.push({ left, right: 14, top: panel.top, height: panel.height, outerBoundsMode: "none" });
    option.xAxis.push(xAxis(isLast ? `time since the start of the sample (${unit.name})` : "", { gridIndex: index, min: 0, max: unit.of(sample.end),
      axisLabel: { show: isLast, color: color("soft"), fontSize: 11, showMaxLabel: false, formatter: (value) => short(value, 4) }, axisPointer: { label: { show: false } } }));
    const made = { raster: rasterPanel, trace: tracePanel, decision: decisionPanel }[panel.kind](run, sample, panel, unit);
    option.yAxis.push({ ...made.y, gridIndex: index, nameGap: left - 16 });
    option.series.push(...made.series.map((series) => ({ ...series, xAxisIndex: index, yAxisIndex: index })));
    option.title.push({ text: made.title, left: left - 2, top: panel.top - 22, textStyle: { fontSize: 12, fontWeight: 600, color: color("ink"), rich: made.rich || {} } });
  });
  const all = panels.map((_, index) => index);
  option.axisPointer = { link: [{ xAxisIndex: "all" }] };
  option.dataZoom = [
    { type: "slider", xAxisIndex: all, top: height - 26, height: 18, left, right: 14, filterMode: "none", showDetail: false, borderColor: color("line"), fillerColor: "rgba(128,140,150,0.18)", brushSelect: false,
      dataBackground: { lineStyle: { opacity: 0 }, areaStyle: { opacity: 0 } }, selectedDataBackground: { lineStyle: { opacity: 0 }, areaStyle: { opacity: 0 } } },
    { type: "inside", xAxisIndex: all, filterMode: "none", zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, moveOnMouseMove: true },
  ];
  option.tooltip = { ...option.tooltip, trigger: "item", formatter: (point) => point.data && point.data.words ? plain(point.data.words) : "" };
  return option;
}

function rasterPanel(run, sample, panel, unit) {
  const { raster, layer } = panel;
  const isOutput = layer === run.layers.length - 1;
  const style = color(isOutput ? "vermilion" : layer === 0 ? "soft" : "blue");
  const data = raster.times.map((time, index) => ({ value: [unit.of(time), raster.neurons[index]],
    words: `${layerName(run, layer)}, neuron ${raster.neurons[index]}: spike at ${unit.of(time).toPrecision(9)} ${unit.name}` }));
  const many = raster.times.length > 1200;
  return {
    title: `${layerName(run, layer)}: ${count(raster.spikes, "spike")} from ${raster.spiking.toLocaleString("en")} of ${count(raster.population, "neuron")}`,
    y: axis("neuron", { min: -0.5, max: raster.population - 0.5, inverse: false, splitLine: { show: false }, axisLabel: { color: color("soft"), fontSize: 10,
      showMinLabel: true, formatter: (value) => (Number.isInteger(value) ? String(value) : "") }, splitNumber: 3 }),
    series: [{ type: "scatter", data, symbol: isOutput || raster.population < 60 ? "rect" : "circle", symbolSize: isOutput || raster.population < 60 ? [2, Math.min(9, Math.max(3, panel.height / raster.population - 1))] : many ? 2 : 3,
      itemStyle: { color: style, opacity: many ? 0.75 : 0.9 }, large: false }],
  };
}

/** The potential with its jumps: the values on the grid, and both sides of each crossing. */
function potentialLine(trace, unit) {
  // A neuron that may not spike any more is cut off there.
  const end = trace.is_exhausted ? trace.crossings[trace.crossings.length - 1] : Infinity;
  const points = trace.potentials.map((potential, index) => [index * trace.step, potential, 1])
    .filter(([time]) => time < end).map(([time, ...rest]) => [unit.of(time), ...rest]);
  trace.crossings.forEach((time, index) => {
    points.push([unit.of(time), trace.before[index], 0], [unit.of(time), trace.before[index] - trace.reset, 0.5]);
  });
  return points.sort((one, other) => one[0] - other[0] || one[2] - other[2]).map(([time, potential]) => [time, potential]);
}

function tracePanel(run, sample, panel, unit) {
  const series = [];
  const isOutput = panel.layer === run.layers.length - 2;
  panel.traces.forEach((trace, index) => {
    const style = look(index);
    const role = isOutput ? (trace.neuron === sample.label ? "true class" : trace.neuron === sample.prediction ? "decided class" : "class") : "neuron";
    series.push({ type: "line", name: `${role} ${trace.neuron}`, data: potentialLine(trace, unit), symbol: "none", lineStyle: { width: index < 2 ? 1.8 : 1.1, color: style.color, type: style.dash, opacity: index < 2 ? 1 : 0.8 },
      itemStyle: { color: style.color }, z: 4 - Math.min(index, 2), silent: true });
    series.push({ type: "scatter", name: `${role} ${trace.neuron}`, symbol: style.symbol, symbolSize: 7, itemStyle: { color: style.color, borderColor: color("paper"), borderWidth: 0.8 }, z: 6,
      data: trace.crossings.map((time, at) => ({ value: [unit.of(time), 1], words: `${role} ${trace.neuron} crosses its threshold at ${unit.of(time).toPrecision(9)} ${unit.name}; potential there ${trace.before[at]}` })) });
  });
  if (series.length) series[0].markLine = { silent: true, symbol: "none", lineStyle: { color: color("soft"), type: "dashed", width: 1 }, label: { show: true, position: "insideStartTop", formatter: "threshold", color: color("soft"), fontSize: 10 }, data: [{ yAxis: 1 }] };
  const low = Math.min(0, ...panel.traces.flatMap((trace) => trace.potentials));
  const rich = {};
  const names = panel.traces.map((trace, index) => {
    const role = !isOutput ? "" : trace.neuron === sample.label ? " true" : trace.neuron === sample.prediction ? " decided" : "";
    rich["n" + index] = { color: look(index).color, fontSize: 12, fontWeight: 600 };
    return `{n${index}|${look(index).sign} ${trace.neuron}${role}}`;
  });
  return {
    title: `${layerName(run, panel.layer + 1)}, ${isNarrow() ? "" : "potential of "}${names.length === 1 ? "neuron" : "neurons"} ${names.join("  ")}`,
    rich,
    y: axis("potential / threshold", { min: Math.max(Math.floor(low * 4) / 4, -1), max: (range) => Math.max(1.25, Math.min(Math.ceil(range.max * 10) / 10, 3)), axisLabel: { color: color("soft"), fontSize: 10 }, splitNumber: 3 }),
    series: series.map((one) => ({ ...one, clip: true })),
  };
}

/** How the counts of the leading classes grow, over bands of the class that is ahead. */
function decisionPanel(run, sample, panel, unit) {
  const output = sample.rasters[sample.rasters.length - 1];
  const counts = new Map();
  output.times.forEach((time, index) => {
    const line = counts.get(output.neurons[index]) || [[0, 0]];
    line.push([unit.of(time), line.length]);
    counts.set(output.neurons[index], line);
  });
  const order = (sample.traces.filter((trace) => trace.layer === run.layers.length - 2)).map((trace) => trace.neuron);
  const isFirst = run.result.rule === "first_spike";
  if (isFirst) return firstSpikePanel(run, sample, order, output, unit);
  const series = order.filter((neuron) => counts.has(neuron)).map((neuron) => {
    const index = order.indexOf(neuron);
    const style = look(index), line = counts.get(neuron);
    return { type: "line", step: "end", name: `class ${neuron}`, symbol: "none", silent: true, data: [...line, [unit.of(sample.end), line.length - 1]], lineStyle: { width: index < 2 ? 2 : 1.2, color: style.color, type: style.dash }, itemStyle: { color: style.color },
      endLabel: { show: index < 2, formatter: String(neuron), color: style.color, fontSize: 11, offset: [-12, -7] } };
  });
  series.push(decisionBands(sample, unit));
  return {
    title: "decision: spikes of each class so far, and who is ahead",
    y: axis("spikes", { min: 0, minInterval: 1, splitNumber: 3, axisLabel: { color: color("soft"), fontSize: 10 } }),
    series,
  };
}

/** A band for each class that is ahead for a while. */
function decisionBands(sample, unit) {
  const bands = sample.decisions.map((change, index) => {
    const next = sample.decisions[index + 1];
    const isTrue = change.class === sample.label;
    const [from, to] = [unit.of(change.time), unit.of(next ? next.time : sample.end)];
    const isWide = to - from > unit.of(sample.end) * 0.04;
    return [{ xAxis: from, name: isWide ? `${isTrue ? "✓" : "✗"} ${change.class}` : "", itemStyle: { color: color(isTrue ? "right" : "wrong"), opacity: isTrue ? 0.22 : 0.16, borderColor: color("ink"), borderWidth: 0.6 } }, { xAxis: to }];
  });
  return { type: "line", data: [], symbol: "none", markArea: { silent: true, data: bands, label: { show: true, position: "insideTop", color: color("ink"), fontSize: 11, fontWeight: 600 } } };
}

/** The first spike of each class, over the band of the class that was first. */
function firstSpikePanel(run, sample, order, output, unit) {
  const first = new Map();
  output.times.forEach((time, index) => { if (!first.has(output.neurons[index])) first.set(output.neurons[index], time); });
  const series = order.filter((neuron) => first.has(neuron)).map((neuron) => {
    const style = look(order.indexOf(neuron));
    return { type: "scatter", symbol: style.symbol, symbolSize: 9, itemStyle: { color: style.color }, label: { show: true, position: "right", formatter: String(neuron), color: color("ink"), fontSize: 11 },
      data: [{ value: [unit.of(first.get(neuron)), 0.25 + 0.12 * (order.indexOf(neuron) % 4)], words: `class ${neuron} spikes first at ${unit.of(first.get(neuron)).toPrecision(9)} ${unit.name}` }] };
  });
  series.push(decisionBands(sample, unit));
  return { title: "decision: first spike of each class; the earliest decides", y: axis("", { min: 0, max: 1, axisLabel: { show: false }, splitLine: { show: false } }), series };
}
