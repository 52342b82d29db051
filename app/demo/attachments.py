"""What the demo's people attach to their messages: a picture of a bicycle, drawn, and a short price list."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from fpdf import FPDF
from PIL import Image, ImageDraw

# Drawn large and made smaller: smooth edges.
_SCALE = 2
_SIZE = (1120, 640)


def bicycle() -> bytes:
    """Draw the gravel bike on the workshop's stand, as a JPEG."""
    width, height = _SIZE
    image = Image.new("RGB", (width * _SCALE, height * _SCALE), "#dfe6e4")
    pen = ImageDraw.Draw(image)

    def line(colour: str, thick: int, *points: tuple[int, int]) -> None:
        pen.line([(x * _SCALE, y * _SCALE) for x, y in points], colour, thick * _SCALE, joint="curve")

    def ring(colour: str, x: int, y: int, radius: int, thick: int) -> None:
        box = [(x - radius) * _SCALE, (y - radius) * _SCALE, (x + radius) * _SCALE, (y + radius) * _SCALE]
        pen.ellipse(box, outline=colour, width=thick * _SCALE)

    pen.rectangle((0, 520 * _SCALE, width * _SCALE, height * _SCALE), fill="#c3d1cd")
    line("#b3c1bd", 18, (110, 90), (300, 90))
    line("#b3c1bd", 18, (110, 130), (250, 130))
    line("#b3c1bd", 18, (840, 90), (980, 90))
    line("#6d7f7a", 20, (560, 360), (560, 560))
    line("#6d7f7a", 20, (490, 565), (630, 565))
    rear, front, pedals, seat, head = (390, 400), (750, 400), (550, 400), (490, 225), (680, 225)
    for wheel in (rear, front):
        ring("#23403a", *wheel, 128, 14)
        ring("#6d7f7a", *wheel, 16, 6)
    line("#c8602f", 16, rear, seat, pedals, rear)
    line("#c8602f", 16, seat, head, pedals)
    line("#c8602f", 16, (668, 190), front)
    line("#23403a", 16, (484, 205), (476, 165))
    line("#23403a", 18, (440, 160), (520, 160))
    line("#23403a", 14, (668, 190), (660, 150), (730, 150))
    ring("#23403a", *pedals, 30, 10)
    stored = BytesIO()
    image.resize(_SIZE, Image.Resampling.LANCZOS).save(stored, "JPEG", quality=86)
    return stored.getvalue()


def fleet_offer() -> bytes:
    """Write the autumn's fleet offer, one page of PDF."""
    page = FPDF(format="A4")
    page.set_title("Demo fleet, autumn")
    page.add_page()
    page.set_font("helvetica", "B", 18)
    page.cell(0, 14, "Demo fleet, autumn", new_x="LMARGIN", new_y="NEXT")
    page.set_font("helvetica", size=11)
    for row in (
        "6 commuter bikes, 19 per bike and month",
        "2 cargo bikes, 45 per bike and month",
        "Two check-ups a year",
    ):
        page.cell(0, 9, row, new_x="LMARGIN", new_y="NEXT")
    return bytes(page.output())


FILES: dict[str, Callable[[], bytes]] = {"gravel-56-stand.jpg": bicycle, "demo-fleet-autumn.pdf": fleet_offer}
