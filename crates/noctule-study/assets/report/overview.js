/* The facts at the top, and the learning curves of all runs. */

const SPLIT_NAMES = { train: "training", validation: "validation", test: "test" };
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
function deviation(values) {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

function facts(run) {
  const { result, runs } = run;
  const own = runs[0];
  const items = [
    ["Test accuracy", percent(result.correct / Math.max(result.samples, 1)), `${result.correct.toLocaleString("en")} of ${count(result.samples, "sample")}`],
    ["Spikes per inference", own.spikes === null ? "–" : Math.round(own.spikes).toLocaleString("en"), "all layers, without the input"],
    ["Training time", own.epochs ? duration(own.seconds) : "–", count(own.epochs, "epoch") + ", with evaluation"],
    ["Measured on", run.engine.split(" ")[0], run.engine.replace(/^\S+ ?/, "").replace(/^\(|\)$/g, "")],
    ["Seed", String(run.seed), runs.length > 1 ? `first of ${count(runs.length, "run")}` : run.run],
  ];
  document.getElementById("facts").append(
    el("p", { class: "lead" }, run.description || `The experiment ${run.name} on ${run.data_set}.`),
    el("p", { class: "note" }, `Network: ${run.layers.map((layer) => layer.label).join(" → ")}. Noctule ${shortVersion(Page.data.provenance.version)}.`),
    el("dl", { class: "facts" }, items.map(([name, value, more]) =>
      el("div", {}, el("dt", {}, name), el("dd", {}, value, " "), el("small", {}, more)))));
  if (runs.length > 1) document.getElementById("facts").append(...runTable(runs, run.are_seeds));
}

/** What each run reached, and the mean. */
function runTable(runs, areSeeds) {
  const done = runs.filter((run) => run.test_accuracy !== null);
  const rows = runs.map((run) => [run.run, run.seed, run.epochs, run.test_accuracy === null ? "–" : percent(run.test_accuracy),
    run.best_test_accuracy === null ? "–" : `${percent(run.best_test_accuracy)} (epoch ${run.best_epoch})`,
    run.spikes === null ? "–" : Math.round(run.spikes), duration(run.seconds)]);
  const parts = [table("What each run reached. No run and no epoch is chosen by its test accuracy.",
    ["run", "seed", "epochs", "test accuracy", "at the epoch that validation chose", "spikes per inference", "time"], rows)];
  if (done.length > 1 && areSeeds) {
    const values = done.map((run) => run.test_accuracy);
    parts.push(el("p", {}, `Test accuracy after the last epoch: ${percent(mean(values))} ± ${(100 * deviation(values)).toFixed(2)} %, mean and standard deviation of ${count(done.length, "run")}.`));
  }
  return parts;
}

/** The mean of the runs at each epoch that all of them have. */
function meanCurve(curves, measure) {
  const byEpoch = new Map();
  for (const curve of curves) curve.epochs.forEach((epoch, index) => {
    if (!byEpoch.has(epoch)) byEpoch.set(epoch, []);
    byEpoch.get(epoch).push(curve[measure][index]);
  });
  return [...byEpoch].filter(([, values]) => values.length === curves.length).sort((a, b) => a[0] - b[0])
    .map(([epoch, values]) => [epoch, mean(values)]);
}

function curvesOption(run, measure) {
  const series = [];
  const scale = measure === "accuracy" ? 100 : 1;
  Object.keys(SPLIT_NAMES).forEach((split, index) => {
    const style = look(index);
    const curves = run.curves.map((curve) => curve.splits.find((one) => one.split === split)).filter((curve) => curve && curve[measure].length);
    if (!curves.length) return;
    if (!run.are_seeds) {
      // Other experiments: each run has a colour, each part of the samples a dash.
      run.curves.forEach((curve, place) => {
        const part = curve.splits.find((one) => one.split === split);
        if (!part || !part[measure].length) return;
        const { color } = look(place);
        series.push({ type: "line", name: `${curve.run}, ${SPLIT_NAMES[split]}`, symbol: "none", z: 5, itemStyle: { color },
          data: part.epochs.map((epoch, at) => [epoch, part[measure][at] * scale]), lineStyle: { width: 1.8, color, type: DASHES[index % 3] } });
      });
      return;
    }
    const points = (list) => list.map(([epoch, value]) => [epoch, value * scale]);
    if (curves.length > 1) curves.forEach((curve) => series.push({
      type: "line", name: SPLIT_NAMES[split], data: points(curve.epochs.map((epoch, at) => [epoch, curve[measure][at]])),
      symbol: "none", silent: true, lineStyle: { width: 1, opacity: 0.35, color: style.color }, itemStyle: { color: style.color },
      tooltip: { show: false },
    }));
    const middle = points(meanCurve(curves, measure));
    series.push({ type: "line", name: SPLIT_NAMES[split], data: middle, symbol: style.symbol, symbolSize: middle.length > 40 ? 0 : 6,
      showSymbol: middle.length <= 40, lineStyle: { width: 2.2, color: style.color, type: DASHES[index % 3] }, itemStyle: { color: style.color }, z: 5 });
  });
  const name = { accuracy: "right (%)", loss: "mean loss of a sample", spikes: "spikes per sample, all layers" }[measure];
  const base = baseOption();
  return { ...base, xAxis: xAxis("epoch", { min: (range) => (range.min < range.max ? range.min : range.min - 1), max: (range) => (range.min < range.max ? range.max : range.max + 1), minInterval: 1 }), yAxis: axis(name, { scale: true }), series,
    tooltip: { ...base.tooltip, formatter: (points) => {
      const seen = points.filter((point) => point.value && series[point.seriesIndex].z === 5);
      if (!seen.length) return "";
      const digits = measure === "spikes" ? 5 : 4;
      return `epoch ${seen[0].value[0]}<br>` + seen.map((point) => `${point.marker}${plain(point.seriesName)}: ${short(point.value[1], digits)}${measure === "accuracy" ? " %" : ""}`).join("<br>");
    } } };
}

function curvesSection(run) {
  const epochs = run.curves.reduce((most, curve) => curve.splits.reduce((most, split) => Math.max(most, split.epochs.length), most), 0);
  const several = run.curves.length > 1;
  if (!epochs) {
    section("curves", "Learning curves", el("p", {}, "No epoch is finished yet, so there are no curves; the rest of the page shows the network as it is."));
    return;
  }
  let measure = "accuracy";
  const place = chart("Learning curves: accuracy, loss or spikes over epochs, for training, validation and test samples.", () => curvesOption(run, measure), { height: 340 });
  section("curves", "Learning curves",
    el("p", {}, several && !run.are_seeds ? `${count(run.curves.length, "run")} of different experiments; the rest of the page is about ${run.run}. `
      : several ? `${count(run.curves.length, "run")}: the bold line is their mean, the thin ones are the runs. `
      : "", "Training figures are measured while the weights change, so they lag behind; validation and test figures belong to the end of an epoch."),
    toggle("What is shown over the epochs", [["accuracy", "Accuracy"], ["loss", "Loss"], ["spikes", "Spikes"]], (value) => { measure = value; place.redraw(); }),
    place);
}
