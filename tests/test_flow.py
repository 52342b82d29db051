"""One event's whole way, by the front doors: a manager gives a task; tab, feed and mailbox of the other have it."""

from __future__ import annotations

from tests.houses import House
from tests.socket_clients import tab


def test_a_task_from_the_manager_reaches_tab_feed_and_mailbox_and_says_why(house: House) -> None:
    staff = house.token("staff")
    before = house.call("staff", "GET", "/center/feed").json()["counters"]
    with tab(house.url, staff) as open_tab, tab(house.url, house.token("staff2")) as other_tab:
        text = house.assign("Prepare the offer for Odette Plume")

        item = open_tab.wait_for("notification", lambda data: text in data["title"] + data["body"])
        assert item["event"] == "task:assigned"
        assert (item["tab"], item["unread"], item["popup"], item["count"]) == ("tasks", True, True, 1)
        counters = open_tab.wait_for("counters", lambda data: data["total"] == before["total"] + 1)
        assert counters["tabs"]["tasks"] == before["tabs"]["tasks"] + 1

        mail = house.mails.wait_about(text)
        assert mail["To"] == "staff@example.com"
        assert "Rowan Sprocket" in str(mail.get_body(("plain",)))

        feed = house.call("staff", "GET", "/center/feed").json()
        assert item["id"] in [one["id"] for one in feed["items"]]
        assert feed["counters"] == counters

        assert not [data for name, data in other_tab.told if name == "notification"]
        assert text not in house.call("manager", "GET", "/center/feed").text

    why = house.wait_until_sent(item["id"], "staff")
    assert why["rule"] == "You are responsible for this task"
    outcome = {channel["channel"]: channel["state"] for channel in why["channels"]}
    assert outcome == {
        "center": "sent",
        "browser": "shown",
        "email": "sent",
        "mobile": "skipped",
        "telegram": "skipped",
    }
    assert len(house.mails.about(text)) == 1


def test_completing_it_from_the_notice_reads_it_and_tells_the_author(house: House) -> None:
    text = house.assign("Check the brakes of the cargo bike")
    house.mails.wait_about(text)
    item = next(one for one in house.call("staff", "GET", "/center/feed").json()["items"] if text in str(one))
    assert "complete" in item["actions"]
    with tab(house.url, house.token("staff")) as staff_tab, tab(house.url, house.token("manager")) as author_tab:
        done = house.call("staff", "POST", f"/tasks/{item['subject']['id']}/complete", result="They hold")
        assert done.status_code == 200, done.text
        changed = staff_tab.wait_for("notification.changed", lambda data: data["id"] == item["id"])
        assert (changed["unread"], changed["actions"]) == (False, [])
        told = author_tab.wait_for("notification", lambda data: text in str(data))
        assert told["event"] == "task:completed"
    again = house.call("staff", "POST", f"/tasks/{item['subject']['id']}/complete")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "already_completed")
