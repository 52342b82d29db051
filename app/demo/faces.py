"""Portraits of the demo's people, drawn: flat, friendly, and nobody's."""

from __future__ import annotations

from typing import NamedTuple

from PIL import Image, ImageDraw

from app.models.people import User
from app.services.people import people_pictures

# Drawn large and made smaller: smooth edges.
_LARGE = 1024


class Face(NamedTuple):
    """Colours, how the hair falls (``short``, ``long``, ``bun``, ``cap``), and glasses or beard where worn."""

    ground: str
    skin: str
    hair: str
    shirt: str
    style: str
    extra: str = ""


FACES = {
    "admin": Face("#c9d8f0", "#f1c9a5", "#5b3a29", "#2f5fb3", "bun", "glasses"),
    "manager": Face("#f6d9c4", "#8d5b3f", "#1f1a17", "#c4552d", "short", "beard"),
    "staff": Face("#cfe8d5", "#f6d3b3", "#d98f3e", "#2e7d5b", "short"),
    "staff2": Face("#e6d5ef", "#d9a27a", "#2b2030", "#7a4fa3", "long"),
    "free": Face("#f3e3b5", "#edc19a", "#7c7c7c", "#3c4650", "cap", "beard"),
}


def load(people: dict[str, User]) -> None:
    """Give each of the demo's people a picture."""
    for username, face in FACES.items():
        people[username].picture, path = people_pictures.new_address()
        draw(face).save(path, "WEBP", quality=82)


def draw(face: Face) -> Image.Image:
    """Draw a portrait as large as pictures of people are."""
    image = Image.new("RGB", (_LARGE, _LARGE), face.ground)
    pen = ImageDraw.Draw(image)
    if face.style == "long":
        pen.rounded_rectangle((272, 220, 752, 800), 230, face.hair)
    if face.style == "bun":
        pen.ellipse((412, 90, 612, 290), face.hair)
    pen.rounded_rectangle((150, 780, 874, 1300), 250, face.shirt)
    pen.rounded_rectangle((434, 640, 590, 850), 76, _darker(face.skin))
    pen.ellipse((312, 260, 712, 760), face.skin)
    for x in (318, 706):
        pen.ellipse((x - 44, 470, x + 44, 580), face.skin)
    _hair(pen, face)
    if face.extra == "beard":
        pen.chord((322, 380, 702, 784), 12, 168, face.hair)
        pen.ellipse((432, 600, 592, 680), face.skin)
    for x in (432, 592):
        pen.ellipse((x - 22, 488, x + 22, 536), "#2a2320")
        pen.arc((x - 52, 424, x + 52, 500), 205, 335, face.hair, 16)
    pen.arc((446, 560, 578, 670), 25, 155, "#8f3b34", 18)
    if face.extra == "glasses":
        for x in (432, 592):
            pen.ellipse((x - 72, 440, x + 72, 584), outline="#2a2320", width=16)
        pen.line((500, 506, 524, 506), "#2a2320", 16)
    return image.resize((people_pictures.SIDE,) * 2, Image.Resampling.LANCZOS)


def _hair(pen: ImageDraw.ImageDraw, face: Face) -> None:
    if face.style == "cap":
        pen.pieslice((296, 210, 728, 640), 180, 360, face.shirt)
        pen.rounded_rectangle((420, 398, 800, 452), 27, _darker(face.shirt))
        return
    pen.chord((300, 228, 724, 640), 186, 354, face.hair)
    if face.style == "short":
        pen.polygon(((306, 400), (420, 250), (690, 330), (722, 430), (560, 400)), face.hair)
    else:
        pen.chord((300, 240, 560, 600), 170, 300, face.hair)
        pen.chord((464, 240, 724, 600), 240, 10, face.hair)


def _darker(colour: str) -> str:
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return "#" + "".join(f"{int(part * 0.84):02x}" for part in parts)
