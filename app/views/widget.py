"""What websites include: the loader, the page in the iframe, and the REST twins of the namespace /visitor.

No cookie is set or read here: a client is known by the token that their browser sends along.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from app.errors import NotFound, UserError
from app.extensions import csrf
from app.headers import csp_nonce
from app.models.chats import ChatFile
from app.models.talks import Widget
from app.services.chats import drafts
from app.services.clients import visitor_flood, visitor_pages, visitors, widgets
from app.services.clients.visitors import Caller
from app.sockets.visitor import only_own
from app.views import downloads, referrer
from app.views.api.problem import number, uploaded_file
from app.views.hooks.hook_body import answers, json_of, limited_body

blueprint = Blueprint("widget", __name__)

FRAME_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'nonce-{nonce}'",
        "style-src 'self' 'nonce-{nonce}'",
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "connect-src 'self'{sockets}",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors {ancestors}",
    )
)
LOADER_SECONDS = 300
# A message has at most 10,000 characters.
MAX_BYTES = 256 * 1024


def init_app(app: Flask) -> None:
    """Add the addresses. A token in a header is no cookie: nothing here can be forged by another page."""
    csrf.exempt(blueprint)
    app.register_blueprint(blueprint)


@blueprint.get("/widget/loader.js")
def loader() -> Response:
    """The script of the host page."""
    asset = current_app.extensions["assets"].files.get("widget/loader.js")
    if asset is None:
        abort(404)
    response = Response(asset.content, content_type="text/javascript; charset=utf-8")
    for encoding in ("br", "gzip"):
        if encoding in asset.encoded and request.accept_encodings[encoding] > 0:
            response = Response(asset.encoded[encoding], content_type="text/javascript; charset=utf-8")
            response.headers["Content-Encoding"] = encoding
            break
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = f"public, max-age={LOADER_SECONDS}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.set_etag(asset.digest[:20])
    response.make_conditional(request)
    return response


@blueprint.get("/widget/api/config")
@answers
def config() -> ResponseReturnValue:
    """How the button looks, for pages that may show it."""
    widget, origin = widgets.by_key(request.args.get("key")), request.headers.get("Origin")
    widgets.require_origin(widget, origin)
    frame_url = f"{current_app.config['PUBLIC_URL']}/widget/frame?key={widget.key}"
    response = jsonify(widgets.config_of(widget) | {"frame_url": frame_url})
    response.headers["Cache-Control"] = "public, max-age=60"
    response.headers["Vary"] = "Origin"
    if origin:
        response.headers["Access-Control-Allow-Origin"] = origin
    return response


@blueprint.get("/widget/frame")
def frame() -> ResponseReturnValue:
    """The chat itself, to be shown in an iframe of an allowed page."""
    preview = request.args.get("preview") == "1"
    try:
        widget = widgets.by_key(request.args.get("key"), switched_off=preview)
    except UserError:
        return _plain("This chat does not exist.", 404)
    if not widgets.allows(widget, _origin()):
        return _plain("This chat is not meant for that page.", 403)
    boot = widgets.preview_of(widget, request.args) if preview else widgets.boot_of(widget)
    page = render_template("widget/frame.html", boot=boot, widget=widget)
    response = Response(page, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = FRAME_POLICY.format(
        nonce=csp_nonce(), sockets=_sockets(), ancestors=_ancestors(widget, preview)
    )
    # The list of ancestors says it better; an empty header keeps the general one away.
    response.headers["X-Frame-Options"] = "ALLOWALL"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.get("/demo/shop")
def shop() -> ResponseReturnValue:
    """A small shop with the widget on it."""
    if not (current_app.config["FRONTDESK_DEMO"] or current_app.config["FRONTDESK_TEST"]):
        abort(404)
    key = widgets.first_key()
    response = Response(render_template("demo/shop.html", widget_key=key, loader_url="/widget/loader.js"))
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/widget/api/hello")
@answers
def hello() -> ResponseReturnValue:
    """Twin of visitor.hello."""
    return jsonify(visitors.hello(_caller(), _body()))


@blueprint.get("/widget/api/messages")
@answers
def messages() -> ResponseReturnValue:
    """Twin of messages, with the talk: what a page without a socket asks for."""
    caller, largest = _caller(), drafts.LARGEST_BIG_ID
    page = {name: number(name, largest) for name in ("before_seq", "after_seq")}
    return jsonify(visitors.poll(caller, **page, limit=number("limit") or 50))


@blueprint.post("/widget/api/messages")
@answers
def send() -> ResponseReturnValue:
    """Twin of message.send."""
    caller, body = _caller(), _body()
    answer, new = visitors.send(caller, drafts.read_draft(only_own(body)), body.get("page_url"))
    return jsonify(answer), 201 if new else 200


@blueprint.post("/widget/api/typing")
@answers
def typing() -> ResponseReturnValue:
    """Twin of typing."""
    visitors.typing(_caller())
    return jsonify({})


@blueprint.post("/widget/api/read")
@answers
def read() -> ResponseReturnValue:
    """Twin of read."""
    caller = _caller()
    visitors.read(caller, drafts.checked_id(_body().get("seq"), "seq", drafts.LARGEST_BIG_ID))
    return jsonify({})


@blueprint.post("/widget/api/contact")
@answers
def contact() -> ResponseReturnValue:
    """Twin of contact."""
    return jsonify(visitor=visitors.contact(_caller(), _body()))


@blueprint.post("/widget/api/survey")
@answers
def survey() -> ResponseReturnValue:
    """Twin of survey.answer."""
    return jsonify(visitors.answer_survey(_caller(), _body()))


@blueprint.post("/widget/api/files")
@answers
def upload() -> ResponseReturnValue:
    """Upload a file, to be sent with a message."""
    caller, given = _caller(), uploaded_file()
    file = visitors.upload(caller, given.filename, given.stream)
    columns = ("id", "name", "size", "type", "width", "height", "thumbnail")
    shown = visitor_pages.file_json({name: getattr(file, name) for name in columns})
    return jsonify(id=file.id, result=shown), 201


@blueprint.get("/widget/api/files/<int:file_id>")
@answers
def download(file_id: int) -> ResponseReturnValue:
    """A file whose address we have given to its client."""
    return downloads.download(_signed_file(file_id))


@blueprint.get("/widget/api/files/<int:file_id>/thumbnail")
@answers
def thumbnail(file_id: int) -> ResponseReturnValue:
    """A picture's preview, which we have drawn ourselves."""
    return downloads.preview(_signed_file(file_id))


