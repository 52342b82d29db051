"""One table: who gets what from every address there is. A new route without a row fails.

Each row gives the status for a stranger, a free user, staff, a manager and an admin. Requests are complete enough to
pass the rights check and no further where they would change something: 400 and 422 mean "let in, then refused".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.models.crm import Pipeline, Stage
from app.models.people import Role, User
from app.services.settings import matrix
from app.transaction import transaction
from tests import builders, reporting, visiting

ROLES = ("stranger", "free", "staff", "manager", "admin")
LOGIN = 302


@dataclass(frozen=True)
class Row:
    """``path`` may name the records of the fixture: {lead}, {task}, …"""

    rule: str
    method: str
    statuses: tuple[int, int, int, int, int]
    path: str = ""
    data: dict[str, Any] | None = None
    json: dict[str, Any] | None = field(default=None)


def same(status: int) -> tuple[int, int, int, int, int]:
    """Everybody gets the same."""
    return (status,) * 5


def signed_in(status: int, stranger: int = LOGIN) -> tuple[int, int, int, int, int]:
    """Everybody who is signed in."""
    return (stranger, status, status, status, status)


def team(status: int, stranger: int = LOGIN) -> tuple[int, int, int, int, int]:
    """Everybody who is signed in but free users."""
    return (stranger, 403, status, status, status)


def managers(status: int, stranger: int = LOGIN) -> tuple[int, int, int, int, int]:
    """Managers and admins."""
    return (stranger, 403, 403, status, status)


def admins_of_report(status: int) -> tuple[int, int, int, int, int]:
    """Of an admin's report: its owner and admins; to others of the team it looks like none."""
    return (LOGIN, 403, 404, 404, status)


def admins(status: int, stranger: int = LOGIN) -> tuple[int, int, int, int, int]:
    """Admins only."""
    return (stranger, 403, 403, 403, status)


def hidden(row: Row) -> Row:
    """What only admins see: the others are told that there is no such thing."""
    stranger, free, _, _, admin = row.statuses
    return replace(row, statuses=(stranger, free, 404, 404, admin))


def screen(name: str, who: Callable[..., tuple[int, ...]], record: str, *, deletable: bool = True) -> list[Row]:
    """The addresses of a generated screen; ``record`` is the fixture's record on it."""
    base = f"/{name}"
    rows = [
        Row(f"{base}/list/", "GET", who(200)),
        Row(f"{base}/show/<pk>", "GET", who(200), f"{base}/show/{record}"),
        Row(f"{base}/add", "GET", who(200)),
        Row(f"{base}/add", "POST", who(200), data={}),
        Row(f"{base}/edit/<pk>", "GET", who(200), f"{base}/edit/{record}"),
        Row(f"{base}/edit/<pk>", "POST", who(200), f"{base}/edit/{record}", data={}),
        # 404: let in, but there is no such action.
        Row(f"{base}/action/<string:name>/<pk>", "POST", who(404, 302), f"{base}/action/none/{record}"),
        Row(f"{base}/action_post", "POST", who(404, 302), data={"action": "none"}),
    ]
    if deletable:
        rows += [
            Row(f"{base}/delete/<pk>", "GET", who(302), f"{base}/delete/{record}"),
            Row(f"{base}/delete/<pk>", "POST", who(404), f"{base}/delete/999999"),
        ]
    return rows


def api(name: str, record: str, write: Callable[..., tuple[int, ...]]) -> list[Row]:
    """The addresses of a generated API."""
    base = f"/api/v1/{name}/"
    one = f"{base}<int:pk>"
    return [
        Row(base, "GET", team(200, 401)),
        Row(one, "GET", team(200, 401), f"{base}{record}"),
        Row(base, "POST", write(422, 401), json={"nonsense": 1}),
        Row(one, "PUT", write(422, 401), f"{base}{record}", json={"nonsense": 1}),
        Row(one, "DELETE", write(404, 401), f"{base}999999"),
    ]


