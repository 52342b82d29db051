"""Who is told about messages outside the chat: once until read, never the author, the muted, or who is looking."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import text

from app import clock
from app.extensions import db
from app.services import delivery, feed, feed_counters
from app.services.account import account
from app.services.chats import chat_mail, chat_news, chat_reading, chats, message_changes, presence
from app.services.claimed import claim
from app.transaction import transaction
from tests import builders, chatting


@pytest.fixture
def pair(context: Flask):
    ann, ben = builders.make_user(first_name="Ann", last_name="Ash"), builders.make_user(username="ben")
    return ann, ben, chatting.direct(ann, ben)


def deliveries(**where) -> list:
    rows = db.session.execute(text("SELECT * FROM deliveries WHERE purpose = 'chat' ORDER BY id")).all()
    return [row for row in rows if all(getattr(row, name) == value for name, value in where.items())]


def item_of(user, chat_id: int) -> dict:
    return next(item for item in feed.page(db.session(), user.id).items if item["id"] == f"c:{chat_id}")


def test_a_direct_message_is_mailed_after_a_quarter_of_an_hour(pair) -> None:
    ann, ben, chat_id = pair
    chatting.say(ann, chat_id)
    chatting.decide(chat_id)
    (waiting,) = deliveries()
    assert (waiting.user_id, waiting.channel, waiting.state) == (ben.id, "email", "pending")
    assert dt.timedelta(minutes=14) < waiting.not_before - clock.now() <= dt.timedelta(minutes=15)


def test_many_messages_are_one_notice_until_they_are_read(pair) -> None:
    ann, ben, chat_id = pair
    for _ in range(3):
        chatting.say(ann, chat_id)
        chatting.decide(chat_id)
    assert len(deliveries()) == 1
    chatting.read(ben, chat_id, 3)
    assert [row.state for row in deliveries()] == ["cancelled"]
    chatting.say(ann, chat_id)
    chatting.decide(chat_id)
    assert [row.state for row in deliveries()] == ["cancelled", "pending"]


def test_deciding_twice_tells_once(pair) -> None:
    ann, _, chat_id = pair
    chatting.say(ann, chat_id)
    assert [chat_news.decide(chat_id), chat_news.decide(chat_id)] == [1, 0]


def test_what_a_killed_process_left_behind_is_found(pair) -> None:
    ann, _, chat_id = pair
    chatting.say(ann, chat_id)
    with transaction():
        db.session.execute(text("UPDATE chats SET changed_at = changed_at - interval '1 minute'"))
    assert chat_news.sweep() == 1
    assert len(deliveries()) == 1
    assert chat_news.sweep() == 0


def test_nobody_is_told_while_looking_at_the_chat(pair) -> None:
    ann, ben, chat_id = pair
    presence.focus(ben.id, "tab", None, chat_id)
    chatting.say(ann, chat_id)
    chatting.decide(chat_id)
    assert deliveries() == []
    presence.gone(ben.id, "tab", chat_id)
    chatting.say(ann, chat_id)
    chatting.decide(chat_id)
    assert len(deliveries()) == 1


def test_a_mention_comes_through_a_mute_unless_all_is_muted(context: Flask) -> None:
    ann, ben, cho = builders.make_user(), builders.make_user(username="ben"), builders.make_user(username="cho")
    chat_id = chatting.group(ann, [ben, cho])
    with transaction():
        chats.set_mine(ben.id, chat_id, {"mute": "all_but_mentions"})
        chats.set_mine(cho.id, chat_id, {"mute": "all"})
    chatting.say(ann, chat_id, "@ben @cho please look")
    chatting.decide(chat_id)
    (told,) = deliveries()
    assert (told.user_id, told.data["tag"]) == (ben.id, "chat:mention")


def test_a_group_message_pops_up_but_is_not_mailed(context: Flask, monkeypatch) -> None:
    ann, ben, cho = builders.make_user(), builders.make_user(), builders.make_user()
    chat_id = chatting.group(ann, [ben, cho])
    with transaction():
        chats.set_mine(cho.id, chat_id, {"mute": "all_but_mentions"})
    shown = []
    monkeypatch.setattr(
        "app.services.chats.chat_live.show_items", lambda chat, who, popups: shown.append((sorted(who), sorted(popups)))
    )
    for _ in range(2):
        chatting.say(ann, chat_id)
        chatting.decide(chat_id)
    assert deliveries() == []
    assert shown == [([ben.id, cho.id], [ben.id]), ([], [])]


def test_what_was_deleted_edited_or_read_before_sending_is_respected(pair) -> None:
    ann, ben, chat_id = pair
    first, second = chatting.say(ann, chat_id, "Frist"), chatting.say(ann, chat_id, "Never mind")
    chatting.decide(chat_id)
    with transaction():
        message_changes.edit(ann.id, first["id"], "First")
    with transaction():
        message_changes.delete(ann.id, second["id"])
    clock.set_test_now(clock.now() + dt.timedelta(minutes=16))
    with transaction():
        claimed = claim([row.id for row in deliveries()])
        assert chat_mail.refuse_chats(claimed) == {}
    message = chat_mail.message_of(claimed[0])
    assert message.subject == "1 message from Ann Ash"
    assert "First" in message.text
    assert "First" in message.html
    assert "Never mind" not in message.text
    assert message.thread == f"chat:{chat_id}"
    with transaction():
        message_changes.delete(ann.id, first["id"])
    with transaction():
        assert chat_mail.refuse_chats(claimed) == {claimed[0].id: "already_read"}


def test_text_is_text_in_mails_too(pair) -> None:
    ann, _, chat_id = pair
    chatting.say(ann, chat_id, "<script>alert(1)</script>")
    chatting.decide(chat_id)
    clock.set_test_now(clock.now() + dt.timedelta(minutes=16))
    with transaction():
        claimed = claim([row.id for row in deliveries()])
    message = chat_mail.message_of(claimed[0])
    assert "<script>" not in message.html
    assert "<script>alert(1)</script>" in message.text


@pytest.mark.parametrize(("change", "reason"), [("mute", "muted"), ("leave", "not_a_member")])
def test_muting_or_leaving_before_sending_stops_it(context: Flask, change: str, reason: str) -> None:
    from app.services.chats import chat_members

    ann, ben = builders.make_user(), builders.make_user(username="ben")
    chat_id = chatting.group(ann, [ben])
    chatting.say(ann, chat_id, "@ben")
    chatting.decide(chat_id)
    with transaction():
        if change == "mute":
            chats.set_mine(ben.id, chat_id, {"mute": "all"})
        else:
            chat_members.leave(ben, chat_id)
    assert [(row.state, row.skip_reason) for row in deliveries()] == [("cancelled", reason)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE ab_user SET email = 'elsewhere@example.org' WHERE username = 'ben'", "address_changed"),
        ("UPDATE ab_user SET active = false WHERE username = 'ben'", "deactivated"),
        ("UPDATE chat_members SET mute = 'all'", "muted"),
        ("UPDATE chat_members SET mute = 'all_but_mentions'", "muted"),
        ("UPDATE chat_members SET left_at = now()", "not_a_member"),
    ],
)
def test_what_changes_in_the_very_moment_before_sending_stops_it(pair, change: str, reason: str) -> None:
    ann, _, chat_id = pair
    chatting.say(ann, chat_id)
    chatting.decide(chat_id)
    with transaction():
        db.session.execute(text(change))
    clock.set_test_now(clock.now() + dt.timedelta(minutes=16))
    with transaction():
        (claimed,) = claim([row.id for row in deliveries()])
        assert chat_mail.refuse_chats([claimed]) == {claimed.id: reason}


def test_a_mail_shows_a_chats_newest_lines_and_leads_to_the_last_of_them(pair) -> None:
    ann, ben, chat_id = pair
    for number in range(1, 12):
        chatting.say(ann, chat_id, f"Line {number:02}")
    chatting.decide(chat_id)
    clock.set_test_now(clock.now() + dt.timedelta(minutes=16))
    with transaction():
        (claimed,) = claim([row.id for row in deliveries()])
    message = chat_mail.message_of(claimed)
    assert message.subject == "11 messages from Ann Ash"
    assert [f"Line {number:02}" in message.text for number in range(1, 12)] == [False] * 3 + [True] * 8
    assert "3 earlier messages are not shown here" in message.text
    token = message.url.rpartition("/")[2]
    assert chat_mail.chat_of(token) == (chat_id, ben.id, 11)
    assert message.headers["List-Unsubscribe"].startswith("<http")


@pytest.mark.parametrize("hidden", [False, True])
def test_where_admins_want_no_texts_in_mails_none_is_in_them(pair, hidden: bool) -> None:
    ann, _, chat_id = pair
    with transaction():
        account.set_setting("message_texts", "hidden" if hidden else "full")
    chatting.say(ann, chat_id, "A secret of the client's")
    chatting.decide(chat_id)
    clock.set_test_now(clock.now() + dt.timedelta(minutes=16))
    with transaction():
        (claimed,) = claim([row.id for row in deliveries()])
    message = chat_mail.message_of(claimed)
    for where in (message.text, message.html):
        assert ("A secret" in where) is not hidden
    assert ("Ann Ash" in message.subject) is not hidden


def test_counts_are_items_and_a_deleted_message_is_not_unread(pair) -> None:
    ann, ben, chat_id = pair
    messages = [chatting.say(ann, chat_id) for _ in range(3)]
    assert feed_counters.counters(db.session(), [ben.id])[ben.id]["total"] == 1
    assert item_of(ben, chat_id)["count"] == 3
    for message in messages:
        with transaction():
            message_changes.delete(ann.id, message["id"])
    assert feed_counters.counters(db.session(), [ben.id])[ben.id]["total"] == 0
    assert not item_of(ben, chat_id)["unread"]


def test_reading_never_goes_back_and_not_beyond_the_end(pair) -> None:
    ann, ben, chat_id = pair
    for _ in range(3):
        chatting.say(ann, chat_id)
    assert [chatting.read(ben, chat_id, seq) for seq in (2, 1, 99)] == [2, 2, 3]


def test_a_chat_can_be_put_away_until_the_next_message(pair) -> None:
    ann, ben, chat_id = pair
    chatting.say(ann, chat_id)
    with transaction():
        assert chat_reading.archive(ben.id, [chat_id]) == [chat_id]
    assert feed.page(db.session(), ben.id).items == []
    chatting.say(ann, chat_id)
    assert item_of(ben, chat_id)["unread"]


def test_a_chat_comes_back_when_asked_for(pair) -> None:
    ann, ben, chat_id = pair
    chatting.say(ann, chat_id)
    with transaction():
        chat_reading.remind(ben.id, [chat_id], clock.now() + dt.timedelta(hours=1))
    assert feed.page(db.session(), ben.id).items == []
    clock.set_test_now(clock.now() + dt.timedelta(hours=2))
    with transaction():
        assert chat_reading.wake_reminded() == 1
    assert item_of(ben, chat_id)["unread"]


def test_all_is_read_at_once_and_can_be_unread_again(pair) -> None:
    ann, ben, chat_id = pair
    chatting.say(ann, chat_id)
    with transaction():
        assert chat_reading.mark_all_read(ben.id, "tasks") == []
        assert chat_reading.mark_all_read(ben.id, "all") == [chat_id]
    assert not item_of(ben, chat_id)["unread"]
    with transaction():
        assert chat_reading.mark_unread(ben.id, [chat_id]) == [chat_id]
    assert item_of(ben, chat_id)["unread"]


def test_telling_one_or_a_hundred_costs_the_same_number_of_statements(context: Flask, statements) -> None:
    ann, others = builders.make_user(), [builders.make_user() for _ in range(100)]
    counted = []
    for members in (others[:1], others):
        chat_id = chatting.group(ann, members)
        chatting.decide(chat_id)
        chatting.say(ann, chat_id, "@all", confirm_all=True)
        with statements() as sent:
            chatting.decide(chat_id)
        counted.append(len(sent))
    assert counted[0] == counted[1]


def test_somebody_deactivated_is_not_told(context: Flask) -> None:
    ann, ben = builders.make_user(), builders.make_user()
    chat_id = chatting.direct(ann, ben)
    with transaction():
        ben.active = False
    chatting.say(ann, chat_id)
    chatting.decide(chat_id)
    assert deliveries() == []


def test_a_chat_that_is_read_while_the_mails_before_it_go_out_is_skipped_and_has_not_failed(
    pair, smtp, context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, ben, chat_id = pair
    cho = builders.make_user()
    other = chatting.direct(cho, ben)
    for author, written in ((ann, chat_id), (cho, other)):
        chatting.say(author, written)
        chatting.decide(written)
    ben_id, take = ben.id, smtp.handle_DATA

    async def read_the_other_meanwhile(*args: object) -> object:
        with context.app_context(), transaction():
            chat_reading.read(ben_id, other, 1)
        return await take(*args)

    monkeypatch.setattr(smtp, "handle_DATA", read_the_other_meanwhile)
    clock.set_test_now(clock.now() + dt.timedelta(minutes=16))
    ids = [row.id for row in deliveries()]
    db.session.rollback()
    delivery.deliver("email", ids)
    db.session.rollback()
    assert [(row.state, row.skip_reason) for row in deliveries()] == [("sent", None), ("skipped", "already_read")]
