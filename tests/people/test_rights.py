"""Promoting, demoting, groups that give roles, roles of one's own: who may, what follows, and never the last admin."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app import access
from app.extensions import db
from app.models.people import Group, Role, User
from app.services import feed, team_feed
from app.services.people import rights
from tests import builders, chatting, news, visiting
from tests.clients.colleagues import Colleague
from tests.visiting import Client


@pytest.fixture
def admin(app: Flask, client: FlaskClient) -> int:
    with app.app_context():
        user_id = builders.make_user("Admin", username="della", first_name="Della", last_name="Cruz").id
    builders.login(client, "della")
    return int(user_id)


def role_id(name: str) -> int:
    return int(db.session.scalars(select(Role.id).where(Role.name == name)).one())


def number_of(colleague: Colleague, chat_id: int) -> int:
    """The number of a client's talk, as the chat shows it."""
    return int(colleague.get(f"/chats/{chat_id}")["result"]["talk"]["number"])


def test_a_demoted_person_keeps_session_and_colleagues_but_nothing_of_clients(
    app: Flask, client: FlaskClient, admin: int
) -> None:
    with app.app_context():
        sam, ann = builders.make_user("Staff", username="sam"), builders.make_user("Staff", username="ann")
        group = builders.make_group(members=[sam, ann])
        lead = builders.make_lead("Tandem for Basil", responsible=ann)
        chat = chatting.direct(ann, sam)
        chatting.say(ann, chat, "Hello Sam")
        builders.make_task("Call", responsible=sam, author=ann)
        visitor = Client(app, visiting.make_widget(group).key)
        talk_chat = visitor.write("Is it there?")["message"]["chat_id"]
        sam_id, lead_id = sam.id, lead.id
    session = builders.login(app.test_client(), "sam")
    number = number_of(Colleague(app, "sam"), talk_chat)
    assert Colleague(app, "sam").call("POST", f"/talks/{number}/take").status_code == 200
    assert session.get(f"/leadview/show/{lead_id}").status_code == 200
    assert client.post(f"/userview/action/demote/{sam_id}").status_code == 302
    assert session.get(f"/leadview/show/{lead_id}").status_code in (403, 404)
    assert session.get("/leadview/list/").status_code == 403
    boot = session.get("/center/").get_data(as_text=True)
    assert '"tabs": ["all", "chats"]' in boot
    free = Colleague(app, "sam")
    assert free.call("GET", f"/chats/{talk_chat}").status_code == 404
    assert {item["tab"] for item in free.feed()} == {"chats"}
    with app.app_context():
        assert db.session.execute(text("SELECT responsible_id FROM talks")).scalar_one() is None
    assert client.post(f"/freeuserview/action/promote/{sam_id}").status_code == 302
    assert session.get("/leadview/list/").status_code == 200
    page = client.get(f"/userview/show/{sam_id}").get_data(as_text=True)
    assert "made this person a free user" in page
    assert "made this person a staff member" in page


