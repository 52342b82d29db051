"""The words for *errors & other info*: what the system could not do and a person must know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext

from app.catalogue import Rule
from app.services.wording import one_line

PREFIX = "error:"


def title_and_body(tag: str, data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    """The title and the line below it. Raises KeyError for a tag without words."""
    return _WORDS[tag](data, rule)


def url_of(data: Mapping[str, Any], rule: str) -> str:
    """Where the cure is: a person's own settings, or what admins see of the person."""
    if rule == Rule.ADMIN and data.get("user_id") is not None and "address" in data and not data.get("many"):
        return f"/userview/show/{data['user_id']}"
    return str(data.get("url") or "")


def channel_name(channel: object) -> str:
    """Return what a channel is called in a sentence."""
    names = {
        "email": gettext("Email"),
        "browser": gettext("Browser push"),
        "mobile": gettext("Mobile push"),
        "telegram": gettext("Telegram"),
        "mailbox": gettext("Answers by mail"),
    }
    return names.get(str(channel), str(channel))


def _mail_undelivered(data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    reason = one_line(data.get("reason"))
    if data.get("answer"):
        return gettext("Your answer to %(address)s was not delivered", address=one_line(data.get("address"))), gettext(
            "%(reason)s. Look at the address, and answer again or reach them another way.", reason=reason.rstrip(".")
        )
    if data.get("paused") is False:
        return gettext("A mail to %(name)s came back", name=one_line(data.get("name"))), reason
    if rule == Rule.CONCERNED:
        return gettext("Mails to %(address)s are refused", address=one_line(data.get("address"))), gettext(
            "They are paused until you change or confirm your address. %(reason)s", reason=reason
        )
    if data.get("many"):
        return gettext("Mails to %(num)s people are refused", num=data["many"]), gettext(
            "That is more than wrong addresses: see whether the mail server still lets us send. %(reason)s",
            reason=reason,
        )
    return gettext("Mails to %(name)s are refused", name=one_line(data.get("name"))), gettext(
        "They are paused until the address is changed or confirmed: correct it, or ask %(name)s. %(reason)s",
        name=one_line(data.get("name")),
        reason=reason,
    )


def _mail_resumed(data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    address = one_line(data.get("address"))
    if rule == Rule.CONCERNED:
        return gettext("You get mails again"), gettext("They go to %(address)s.", address=address)
    title = gettext("%(name)s gets mails again", name=one_line(data.get("name")))
    return title, gettext("They go to %(address)s.", address=address)


def _telegram_unlinked(data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    return gettext("Telegram is no longer linked"), gettext(
        "The bot was blocked, so news does not come there any more. You can link it again in your settings."
    )


def _mailbox(data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    title = gettext("The mailbox %(name)s cannot be read", name=one_line(data.get("name")))
    return title, f"{one_line(data.get('problem')).rstrip('.')}. {one_line(data.get('cure'))}"


def _mailbox_works(data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    title = gettext("The mailbox %(name)s is read again", name=one_line(data.get("name")))
    return title, gettext("What came meanwhile is here.")


def _channel_down(data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    title = gettext("%(channel)s does not work", channel=channel_name(data.get("channel")))
    cure = gettext("Nothing is lost: what waits is sent once it works again. Put it right, then test it.")
    problem = one_line(data.get("problem")).rstrip(".")
    return title, f"{problem}. {cure}" if problem else cure


def _channel_up(data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    title = gettext("%(channel)s works again", channel=channel_name(data.get("channel")))
    return title, gettext("What was waiting is being sent.")


def _webhook_disabled(data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    title = gettext("Webhook %(name)s is switched off", name=one_line(data.get("name")))
    return title, gettext(
        "It kept failing: %(reason)s. See to its address, then switch it on and send again what it missed.",
        reason=one_line(data.get("reason")).rstrip("."),
    )


def _webhook_works(data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    title = gettext("Webhook %(name)s is on again", name=one_line(data.get("name")))
    return title, gettext("Switched on by %(name)s. What it missed can be sent again.", name=one_line(data.get("by")))


def _automation(data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    what, cure = _problem(data)
    times = int(str(data.get("times") or 1))
    return what, gettext("%(cure)s (%(times)s times so far)", cure=cure, times=times) if times > 1 else cure


def _automation_works(data: Mapping[str, Any], rule: str) -> tuple[str, str]:
    return gettext("Solved: %(what)s", what=_problem(data)[0]), ""


def _problem(data: Mapping[str, Any]) -> tuple[str, str]:
    """What a rule of the account could not do, and what to do about it."""
    name, person = one_line(data.get("name")), one_line(data.get("person"))
    problems = {
        "form_without_group": (
            gettext("The form %(name)s has no group", name=name),
            gettext("What comes in by it is told to the pipeline's group or the admins. Choose a group for it."),
        ),
        "widget_without_group": (
            gettext("The website chat %(name)s has no group", name=name),
            gettext("Its new clients are told to admins only. Choose a group for it or for the pipeline."),
        ),
        "messenger_without_group": (
            gettext("The messenger %(name)s has no group", name=name),
            gettext("Its new clients are told to admins only. Choose a group for it or for the pipeline."),
        ),
        "line_without_group": (
            gettext("The telephone line %(name)s has no group", name=name),
            gettext("Unknown callers are told to admins only. Choose a group for it or for the pipeline."),
        ),
        "deactivated_responsible": (
            gettext("%(name)s gives leads to %(person)s, who is deactivated", name=name, person=person),
            gettext("They go to the group until you choose somebody else."),
        ),
        "deactivated_owner": (
            gettext("Clients of %(name)s come in, who is deactivated", name=name),
            gettext("They go to the group. Make somebody else responsible for these contacts."),
        ),
        "deactivated_score_manager": (
            gettext("Low scores should be told to %(name)s, who is deactivated", name=name),
            gettext("The group's manager or the admins are told until you choose somebody else."),
        ),
        "auto_close_failed": (
            gettext("Talk %(name)s could not be closed by itself", name=name),
            gettext("Close it by hand; others are closed as ever. %(reason)s", reason=one_line(data.get("reason"))),
        ),
        "follow_up_failed": (
            gettext("No follow-up task could be made for %(name)s", name=name),
            gettext("The client gave a low score: see to it yourself. %(reason)s", reason=one_line(data.get("reason"))),
        ),
        "stripe_event_failed": (
            gettext("What Stripe sent could not be taken: %(name)s", name=name),
            gettext("It is tried again by itself. Compare your payments with Stripe's if this stays."),
        ),
        "mailbox_without_people": (
            gettext("The mailbox %(name)s has nobody who reads it", name=name),
            gettext("Its mails are told to admins only. Put somebody into its group, or choose another."),
        ),
        "report_without_recipients": (
            gettext("The report %(name)s has no recipients", name=name),
            gettext("It was not sent. Choose who gets it."),
        ),
        "report_failed": (
            gettext("The report %(name)s could not be made", name=name),
            gettext("It was not sent. %(reason)s", reason=one_line(data.get("reason"))),
        ),
        "report_undelivered": (
            gettext("The report %(name)s did not reach everybody", name=name),
            gettext(
                "%(count)s mails failed: %(reason)s",
                count=data.get("count") or 0,
                reason=one_line(data.get("reason")),
            ),
        ),
    }
    problem = str(data.get("problem"))
    return problems.get(problem, (gettext("A rule could not be carried out: %(name)s", name=name), ""))


_WORDS: Mapping[str, Callable[[Mapping[str, Any], str], tuple[str, str]]] = {
    "error:mail_undelivered": _mail_undelivered,
    "error:mail_resumed": _mail_resumed,
    "error:telegram_unlinked": _telegram_unlinked,
    "error:mailbox": _mailbox,
    "error:mailbox_works": _mailbox_works,
    "error:channel_down": _channel_down,
    "error:channel_up": _channel_up,
    "error:webhook_disabled": _webhook_disabled,
    "error:webhook_works": _webhook_works,
    "error:automation": _automation,
    "error:automation_works": _automation_works,
}
