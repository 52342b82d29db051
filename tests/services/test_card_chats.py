"""The internal chat of a card: mentioning somebody lets them in, taking the share back shuts them out again."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app import access
from app.errors import NotFound, UserError
from app.extensions import db
from app.models.chats import Chat
from app.models.crm import Lead
from app.models.people import User
from app.models.records import CardShare
from app.services import feed
from app.services.chats import chat_search
from app.services.chats.chat_members import remove
from app.services.records import card_chats, leads, trash
from app.transaction import transaction
from tests import builders, chatting


def opened(actor: User, lead: Lead) -> int:
    with transaction():
        return card_chats.open_chat(actor, lead)


def items(user: User) -> dict[str, dict]:
    return {item["id"]: item for item in feed.page(db.session(), user.id).items}


@pytest.fixture
def owner(context: Flask) -> User:
    return builders.make_user(username="ann")


@pytest.fixture
def lead(owner: User) -> Lead:
    return builders.make_lead("Tandem", responsible=owner)


def test_a_free_user_who_is_mentioned_sees_the_card_and_is_told_until_the_share_is_taken_back(
    owner: User, lead: Lead
) -> None:
    free = builders.make_user("Free", username="otto")
    chat_id = opened(owner, lead)
    with pytest.raises(NotFound):
        access.access_lead(free, lead.id)
    chatting.say(owner, chat_id, "@otto, please look")
    chatting.decide(chat_id)
    assert access.access_lead(free, lead.id).id == lead.id
    item = items(free)[f"c:{chat_id}"]
    assert (item["title"], item["event"], item["unread"]) == ("Tandem", "chat:mention", True)
    chatting.say(free, chat_id, "I did")
    with transaction():
        card_chats.unshare(owner, lead, free.id)
    assert f"c:{chat_id}" not in items(free)
    for refused in (lambda: access.access_lead(free, lead.id), lambda: chatting.say(free, chat_id, "Hello?")):
        with pytest.raises(NotFound):
            refused()
    with pytest.raises(NotFound), transaction():
        card_chats.unshare(owner, lead, free.id)


def test_looking_at_a_card_makes_its_chat_nobodys_news_and_writing_there_does(owner: User, lead: Lead) -> None:
    looks, writes = builders.make_user(username="ben"), builders.make_user(username="cleo")
    chat_id = opened(owner, lead)
    assert opened(looks, lead) == chat_id, "two people share one chat"
    opened(writes, lead)
    chatting.say(writes, chat_id, "First")
    chatting.say(owner, chat_id, "Second")
    chatting.decide(chat_id)
    assert f"c:{chat_id}" not in items(looks)
    assert items(writes)[f"c:{chat_id}"]["unread"]


def test_who_may_not_open_the_card_any_more_is_not_told_of_new_messages(owner: User, lead: Lead) -> None:
    other = builders.make_user(username="ben")
    chat_id = opened(other, lead)
    chatting.say(other, chat_id, "I looked into it")
    builders.set_visibility("own")
    chatting.say(owner, opened(owner, lead), "A secret")
    chatting.decide(chat_id)
    assert f"c:{chat_id}" not in items(other)
    with pytest.raises(NotFound):
        access.access_chat(other.id, chat_id)


def test_sharing_reaches_a_colleague_whom_the_accounts_setting_keeps_out(owner: User, lead: Lead) -> None:
    builders.set_visibility("own")
    ben = builders.make_user(username="ben")
    other = builders.make_lead("Unicycle", responsible=owner)
    with transaction():
        card_chats.share(owner, lead, ben.id)
    seen = set(db.session.scalars(select(Lead.id).where(access.visible_leads(ben))))
    assert seen == {lead.id}
    assert other.id not in seen
    with pytest.raises(UserError, match="Choose a colleague"), transaction():
        card_chats.share(owner, lead, 999_999)
    gone = builders.make_user(username="dora", active=False)
    with pytest.raises(UserError, match="deactivated"), transaction():
        card_chats.share(owner, lead, gone.id)


def test_everybody_active_can_be_mentioned_and_a_group_means_its_people(owner: User, lead: Lead) -> None:
    ben = builders.make_user(username="ben")
    builders.make_user(username="bea", active=False)
    with transaction():
        group = builders.make_group("Workshop")
        group.users = [ben, owner]
    chat_id = opened(owner, lead)
    found = chat_search.mentionable(owner.id, chat_id, "b")
    assert [one["username"] for one in found["people"]] == ["ben"]
    assert [one["name"] for one in chat_search.mentionable(owner.id, chat_id, "work")["groups"]] == ["Workshop"]
    chatting.say(owner, chat_id, "@Workshop and @bea, look")
    assert list(db.session.scalars(select(CardShare.user_id))) == [ben.id]


def test_the_chat_has_the_cards_name_and_comes_and_goes_with_it(owner: User, lead: Lead) -> None:
    chat_id, batch = opened(owner, lead), trash.new_batch()
    chatting.say(owner, chat_id, "Hello")
    with transaction():
        leads.update(owner, lead, {"name": "Tandem for three"})
    assert db.session.get_one(Chat, chat_id).name == "Tandem for three"
    with transaction():
        trash.keep(owner, lead, batch)
        leads.delete(owner, lead)
    assert f"c:{chat_id}" not in items(owner)
    with transaction():
        trash.restore(owner, batch)
    assert f"c:{chat_id}" in items(owner)


def test_a_cards_chat_cannot_be_managed_like_a_group(owner: User, lead: Lead) -> None:
    ben = builders.make_user(username="ben")
    chat_id = opened(owner, lead)
    chatting.say(owner, chat_id, "@ben hello")
    with pytest.raises(UserError, match="belongs to a card"):
        remove(owner, chat_id, ben.id)


def test_a_free_user_reads_a_shared_card_and_changes_nothing(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        ann = builders.make_user(username="ann")
        builders.make_user("Free", username="otto")
        lead = builders.make_lead("Tandem", responsible=ann)
        builders.make_task("Secret task", responsible=ann, lead_id=lead.id)
        chatting.say(ann, opened(ann, lead), "@otto look")
        lead_id, chat_id = lead.id, db.session.scalars(select(Chat.id)).one()
    builders.login(client, "otto")
    page = client.get(f"/leadview/show/{lead_id}")
    body = page.get_data(as_text=True)
    assert page.status_code == 200
    assert f'data-chat="{chat_id}"' in body
    for hidden in ("Secret task", "Timeline", "Add note", "Stop sharing", "/leadview/edit/", 'name="tag"'):
        assert hidden not in body
    assert client.post(f"/leadview/chat/{lead_id}").get_json() == {"id": chat_id}
    for refused in (f"edit/{lead_id}", f"note/{lead_id}", f"share/{lead_id}", f"tags/{lead_id}", f"delete/{lead_id}"):
        assert client.post(f"/leadview/{refused}", data={}).status_code == 403, refused
    assert client.get(f"/api/v1/leads/{lead_id}").status_code == 403


def test_the_card_lists_whom_it_is_shared_with(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        ann = builders.make_user(username="ann")
        ben = builders.make_user(username="ben", first_name="Ben", last_name="Bell")
        lead_id, ben_id = builders.make_lead(responsible=ann).id, ben.id
    builders.login(client, "ann")
    client.post(f"/leadview/share/{lead_id}", data={"user": str(ben_id)})
    page = client.get(f"/leadview/show/{lead_id}").get_data(as_text=True)
    assert "Stop sharing with Ben Bell" in page
    assert "shared it with Ben Bell" in page, "the timeline says so"
    assert client.post(f"/leadview/unshare/{lead_id}/{ben_id}").status_code == 302
    assert client.post(f"/leadview/unshare/{lead_id}/{ben_id}").status_code == 404
    with app.app_context():
        assert db.session.execute(text("SELECT count(*) FROM card_shares")).scalar_one() == 0