def test_free_users_of_a_group_are_told_of_no_client_until_somebody_lets_them_answer(app: Flask, admin: int) -> None:
    with app.app_context():
        otto, ann = builders.make_user("Free", username="otto"), builders.make_user("Staff", username="ann")
        group = builders.make_group(members=[otto, ann])
        visitor = Client(app, visiting.make_widget(group).key)
        chat_id = visitor.write("Is it there?")["message"]["chat_id"]
        otto_id = otto.id
    free, staff = Colleague(app, "otto"), Colleague(app, "ann")
    assert free.feed() == []
    assert free.call("GET", f"/chats/{chat_id}").status_code == 404
    number = number_of(staff, chat_id)
    asked = staff.call("POST", f"/talks/{number}/ask", user_id=otto_id, question="Have we got it?")
    assert asked.get_json()["result"]["asked"] == [
        {"id": otto_id, "name": asked.get_json()["result"]["asked"][0]["name"], "free": True, "answers": False}
    ]
    body = {"client_id": "a1", "body": "Yes"}
    assert free.call("POST", f"/chats/{chat_id}/messages", **body).status_code == 403
    wrong = staff.call("POST", f"/talks/{number}/ask", user_id=otto_id, question="Tell them", answer="yes")
    assert wrong.get_json()["error"]["field"] == "answer"
    staff.call("POST", f"/talks/{number}/ask", user_id=otto_id, question="Tell them", answer=True)
    assert free.call("POST", f"/chats/{chat_id}/messages", **body).status_code == 201
    assert visitor.seen()[-1]["body"] == "Yes"
    assert free.call("POST", f"/talks/{number}/close").status_code == 403
    # It is switched off and on where the asked are shown; by them themselves not.
    assert free.call("PUT", f"/talks/{number}/asked/{otto_id}", answer=True).status_code == 403
    wrong = staff.call("PUT", f"/talks/{number}/asked/{otto_id}", answer="yes")
    assert (wrong.status_code, wrong.get_json()["error"]["field"]) == (422, "answer")
    assert staff.call("PUT", f"/talks/{number}/asked/999999", answer=True).status_code == 404
    for allowed, status in ((False, 403), (True, 201)):
        told = staff.call("PUT", f"/talks/{number}/asked/{otto_id}", answer=allowed).get_json()["result"]["asked"]
        assert [one["answers"] for one in told] == [allowed]
        assert free.get(f"/chats/{chat_id}")["result"]["can"]["send"] is allowed
        again = free.call("POST", f"/chats/{chat_id}/messages", client_id=f"again-{allowed}", body="Really")
        assert again.status_code == status
    # Whoever takes the talk leaves them what they were let in to; how to reach the client stays hidden from them.
    assert staff.call("POST", f"/talks/{number}/take").status_code == 200
    assert free.get(f"/chats/{chat_id}")["result"]["can"]["send"]
    assert free.get(f"/chats/{chat_id}")["result"]["contact"]["email"] is None
    assert staff.call("DELETE", f"/talks/{number}/asked/{otto_id}").status_code == 200
    assert free.call("GET", f"/chats/{chat_id}").status_code == 404
    assert staff.call("DELETE", f"/talks/{number}/asked/{otto_id}").status_code == 404


def test_a_shared_card_lets_answer_its_client_until_it_is_taken_back(
    app: Flask, client: FlaskClient, admin: int
) -> None:
    with app.app_context():
        otto_id = builders.make_user("Free", username="otto", first_name="Otto").id
        visitor = Client(app, visiting.make_widget().key)
        chat_id = visitor.write("Is it there?")["message"]["chat_id"]
        contact_id = db.session.execute(
            text("SELECT contact_id FROM chats WHERE id = :id"), {"id": chat_id}
        ).scalar_one()
        bare = builders.make_contact("Nobody wrote").id
    page = client.post(f"/contactview/share/{bare}", data={"user": otto_id, "answer": "1"}, follow_redirects=True)
    assert "nothing to answer" in page.get_data(as_text=True)
    client.post(f"/contactview/share/{contact_id}", data={"user": otto_id, "answer": "1"})
    page = client.get(f"/contactview/show/{contact_id}").get_data(as_text=True)
    assert "answers the client" in page
    assert "Free user" in page.split('id="shared"')[1]
    free = Colleague(app, "otto")
    free.answer(chat_id, "Yes, since today")
    assert visitor.seen()[-1]["body"] == "Yes, since today"
    client.post(f"/contactview/unshare/{contact_id}/{otto_id}")
    assert free.call("GET", f"/chats/{chat_id}").status_code == 404
    assert builders.login(app.test_client(), "otto").get(f"/contactview/show/{contact_id}").status_code == 404


