"""Deciding again, just before something is sent: what was read, switched off or fell into quiet hours stays in.

Each function returns why a delivery must not leave, by its id. What is held by now goes into a brief, what is set to
digest by now waits for the next one: nothing is dropped for having been late.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from app.catalogue import KINDS, Channel, Kind, Rule
from app.extensions import db
from app.services import audience, briefs
from app.services.audience import Recipient
from app.services.briefs import Held
from app.services.chats import chat_collected
from app.services.chats.chat_collected import ChatContent, HeldChat
from app.services.claimed import Claimed, Content, contents_of
from app.services.routing import DIGEST_OUTCOMES, AccountDefaults, Decision, Outcome, cell, choose_channels

SWITCHED_OFF = frozenset({Outcome.PREFERENCE_OFF, Outcome.RECEIVE_OFF, Outcome.NOT_FOR_ROLE, Outcome.NO_CELL})
READ, DEACTIVATED, MOVED = "already_read", "deactivated", "address_changed"


@dataclass(frozen=True, slots=True)
class Now:
    """What is true now for one notice: the person, and the kind's settings."""

    kind: Kind
    person: Recipient
    account: AccountDefaults

    def decision(self, channel: str) -> Decision:
        """Return what the channel would do with it now."""
        decisions = choose_channels(self.kind, self.person.facts, self.account)
        return next(decision for decision in decisions if decision.channel == channel)

    def required_by(self, channel: str) -> str | None:
        """Return who made the channel's cell mandatory ("" for the product itself), None where nobody did."""
        found = cell(self.kind, self.person.facts, self.account, Channel(channel))
        return found.required_by if found.mandatory else None


def refuse_notices(deliveries: Sequence[Claimed]) -> dict[int, str]:
    """Decide notices again."""
    asked = [(int(d.user_id or 0), str(d.event_tag), str(d.rule)) for d in deliveries]
    known = _now(asked)
    refused: dict[int, str] = {}
    held: list[Held] = []
    for_digest: list[int] = []
    for delivery, key in zip(deliveries, asked, strict=True):
        now = known.get(key)
        if not delivery.active or now is None:
            refused[delivery.id] = DEACTIVATED
        elif not delivery.item_unread:
            refused[delivery.id] = READ
        elif delivery.address not in now.person.addresses(Channel(delivery.channel)):
            refused[delivery.id] = MOVED
        else:
            decision = now.decision(delivery.channel)
            _note_requirement(delivery, now)
            if decision.leaves_the_house:
                continue
            refused[delivery.id] = decision.outcome.value
            notification_id = int(delivery.notification_id or 0)
            if decision.is_held:
                held.append(_held(notification_id, now, delivery.channel, delivery.address))
            elif decision.outcome in DIGEST_OUTCOMES:
                for_digest.append(notification_id)
    briefs.hold(held)
    keep_for_digest(for_digest)
    return refused


def refuse_collected(deliveries: Sequence[Claimed]) -> dict[int, str]:
    """Decide digests and briefs again, item by item; one with nothing left does not leave."""
    contents, chats = contents_of(deliveries), chat_collected.contents_of(deliveries)
    known = _now(
        [(one.user_id, one.event_tag, one.rule) for one in contents]
        + [(chat.user_id, chat.tag, chat.rule) for chat in chats]
    )
    by_delivery: dict[int, list[Content]] = defaultdict(list)
    for one in contents:
        by_delivery[one.delivery_id].append(one)
    why_no_chat = _refuse_chats(deliveries, chats, known)
    refused: dict[int, str] = {}
    held: list[Held] = []
    for_digest: list[int] = []
    for delivery in deliveries:
        reasons = why_no_chat.get(delivery.id, [])
        for one in by_delivery[delivery.id]:
            now = known.get((one.user_id, one.event_tag, one.rule))
            reason = _against(delivery, None if one.unread else READ, now)
            if reason is None:
                delivery.found.contents.append(one)
                continue
            reasons.append(reason)
            if now is not None and reason == Outcome.HELD:
                held.append(_held(one.notification_id, now, delivery.channel, delivery.address))
            elif reason in DIGEST_OUTCOMES or (reason == MOVED and delivery.channel == Channel.EMAIL):
                for_digest.append(one.notification_id)
        if not delivery.found.contents and not delivery.found.chats:
            refused[delivery.id] = DEACTIVATED if not delivery.active else (reasons or [READ])[-1]
    briefs.hold(held)
    keep_for_digest(for_digest)
    return refused