TABLE: list[Row] = [
    # -- open to strangers
    Row("/", "GET", same(302)),
    Row("/login/", "GET", (200, 302, 302, 302, 302)),
    Row("/login/", "POST", (200, 302, 302, 302, 302), data={}),
    Row("/login/code", "GET", same(302)),
    Row("/login/reset/", "GET", same(200)),
    Row("/login/reset/", "POST", same(200), data={}),
    Row("/login/reset/<token>", "GET", same(302), "/login/reset/nonsense"),
    Row("/login/reset/<token>", "POST", same(302), "/login/reset/nonsense", data={}),
    Row("/login/code", "POST", same(302), data={}),
    Row("/logout/", "GET", same(302)),
    Row("/back", "GET", same(302)),
    Row("/lang/<string:locale>", "GET", same(302), "/lang/en"),
    Row("/setup/<token>", "GET", same(404), "/setup/wrong"),
    Row("/setup/<token>", "POST", same(404), "/setup/wrong", data={}),
    Row("/invitation/<token>", "GET", same(404), "/invitation/wrong"),
    Row("/invitation/<token>", "POST", same(404), "/invitation/wrong", data={}),
    Row("/healthz", "GET", same(200)),
    Row("/readyz", "GET", same(503)),
    Row("/metrics", "GET", same(401)),
    Row("/static/<path:filename>", "GET", same(404), "/static/none"),
    Row("/static/appbuilder/<path:filename>", "GET", same(404), "/static/appbuilder/none"),
    Row("/assets/<version>/<path:name>", "GET", same(404), "/assets/none/none"),
    Row("/test/clock", "POST", same(400), json={}),
    Row("/api/v1/security/login", "POST", same(400), json={}),
    Row("/api/v1/security/refresh", "POST", same(401), json={}),
    # -- clients: a widget's key and a visitor's token decide, whoever is signed in
    Row("/widget/loader.js", "GET", same(200)),
    Row("/widget/frame", "GET", same(404)),
    Row("/demo/shop", "GET", same(200)),
    *[
        Row(f"/report/{what}/<string:token>", method, same(404), f"/report/{what}/wrong")
        for what, methods in (("confirm", ("GET", "POST")), ("stop", ("GET", "POST")), ("view", ("GET",)))
        for method in methods
    ],
    Row("/report/view/<string:token>/files/<string:name>", "GET", same(404), "/report/view/wrong/files/report.pdf"),
    Row("/hooks/forms/<string:token>", "POST", same(404), "/hooks/forms/wrong", json={}),
    Row("/demo/try/<string:name>", "POST", signed_in(404), "/demo/try/digest"),
    Row("/hooks/calls/<string:token>", "POST", same(401), "/hooks/calls/wrong", json={}),
    Row("/hooks/stripe", "POST", same(401), json={}),
    Row("/hooks/channels/<int:messenger_id>", "POST", same(401), "/hooks/channels/1", json={}),
    Row("/widget/api/config", "GET", same(404)),
    *[
        Row(f"/widget/api/{path}", method, same(404), json={} if method == "POST" else None)
        for path, method in (
            ("hello", "POST"),
            ("messages", "GET"),
            ("messages", "POST"),
            ("typing", "POST"),
            ("read", "POST"),
            ("contact", "POST"),
            ("survey", "POST"),
        )
    ],
    Row("/widget/api/files", "POST", same(404), data={}),
    Row("/widget/api/files/<int:file_id>", "GET", same(404), "/widget/api/files/1"),
    Row("/widget/api/files/<int:file_id>/thumbnail", "GET", same(404), "/widget/api/files/1/thumbnail"),
    # -- everybody's own, free users' too
    Row("/api/v1/talks/<int:number>", "GET", signed_in(404, 401), "/api/v1/talks/999999"),
    *[
        Row(f"/api/v1/talks/<int:number>/{act}", "POST", signed_in(404, 401), f"/api/v1/talks/999999/{act}", json={})
        for act in ("close", "take", "transfer", "no-answer-needed", "ask")
    ],
    *[
        Row(
            "/api/v1/talks/<int:number>/asked/<int:user_id>",
            method,
            signed_in(404, 401),
            "/api/v1/talks/999999/asked/1",
            json={"answer": True} if method == "PUT" else None,
        )
        for method in ("PUT", "DELETE")
    ],
    Row("/center/", "GET", signed_in(200)),
    Row("/go/<string:token>", "GET", signed_in(302), "/go/wrong"),
    Row("/go/chat/<string:token>", "GET", signed_in(302), "/go/chat/wrong"),
    Row("/profile/", "GET", signed_in(200)),
    Row("/profile/", "POST", signed_in(200), data={}),
    Row("/profile/notifications", "POST", signed_in(302), data={"receive": "y", "unread_first": "y"}),
    Row("/profile/data", "GET", signed_in(200)),
    Row("/profile/picture", "POST", signed_in(302), data={}),
    Row("/people/pictures/<name>", "GET", signed_in(404), path="/people/pictures/nobody.webp"),
    Row("/getting-started/", "GET", admins(200)),
    Row("/getting-started/leave-demo", "GET", admins(404)),
    Row("/getting-started/leave-demo", "POST", admins(404), data={}),
    Row("/profile/password", "GET", signed_in(200)),
    Row("/profile/password", "POST", signed_in(200), data={}),
    Row("/profile/two-step/", "GET", signed_in(200)),
    Row("/profile/two-step/", "POST", signed_in(200), data={"act": "on", "otp": "0"}),
    Row("/appearance/theme", "POST", signed_in(204, 401), data={"theme": "dark"}),
    Row("/api/v1/me", "GET", signed_in(200, 401)),
    Row("/api/v1/me/", "GET", signed_in(200, 401)),
    Row("/api/v1/me/preferences", "GET", signed_in(200, 401)),
    Row("/api/v1/me/preferences", "PUT", signed_in(422, 401), json={"nonsense": 1}),
    Row("/api/v1/me/notification-settings", "GET", signed_in(200, 401)),
    Row("/api/v1/me/simulation", "GET", signed_in(422, 401), "/api/v1/me/simulation?event=none"),
    Row("/api/v1/me/missed", "GET", signed_in(422, 401), "/api/v1/me/missed?row=none"),
    Row("/api/v1/me/test-notification", "POST", signed_in(200, 401), json={}),
    Row("/api/v1/me/shown", "POST", signed_in(400, 401), json={}),
    Row("/api/v1/me/devices", "GET", signed_in(200, 401)),
    Row("/api/v1/me/devices", "POST", signed_in(422, 401), json={}),
    Row("/api/v1/me/devices/seen", "POST", signed_in(200, 401), json={}),
    Row("/api/v1/me/devices/<int:device_id>", "DELETE", signed_in(404, 401), "/api/v1/me/devices/999999"),
    Row("/api/v1/me/telegram", "POST", signed_in(409, 401), json={}),
    Row("/api/v1/me/telegram", "DELETE", signed_in(200, 401)),
    Row("/api/v1/me/email/confirm", "POST", signed_in(200, 401), json={}),
    Row("/push-worker.js", "GET", same(200)),
    Row("/manifest.webmanifest", "GET", same(200)),
    Row("/offline", "GET", same(200)),
    Row("/push/renew", "POST", same(400), json={}),
    Row("/unsubscribe/<string:token>", "GET", same(404), "/unsubscribe/wrong"),
    Row("/unsubscribe/<string:token>", "POST", same(404), "/unsubscribe/wrong", data={}),
    Row("/hooks/telegram/<string:token>", "POST", same(401), "/hooks/telegram/wrong", json={}),
    Row("/api/v1/center/feed", "GET", signed_in(200, 401)),
    Row("/api/v1/center/sync", "GET", signed_in(200, 401)),
    Row("/api/v1/center/items/<string:item_id>/trace", "GET", signed_in(404, 401), "/api/v1/center/items/n:9/trace"),
    Row("/api/v1/center/read", "POST", signed_in(400, 401), json={}),
    Row("/api/v1/center/unread", "POST", signed_in(400, 401), json={}),
    Row("/api/v1/center/archive", "POST", signed_in(400, 401), json={}),
    Row("/api/v1/center/remind", "POST", signed_in(400, 401), json={}),
    # -- chats: everybody's own, membership decides; 404 is what a chat of others answers
    Row("/api/v1/chats/", "GET", signed_in(200, 401)),
    Row("/api/v1/chats/", "POST", signed_in(422, 401), json={"kind": "nonsense"}),
    *[
        Row(f"/api/v1/chats/{rule}", method, signed_in(404, 401), f"/api/v1/chats/{path}", json=body)
        for rule, path, method, body in (
            ("<int:chat_id>", "999999", "GET", None),
            ("<int:chat_id>", "999999", "PUT", {"name": "x"}),
            ("<int:chat_id>/mine", "999999/mine", "PUT", {"mute": "all"}),
            ("<int:chat_id>/members", "999999/members", "POST", {"user_ids": [1]}),
            ("<int:chat_id>/members/<int:user_id>", "999999/members/1", "PUT", {"role": "owner"}),
            ("<int:chat_id>/members/<int:user_id>", "999999/members/1", "DELETE", None),
            ("<int:chat_id>/leave", "999999/leave", "POST", {}),
            ("<int:chat_id>/picture", "999999/picture", "GET", None),
            ("<int:chat_id>/picture", "999999/picture", "DELETE", None),
            ("<int:chat_id>/messages", "999999/messages", "GET", None),
            ("<int:chat_id>/messages", "999999/messages", "POST", {"client_id": "a", "body": "x"}),
            ("<int:chat_id>/messages/<int:message_id>/trace", "999999/messages/1/trace", "GET", None),
            ("<int:chat_id>/reads", "999999/reads?seq=1", "GET", None),
            ("<int:chat_id>/files", "999999/files", "GET", None),
            ("<int:chat_id>/read", "999999/read", "POST", {"seq": 1}),
            ("messages/<int:message_id>", "messages/999999", "PUT", {"body": "x"}),
            ("messages/<int:message_id>", "messages/999999", "DELETE", None),
            ("messages/<int:message_id>/reactions", "messages/999999/reactions", "POST", {"emoji": "👍", "on": True}),
            ("messages/<int:message_id>/send-again", "messages/999999/send-again", "POST", {}),
            ("mentionable", "mentionable?chat_id=999999", "GET", None),
        )
    ],
    Row("/api/v1/chats/<int:chat_id>/picture", "POST", signed_in(400, 401), "/api/v1/chats/999999/picture", data={}),
    Row("/api/v1/chats/<int:chat_id>/files", "POST", signed_in(400, 401), "/api/v1/chats/999999/files", data={}),
    Row("/api/v1/files/<int:file_id>", "GET", signed_in(404, 401), "/api/v1/files/999999"),
    Row("/api/v1/files/<int:file_id>/thumbnail", "GET", signed_in(404, 401), "/api/v1/files/999999/thumbnail"),
    Row("/api/v1/search", "GET", signed_in(200, 401)),
    Row("/api/v1/search/", "GET", signed_in(200, 401), "/api/v1/search/?q=a"),
    Row("/api/v1/search/records", "GET", signed_in(200, 401), "/api/v1/search/records?q=a"),
    # -- the team
    *[
        # Free users may open cards that were shared with them: this one was not.
        row if row.rule != f"/{kind}view/show/<pk>" else replace(row, statuses=(LOGIN, 404, 200, 200, 200))
        for kind in ("lead", "contact", "company")
        for row in screen(f"{kind}view", team, f"{{{kind}}}")
    ],
    *screen("taskview", team, "{task}"),
    *api("leads", "{lead}", team),
    *api("contacts", "{contact}", team),
    *api("companies", "{company}", team),
    *api("tasks", "{task}", team),
    *[
        row
        for kind in ("lead", "contact", "company")
        for row in (
            Row(f"/{kind}view/chat/<pk>", "POST", signed_in(404), f"/{kind}view/chat/999999"),
            Row(f"/{kind}view/share/<pk>", "POST", team(404), f"/{kind}view/share/999999"),
            Row(f"/{kind}view/unshare/<pk>/<user_pk>", "POST", team(404), f"/{kind}view/unshare/999999/1"),
            Row(f"/{kind}view/note/<pk>", "POST", team(404), f"/{kind}view/note/999999"),
            Row(f"/{kind}view/note/<pk>/delete/<note_pk>", "POST", team(404), f"/{kind}view/note/999999/delete/1"),
        )
    ],
    *[
        row
        for kind in ("lead", "contact", "company", "task")
        for row in (
            Row(f"/{kind}view/views", "POST", team(302), data={}),
            Row(f"/{kind}view/columns", "POST", team(302), data={}),
            Row(f"/{kind}view/views/<view_pk>/forget", "POST", team(404), f"/{kind}view/views/999999/forget"),
            Row(f"/{kind}view/restore/<batch>", "POST", team(404), f"/{kind}view/restore/none"),
        )
    ],
    *[
        row
        for kind in ("lead", "contact", "company")
        for row in (
            Row(f"/{kind}view/tags/<pk>", "POST", team(404), f"/{kind}view/tags/999999"),
            Row(f"/{kind}view/tags/<pk>/remove/<tag_pk>", "POST", team(404), f"/{kind}view/tags/999999/remove/1"),
        )
    ],
    *[
        Row(f"/api/v1/leads/<int:pk>/{act}", "POST", team(404, 401), f"/api/v1/leads/999999/{act}", json={})
        for act in ("accept", "decline", "reopen")
    ],
    *[
        Row(f"/leadview/{act}/<pk>", "POST", team(404), f"/leadview/{act}/999999")
        for act in ("accept", "decline", "reopen")
    ],
    Row("/leadview/board/", "GET", team(200)),
    Row("/leadview/board/cards/<stage_pk>", "GET", team(404), "/leadview/board/cards/999999?before=1"),
    Row("/leadview/board/totals", "GET", team(200)),
    *[Row(f"/{kind}view/export", "POST", team(302)) for kind in ("lead", "contact", "company", "task")],
    Row("/exports/", "GET", team(200)),
    Row("/exports/<pk>/download", "GET", team(404), "/exports/999999/download"),
    Row("/imports/", "GET", team(200)),
    Row("/imports/new", "GET", team(200), "/imports/new?kind=leads"),
    Row("/imports/new", "POST", team(200), data={"kind": "contacts"}),
    Row("/imports/<pk>", "GET", team(404), "/imports/999999"),
    *[
        Row(f"/imports/<pk>/{act}", "POST", team(404), f"/imports/999999/{act}")
        for act in ("reading", "start", "cancel")
    ],
    *[Row(f"/imports/<pk>/{what}", "GET", team(404), f"/imports/999999/{what}") for what in ("progress", "problems")],
    Row("/taskview/day/", "GET", team(200)),
    Row("/taskview/complete/<pk>", "GET", team(200), "/taskview/complete/{task}"),
    Row("/taskview/complete/<pk>", "POST", team(404), "/taskview/complete/999999"),
    Row("/taskview/postpone/<pk>", "GET", team(200), "/taskview/postpone/{task}"),
    Row("/taskview/postpone/<pk>", "POST", team(200), "/taskview/postpone/{task}", data={"to": "at"}),
    Row("/api/v1/tasks/<int:pk>/complete", "POST", team(404, 401), "/api/v1/tasks/999999/complete", json={}),
    *api("calls", "{call}", team),
    *api("saved-answers", "{answer}", team),
    *[
        # A shared one: staff use it, managers and admins keep it.
        replace(row, statuses=(LOGIN, 403, 403, 200, 200)) if "/edit/" in row.rule else row
        for row in screen("savedanswerview", team, "{answer}")
    ],
    Row("/api/v1/calls/live", "GET", team(200, 401)),
    Row("/callview/list/", "GET", team(200)),
    Row("/callview/show/<pk>", "GET", team(200), "/callview/show/{call}"),
    Row("/callview/recording/<pk>", "GET", team(404), "/callview/recording/{call}"),
    # Calls are written by reports and the API alone.
    *[
        Row(f"/callview/{rule}", method, signed_in(403), f"/callview/{path}")
        for rule, path in (("add", "add"), ("edit/<pk>", "edit/1"), ("delete/<pk>", "delete/1"))
        for method in ("GET", "POST")
    ],
    Row("/callview/action/<string:name>/<pk>", "POST", team(404), "/callview/action/none/1"),
    Row("/callview/action_post", "POST", team(404), data={"action": "none"}),
    # Mails come from mailboxes; the team sees its own and its clients'.
    Row("/mailview/list/", "GET", team(200)),
    Row("/mailview/show/<pk>", "GET", (LOGIN, 403, 404, 404, 200), "/mailview/show/{mail}"),
    Row("/mailview/answer/<pk>", "POST", team(404), "/mailview/answer/999999"),
    Row("/api/v1/mails/", "GET", team(200, 401)),
    Row("/api/v1/mails/<int:pk>", "GET", (401, 403, 404, 404, 200), "/api/v1/mails/{mail}"),
    Row("/mailview/write", "GET", team(200), "/mailview/write?contact={contact}"),
    Row("/mailview/write", "POST", team(200), "/mailview/write"),
    Row("/mailview/body/<pk>", "GET", (LOGIN, 403, 404, 404, 200), "/mailview/body/{mail}"),
    Row("/mailview/file/<pk>/<file_pk>", "GET", team(404), "/mailview/file/{mail}/999999"),
    *[
        Row(f"/mailview/{rule}", method, signed_in(403), f"/mailview/{path}")
        for rule, path in (("add", "add"), ("edit/<pk>", "edit/1"), ("delete/<pk>", "delete/1"))
        for method in ("GET", "POST")
    ],
    Row("/mailview/action/<string:name>/<pk>", "POST", team(404), "/mailview/action/none/1"),
    Row("/mailview/action_post", "POST", team(404), data={"action": "none"}),
    # A mailbox of a group that none of them is in.
    *[
        hidden(row) if row.rule.partition("<pk>")[0].endswith(("/show/", "/edit/")) else row
        for row in screen("mailboxview", team, "{mailbox}")
    ],
    Row("/mailboxview/test/<pk>", "POST", team(404), "/mailboxview/test/999999"),
    *api("users", "{user}", admins),
    *api("groups", "{group}", admins),
    Row("/lookup/<kind>", "GET", team(200, 401), "/lookup/users"),
    Row("/api/<version>/_openapi", "GET", team(200, 401), "/api/v1/_openapi"),
    # -- admins
    *screen("userview", admins, "{user}", deletable=False),
    Row("/userview/deactivate/<pk>", "GET", admins(200), "/userview/deactivate/{user}"),
    Row("/userview/deactivate/<pk>", "POST", admins(200), "/userview/deactivate/{user}", data={}),
    Row("/userview/password/<pk>", "GET", admins(200), "/userview/password/{user}"),
    Row("/userview/password/<pk>", "POST", admins(200), "/userview/password/{user}", data={}),
    *[
        row
        for name, record in (("userview", "{user}"), ("freeuserview", "{free_user}"))
        for row in (
            Row(f"/{name}/reactivate/<pk>", "GET", admins(200), f"/{name}/reactivate/{record}"),
            Row(f"/{name}/reactivate/<pk>", "POST", admins(200), f"/{name}/reactivate/{record}", data={}),
            Row(f"/{name}/handover/<pk>", "GET", admins(200), f"/{name}/handover/{record}"),
            Row(f"/{name}/handover/<pk>", "POST", admins(422), f"/{name}/handover/{record}", data={}),
            Row(
                f"/{name}/handover/<pk>/progress/<order_pk>",
                "GET",
                admins(404),
                f"/{name}/handover/{record}/progress/999999",
            ),
        )
    ],
    Row("/freeuserview/invite", "GET", admins(200)),
    Row("/freeuserview/invite", "POST", admins(200), data={}),
    *[
        Row(f"/freeuserview/invite/<invitation_pk>/{act}", "POST", admins(404), f"/freeuserview/invite/999999/{act}")
        for act in ("again", "withdraw")
    ],
    *screen("freeuserview", admins, "{free_user}", deletable=False),
    Row("/freeuserview/deactivate/<pk>", "GET", admins(200), "/freeuserview/deactivate/{free_user}"),
    Row("/freeuserview/deactivate/<pk>", "POST", admins(200), "/freeuserview/deactivate/{free_user}", data={}),
    Row("/freeuserview/password/<pk>", "GET", admins(200), "/freeuserview/password/{free_user}"),
    Row("/freeuserview/password/<pk>", "POST", admins(200), "/freeuserview/password/{free_user}", data={}),
    *screen("groupview", admins, "{group}"),
    *screen("pipelineview", admins, "{pipeline}"),
    *[row for row in screen("stageview", admins, "{stage}") if row.rule != "/stageview/show/<pk>"],
    Row("/stageview/show/<pk>", "GET", admins(302), "/stageview/show/{stage}"),
    *screen("tasktypeview", admins, "{task_type}"),
    *[
        row
        for name, record in (("pipelineview", "{pipeline}"), ("stageview", "{stage}"), ("tasktypeview", "{task_type}"))
        for row in (
            Row(f"/{name}/move/<pk>/<direction>", "POST", admins(404), f"/{name}/move/{record}/aside"),
            Row(f"/{name}/remove/<pk>", "GET", admins(200), f"/{name}/remove/{record}"),
            Row(f"/{name}/remove/<pk>", "POST", admins(404), f"/{name}/remove/999999"),
        )
    ],
    *screen("limitruleview", admins, "{limit}"),
    Row("/activity/<int:user_id>", "GET", admins(200), "/activity/{user}"),
    Row("/activity/<int:user_id>", "POST", admins(404), "/activity/999999", data={}),
    Row("/activity/reactivate/<string:token>", "GET", admins(404), "/activity/reactivate/wrong"),
    Row("/activity/reactivate/<string:token>", "POST", admins(404), "/activity/reactivate/wrong", data={}),
    Row("/api/v1/users/<int:pk>/reactivate", "POST", admins(409, 401), "/api/v1/users/{user}/reactivate", json={}),
    *screen("widgetview", admins, "{widget}"),
    Row("/dashboard/", "GET", team(200)),
    Row("/dashboard/numbers", "GET", team(200)),
    Row("/dashboard/file", "GET", team(200)),
    Row("/dashboard/behind/<string:key>", "GET", team(200), "/dashboard/behind/talks_opened"),
    Row("/dashboard/rebuild", "POST", admins(302), data={}),
    Row("/scores/", "GET", team(200)),
    Row("/scheduled/", "GET", managers(200)),
    Row("/scheduled/new", "GET", managers(200)),
    Row("/scheduled/new", "POST", managers(422), data={}),
    Row("/scheduled/own", "GET", team(200)),
    Row("/scheduled/own", "POST", team(422), data={}),
    Row("/scheduled/<pk>", "GET", admins_of_report(200), "/scheduled/{report}"),
    Row("/scheduled/<pk>/edit", "GET", (LOGIN, 403, 403, 404, 200), "/scheduled/{report}/edit"),
    Row("/scheduled/<pk>/edit", "POST", (LOGIN, 403, 403, 404, 422), "/scheduled/{report}/edit", data={}),
    *[
        Row(f"/scheduled/<pk>/{act}", "POST", team(404), f"/scheduled/999999/{act}")
        for act in ("send", "switch", "delete")
    ],
    Row("/scheduled/<pk>/recipients/<recipient_pk>/ask", "POST", managers(404), "/scheduled/999999/recipients/1/ask"),
    Row("/scheduled/next", "POST", team(200), data={}),
    Row("/scheduled/preview", "POST", team(422), data={}),
    *[
        Row(f"/scheduled/runs/<run_pk>{what}", "GET", team(404), f"/scheduled/runs/999999{what}")
        for what in ("", "/state", "/mail")
    ],
    Row("/scheduled/runs/<run_pk>/files/<name>", "GET", team(404), "/scheduled/runs/999999/files/report.pdf"),
    Row("/account/", "GET", admins(200)),
    Row("/account/talks/<int:number>", "POST", admins(302), path="/account/talks/999999", data={}),
    Row("/account/settings/", "GET", admins(200)),
    Row("/account/settings/", "POST", admins(200), data={}),
    Row("/plan/", "GET", admins(200)),
    Row("/plan/", "POST", admins(200), data={"seats": "0"}),
    Row("/scores/settings", "GET", admins(200)),
    Row("/scores/settings", "POST", admins(200), data={}),
    *screen("formview", admins, "{form}"),
    Row("/formview/preview/<pk>", "GET", admins(200), "/formview/preview/{form}"),
    *screen("calllineview", admins, "{line}"),
    Row("/stripe/", "GET", admins(200)),
    Row("/stripe/", "POST", admins(200), data={}),
    Row("/stripe/disconnect", "POST", admins(302), data={}),
    Row("/paymentview/list/", "GET", admins(200)),
    Row("/paymentview/show/<pk>", "GET", admins(404), "/paymentview/show/999999"),
    *[
        Row(f"/paymentview/{rule}", method, signed_in(403), f"/paymentview/{path}")
        for rule, path in (("add", "add"), ("edit/<pk>", "edit/1"), ("delete/<pk>", "delete/1"))
        for method in ("GET", "POST")
    ],
    Row("/paymentview/action/<string:name>/<pk>", "POST", admins(404), "/paymentview/action/none/1"),
    Row("/paymentview/action_post", "POST", admins(404), data={"action": "none"}),
    *screen("messengerview", admins, "{messenger}"),
    *screen("webhookview", admins, "{webhook}"),
    Row("/apikeyview/list/", "GET", team(200)),
    Row("/apikeyview/show/<pk>", "GET", (LOGIN, 403, 404, 404, 404), "/apikeyview/show/999999"),
    Row("/apikeyview/add", "GET", team(200)),
    Row("/apikeyview/add", "POST", team(200), data={}),
    Row("/apikeyview/delete/<pk>", "GET", team(302), "/apikeyview/delete/1"),
    Row("/apikeyview/delete/<pk>", "POST", team(404), "/apikeyview/delete/999999"),
    Row("/webhookview/replay/<pk>/<int:delivery_id>", "POST", admins(404), path="/webhookview/replay/{webhook}/1"),
    *screen("roleview", admins, "{role}"),
    *screen("defaultview", admins, "{default}"),
    Row("/outbox/", "GET", admins(200)),
    Row("/outbox/<int:mail_id>", "GET", admins(404), "/outbox/999999"),
    Row("/outbox/<int:mail_id>/preview", "GET", admins(404), "/outbox/999999/preview"),
    Row("/channels/", "GET", admins(200)),
    Row("/channels/test", "POST", admins(302)),
    Row("/deliveryview/list/", "GET", admins(200)),
    Row("/deliveryview/export", "POST", admins(302)),
    Row("/deliveryview/show/<pk>", "GET", admins(404), "/deliveryview/show/999999"),
    # Deliveries are the product's own: there is nothing to add, change or delete, for nobody.
    *[
        Row(f"/deliveryview/{rule}", method, signed_in(403), f"/deliveryview/{path}")
        for rule, path in (("add", "add"), ("edit/<pk>", "edit/1"), ("delete/<pk>", "delete/1"))
        for method in ("GET", "POST")
    ],
    Row("/deliveryview/action/<string:name>/<pk>", "POST", admins(404), "/deliveryview/action/none/1"),
    Row("/deliveryview/action_post", "POST", admins(404), data={"action": "none"}),
]


