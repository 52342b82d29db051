"""Processes killed with -9 at the worst moment: the news still comes, once."""

from __future__ import annotations

from tests.houses import House
from tests.waiting import eventually


def state(house: House, text: str) -> str:
    found = house.delivery(text)
    return str(found[0]) if found else "not written"


def test_a_worker_killed_while_the_server_hesitates_is_followed_by_one_that_sends_once(house: House) -> None:
    house.mails.hold = "RCPT"
    text = house.assign()
    assert house.mails.holds.wait(20)
    assert state(house, text) == "sending"
    house.kill("worker")
    house.mails.let_go()
    house.start("worker")
    # The claim is still good: a worker that is only slow must not be overtaken.
    house.pass_time(minutes=4)
    other = house.assign()
    house.mails.wait_about(other)
    assert (state(house, text), house.mails.about(text)) == ("sending", [])
    house.pass_time(minutes=6)
    house.mails.wait_about(text)
    eventually(lambda: state(house, text) == "sent")
    assert len(house.mails.about(text)) == 1


def test_a_mail_whose_yes_was_never_heard_goes_again_under_the_same_message_id(house: House) -> None:
    house.mails.hold = "DATA"
    text = house.assign()
    assert house.mails.holds.wait(20)
    house.kill("worker")
    house.mails.let_go()
    house.start("worker")
    house.pass_time(minutes=6)
    eventually(lambda: state(house, text) == "sent", 30)
    message_ids = [mail["Message-ID"] for mail in house.mails.about(text)]
    # The server had it both times; only the Message-ID can tell the reader's mailbox that it is one mail.
    assert len(message_ids) == 2
    assert len(set(message_ids)) == 1


def test_a_web_process_killed_right_after_the_commit_loses_nothing(house: House) -> None:
    manager, staff_id = house.token("manager"), house.id_of("staff")
    # A hanging Redis holds the request up between its commit and the queue, for as long as its timeouts allow.
    house.freeze("valkey")
    text = house.assign_without_answer(manager, staff_id)
    eventually(lambda: house.delivery(text), what="the commit")
    house.kill("web")
    house.thaw("valkey")
    with house.valkey() as valkey:
        assert valkey.llen("rq:queue:mail") == 0
    assert (state(house, text), house.mails.about(text)) == ("pending", [])
    house.start("web")
    house.pass_time(seconds=90)
    house.mails.wait_about(text)
    eventually(lambda: state(house, text) == "sent")
    assert len(house.mails.about(text)) == 1
    assert text in house.call("staff", "GET", "/center/feed").text


def test_a_beat_that_was_dead_for_an_hour_tells_late_and_once(house: House) -> None:
    house.kill("beat")
    text = house.assign_due(minutes=45)
    house.pass_time(minutes=40)
    house.start("beat")

    def told() -> list[tuple[str, bool]]:
        return house.sql(
            "SELECT tag, coalesce((data ->> 'late')::bool, false) FROM events WHERE data ->> 'text' = %s ORDER BY id",
            text,
        )

    eventually(lambda: len(told()) == 2, what="the reminder")
    house.kill("beat")
    house.start("beat")
    house.pass_time(minutes=50)
    eventually(lambda: len(told()) == 3, what="the expiry")
    assert told() == [("task:assigned", False), ("task:due_soon", True), ("task:expired", False)]