def _caller() -> Caller:
    """Who asks, by the two headers. Raises UserError: unknown widget, foreign page, forged or foreign token, flood."""
    address = request.remote_addr or ""
    visitor_flood.REQUESTS.take(address)
    widget = widgets.by_key(request.headers.get("X-Widget-Key"))
    widgets.require_origin(widget, request.headers.get("Origin"))
    return Caller(visitors.identify(widget, request.headers.get("X-Visitor-Token")), widget.id, address)


def _body() -> dict[str, Any]:
    said = limited_body(MAX_BYTES)
    body = json_of(said) if said else {}
    if not isinstance(body, dict):
        raise UserError("invalid", "One JSON object is expected", status=400)
    return body


def _signed_file(file_id: int) -> ChatFile:
    if not visitor_pages.may_open_file(file_id, request.args.get("s", "")):
        raise NotFound("File")
    return visitors.file_of(file_id)


def _origin() -> str | None:
    """The origin of the page that shows the frame, as far as its browser says."""
    parts = referrer.came_from()
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else None


def _ancestors(widget: Widget, preview: bool) -> str:
    allowed = current_app.config["ALLOWED_ORIGINS"] if preview else widgets.origins(widget)
    # A star in a policy means pages of http and https; our own page is always one. A policy cannot name an IPv6
    # address, and browsers complain about the attempt.
    named = [origin for origin in allowed if "[" not in origin]
    return "http: https:" if allowed == [widgets.ANYWHERE] else " ".join(["'self'", *named])


def _sockets() -> str:
    """Older browsers do not count WebSockets as 'self'."""
    home = urlsplit(current_app.config["PUBLIC_URL"])
    return f" {'wss' if home.scheme == 'https' else 'ws'}://{request.host}"


def _plain(words: str, status: int) -> Response:
    response = Response(words, status=status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response
