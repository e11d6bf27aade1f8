"""What keeps someone out of a page: axe's rules, and no sideways scrolling, light and dark, wide and narrow."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, ViewportSize

WIDE: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],  # what is right is found, and not described
}


def faults(page: Page) -> list[str]:
    """Of the page as it is now."""
    # Half a megabyte to be read: once for each document.
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in page.evaluate("rules => axe.run(document, rules).then(found => found.violations)", RULES)
        for node in violation["nodes"]
    ]
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return found + ([f"{wider} px too wide"] if wider > 0 else [])


def faults_everywhere(page: Page) -> dict[str, list[str]]:
    """Of the page as it is now, where it has any."""
    found = {}
    for size, theme in ((PHONE, "dark"), (WIDE, "light")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        if seen := faults(page):
            found[f"{page.url}, {theme}, {size['width']} px"] = seen
    return found
