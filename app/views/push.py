"""What browsers need to install the center and to receive pushes: worker, manifest, the page without network."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from app.assets import OWN
from app.errors import UserError
from app.extensions import csrf
from app.services.settings import devices
from app.transaction import transaction

blueprint = Blueprint("push", __name__)

ICON_SIZES = (192, 512)
THEME_COLOUR = "#4250c9"


def init_app(app: Flask) -> None:
    """Add the addresses; none of them needs a session."""
    app.register_blueprint(blueprint)
    csrf.exempt(renew)


@blueprint.get("/push-worker.js")
def worker() -> Response:
    """The service worker. At the root, so that it serves every page; never kept, so that an update arrives."""
    response = Response((OWN / "center" / "push-worker.js").read_bytes(), mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Service-Worker-Allowed"] = "/"
    return response


@blueprint.get("/manifest.webmanifest")
def manifest() -> Response:
    """What makes the center installable."""
    url = current_app.extensions["assets"].url
    icons = [
        {"src": url(f"icons/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any"}
        for size in ICON_SIZES
    ]
    icons.append({"src": url("icons/maskable-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"})
    response = jsonify(
        id="/center",
        name=str(current_app.config["APP_NAME"]),
        short_name=str(current_app.config["APP_NAME"]),
        description=gettext("One place where a team sees what happens and answers its clients."),
        start_url="/center",
        scope="/",
        display="standalone",
        background_color="#ffffff",
        theme_color=THEME_COLOUR,
        icons=icons,
    )
    response.mimetype = "application/manifest+json"
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/offline")
def offline() -> str:
    """The page that the service worker keeps for when there is no network."""
    return render_template("offline.html")


@blueprint.post("/push/renew")
def renew() -> ResponseReturnValue:
    """A browser has renewed its subscription by itself: no page is open, so the old endpoint is the proof.

    204 when it was replaced, 404 when there is no such device.
    """
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not isinstance(body.get("subscription"), dict):
        return UserError("invalid_json", "A JSON object with a subscription is needed").as_json(), 400
    try:
        with transaction():
            renewed = devices.renew(body.get("old_endpoint"), body["subscription"])
    except UserError as error:
        return error.as_json(), error.status
    return ("", 204) if renewed else (UserError("not_found", "There is no such device").as_json(), 404)
