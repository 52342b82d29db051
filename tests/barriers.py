"""What keeps people from using a page, as axe-core sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Frame, Page

AXE = Path(__file__).resolve().parents[1] / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")


def barriers(page: Page | Frame, *impacts: str, **options: Any) -> list[str]:
    """Return each barrier's rule and where it stands; of all impacts, where none is named. ``options`` are axe's."""
    if not page.evaluate("'axe' in window"):
        # By the debugger, so the page's own Content-Security-Policy stays on.
        page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    found = page.evaluate("options => axe.run(document, options)", {"resultTypes": ["violations"], **options})
    return [
        f"{one['id']}: {' | '.join(node['html'][:160] for node in one['nodes'])}"
        for one in found["violations"]
        if not impacts or one["impact"] in impacts
    ]
