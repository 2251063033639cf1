#!/usr/bin/env python3
"""Opens pages of `noctule report` in headless Chromium and checks what a reader relies on.

usage: report-page.py PAGES-FOLDER SCREENSHOTS-FOLDER

Every `*.html` in the folder must show all its charts with data, without an error in the console or a request, in light and
dark, at 380 pixels and on paper; the keyboard must choose samples. Times are printed, not judged: a machine may be busy.
"""

import re
import sys
from pathlib import Path

from playwright.sync_api import TimeoutError, sync_playwright

MOST_BYTES = 3_000_000
PHONE = {"width": 380, "height": 780}
DESK = {"width": 1280, "height": 900}
DRAWN = "document.documentElement.getAttribute('data-drawn') === 'yes'"
# Visible marks of each chart: paths of an SVG, or pixels of a canvas that are not empty.
MARKS = """() => Page.charts.map((place) => {
  const canvas = place.querySelector('canvas');
  if (canvas) {
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let marks = 0;
    for (let at = 3; at < pixels.length; at += 4) if (pixels[at] > 0) marks++;
    return marks;
  }
  return place.querySelectorAll('svg path').length;
})"""


class Failure(Exception):
    pass


def require(holds, what):
    if not holds:
        raise Failure(what)


def open_page(browser, path, faults, **options):
    context = browser.new_context(**options)
    page = context.new_page()
    page.on("console", lambda message: faults.append(f"{message.type}: {message.text}") if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(f"exception: {error}"))
    page.on("request", lambda request: faults.append(f"request: {request.url[:120]}")
            if not request.url.startswith(("data:", path.as_uri())) else None)
    page.goto(path.as_uri())
    try:
        page.wait_for_function(DRAWN)
    except TimeoutError:
        raise Failure("the charts are not drawn: " + "; ".join(faults)) from None
    return page


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def check_keyboard(page):
    explorer = page.locator(".explorer")
    if explorer.count() == 0:
        return
    chosen = lambda: explorer.get_attribute("data-sample")
    # By the keyboard alone: from the top of the page to the list of samples.
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('pick')"):
            break
    require(page.evaluate("document.activeElement.classList.contains('pick')"), "Tab does not reach the samples")
    if page.locator(".pick").count() < 2:
        return
    first = chosen()
    page.keyboard.press("ArrowRight")
    second = chosen()
    require(first != second, "the right arrow does not choose the next sample")
    page.keyboard.press("ArrowLeft")
    require(chosen() == first, "the left arrow does not go back")
    page.keyboard.press("End")
    require(page.evaluate("document.activeElement.getAttribute('aria-selected')") == "true", "the focus is lost")
    zoom = "(() => { const [zoom] = document.querySelector('.explorer .chart').plot.getOption().dataZoom; return zoom.end - zoom.start; })()"
    page.keyboard.press("+")
    require(page.evaluate(zoom) < 60, "+ does not zoom in")
    page.keyboard.press("0")
    require(page.evaluate(zoom) > 99, "0 does not show all")
    page.keyboard.press("Home")
    page.wait_for_timeout(50)


def check_names(page):
    """Whoever does not see the page hears what each control and picture is."""
    nameless = page.evaluate("""() => [...document.querySelectorAll('button, [role=img], img')].filter((one) =>
        !(one.getAttribute('aria-label') || one.textContent.trim() || one.hasAttribute('alt'))).length""")
    require("[object" not in page.inner_text("body"), "an element is shown as text")
    require(nameless == 0, f"{nameless} controls or pictures have no name")


def check(browser, path, folder):
    name, faults = path.stem, []
    size = path.stat().st_size
    require(size < MOST_BYTES, f"{size} bytes")
    page = open_page(browser, path, faults, viewport=DESK, color_scheme="light")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
    drawn = page.evaluate("performance.now()")
    paint = "unknown" if paint is None else f"{paint:.0f} ms" + (" (over 1 s: is the machine busy?)" if paint > 1000 else "")
    print(f"{name}: {size / 1e6:.2f} MB, first paint after {paint}, all charts after {drawn:.0f} ms")
    marks = page.evaluate(MARKS)
    require(all(count > 3 for count in marks), f"a chart is empty: {marks}")
    check_names(page)
    page.screenshot(path=folder / f"{name}-light.png", full_page=True)
    check_keyboard(page)
    page.emulate_media(media="print")
    page.wait_for_timeout(300)
    require(page.evaluate("[...document.querySelectorAll('details')].every((one) => one.open)"), "the experiment is folded on paper")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    require(paper == "rgb(255, 255, 255)", f"paper is {paper}")
    pdf = page.pdf(path=folder / f"{name}.pdf", format="A4", print_background=True)
    require(len(pdf) > 20_000, "the print is empty")
    print(f"  printed on {len(re.findall(rb'/Type /Page[^s]', pdf))} pages")
    page.emulate_media(media="screen")
    page.wait_for_timeout(300)
    require(page.evaluate("![...document.querySelectorAll('details')].some((one) => one.open)"), "the experiment stays open after printing")
    page.context.close()
    page = open_page(browser, path, faults, viewport=DESK, color_scheme="dark")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    require(paper == "rgb(20, 23, 26)", f"the dark page is {paper}")
    page.screenshot(path=folder / f"{name}-dark.png", full_page=True)
    page.context.close()
    page = open_page(browser, path, faults, viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True)
    require(overflow(page) <= 0, f"at {PHONE['width']} px the page is {overflow(page)} px too wide")
    page.screenshot(path=folder / f"{name}-phone.png", full_page=True)
    page.context.close()
    require(not faults, "; ".join(faults))


def main():
    pages, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    failed = False
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=sys.argv[3] if len(sys.argv) > 3 else None, args=["--no-sandbox"])
        for path in sorted(pages.glob("*.html")):
            try:
                check(browser, path, folder)
            except Failure as failure:
                failed = True
                print(f"{path.name}: {failure}", file=sys.stderr)
        browser.close()
    sys.exit(1 if failed else 0)


main()
