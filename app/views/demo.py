"""*Try it*: buttons of the demo that let something happen, each through the entry point that it would come by."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from flask import current_app, jsonify
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import gettext, lazy_gettext
from flask_jwt_extended import create_access_token
from werkzeug.test import Client

from app import access
from app.errors import Conflict, NotFound
from app.models.people import User
from app.security import acting_user
from app.services import demo_end, digests
from app.transaction import transaction
from app.views.api.problem import problems
from app.views.personas import demo_person

SHOP = "/demo/shop"
QUESTIONS = (
    "Do you have a minute? A client asks for a test ride tomorrow at ten, can I promise it?",
    "Which saddle did you offer for the gravel bike? I have the client on the phone.",
    "Could you look over my offer before it goes out?",
)

Try = Callable[[User], str]


def offered(user: User) -> dict[str, object] | None:
    """Return what the panel shows this person, for the page's data block; None outside a demo."""
    if not demo_end.is_demo():
        return None
    names = [name for name in TRIES if name in FOR_EVERYBODY or not access.is_free(user)]
    return {"shop": SHOP, "tries": [{"name": name, "label": str(LABELS[name])} for name in names]}


class DemoView(BaseView):
    """`/demo/try/…`: a button's address. Not in the menu, and not there outside a demo."""

    route_base = "/demo"
    class_permission_name = "CenterView"

    @expose("/try/<string:name>", methods=["POST"])
    @problems
    @has_access
    def attempt(self, name: str) -> ResponseReturnValue:
        """Let it happen; the answer says what did. Raises NotFound."""
        user = acting_user()
        act = TRIES.get(name)
        if act is None or not demo_end.is_demo() or (access.is_free(user) and name not in FOR_EVERYBODY):
            raise NotFound("Button")
        return jsonify(said=act(user))


def _colleague(user: User) -> str:
    """A colleague writes to this person, by the REST interface with a token of their own."""
    asking = demo_person("staff2" if user.username != "staff2" else "staff")
    if asking is None:
        raise Conflict("nobody", gettext("The demo's colleagues are gone"))
    token = create_access_token(str(asking.id))
    chat = _call("/api/v1/chats/", {"kind": "direct", "member_ids": [user.id]}, token)
    question = {"client_id": secrets.token_hex(8), "body": secrets.choice(QUESTIONS)}
    _call(f"/api/v1/chats/{chat['id']}/messages", question, token)
    return gettext("%(name)s has written to you", name=asking.first_name)


def _call(path: str, body: dict[str, Any], token: str) -> dict[str, Any]:
    """Call our own REST interface as a program does. Raises Conflict with what it refused."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    # A context of its own: in this one, the caller would be who pressed the button.
    with app.app_context():
        answer = Client(app).post(path, json=body, headers={"Authorization": f"Bearer {token}"})
    if answer.status_code not in (200, 201):
        raise Conflict("refused", gettext("This was refused: %(why)s", why=answer.get_data(as_text=True)[:200]))
    return dict(answer.json or {})


def _digest(user: User) -> str:
    with transaction(user.id):
        sent = digests.send_now(user.id)
    if not sent:
        return gettext("Nothing that is set to digest is unread: set a kind of news to digest first")
    return gettext("Your digest is on its way to %(address)s", address=user.email)


TRIES: dict[str, Try] = {"colleague": _colleague, "digest": _digest}
LABELS = {"colleague": lazy_gettext("A colleague asks me"), "digest": lazy_gettext("Send my digest")}
FOR_EVERYBODY = frozenset({"colleague", "digest"})
