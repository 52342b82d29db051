"""The words of a timeline's entries: from an event's snapshot to a sentence that goes on after the actor's name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, lazy_gettext

from app.services.mails import mail_words
from app.services.payments import stripe_words
from app.services.wording import joined

FIELD_NAMES = {
    "name": lazy_gettext("Name"),
    "email": lazy_gettext("Email"),
    "phone": lazy_gettext("Phone"),
    "website": lazy_gettext("Website"),
    "budget": lazy_gettext("Budget"),
    "currency": lazy_gettext("Currency"),
    "company_id": lazy_gettext("Company"),
    "contact_id": lazy_gettext("Contact"),
    "responsible_id": lazy_gettext("Responsible"),
    "stage_id": lazy_gettext("Stage"),
}
_ICONS = {
    "created": "plus",
    "changed": "edit",
    "assigned": "user",
    "stage": "swap",
    "won": "star",
    "lost": "x",
    "note": "file",
    "accepted": "check",
    "declined": "x",
    "reopened": "refresh",
    "incoming": "target",
    "completed": "check-circle",
    "expired": "alert",
    "restored": "refresh",
    "shared": "users",
    "unshared": "users",
    "missed": "phone-in",
    "answered": "phone-in",
    "outgoing": "phone",
    "payment_succeeded": "card",
    "payment_failed": "alert",
    "refunded": "card",
    "disputed": "alert",
    "subscription_canceled": "x",
    "received": "mail",
    "sent": "send",
}


_SOURCES = {
    "manual": lazy_gettext("hand"),
    "chat": lazy_gettext("chat"),
    "form": lazy_gettext("form"),
    "call": lazy_gettext("call"),
    "mail": lazy_gettext("mail"),
    "api": lazy_gettext("API"),
    "import": lazy_gettext("import"),
}


def source_words(source: str) -> str:
    """Return by which way something came, in words that follow "by"."""
    return str(_SOURCES.get(source, source))


@dataclass(frozen=True, slots=True)
class Words:
    """``text`` is the sentence, ``detail`` a line below it; empty where there is nothing more to say."""

    text: str
    detail: str = ""


def icon_of(tag: str) -> str:
    """Return the sprite's icon for a kind of event."""
    return _ICONS.get(tag.partition(":")[2], "info")


def words_of(tag: str, data: Mapping[str, Any], *, about_itself: bool) -> Words:
    """Say what happened. On the card of another record the one it happened to is named."""
    what, _, act = tag.partition(":")
    name = str(data.get("name") or data.get("text") or "")
    if what == "task":
        return _task(act, name, data)
    if what == "call":
        return _call(act, data)
    if what == "stripe":
        return Words(*stripe_words.title_and_body(tag, data))
    if what == "mail":
        return Words(*mail_words.on_a_card(act, data))
    words = _record(act, data)
    return words if about_itself else Words(f"{words.text}: {name}", words.detail)


def _task(act: str, name: str, data: Mapping[str, Any]) -> Words:
    responsible = str((data.get("responsible") or {}).get("name") or "")
    if act == "completed":
        return Words(gettext("completed the task %(name)s", name=name), str(data.get("result") or ""))
    if act == "expired":
        return Words(gettext("Overdue: %(name)s", name=name), responsible)
    return Words(gettext("gave %(person)s the task %(name)s", person=responsible, name=name))


def _call(act: str, data: Mapping[str, Any]) -> Words:
    below = joined(str(data.get("phone") or ""), str(data.get("line") or ""))
    if act == "outgoing":
        return Words(gettext("called") if data.get("by") else gettext("Outgoing call"), below)
    if act == "missed":
        return Words(gettext("Missed call"), below)
    return Words(gettext("answered a call") if data.get("by") else gettext("Answered call"), below)


def _record(act: str, data: Mapping[str, Any]) -> Words:
    old, new = str(data.get("old") or ""), str(data.get("new") or "")
    if act == "changed":
        return Words(gettext("changed the details"), _changes(data.get("changes") or {}))
    if act == "assigned":
        text = gettext("made %(person)s responsible", person=new) if new else gettext("left it to nobody")
        return Words(text, gettext("before: %(person)s", person=old) if old else "")
    if act == "stage":
        return Words(gettext("moved it from %(old)s to %(new)s", old=old, new=new))
    if act == "won":
        return Words(gettext("won it"), gettext("from %(old)s to %(new)s", old=old, new=new))
    if act == "lost":
        return Words(gettext("lost it"), gettext("from %(old)s to %(new)s", old=old, new=new))
    if act == "declined":
        return Words(gettext("declined it"), str(data.get("reason") or ""))
    if act == "incoming":
        words = source_words(str(data.get("source") or ""))
        return Words(gettext("Came in by %(source)s", source=words), str(data.get("text") or ""))
    if act == "shared":
        return Words(gettext("shared it with %(people)s", people=str(data.get("with") or "")))
    if act == "unshared":
        return Words(gettext("stopped sharing it with %(people)s", people=str(data.get("with") or "")))
    if act == "created" and not data.get("by"):
        return Words(gettext("Came in by %(source)s", source=source_words(str(data.get("source") or "manual"))))
    plain = {
        "created": gettext("added it"),
        "note": gettext("wrote a note"),
        "accepted": gettext("accepted it"),
        "reopened": gettext("took the decline back"),
        "restored": gettext("brought it back after it was deleted"),
    }
    return Words(plain.get(act, act))


def _changes(changes: Mapping[str, Any]) -> str:
    lines = [
        f"{FIELD_NAMES.get(field, field)}: {change.get('old') or '–'} → {change.get('new') or '–'}"
        for field, change in changes.items()
    ]
    return "\n".join(lines)
