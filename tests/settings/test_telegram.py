"""The Telegram bot: linking, unlinking, news, answers, and what the bot API may say."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app import clock
from app.catalogue import KINDS
from app.channels import telegram
from app.channels.base import Message
from app.errors import UserError
from app.extensions import db
from app.integrations import listen, telegram_bot
from app.models.notifications import FeedItem
from app.models.people import User
from app.services.chats import chat_messages, chat_news, chats
from app.services.settings import telegram_links
from app.transaction import transaction
from tests import chatting, news
from tests.builders import bearer, make_user
from tests.telegram_api import TelegramApi, message

ANN = 777


def link(user: User, chat_id: int = ANN) -> None:
    with transaction():
        telegram_links.start(new_code(user), chat_id, "Ann Wheeler")


def new_code(user: User) -> str:
    with transaction():
        return str(telegram_links.new_code(user, telegram_links.bot())["code"])


def hear(body: dict[str, Any]) -> None:
    update = telegram_bot.read(body)
    assert update is not None
    telegram_bot.handle(update)


def linked(user: User) -> bool:
    db.session.expire_all()
    return telegram_links.link_of(user.id) is not None


def test_a_deep_link_works_once_within_ten_minutes(
    context: Flask, telegram_api: TelegramApi, at: Callable[[Any], None]
) -> None:
    at(dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC))
    user, other = make_user("Staff"), make_user("Staff")
    with transaction():
        made = telegram_links.new_code(user, telegram_links.bot())
    assert made["url"].startswith("https://t.me/desk_bot?start=")
    hear(message(1, ANN, f"/start {made['code']}"))
    assert linked(user)
    assert "Linked" in telegram_api.sent[-1]["text"]
    hear(message(2, 888, f"/start {made['code']}"))
    assert "was used" in telegram_api.sent[-1]["text"]
    late = new_code(other)
    at(dt.datetime(2026, 11, 23, 10, 10, 1, tzinfo=dt.UTC))
    hear(message(3, 888, f"/start {late}"))
    assert "older than 10 minutes" in telegram_api.sent[-1]["text"]
    hear(message(4, 888, "/start forged-code"))
    assert not linked(other)


def test_a_repeated_start_says_so_and_changes_nothing(context: Flask, telegram_api: TelegramApi) -> None:
    user = make_user("Staff")
    http = context.test_client()
    code = http.post("/api/v1/me/telegram", headers=bearer(http, user.username), json={}).get_json()["code"]
    for number in (1, 2):
        hear(message(number, ANN, f"/start {code}"))
    assert linked(user)
    assert "linked already" in telegram_api.sent[-1]["text"]


def test_only_private_chats_can_be_linked(context: Flask, telegram_api: TelegramApi) -> None:
    user = make_user("Staff")
    hear(message(1, -100, f"/start {new_code(user)}", kind="group"))
    assert not linked(user)
    assert telegram_api.sent == []


def test_stop_and_the_profile_unlink(context: Flask, telegram_api: TelegramApi) -> None:
    user = make_user("Staff")
    link(user)
    hear(message(2, ANN, "/stop"))
    assert not linked(user)
    link(user)
    with transaction():
        assert telegram_links.unlink(user.id)
    assert not linked(user)


def test_news_comes_to_the_linked_chat(context: Flask, telegram_api: TelegramApi) -> None:
    user = make_user("Staff")
    link(user)
    news.assign(user, make_user("Manager"), "Fit <b>brakes</b> & bell")
    news.deliver_due()
    (sent,) = telegram_api.sent
    assert sent["chat_id"] == str(ANN)
    assert sent["text"].startswith("<b>New task: Fit &lt;b&gt;brakes&lt;/b&gt; &amp; bell</b>")
    assert "/go/" in sent["text"]
    receipt = db.session.execute(text("SELECT receipt FROM deliveries WHERE channel = 'telegram'")).scalar_one()
    assert receipt == sent["message_id"]


def test_what_somebody_wrote_is_never_markup(context: Flask, telegram_api: TelegramApi) -> None:
    ann, ben = make_user("Staff"), make_user("Staff")
    link(ben)
    chat_id = chatting.direct(ann, ben)
    chatting.say(ann, chat_id, "Is 5 < 6 & <i>7</i>?")
    chatting.decide(chat_id)
    news.deliver_due()
    (sent,) = telegram_api.sent
    assert "Is 5 &lt; 6 &amp; &lt;i&gt;7&lt;/i&gt;?" in sent["text"]


def test_a_telegram_that_cannot_be_reached_is_tried_again(context: Flask, telegram_api: TelegramApi) -> None:
    user = make_user("Staff")
    link(user)
    telegram_api.stop()
    news.assign(user, make_user("Manager"))
    news.deliver_due()
    assert ("notice", "telegram", "pending", None) in news.outcomes(user)
    assert linked(user)


def test_a_batch_goes_no_faster_than_the_bot_may_write(
    context: Flask, telegram_api: TelegramApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, sent_at = [100.0], []

    def wait(seconds: float) -> None:
        now[0] += seconds

    def send(*_: object, **__: object) -> SimpleNamespace:
        sent_at.append(now[0])
        return SimpleNamespace(message_id=1)

    monkeypatch.setattr(telegram, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=wait))
    monkeypatch.setattr(telegram, "call", send)
    with telegram.TelegramChannel().open() as sender:
        for number in range(60):
            sender.send(str(ANN), Message(delivery_id=number, subject="", title="News", text=""))
    assert sent_at == [100.0] * 25 + [101.0] * 25 + [102.0] * 10


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (403, "Forbidden: bot was blocked by the user"),
        (403, "Forbidden: user is deactivated"),
        (400, "Bad Request: chat not found"),
    ],
)
def test_a_bot_that_was_blocked_unlinks_itself_and_says_so_in_the_center(
    context: Flask, telegram_api: TelegramApi, status: int, said: str
) -> None:
    user = make_user("Staff")
    link(user)
    telegram_api.answers = [(status, said, {})]
    news.assign(user, make_user("Manager"))
    news.deliver_due()
    assert not linked(user)
    assert ("notice", "telegram", "failed", "address_gone") in news.outcomes(user)
    tags = [item.event_tag for item in db.session.query(FeedItem).filter_by(user_id=user.id)]
    assert "error:telegram_unlinked" in tags


def test_the_bots_limit_holds_the_whole_batch_for_as_long_as_asked(context: Flask, telegram_api: TelegramApi) -> None:
    users = [make_user("Staff") for _ in range(3)]
    for number, user in enumerate(users):
        link(user, 1000 + number)
        news.assign(user, make_user("Manager"))
    telegram_api.answers = [(429, "Too Many Requests: retry after 9", {"retry_after": 9})]
    news.deliver_due()
    assert telegram_api.sent == []
    rows = db.session.execute(text("SELECT not_before, state FROM deliveries WHERE channel = 'telegram'")).all()
    assert {row.state for row in rows} == {"pending"}
    assert all(7 < (row.not_before - clock.now()).total_seconds() < 10 for row in rows)


@pytest.mark.parametrize(
    ("status", "state"), [(400, "failed"), (500, "pending"), (502, "pending"), (401, "pending"), (404, "pending")]
)
def test_what_the_bot_api_refuses_is_sorted_by_what_helps(
    context: Flask, telegram_api: TelegramApi, status: int, state: str
) -> None:
    user = make_user("Staff")
    link(user)
    telegram_api.answers = [(status, "Bad Request: message text is empty", {})]
    news.assign(user, make_user("Manager"))
    news.deliver_due()
    assert ("notice", "telegram", state, None) in news.outcomes(user)


def test_answering_a_notice_answers_its_chat_once(
    context: Flask, telegram_api: TelegramApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = make_user("Staff")
    link(user)
    news.assign(user, make_user("Manager"))
    news.deliver_due()
    answers: dict[str, tuple[int, int, str]] = {}

    def answer(user_id: int, subject_id: int, words: str, client_id: str) -> None:
        if words == "refused":
            raise UserError("gone", "the chat is closed")
        answers[client_id] = (user_id, subject_id, words)

    monkeypatch.setitem(telegram_links.ANSWERS, "task", answer)
    number = int(telegram_api.sent[-1]["message_id"])
    for _ in range(2):
        hear(message(9, ANN, "On my way", reply_to=number))
    task_id = db.session.execute(text("SELECT max(id) FROM tasks")).scalar_one()
    assert list(answers.values()) == [(user.id, task_id, "On my way")]
    hear(message(10, ANN, "refused", reply_to=number))
    assert telegram_api.sent[-1]["text"] == "Not sent: the chat is closed"
    hear(message(11, ANN, "to whom?"))
    assert "reply to a notice" in telegram_api.sent[-1]["text"]
    hear(message(12, 999, "a stranger", reply_to=number))
    assert "not linked" in telegram_api.sent[-1]["text"]


def test_the_hook_wants_its_secret_and_an_update(client: FlaskClient, app: Flask, telegram_api: TelegramApi) -> None:
    with app.app_context():
        user = make_user("Staff")
        code = new_code(user)
        user_id = user.id
        secret = telegram_bot.hook_secret()
    assert client.post("/hooks/telegram/wrong", json=message(1, ANN, "/stop")).status_code == 401
    for body in ("no json", "[]", '{"update_id": "x"}', '{"update_id": 1, "message": {"text": "/stop"}}'):
        answer = client.post(f"/hooks/telegram/{secret}", data=body, content_type="application/json")
        assert answer.status_code == 400, body
    assert client.post(f"/hooks/telegram/{secret}", json={"update_id": 3, "poll": {}}).status_code == 200
    assert client.post(f"/hooks/telegram/{secret}", json=message(1, ANN, f"/start {code}")).status_code == 200
    with app.app_context():
        assert telegram_links.link_of(user_id) is not None


def test_what_cannot_be_handled_holds_up_nothing(
    app: Flask, telegram_api: TelegramApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = telegram_bot.handle

    def fails_at_first(update: telegram_bot.Update) -> None:
        if update.update_id == 41:
            raise ValueError("nobody thought of this")
        handle(update)

    monkeypatch.setattr(telegram_bot, "handle", fails_at_first)
    with app.app_context():
        user = make_user("Staff")
        telegram_api.updates = [message(41, ANN, "Hello"), message(42, ANN, f"/start {new_code(user)}")]
        assert listen.poll_once(None, 0) == 43
        assert linked(user)


def test_polling_hears_what_was_written_and_confirms_it(app: Flask, telegram_api: TelegramApi) -> None:
    with app.app_context():
        user = make_user("Staff")
        user_id = user.id
        telegram_api.updates = [message(41, ANN, f"/start {new_code(user)}"), {"update_id": 42, "edited_message": {}}]
    stop = threading.Event()

    def listening() -> None:
        with app.app_context():
            listen.register()
            offset = None
            while (not stop.is_set() and telegram_api.updates) or offset is None:
                offset = listen.poll_once(offset, 0)

    thread = threading.Thread(target=listening)
    thread.start()
    thread.join(20)
    stop.set()
    assert telegram_api.updates == []
    assert ("deleteWebhook", {}) in telegram_api.calls, "without https Telegram cannot reach us: we ask"
    with app.app_context():
        assert telegram_links.link_of(user_id) is not None


def test_a_server_that_does_not_hold_the_request_is_not_asked_all_day(
    context: Flask, telegram_api: TelegramApi
) -> None:
    class Stop(threading.Event):
        waits: ClassVar[list[float | None]] = []

        def wait(self, timeout: float | None = None) -> bool:
            self.waits.append(timeout)
            self.set()
            return True

    stop = Stop()
    listen.listen(stop)
    assert stop.waits == [1]


def test_without_a_bot_the_page_says_whom_to_ask(context: Flask) -> None:
    with pytest.raises(UserError, match="Ask your admin"):
        telegram_links.bot()


def test_kinds_that_the_bot_tells_about_exist() -> None:
    assert "error:telegram_unlinked" in KINDS


def test_a_reply_to_a_chats_notice_is_a_message_of_that_chat_once(context: Flask, telegram_api: TelegramApi) -> None:
    ann, ben = make_user("Staff"), make_user("Staff")
    link(ann)
    with transaction(ben.id):
        chat_id = chats.create(ben, {"kind": "direct", "member_ids": [ann.id]})[0].chat_id
    chat_messages.answer(ben.id, chat_id, "Are you there?", "from-ben-1")
    chat_news.decide(chat_id)
    news.deliver_due()
    number = int(telegram_api.sent[-1]["message_id"])
    for _ in range(2):
        hear(message(21, ANN, "Two minutes", reply_to=number))
    bodies = db.session.execute(text("SELECT body FROM messages WHERE chat_id = :id ORDER BY seq"), {"id": chat_id})
    assert [row.body for row in bodies] == ["Are you there?", "Two minutes"]
    # Who answers has read the chat: the next message tells again, and what came meanwhile is said at once.
    told = len(telegram_api.sent)
    for number, words in enumerate(("Thank you", "And bring the key"), start=2):
        chat_messages.answer(ben.id, chat_id, words, f"from-ben-{number}")
        chat_news.decide(chat_id)
        news.deliver_due()
    assert [sent["text"].split("\n")[1] for sent in telegram_api.sent[told:]] == ["Thank you"], "one until it is read"
    hear(message(22, ANN, "Done", reply_to=int(telegram_api.sent[-1]["message_id"])))
    assert telegram_api.sent[-1]["text"].startswith("Meanwhile:")
    assert telegram_api.sent[-1]["text"].endswith("And bring the key")