def refuse_nothing(deliveries: Sequence[Claimed]) -> dict[int, str]:
    """For what somebody asked for, or what set-up needs: it only stays in when the account was deactivated."""
    return {d.id: DEACTIVATED for d in deliveries if d.user_id is not None and not d.active}


def keep_for_digest(notification_ids: Sequence[int]) -> None:
    """Let notices wait for the person's next digest."""
    if notification_ids:
        db.session.execute(
            text("UPDATE notifications SET for_digest = true WHERE id = ANY(:ids)"), {"ids": list(notification_ids)}
        )


def _refuse_chats(
    deliveries: Sequence[Claimed], chats: Sequence[ChatContent], known: Mapping[tuple[int, str, str], Now]
) -> dict[int, list[str]]:
    """Decide the chats of digests and briefs again; return the reasons against some, by delivery."""
    by_id = {delivery.id: delivery for delivery in deliveries}
    refused: dict[int, list[str]] = defaultdict(list)
    held: list[HeldChat] = []
    for_digest: list[tuple[int, int, str, str, int]] = []
    for chat in chats:
        delivery, now = by_id[chat.delivery_id], known.get((chat.user_id, chat.tag, chat.rule))
        reason = _against(delivery, chat.why_not, now)
        if reason is None:
            delivery.found.chats.append(chat)
            continue
        refused[delivery.id].append(reason)
        hold = now.person.facts.held if now is not None else None
        if reason == Outcome.HELD and hold is not None:
            at = (delivery.channel, delivery.address, hold.until)
            held.append(HeldChat(chat.chat_id, chat.user_id, *at, chat.tag, chat.rule, chat.seq))
        elif reason in DIGEST_OUTCOMES or (reason == MOVED and delivery.channel == Channel.EMAIL):
            for_digest.append((chat.user_id, chat.chat_id, chat.tag, chat.rule, chat.seq))
    chat_collected.hold(held)
    chat_collected.wait_for_digest(for_digest)
    return refused


def _against(delivery: Claimed, nothing_to_tell: str | None, now: Now | None) -> str | None:
    if now is None or not delivery.active:
        return DEACTIVATED
    if nothing_to_tell is not None:
        return nothing_to_tell
    if delivery.address not in now.person.addresses(Channel(delivery.channel)):
        return MOVED
    outcome = now.decision(delivery.channel).outcome
    if outcome in SWITCHED_OFF or outcome is Outcome.ADDRESS_PAUSED:
        return outcome.value
    # Digests keep their hour: quiet hours hold briefs only.
    if delivery.purpose == "brief" and (outcome is Outcome.HELD or outcome in DIGEST_OUTCOMES):
        return outcome.value
    return None


def _held(notification_id: int, now: Now, channel: str, address: str) -> Held:
    hold = now.person.facts.held
    assert hold is not None  # the outcome says so
    return Held(notification_id, now.person.user_id, channel, address, hold.until)


def _note_requirement(delivery: Claimed, now: Now) -> None:
    required_by = now.required_by(delivery.channel)
    if required_by is not None:
        delivery.found.required_by = required_by or "Frontdesk"


def _now(asked: Sequence[tuple[int, str, str]]) -> Mapping[tuple[int, str, str], Now]:
    """Load what is true now: two statements per kind and rule in the batch, however many people."""
    people: dict[tuple[str, str], set[int]] = defaultdict(set)
    for user_id, tag, rule in asked:
        people[tag, rule].add(user_id)
    known: dict[tuple[int, str, str], Now] = {}
    accounts: dict[str, AccountDefaults] = {}
    for (tag, rule), user_ids in people.items():
        kind = KINDS[tag]
        if kind.row not in accounts:
            accounts[kind.row] = audience.account_defaults(kind.row)
        for person in audience.recipients(kind, {user_id: Rule(rule) for user_id in user_ids}):
            known[person.user_id, tag, rule] = Now(kind, person, accounts[kind.row])
    return known