def test_who_is_no_admin_promotes_nobody(app: Flask, client: FlaskClient, admin: int) -> None:
    with app.app_context():
        builders.make_user("Manager", username="mia")
        otto_id = builders.make_user("Free", username="otto").id
    for name in ("mia", "otto"):
        other = builders.login(app.test_client(), name)
        assert other.post(f"/freeuserview/action/promote/{otto_id}").status_code == 403
        body = {"role_ids": [1]}
        headers = builders.bearer(app.test_client(), name)
        assert other.put(f"/api/v1/users/{otto_id}", json=body, headers=headers).status_code == 403
    with app.app_context():
        assert access.is_free(db.session.get_one(User, otto_id))


def test_the_last_admin_is_neither_deactivated_nor_demoted_by_any_way(
    app: Flask, client: FlaskClient, admin: int
) -> None:
    page = client.post(f"/userview/deactivate/{admin}", data={"deactivated_reason": "bye"}).get_data(as_text=True)
    assert "last active admin" in page.split('id="deactivated_reason-error"')[1]
    assert "last active admin" in client.post(f"/userview/action/demote/{admin}", follow_redirects=True).get_data(
        as_text=True
    )
    with app.app_context():
        staff, headers = role_id("Staff"), builders.bearer(app.test_client(), "della")
    refused = app.test_client().put(f"/api/v1/users/{admin}", json={"role_ids": [staff]}, headers=headers)
    assert (refused.status_code, refused.get_json()["error"]["field"]) == (409, "role_ids")
    refused = app.test_client().put(f"/api/v1/users/{admin}", json={"active": False}, headers=headers)
    assert (refused.status_code, refused.get_json()["error"]["field"]) == (409, "active")
    # The same where the right comes by a group.
    with app.app_context():
        group = builders.make_group("Bosses", members=[db.session.get_one(User, admin)])
        group_id, admins = group.id, role_id("Admin")
    assert (
        app.test_client().put(f"/api/v1/groups/{group_id}", json={"role_ids": [admins]}, headers=headers).status_code
        == 200
    )
    assert (
        app.test_client().put(f"/api/v1/users/{admin}", json={"role_ids": [staff]}, headers=headers).status_code == 409
    )
    with app.app_context():
        db.session.execute(text("DELETE FROM ab_user_role WHERE user_id = :id"), {"id": admin})
        db.session.execute(
            text("INSERT INTO ab_user_role (user_id, role_id) VALUES (:id, :r)"), {"id": admin, "r": staff}
        )
        db.session.commit()
    for body, field in (({"role_ids": []}, "role_ids"), ({"member_ids": []}, "member_ids")):
        refused = app.test_client().put(f"/api/v1/groups/{group_id}", json=body, headers=headers)
        assert (refused.status_code, refused.get_json()["error"]["field"]) == (409, field)
    refused = app.test_client().put(f"/api/v1/users/{admin}", json={"group_ids": []}, headers=headers)
    assert (refused.status_code, refused.get_json()["error"]["field"]) == (409, "group_ids")
    with app.app_context():
        assert access.is_admin(db.session.get_one(User, admin))


def test_a_groups_roles_are_its_members_and_its_page_shows_members_and_linked_chats(
    app: Flask, client: FlaskClient, admin: int
) -> None:
    with app.app_context():
        otto = builders.make_user("Free", username="otto", first_name="Otto", last_name="Pedal")
        ann = builders.make_user("Staff", username="ann")
        group = builders.make_group("Workshop", members=[otto, ann])
        chatting.linked(ann, group)
        group_id, staff, otto_id = group.id, role_id("Staff"), otto.id
    page = client.get(f"/groupview/show/{group_id}").get_data(as_text=True)
    assert "Otto Pedal" in page
    assert "Free user" in page
    assert "2 members" in page
    assert f"start_group={group_id}" in page
    session = builders.login(app.test_client(), "otto")
    assert session.get("/leadview/list/").status_code == 403
    form = {"name": "Workshop", "zone": "UTC", "users": [otto_id], "roles": [staff]}
    assert client.post(f"/groupview/edit/{group_id}", data=form).status_code == 302
    assert session.get("/leadview/list/").status_code == 200
    assert client.post(f"/groupview/edit/{group_id}", data=form | {"roles": []}).status_code == 302
    assert session.get("/leadview/list/").status_code == 403
    with app.app_context():
        assert db.session.get_one(Group, group_id).roles == []


