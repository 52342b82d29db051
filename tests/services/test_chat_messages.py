"""Messages: never lost, never doubled, in order; edited and deleted with a trace; mentions and reactions."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask, current_app
from sqlalchemy import text

from app.errors import UserError
from app.extensions import db, redis_client
from app.services import feed
from app.services.chats import chat_members, chat_messages, chat_pages, drafts, message_changes, message_pages
from app.services.chats.drafts import Draft, read_draft
from app.services.shared_buckets import SharedBuckets
from app.transaction import transaction
from tests import builders, chatting


@pytest.fixture
def pair(context: Flask):
    ann = builders.make_user(first_name="Ann", last_name="Ash", username="ann")
    ben = builders.make_user(first_name="Ben", last_name="Birch", username="ben")
    return ann, ben, chatting.direct(ann, ben)


def page(chat_id: int, **bounds):
    return message_pages.page(db.session(), chat_id, **bounds)


def bodies(chat_id: int, **bounds) -> list[str]:
    return [message["body"] for message in page(chat_id, **bounds)]


def refused(code: str, action, field: str | None = None) -> None:
    with pytest.raises(UserError) as error, transaction():
        action()
    assert (error.value.code, error.value.field if field else None) == (code, field)


def test_a_message_sent_twice_is_there_once_and_answers_the_first(pair) -> None:
    ann, _, chat_id = pair
    first, new = chat_messages.send(ann.id, chat_id, Draft("a", "Hello"))
    again, new_again = chat_messages.send(ann.id, chat_id, Draft("a", "Something else"))
    assert (new, new_again) == (True, False)
    assert again == first
    assert bodies(chat_id) == ["Hello"]


def test_a_failed_repeat_uses_up_no_seq(pair) -> None:
    ann, _, chat_id = pair
    for client_id in ("a", "a", "a", "b"):
        chat_messages.send(ann.id, chat_id, Draft(client_id, "x"))
    assert [message["seq"] for message in page(chat_id)] == [1, 2]


def test_the_same_client_id_of_two_people_or_in_two_chats_is_no_repeat(pair) -> None:
    ann, ben, chat_id = pair
    other = chatting.group(ann, [ben])
    sent = [chat_messages.send(who.id, where, Draft("a", "x")) for who in (ann, ben) for where in (chat_id, other)]
    assert all(new for _, new in sent)


def test_many_senders_and_repeats_at_once_leave_no_gap_and_no_double(pair) -> None:
    ann, ben, chat_id = pair
    ids = (ann.id, ben.id)
    flask_app = current_app._get_current_object()

    def send(number: int) -> int:
        with flask_app.app_context():
            message, _ = chat_messages.send(ids[number % 2], chat_id, Draft(f"m{number // 2 % 40}", f"{number}"))
            return message["id"]

    with ThreadPoolExecutor(8) as pool:
        answered = list(pool.map(send, range(160)))
    stored = page(chat_id, limit=100)
    assert [message["seq"] for message in stored] == list(range(1, 81))
    assert set(answered) == {message["id"] for message in stored}


def test_what_a_send_answers_is_what_is_loaded_later(pair) -> None:
    ann, _, chat_id = pair
    sent = chatting.say(ann, chat_id, "Hello @ben")
    assert page(chat_id) == [sent]
    assert sent["author"] == {"kind": "user", "id": ann.id, "name": "Ann Ash"}
    assert sent["mentions"] == [{"start": 6, "end": 10, "kind": "user", "id": pair[1].id, "name": "Ben Birch"}]


@pytest.mark.parametrize(
    ("payload", "code", "field"),
    [
        ({"client_id": "a", "body": "  \n "}, "required", "body"),
        ({"client_id": "a"}, "required", "body"),
        ({"client_id": "a", "body": 7}, "invalid", "body"),
        ({"client_id": "a", "body": "x" * 10_001}, "too_long", "body"),
        ({"client_id": "a", "body": "\ud800"}, "invalid", "body"),
        ({"body": "x"}, "invalid", "client_id"),
        ({"client_id": "", "body": "x"}, "invalid", "client_id"),
        ({"client_id": "x" * 65, "body": "x"}, "invalid", "client_id"),
        ({"client_id": "a", "body": "x", "reply_to": "1"}, "invalid", "reply_to"),
        ({"client_id": "a", "body": "x", "file_ids": [1] * 11}, "invalid", "file_ids"),
        ({"client_id": "a", "body": "x", "confirm_all": 1}, "invalid", "confirm_all"),
    ],
)
def test_what_is_wrong_with_a_message_is_named(payload, code, field) -> None:
    with pytest.raises(UserError) as error:
        read_draft(payload)
    assert (error.value.code, error.value.field) == (code, field)


def test_text_keeps_its_line_breaks_and_loses_what_cannot_be_stored() -> None:
    assert drafts.checked_body(" a\r\nb\x00\x07\n ", False) == "a\nb"
    assert drafts.checked_body("<b>x</b>", False) == "<b>x</b>"


def test_strangers_and_unknown_chats_look_the_same(pair) -> None:
    _, _, chat_id = pair
    stranger = builders.make_user()
    for where in (chat_id, 999_999):
        refused("not_found", lambda where=where: chatting.say(stranger, where))
        refused("not_found", lambda where=where: chatting.say(stranger, where, "@ben hello", reply_to=1))
    assert page(chat_id) == []


def test_an_answer_quotes_its_message_and_only_one_of_the_same_chat(pair) -> None:
    ann, ben, chat_id = pair
    first = chatting.say(ann, chat_id, "Question")
    answer = chatting.say(ben, chat_id, "Answer", reply_to=first["id"])
    assert (answer["reply_to"]["seq"], answer["reply_to"]["body"]) == (1, "Question")
    elsewhere = chatting.say(ann, chatting.group(ann, [ben]), "Elsewhere")
    refused("invalid", lambda: chatting.say(ben, chat_id, "x", reply_to=elsewhere["id"]), "reply_to")


def test_only_its_author_edits_and_deletes_a_message(pair) -> None:
    ann, ben, chat_id = pair
    message = chatting.say(ann, chat_id, "Helo")
    refused("not_yours", lambda: message_changes.edit(ben.id, message["id"], "Mine"))
    refused("not_yours", lambda: message_changes.delete(ben.id, message["id"]))
    stranger = builders.make_user()
    refused("not_found", lambda: message_changes.edit(stranger.id, message["id"], "Mine"))
    with transaction():
        edited = message_changes.edit(ann.id, message["id"], "Hello")
    assert edited["body"] == "Hello"
    assert edited["edited_at"]
    assert [step["body"] for step in message_changes.trace(ben.id, message["id"])] == ["Helo"]


def test_a_deleted_message_leaves_its_place_and_its_words_to_its_author_only(pair) -> None:
    ann, ben, chat_id = pair
    message = chatting.say(ann, chat_id, "Secret")
    with transaction():
        message_changes.delete(ann.id, message["id"])
    (left,) = page(chat_id)
    assert (left["deleted"], left["body"], left["seq"]) == (True, "", 1)
    assert message_changes.trace(ben.id, message["id"])[0]["body"] is None
    assert message_changes.trace(ann.id, message["id"])[0]["body"] == "Secret"
    refused("deleted", lambda: message_changes.edit(ann.id, message["id"], "Back"))
    refused("deleted", lambda: message_changes.react(ben.id, message["id"], "👍", True))


def test_reactions_are_counted_once_per_person(pair) -> None:
    ann, ben, chat_id = pair
    message = chatting.say(ann, chat_id)
    for who, on in ((ann, True), (ben, True), (ben, True), (ann, False)):
        with transaction():
            after = message_changes.react(who.id, message["id"], "👍", on)
    assert after["reactions"] == [{"emoji": "👍", "count": 1, "user_ids": [ben.id]}]


def test_what_the_chat_itself_says_is_nobodys_to_change(pair) -> None:
    ann, ben, _ = pair
    chat_id, newcomer = chatting.group(ann, [ben]), builders.make_user()
    with transaction():
        chat_members.add(ann, chat_id, [newcomer.id])
    said = page(chat_id)[-1]
    for change in (
        lambda: message_changes.react(ann.id, said["id"], "👍", True),
        lambda: message_changes.edit(ann.id, said["id"], "Other"),
        lambda: message_changes.delete(ann.id, said["id"]),
        lambda: message_changes.trace(ann.id, said["id"]),
    ):
        refused("not_found", change)


@pytest.mark.parametrize("emoji", ["👍", "❤️", "👩‍💻", "🇦🇹", "1️⃣", "👍🏽", "‼️"])
def test_emojis_are_taken(emoji: str) -> None:
    assert drafts.checked_emoji(emoji) == emoji


@pytest.mark.parametrize("emoji", ["", "a", "<b>", "+1", "👍" * 20, None, 7, "👍 x", "12", "\u200d"])
def test_words_and_markup_are_no_emojis(emoji: object) -> None:
    with pytest.raises(UserError):
        drafts.checked_emoji(emoji)


def test_groups_are_mentioned_by_their_name_and_only_members_are_meant(context: Flask) -> None:
    ann, ben, cho = builders.make_user(username="ann"), builders.make_user(username="ben"), builders.make_user()
    office = builders.make_group("Sales Office", members=[ben, cho])
    chat_id = chatting.group(ann, [ben])
    message = chatting.say(ann, chat_id, "😀 @sales office: look, @ben. mail me@ben.example @nobody @anna")
    assert [(span["kind"], span["id"], span["start"], span["end"]) for span in message["mentions"]] == [
        ("group", office.id, 3, 16),
        ("user", ben.id, 24, 28),
    ]
    row = db.session.execute(text("SELECT mentioned_ids, mentions_all FROM messages WHERE author_kind = 'user'")).one()
    assert (row.mentioned_ids, row.mentions_all) == ([ben.id], False)


def test_everybody_is_called_in_a_big_chat_only_after_confirming(context: Flask) -> None:
    ann = builders.make_user()
    people = [builders.make_user() for _ in range(15)]
    small, big = chatting.group(ann, people[:14]), chatting.group(ann, people)
    assert chatting.say(ann, small, "@all hello")["mentions"][0]["kind"] == "all"
    refused("confirm_all", lambda: chatting.say(ann, big, "@all hello"), "confirm_all")
    assert chatting.say(ann, big, "@all hello", confirm_all=True)["mentions"][0]["kind"] == "all"
    message = chatting.say(ann, big, "hello")
    with transaction():
        message_changes.edit(ann.id, message["id"], "@all hello")
    assert db.session.execute(text("SELECT count(*) FROM messages WHERE mentions_all")).scalar_one() == 2


def test_messages_load_from_the_end_and_around_any_place(pair) -> None:
    ann, _, chat_id = pair
    for number in range(1, 31):
        chatting.say(ann, chat_id, str(number))
    assert bodies(chat_id, limit=3) == ["28", "29", "30"]
    assert bodies(chat_id, before_seq=28, limit=2) == ["26", "27"]
    assert bodies(chat_id, after_seq=28) == ["29", "30"]
    assert bodies(chat_id, around_seq=10, limit=4) == ["8", "9", "10", "11"]


def test_who_writes_too_fast_waits_and_is_told_how_long(pair, monkeypatch) -> None:
    ann, ben, chat_id = pair
    monkeypatch.setattr(chat_messages, "WRITING", SharedBuckets("messages", burst=2, per_second=0.01))
    monkeypatch.setitem(current_app.config, "RATE_LIMITS", True)
    chatting.say(ann, chat_id)
    chatting.say(ann, chat_id)
    with pytest.raises(UserError) as error:
        chatting.say(ann, chat_id)
    assert (error.value.status, error.value.as_json()["error"]["code"]) == (429, "rate_limited")
    assert error.value.as_json()["error"]["retry_after_seconds"] >= 1
    chatting.say(ben, chat_id)
    assert len(page(chat_id)) == 3


def test_several_web_processes_let_somebody_write_as_much_as_one(pair, monkeypatch) -> None:
    ann, ben, chat_id = pair
    monkeypatch.setitem(current_app.config, "RATE_LIMITS", True)
    processes = [SharedBuckets("messages", burst=20, per_second=0.01, handful=4) for _ in range(2)]
    asked: list[str] = []
    real = redis_client().eval
    monkeypatch.setattr(redis_client(), "eval", lambda *given: asked.append(str(given[2])) or real(*given))
    sent = 0
    for number in range(30):
        monkeypatch.setattr(chat_messages, "WRITING", processes[number % 2])
        try:
            chatting.say(ann, chat_id)
        except UserError:
            continue
        sent += 1
    assert sent == 20
    assert len(asked) == 5 + 10, "a handful at a time, and each time when there is none"
    chatting.say(ben, chat_id)


def test_without_redis_each_process_counts_for_itself_and_asks_rarely(pair, monkeypatch) -> None:
    ann, _, chat_id = pair
    monkeypatch.setitem(current_app.config, "RATE_LIMITS", True)
    monkeypatch.setattr(chat_messages, "WRITING", SharedBuckets("messages", burst=3, per_second=0.01))
    asked: list[int] = []

    def gone(*_: object) -> None:
        asked.append(1)
        raise ConnectionError("gone")

    monkeypatch.setattr(redis_client(), "eval", gone)
    for _ in range(3):
        chatting.say(ann, chat_id)
    with pytest.raises(UserError):
        chatting.say(ann, chat_id)
    assert len(asked) == 1
    assert len(page(chat_id)) == 3


def test_sending_costs_one_statement_however_many_are_in_the_chat(context: Flask, statements) -> None:
    ann, others = builders.make_user(), [builders.make_user() for _ in range(100)]
    author_id, counted = ann.id, []
    for chat_id in (chatting.group(ann, others[:1]), chatting.group(ann, others)):
        draft = Draft(uuid.uuid4().hex, "Hello")
        with statements() as sent:
            chat_messages.send(author_id, chat_id, draft)
        counted.append(len(sent))
    assert counted == [1, 1]


def test_opening_a_chat_reads_no_big_table_from_end_to_end(pair) -> None:
    ann, ben, chat_id = pair
    chatting.say(ann, chat_id)
    with transaction():
        db.session.execute(
            text(
                "INSERT INTO messages (chat_id, seq, author_id, body, created_at)"
                " SELECT :chat_id, n + 1, :author, 'word ' || n, now() FROM generate_series(1, 5000) n"
            ),
            {"chat_id": chat_id, "author": ann.id},
        )
        db.session.execute(text("UPDATE chats SET last_seq = 5001 WHERE id = :id"), {"id": chat_id})
    db.session.execute(text("ANALYZE messages"))
    plan = db.session.execute(
        text("EXPLAIN SELECT id FROM messages WHERE chat_id = :chat_id ORDER BY seq DESC LIMIT 50"),
        {"chat_id": chat_id},
    )
    assert not any("Seq Scan" in row[0] for row in plan)
    item = feed.page(db.session(), ben.id).items[0]
    assert (item["count"], item["unread"]) == (100, True)
    assert chat_pages.first_unread_seq(ben.id, chat_id) == 1