@pytest.fixture
def records(app: Flask) -> dict[str, int]:
    """One record of each kind, seen by all of the team."""
    with app.app_context():
        for role in ROLES[1:]:
            builders.make_user(role.capitalize(), username=role)
        staff = db.session.query(User).filter_by(username="staff").one()
        own_role = builders.make_role("Assistants")
        return {
            "lead": builders.make_lead(responsible=staff).id,
            "contact": builders.make_contact(responsible=staff).id,
            "company": builders.make_company(responsible=staff).id,
            "task": builders.make_task(responsible=staff).id,
            "user": builders.make_user("Staff").id,
            "free_user": builders.make_user("Free").id,
            "group": builders.make_group().id,
            "limit": builders.make_limit().id,
            "pipeline": db.session.query(Pipeline).first().id,
            "stage": db.session.query(Stage).first().id,
            "task_type": builders.make_task_type().id,
            "widget": visiting.make_widget().id,
            "line": builders.make_line().id,
            "call": builders.make_call(responsible=staff).id,
            "form": builders.make_form().id,
            "mailbox": (mailbox := builders.make_mailbox(group=builders.make_group())).id,
            "mail": builders.make_mail(mailbox).id,
            "messenger": visiting.make_messenger().id,
            "webhook": builders.make_webhook().id,
            "answer": builders.make_answer(builders.make_user("Manager")).id,
            "role": db.session.get_one(Role, own_role.id).id,
            "default": default_cell(),
            "report": admins_report(),
        }


