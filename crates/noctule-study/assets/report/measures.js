/* What was measured of all test samples, and how to repeat it. */

function courseSection(run) {
  const { course, decided_right: right, decided_wrong: wrong } = run.test;
  const last = course.times[course.times.length - 1] || 0;
  const unit = timeUnit(last);
  if (!(last > 0)) {
    section("course", "Decision over time", el("p", {}, "No output neuron spikes in any test sample, so there is nothing to show."));
    return;
  }
  const lines = [["right so far", course.right], ["decided at all", course.decided], ["final decision reached", course.is_final]];
  const final = course.right[course.right.length - 1];
  const near = course.times[course.right.findIndex((share) => share >= 0.99 * final)];
  const curves = chart("Share of test samples that are decided right, decided at all, and decided for good, over the time within a sample.", () => ({
    ...baseOption(), xAxis: xAxis(`time since the start of the sample (${unit.name})`, { min: 0, max: unit.of(last), axisLabel: { color: color("soft"), fontSize: 11, showMaxLabel: false } }), yAxis: axis("test samples (%)", { min: 0, max: 100 }),
    tooltip: { ...baseOption().tooltip, valueFormatter: (value) => short(value, 4) + " %" },
    series: lines.map(([name, values], index) => ({ type: "line", name, symbol: "none", lineStyle: { width: 2, color: look(index).color, type: DASHES[index] }, itemStyle: { color: look(index).color },
      data: values.map((share, at) => [Number(unit.of(course.times[at]).toPrecision(5)), 100 * share]) })),
  }));
  const bars = chart("Histogram of the time of the final decision, for right and wrong samples.", () => ({
    ...baseOption(), legend: { ...baseOption().legend, icon: "rect" },
    xAxis: xAxis(`time of the final decision (${unit.name})`, { min: 0, max: unit.of(last), axisLabel: { color: color("soft"), fontSize: 11, showMaxLabel: false } }), yAxis: axis("share of the group (%)"),
    series: [["right", right], ["wrong", wrong]].filter(([, times]) => total(times)).map(([name, times]) =>
      histogramSteps(`${name} (${total(times).toLocaleString("en")})`, times, color(name), unit, 100 / total(times), name === "wrong" ? "dashed" : "solid")),
    tooltip: { show: false },
  }));
  section("course", "Decision over time",
    el("p", {}, "A spiking network has an answer before the sample ends. The first chart shows what share of the test samples is right if the decision is taken with the spikes so far. ",
      final > 0 ? `${percent(0.99 * final, 1)}, which is 99 % of the final accuracy, is reached after ${short(unit.of(near), 3)} ${unit.name}. ` : "", `The second shows when the decision changed for the last time, among those that are right and among those that are wrong.`),
    el("div", { class: "pair" }, curves, bars));
}

const total = (histogram) => histogram.counts.reduce((sum, value) => sum + value, 0);

/** A histogram as filled steps. */
function histogramSteps(name, histogram, fill, unit, scale, dash) {
  const points = histogram.counts.map((value, index) => [unit.of(histogram.start + index * histogram.width), scale * value]);
  if (points.length) points.push([unit.of(histogram.start + histogram.counts.length * histogram.width), points[points.length - 1][1]]);
  return { type: "line", step: "end", name, data: points, symbol: "none", lineStyle: { width: 1.6, color: fill, type: dash }, itemStyle: { color: fill },
    areaStyle: { color: fill, opacity: 0.18, origin: "start" } };
}

function countsSection(run) {
  const layers = run.layers.slice(1);
  const lines = layers.map((layer, index) => ({ name: layerName(run, index + 1), counts: run.test.spike_counts[index], weights: run.test.weights[index] }));
  const shown = lines.filter((line) => line.weights.counts.length);
  const silent = lines.map((line) => {
    const silent = (line.counts.counts[0] || 0) / Math.max(total(line.counts), 1);
    return `${line.name} ${short(line.counts.mean, 3)} (silent in ${percent(silent, 1)})`;
  });
  const spikes = chart("Histogram of the number of spikes of a neuron in a sample, for each layer.", () => ({
    ...baseOption(), xAxis: xAxis("spikes of a neuron in a sample", { min: 0, minInterval: 1 }), yAxis: axis("neurons and samples (%)", { type: "log", min: 0.001, max: 100, axisLabel: { color: color("soft"), fontSize: 11, formatter: (value) => short(value, 2) } }),
    tooltip: { ...baseOption().tooltip, valueFormatter: (value) => short(value, 3) + " %" },
    series: lines.map((line, index) => {
      return { type: "line", name: line.name, symbol: look(index).symbol, symbolSize: 5, lineStyle: { width: 1.6, color: look(index).color, type: look(index).dash }, itemStyle: { color: look(index).color },
        data: line.counts.counts.map((value, at) => [at, value ? (100 * value) / total(line.counts) : null]) };
    }),
  }));
  const weights = chart("Histogram of the weights of each layer.", () => ({
    ...baseOption(), legend: { ...baseOption().legend, icon: "rect" }, xAxis: xAxis("peak of one input spike / threshold"), yAxis: axis("share of the most frequent"),
    tooltip: { show: false },
    series: shown.map((line, index) => {
      const most = Math.max(...line.weights.counts);
      return histogramSteps(line.name, line.weights, look(index).color, { of: (value) => value }, 1 / most, DASHES[index % 3]);
    }),
  }));
  section("counts", "Spikes and weights",
    el("p", {}, `The first chart shows how often a neuron spikes in a sample, over all neurons and ${count(run.test.counted_samples, "test sample")}. Means: ${silent.join("; ")}. `,
      "The second shows the weights, as the peak potential that one input spike causes in a neuron at rest, in units of its threshold. At 1 a single input makes the neuron spike; negative weights inhibit."),
    el("div", { class: "pair" }, spikes, weights));
}