def test_a_role_of_ones_own_is_made_of_readable_rights(app: Flask, client: FlaskClient, admin: int) -> None:
    page = client.get("/roleview/add").get_data(as_text=True)
    assert "See leads" in page
    assert "can_list" not in page
    assert "Choose at least one right" in client.post("/roleview/add", data={"name": "Lookers"}).get_data(as_text=True)
    made = client.post("/roleview/add", data={"name": "Lookers", "rights": ["leads.see", "export"]})
    assert made.status_code == 302
    with app.app_context():
        builders.make_user("Lookers", username="rita")
        incoming = builders.make_lead("Road bike", stage=builders.make_stage("incoming")).id
        readers = role_id("Lookers")
        assert [right.key for right in rights.of(db.session.get_one(Role, readers))] == ["leads.see", "export"]
    reader = builders.login(app.test_client(), "rita")
    assert reader.get("/leadview/list/").status_code == 200
    board, card = (reader.get(f"/leadview/{page}").text for page in ("board/", f"show/{incoming}"))
    assert "Road bike" in board
    assert "waits for somebody" in card
    for button in ('draggable="true"', "/add", "/accept/", "/complete/"):
        assert button not in board + card, "who may only see is offered nothing to change"
    assert reader.get("/leadview/add").status_code == 403
    assert reader.get("/contactview/list/").status_code == 403
    assert reader.get("/center/").status_code == 200
    menu = reader.get("/center/").get_data(as_text=True)
    assert "/leadview/list/" in menu
    assert "/contactview/list/" not in menu
    # Who may change them sees them: without that, the right would be of no use.
    form = {"name": "Lookers", "rights": ["contacts.change"]}
    assert client.post(f"/roleview/edit/{readers}", data=form).status_code == 302
    assert reader.get("/leadview/list/").status_code == 403
    assert reader.get("/contactview/add").status_code == 200
    # Nor does anything else tell of what no right lets them see: neither the contact's card nor the search.
    with app.app_context():
        basil = builders.make_contact("Basil Hedge")
        builders.make_lead("Tandem for Basil", contact_id=basil.id)
        builders.make_task("Ring Basil", responsible=builders.make_user("Manager"), contact_id=basil.id)
        basil_id = basil.id
    card = reader.get(f"/contactview/show/{basil_id}").text
    assert "Basil Hedge" in card
    assert "Tandem" not in card
    assert "Ring Basil" not in card
    found = reader.get("/api/v1/search/records?q=basil").get_json()
    assert [hit["title"] for hit in found["contacts"]] == ["Basil Hedge"]
    assert found["leads"] == []
    assert (
        "Choose existing rights"
        in client.post("/roleview/add", data={"name": "Gods", "rights": ["everything"]}).get_data(as_text=True)
        or client.get("/roleview/list/").get_data(as_text=True).count("Gods") == 0
    )
    shown = client.get(f"/roleview/show/{readers}").get_data(as_text=True)
    assert "Add and change contacts" in shown
    assert "See contacts" in shown


def test_the_four_built_in_roles_are_shown_and_not_edited(app: Flask, client: FlaskClient, admin: int) -> None:
    with app.app_context():
        ids = {name: role_id(name) for name in ("Admin", "Manager", "Staff", "Free")}
    for name, one in ids.items():
        page = client.get(f"/roleview/show/{one}").get_data(as_text=True)
        assert "stay as they are" in page
        assert f"/roleview/edit/{one}" not in page
        assert client.post(f"/roleview/edit/{one}", data={"name": name, "rights": ["leads.see"]}).status_code == 403
    assert "Everything" in client.get(f"/roleview/show/{ids['Admin']}").get_data(as_text=True)
    assert "See leads" not in client.get(f"/roleview/show/{ids['Free']}").get_data(as_text=True)


