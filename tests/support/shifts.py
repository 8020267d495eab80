"""What moved on a page without anybody having touched it, as the browser itself counts it (Layout Instability API)."""

from playwright.sync_api import Page

WATCH = """
window.__shifts = [];
new PerformanceObserver(list => { for (const entry of list.getEntries())
  if (!entry.hadRecentInput) window.__shifts.push([entry.value, entry.sources.map(source => {
    const node = source.node && (source.node.nodeType === 1 ? source.node : source.node.parentElement);
    return node ? node.tagName.toLowerCase() + "." + node.className : "?"; }).join(" ")]);
}).observe({type: "layout-shift", buffered: true});
"""
"""To be run before anything of the page is."""
SEEN_MIN = 0.0005
"""Below this share of the window times the way that it went, nobody sees it: a rounding of fonts."""


def read(page: Page) -> list[str]:
    """Returns what moved since the page was opened, with how far; nothing where that is nothing to see."""
    found = page.evaluate("() => window.__shifts")
    return [f"{moved:.4f} {what}" for moved, what in found] if total(found) >= SEEN_MIN else []


def total(found: list[tuple[float, str]]) -> float:
    """Returns the layout shift of a page as one figure."""
    return sum(moved for moved, _ in found)
