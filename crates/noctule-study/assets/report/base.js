"use strict";
/* What all parts of the page use: elements, numbers, colours, charts. */
const Page = {
  data: JSON.parse(document.getElementById("noctule-data").textContent),
  charts: [],
  waiting: [],
};

/** An element with attributes and children; texts are never read as HTML. */
function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Titles that are shorter in the list of sections. */
const SHORT_TITLES = { samples: "Samples", course: "Decision", counts: "Spikes, weights", confusion: "Confusion", worst: "Worst" };

/** A section with a heading, which also stands in the list of sections. */
function section(id, title, ...children) {
  document.getElementById("contents").append(el("a", { href: "#" + id }, SHORT_TITLES[id] || title));
  const made = el("section", { id, "aria-labelledby": id + "-title" }, el("h2", { id: id + "-title" }, title), children);
  document.getElementById("main").append(made);
  return made;
}

/** A version with the first digits of its commit. */
const shortVersion = (version) => version.replace(/([0-9a-f]{10})[0-9a-f]{30}/, "$1");
const percent = (share, digits = 2) => (100 * share).toFixed(digits) + " %";
const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/** A number in few letters. */
function short(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(Math.max(digits - 2, 1)).replace(/\.?0+e/, "e");
  return String(Number(value.toPrecision(digits)));
}

/** A unit of time in which numbers up to `longest` seconds are easy to read. */
function timeUnit(longest) {
  const units = [["s", 1], ["ms", 1e3], ["µs", 1e6], ["ns", 1e9]];
  const found = units.find(([, factor]) => longest * factor >= 2) || units[3];
  const [name, factor] = longest > 0 ? found : units[0];
  return { name, factor, of: (seconds) => seconds * factor };
}

/** A duration for people. */
function duration(seconds) {
  if (seconds < 90) return short(seconds, 3) + " s";
  const minutes = seconds / 60;
  if (minutes < 90) return short(minutes, 3) + " min";
  return short(minutes / 60, 3) + " h";
}

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const SERIES = ["blue", "vermilion", "green", "purple", "orange", "sky", "black", "grey"];
const DASHES = ["solid", "dashed", "dotted"];
const SYMBOLS = ["circle", "rect", "triangle", "diamond", "emptyCircle", "emptyRect", "emptyTriangle"];
const SIGNS = ["●", "■", "▲", "◆", "○", "□", "△"];
/** The colour, dash and symbol of the series with this number: colours alone do not tell them apart. */
function look(index) {
  return {
    color: color(SERIES[index % SERIES.length]),
    dash: DASHES[Math.floor(index / SERIES.length) % DASHES.length],
    symbol: SYMBOLS[index % SYMBOLS.length],
    sign: SIGNS[index % SIGNS.length],
  };
}
const isNarrow = () => window.innerWidth < 560;

/** An axis in the style of the page. */
function axis(name, more) {
  const x = (more || {}).isX;
  const { isX, ...rest } = more || {};
  return {
    type: "value", name, nameLocation: "middle", nameGap: x ? 28 : 44,
    nameTextStyle: { color: color("soft"), fontSize: 12 },
    axisLine: { show: true, lineStyle: { color: color("line") } },
    axisTick: { show: false },
    axisLabel: { color: color("soft"), fontSize: 11, hideOverlap: true },
    splitLine: { show: !x, lineStyle: { color: color("grid") } },
    ...rest,
  };
}
const xAxis = (name, more) => axis(name, { isX: true, ...more });

/** What all charts have in common. */
function baseOption() {
  return {
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: color("ink") },
    grid: { left: 64, right: 18, top: 44, bottom: 48 },
    legend: { top: 4, left: 0, itemWidth: 22, itemHeight: 9, textStyle: { color: color("ink"), fontSize: 12 }, type: "scroll",
      pageIconColor: color("ink"), pageIconInactiveColor: color("line"), pageTextStyle: { color: color("soft") } },
    tooltip: { trigger: "axis", confine: true, backgroundColor: color("panel"), borderColor: color("line"),
      textStyle: { color: color("ink"), fontSize: 12 }, axisPointer: { lineStyle: { color: color("grey") } } },
  };
}

/** Texts in tooltips are HTML. */
const plain = (text) => String(text).replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

/**
 * A place for a chart, which is drawn when the plotting library is there. `options` makes its options from the colours of
 * the moment; `label` says what it shows to who does not see it. Returns the element, which has `redraw()`.
 */
function chart(label, options, settings) {
  const { renderer = "svg", height = null } = settings || {};
  const place = el("div", { class: "chart", role: "img", "aria-label": label });
  if (height) place.style.height = height + "px";
  let drawn = null;
  place.redraw = () => {
    if (!Page.isReady) return;
    if (!drawn) {
      drawn = echarts.init(place, null, { renderer, devicePixelRatio: Math.max(2, window.devicePixelRatio || 1) });
      place.plot = drawn;
    }
    drawn.setOption(options(), { notMerge: true });
  };
  place.resize = () => drawn && drawn.resize();
  Page.charts.push(place);
  if (Page.isReady) place.redraw(); else Page.waiting.push(place);
  return place;
}

/** Buttons of which one is pressed; `choose` is told the value of the one that is. */
function toggle(label, choices, choose) {
  const buttons = choices.map(([value, text], index) =>
    el("button", { type: "button", "aria-pressed": String(index === 0), onclick: () => {
      buttons.forEach((button, other) => button.setAttribute("aria-pressed", String(other === index)));
      choose(value);
    } }, text));
  return el("div", { class: "tools", role: "group", "aria-label": label }, buttons);
}

/** A table with a caption; the first row are the names of the columns. */
function table(caption, columns, rows, kind) {
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", { class: kind }, el("caption", {}, caption),
      el("thead", {}, el("tr", {}, columns.map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, String(cell))))))));
}