def test_managers_see_what_the_people_of_their_groups_do_and_their_scores_only(app: Flask, admin: int) -> None:
    from app.services.talks import scores
    from app.services.tasks import tasks
    from app.transaction import transaction

    with app.app_context():
        mia = builders.make_user("Manager", username="mia")
        ann, ben = builders.make_user("Staff", username="ann"), builders.make_user("Staff", username="ben")
        builders.make_group("Sales", members=[ann], manager_id=mia.id)
        for person in (ann, ben):
            task = builders.make_task(f"Task of {person.username}", responsible=person)
            with transaction(person.id):
                tasks.complete(person, task)
        for number, person in enumerate((ann, ben)):
            Client(app, visiting.make_widget().key).write("Hello")
            db.session.execute(
                text("UPDATE talks SET responsible_id = :id, score = 9, survey_asked_at = now() WHERE number = :n"),
                {"id": person.id, "n": visiting.newest_talk().number},
            )
            db.session.commit()
            assert number < 2
        titles = [item["title"] for item in team_feed.page(mia.id, 10, None)[0]]
        assert len(titles) == 1
        assert "Task of ann" in titles[0] + team_feed.page(mia.id, 10, None)[0][0]["body"]
        assert len(team_feed.page(admin, 10, None)[0]) == 2
        assert [one.label for one in scores.of_person(mia, 30).members] == [f"Pat {ann.last_name}"]
        assert scores.of_person(ben, 30).total.asked == 1
        assert scores.of_person(db.session.get_one(User, admin), 30).total.asked == 2
        assert feed.page(db.session(), mia.id).items is not None


def test_a_promoted_persons_page_leads_to_the_other_list(app: Flask, client: FlaskClient, admin: int) -> None:
    with app.app_context():
        otto = builders.make_user("Free").id
    came = {"Referer": f"http://localhost/freeuserview/show/{otto}"}
    assert client.post(f"/freeuserview/action/promote/{otto}", headers=came).location == f"/userview/show/{otto}"
    came = {"Referer": "http://localhost/userview/list/"}
    assert client.post(f"/userview/action/demote/{otto}", headers=came).location == "/userview/list/"


def test_a_free_users_name_carries_its_mark_in_chats_look_ups_and_mails(
    app: Flask, client: FlaskClient, admin: int
) -> None:
    with app.app_context():
        otto = builders.make_user("Free", username="otto", first_name="Otto", last_name="Pedal")
        ann, bea = builders.make_user("Staff", username="ann"), builders.make_user("Staff", username="bea")
        news.choose(ann, matrix={"chat_direct": {"email": "now"}})
        room, direct = chatting.group(ann, [otto, bea]), chatting.direct(otto, ann)
        chatting.say(bea, room, "Hello")
        chatting.say(otto, room, "The wheel is trued, @ann")
        chatting.say(otto, direct, "Shall I?")
        for chat_id in (room, direct):
            chatting.decide(chat_id)
        news.deliver_due()
        mails = [mail.text for mail in news.kept_mails(ann.email)]
    colleague = Colleague(app, "ann")
    authors = [message["author"] for message in colleague.get(f"/chats/{room}/messages")["messages"]]
    assert [author.get("free", False) for author in authors if author["kind"] == "user"] == [False, True]
    (offered,) = colleague.get(f"/chats/mentionable?chat_id={room}&q=ot")["people"]
    assert offered["free"]
    (found,) = colleague.get("/search?q=otto")["people"]
    assert found["free"]
    rows = {item["chat"]["id"]: item["chat"] for item in colleague.feed()}
    assert rows[direct]["person_free"]
    assert rows[room]["last"]["author_free"]
    names = client.get("/lookup/users?q=ot").get_json()["results"]
    assert [one["text"] for one in names] == ["Otto Pedal (free user)"]
    assert len(mails) == 2
    assert all("Otto Pedal (free user)" in mail for mail in mails), mails
