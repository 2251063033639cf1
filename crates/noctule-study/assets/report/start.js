/* The order in which the page is built: texts first, then the plotting library, then one chart after the other. */
Page.start = () => {
  const { run, studies, provenance } = Page.data;
  if (run) {
    facts(run);
    curvesSection(run);
    explorerSection(run);
    courseSection(run);
    countsSection(run);
    confusionSection(run);
    worstSection(run);
    networkSection(run);
    reproduceSection(run, provenance);
  }
  studies.forEach((study, index) => studySections(study, index, studies.length === 1 && !run));
  foot(provenance);
  // The texts are painted before the library is read, which takes longer than all else.
  requestAnimationFrame(() => setTimeout(Page.loadLibrary, 0));
};

Page.loadLibrary = () => {
  const library = el("script", {});
  library.textContent = document.getElementById("plotting-library").textContent;
  document.head.append(library);
  Page.isReady = true;
  const next = () => {
    const place = Page.waiting.shift();
    if (!place) { document.documentElement.setAttribute("data-drawn", "yes"); return; }
    place.redraw();
    setTimeout(next, 0);
  };
  next();
};

let lastWidth = window.innerWidth;
window.addEventListener("resize", () => {
  clearTimeout(Page.resizing);
  Page.resizing = setTimeout(() => {
    const isNew = window.innerWidth !== lastWidth;
    lastWidth = window.innerWidth;
    Page.charts.forEach((place) => { place.resize(); if (isNew) place.redraw(); });
  }, 120);
});
const redrawAll = () => Page.charts.forEach((place) => { place.resize(); place.redraw(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
/* Paper is white, whatever the screen is. */
const printing = (isPrinting) => {
  const root = document.documentElement;
  // Browsers tell it once or twice.
  if (root.hasAttribute("data-theme") === isPrinting) return;
  if (isPrinting) root.setAttribute("data-theme", "print");
  else root.removeAttribute("data-theme");
  // What can be unfolded on a screen cannot be on paper.
  document.querySelectorAll("details").forEach((details) => {
    if (isPrinting) details.wasOpen = details.open;
    details.open = isPrinting || details.wasOpen === true;
  });
  while (Page.waiting.length && Page.isReady) Page.waiting.shift().redraw();
  redrawAll();
};
matchMedia("print").addEventListener("change", (query) => printing(query.matches));
window.addEventListener("beforeprint", () => printing(true));
window.addEventListener("afterprint", () => printing(false));

function foot(provenance) {
  document.getElementById("foot").append(
    el("p", {}, `Made by Noctule ${provenance.version} on ${provenance.machine}. This file loads nothing from a network. `,
      "Its data are JSON in the element ", el("code", {}, "noctule-data"), ". In Python: ",
      el("code", {}, "json.loads(re.search(r'noctule-data\">([^<]*)', open('report.html').read())[1])"), "."),
    el("p", {}, "Charts by Apache ECharts 6.1.0 (Apache License 2.0). Colours by Okabe and Ito."));
}
