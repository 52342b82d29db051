"""*Try it*: buttons of the demo that let something happen, each through the entry point that it would come by."""

from __future__ import annotations

from collections.abc import Callable

from flask import jsonify
from flask.typing import ResponseReturnValue
from flask_appbuilder import BaseView, expose, has_access
from flask_babel import lazy_gettext

from app import access
from app.errors import NotFound
from app.models.people import User
from app.security import acting_user
from app.services.account import demo_end
from app.views import demo_acts
from app.views.api.problem import problems

SHOP = "/demo/shop"
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


TRIES: dict[str, Try] = {
    "call": demo_acts.call,
    "lead": demo_acts.lead,
    "payment": demo_acts.payment,
    "colleague": demo_acts.colleague,
    "digest": demo_acts.digest,
}
LABELS = {
    "call": lazy_gettext("The phone rings"),
    "lead": lazy_gettext("A lead comes in"),
    "payment": lazy_gettext("A payment fails"),
    "colleague": lazy_gettext("A colleague asks me"),
    "digest": lazy_gettext("Send my digest"),
}
FOR_EVERYBODY = frozenset({"colleague", "digest"})