def default_cell() -> int:
    """One of the account's notification defaults."""
    admin = db.session.query(User).filter_by(username="admin").one()
    with transaction():
        return matrix.set_default(admin, "staff", "task_assigned", "email", "off", mandatory=False).id


def admins_report() -> int:
    """A report that the admin has set up."""
    admin = db.session.query(User).filter_by(username="admin").one()
    return reporting.make_report(admin, admin).id


def client_of(app: Flask, role: str) -> FlaskClient:
    client = app.test_client()
    if role != "stranger":
        return builders.login(client, role)
    client.environ_base["HTTP_X_CSRFTOKEN"] = builders.csrf_token(client)
    return client


@pytest.mark.parametrize("role", ROLES)
def test_every_address_answers_each_role_as_the_table_says(
    app: Flask, records: dict[str, int], role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "METRICS_TOKEN", "a-token-nobody-sends")
    wrong = []
    client = client_of(app, role)
    for row in TABLE:
        path = (row.path or row.rule).format(**records)
        # Signing out must not colour the next row.
        asking = client_of(app, role) if row.rule == "/logout/" else client
        answer = asking.open(path, method=row.method, data=row.data, json=row.json)
        expected = row.statuses[ROLES.index(role)]
        if answer.status_code != expected:
            wrong.append(f"{row.method} {path}: {answer.status_code} instead of {expected}")
    assert not wrong, "\n".join(wrong)


