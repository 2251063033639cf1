/* What a study found: verdicts, tables and charts. */

const FINDINGS = { holds: ["✓", "holds"], "holds-partly": ["◐", "holds partly"], "does-not-hold-here": ["✗", "does not hold here"] };

function studySections(study, index, isAlone) {
  const id = "study-" + index;
  const top = [el("p", { class: "lead" }, study.summary),
    study.verdicts.length ? el("div", { class: "verdicts" }, study.verdicts.map(verdictCard)) : null];
  section(id, isAlone ? "Verdicts" : study.title, top);
  study.sections.forEach((part, number) => section(`${id}-${number}`, part.title,
    part.text ? el("p", {}, part.text) : null,
    part.charts.map((one) => el("figure", { style: "margin: 1rem 0" }, el("figcaption", { class: "note" }, one.title), studyChart(one))),
    part.tables.map((one) => table(one.title, one.columns, one.rows))));
  const { version, machine, command, seconds } = study.provenance;
  section(id + "-reproduce", "Reproduce", el("p", {}, `Noctule ${version}, on ${machine}. Measuring took ${duration(seconds)}.`), commandBox(command));
}

function verdictCard(verdict) {
  const [sign, words] = FINDINGS[verdict.finding] || ["?", verdict.finding];
  return el("article", { class: "verdict " + verdict.finding }, el("span", { class: "badge" }, `${sign} ${words}`),
    el("h3", {}, verdict.subject), el("p", {}, verdict.claim), el("p", { class: "note" }, verdict.evidence));
}

function studyChart(one) {
  const isShown = (axisOf, value) => Number.isFinite(value) && (!axisOf.log || value > 0);
  return chart(one.title, () => {
    const series = [];
    one.series.forEach((line, index) => {
      const style = look(index);
      const points = line.x.map((x, at) => [x, line.y[at], (line.error || [])[at] || 0]).filter(([x, y]) => isShown(one.x, x) && isShown(one.y, y));
      series.push({ type: "line", name: line.name, data: points.map(([x, y]) => [x, y]), symbol: style.symbol, symbolSize: 7, lineStyle: { width: 1.8, color: style.color, type: style.dash }, itemStyle: { color: style.color }, z: 4 });
      // One standard error to each side, as short lines of their own.
      const bars = points.filter(([, y, error]) => error > 0 && isShown(one.y, y + error)).flatMap(([x, y, error]) => [[x, isShown(one.y, y - error) ? y - error : y], [x, y + error], [null, null]]);
      if (bars.length) series.push({ type: "line", name: line.name, data: bars, symbol: "none", connectNulls: false, silent: true, lineStyle: { width: 1.2, color: style.color }, itemStyle: { color: style.color }, tooltip: { show: false } });
    });
    const base = baseOption();
    const kind = (axisOf) => ({ type: axisOf.log ? "log" : "value", scale: true, axisLabel: { color: color("soft"), fontSize: 11, hideOverlap: true, formatter: (value) => short(value, 3) } });
    return { ...base, xAxis: xAxis(one.x.label, kind(one.x)), yAxis: axis(one.y.label, kind(one.y)), series, tooltip: { ...base.tooltip, trigger: "item", formatter: (point) => `${plain(point.seriesName)}<br>${short(point.value[0], 5)}: ${short(point.value[1], 5)}` } };
  }, { height: 360 });
}