function confusionSection(run) {
  const rows = run.result.confusion;
  if (!rows.length) return;
  const hasSilent = run.result.silent > 0;
  const columns = rows.map((_, index) => String(index)).concat(hasSilent ? ["none"] : []);
  const body = rows.map((row, label) => {
    const samples = row.reduce((sum, value) => sum + value, 0);
    const cells = row.slice(0, columns.length).map((value, column) => {
      const share = samples ? value / samples : 0;
      const hit = label === column;
      const strength = value ? Math.round(100 * Math.min(1, 0.12 + 0.88 * Math.sqrt(share))) : 0;
      const style = value ? `background: color-mix(in srgb, var(--${hit ? "right" : "wrong"}) ${strength}%, var(--paper)); ${strength > 62 ? "color: var(--paper)" : ""}` : null;
      return el("td", { style, class: (value ? "" : "zero") + (hit ? " diagonal" : ""), title: `true ${label}, decided ${columns[column]}: ${value}` }, value ? String(value) : "·");
    });
    return el("tr", {}, el("th", { scope: "row" }, String(label)), cells, el("td", {}, samples ? percent(row[label] / samples, 1) : "–"));
  });
  const frequent = rows.flatMap((row, label) => row.map((value, column) => ({ value, label, column })))
    .filter((cell) => cell.value && cell.label !== cell.column).sort((one, other) => other.value - one.value).slice(0, 5);
  section("confusion", "Confusion matrix",
    el("p", {}, "A row for each true class, a column for each decided one; the outlined diagonal is right. The last column is the share of the class that is decided right. ",
      hasSilent ? "“none”: no output neuron spiked." : "",
      frequent.length ? ` Most frequent errors: ${frequent.map((cell) => `${cell.label} as ${cell.column === rows.length ? "none" : cell.column} (${cell.value})`).join(", ")}.` : ""),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Confusion matrix" },
      el("table", { class: "confusion" + (rows.length > 16 ? " many" : "") },
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "true"), columns.map((name) => el("th", { scope: "col" }, name)), el("th", { scope: "col" }, "right"))),
        el("tbody", {}, body))));
}

function worstSection(run) {
  const wrong = run.result.samples - run.result.correct;
  if (!run.worst.length && !run.decision_map) return;
  const parts = [];
  if (run.decision_map) parts.push(el("h3", {}, "What is decided for every point"),
    el("p", {}, "The network's decision over the plane of the Yin-Yang symbol: orange is decided as yin, blue as yang, green as a dot, grey as nothing. A wrong decision is darker."),
    el("img", { class: "map", src: run.decision_map, alt: "Map of the decisions over the Yin-Yang symbol" }));
  if (run.worst.length) {
    const rule = run.result.rule === "most_spikes" ? "spikes of the true class less those of the best other one" : "by how much the true class spikes before the best other one; late is negative";
    const pictures = run.worst.some((one) => one.picture);
    parts.push(el("p", {}, `${count(run.worst.length, "test sample")} of ${wrong.toLocaleString("en")} that are wrong, the most clearly wrong first. The margin is ${rule}.`),
      pictures ? el("ul", { class: "worst" }, run.worst.map((one) => el("li", {}, picture(one.picture, `Test sample ${one.index}: class ${one.label}, decided ${predicted(one)}`),
        el("b", {}, `${one.label} → ${predicted(one)}`), el("br"), `${marginWords(run, one.margin)}`, el("br"), `no. ${one.index}`)))
        : table("The most clearly wrong test samples", ["sample", "true class", "decided", "margin"], run.worst.slice(0, 16).map((one) => [one.index, one.label, predicted(one), marginWords(run, one.margin)])));
  }
  section("worst", run.worst.length ? "Worst samples" : "Decisions", parts);
}

function networkSection(run) {
  const rows = run.layers.map((layer, index) => [index === 0 ? "–" : index - 1, layer.label, layer.neurons.toLocaleString("en"), layer.weights ? layer.weights.toLocaleString("en") : "–", layer.constants || "–"]);
  section("experiment", "Experiment",
    table("The network", ["layer", "kind", "neurons", "weights", "neurons' constants"], rows, "words"),
    el("details", {}, el("summary", {}, "The experiment with every default written out (config.toml)"), el("pre", {}, run.config)));
}

/** A command that can be copied. */
function commandBox(text) {
  const button = el("button", { type: "button", "aria-label": `Copy the command ${text}`, onclick: () => {
    const done = () => { button.textContent = "copied"; setTimeout(() => { button.textContent = "copy"; }, 1500); };
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, () => {});
  } }, "copy");
  return el("div", { class: "command" }, el("pre", {}, text), button);
}

function reproduceSection(run, provenance) {
  section("reproduce", "Reproduce",
    el("p", {}, `Noctule ${provenance.version}; this page was measured on the back end ${run.engine}, on ${provenance.machine}. Paths are those of the folder where the page was made.`),
    run.commands.flatMap((one) => [el("p", {}, one.does, ":"), commandBox(one.command)]));
}