def test_every_route_has_a_row(app: Flask) -> None:
    routes = {
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    rows = {(row.rule, row.method) for row in TABLE}
    assert not routes - rows, f"say in the table who may use them: {sorted(routes - rows)}"
    assert not rows - routes, f"these are gone: {sorted(rows - routes)}"


@pytest.mark.parametrize("role", ROLES[1:])
def test_the_menu_shows_only_what_opens(app: Flask, records: dict[str, int], role: str) -> None:
    client = client_of(app, role)
    page = client.get("/center/").get_data(as_text=True)
    navigation = page.split('id="main-nav"', 1)[1].split("</nav>", 1)[0]
    links = [part.split('"', 1)[0] for part in navigation.split('<a href="')[1:]]
    assert links[0] == "/center"
    assert (len(links) == 1) == (role == "free")
    for link in links:
        assert client.get(link, follow_redirects=True).status_code == 200, link


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("/leadview/board/", "/leadview/list/"),
        ("/stageview/add", "/pipelineview/list/"),
        ("/scheduled/new", "/scheduled/"),
        ("/account/settings/", "/account/settings/"),
        ("/profile/", None),
    ],
)
def test_the_menu_marks_what_a_page_belongs_to(
    client: FlaskClient, records: dict[str, int], path: str, entry: str | None
) -> None:
    page = builders.login(client, "admin").get(path).get_data(as_text=True)
    navigation = page.split('id="main-nav"', 1)[1].split("</nav>", 1)[0]
    marked = [link.split('"', 1)[0] for link in navigation.split('<a href="')[1:] if 'aria-current="page"' in link]
    assert marked == ([entry] if entry else [])
