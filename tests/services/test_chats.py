"""Chats: opening them, who is in them, who may do what, and following a user group."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.errors import UserError
from app.extensions import db
from app.models.chats import Chat, ChatMember
from app.services import feed, feed_counters
from app.services.account import account
from app.services.chats import chat_members, chat_pages, chat_reading, chats
from app.services.people import groups, people
from app.transaction import transaction
from tests import builders, chatting


def members(chat_id: int) -> set[int]:
    found = db.session.execute(
        text("SELECT user_id FROM chat_members WHERE chat_id = :id AND left_at IS NULL"), {"id": chat_id}
    )
    return {row.user_id for row in found}


def refused(code: str, action) -> None:
    with pytest.raises(UserError) as error, transaction():
        action()
    assert error.value.code == code


def test_two_people_have_one_direct_chat_whoever_opens_it(context: Flask) -> None:
    ann, ben = builders.make_user(), builders.make_user()
    assert chatting.direct(ann, ben) == chatting.direct(ben, ann)
    assert db.session.query(Chat).count() == 1


def test_two_who_open_it_at_the_same_moment_get_the_same(context: Flask) -> None:
    ann, ben = builders.make_user(), builders.make_user()
    ids = (ann.id, ben.id)

    def open_as(first: int, second: int) -> int:
        from app.models.people import User

        with context.app_context():
            return chatting.direct(db.session.get_one(User, first), db.session.get_one(User, second))

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(open_as, *(ids if number % 2 else reversed(ids))) for number in range(16)]
        assert len({one.result() for one in asked}) == 1


def test_a_direct_chat_nobody_wrote_in_is_in_nobodys_feed(context: Flask) -> None:
    ann, ben = builders.make_user(), builders.make_user()
    chat_id = chatting.direct(ann, ben)
    assert feed.page(db.session(), ben.id).items == []
    chatting.say(ann, chat_id)
    assert [item["id"] for item in feed.page(db.session(), ben.id).items] == [f"c:{chat_id}"]


def test_nobody_chats_with_themselves_or_with_somebody_deactivated(context: Flask) -> None:
    ann, gone = builders.make_user(), builders.make_user(active=False)
    refused("invalid", lambda: chats.create(ann, {"kind": "direct", "member_ids": [ann.id]}))
    refused("invalid", lambda: chats.create(ann, {"kind": "direct", "member_ids": [gone.id]}))


def test_free_users_are_members_but_start_no_groups(context: Flask) -> None:
    ann, free = builders.make_user(), builders.make_user("Free")
    chat_id = chatting.group(ann, [free])
    assert free.id in members(chat_id)
    chatting.say(free, chat_id)
    refused("group_chats_off", lambda: chats.create(free, {"kind": "group", "member_ids": [ann.id], "name": "Mine"}))


@pytest.mark.parametrize(
    ("setting", "may"),
    [
        ("everyone", {"Admin", "Manager", "Staff", "Free"}),
        ("all_but_free", {"Admin", "Manager", "Staff"}),
        ("managers", {"Admin", "Manager"}),
        ("admins", {"Admin"}),
    ],
)
def test_admins_decide_who_starts_groups(context: Flask, setting: str, may: set[str]) -> None:
    with transaction():
        account.set_setting("group_chat_creators", setting)
    everybody = {role: builders.make_user(role) for role in ("Admin", "Manager", "Staff", "Free")}
    assert {role for role, user in everybody.items() if chats.may_create_groups(user)} == may


def test_with_direct_chats_off_none_is_opened_and_none_goes_on(context: Flask) -> None:
    ann, ben, cho = builders.make_user(), builders.make_user(), builders.make_user()
    chat_id = chatting.direct(ann, ben)
    with transaction():
        account.set_setting("direct_chats", "off")
    refused("direct_chats_off", lambda: chats.create(ann, {"kind": "direct", "member_ids": [cho.id]}))
    refused("direct_chats_off", lambda: chatting.say(ann, chat_id))


def test_members_add_people_and_owners_remove_them(context: Flask) -> None:
    ann, ben, cho = builders.make_user(), builders.make_user(), builders.make_user()
    chat_id = chatting.group(ann, [ben])
    with transaction():
        chat_members.add(ben, chat_id, [cho.id])
    assert members(chat_id) == {ann.id, ben.id, cho.id}
    refused("not_owner", lambda: chat_members.remove(ben, chat_id, cho.id))
    with transaction():
        chat_members.remove(ann, chat_id, cho.id)
    assert members(chat_id) == {ann.id, ben.id}
    refused("not_found", lambda: chatting.say(cho, chat_id))


def test_whoever_is_added_is_told_but_not_whoever_added(context: Flask) -> None:
    ann, ben = builders.make_user(first_name="Ann", last_name="Ash"), builders.make_user()
    chat_id = chatting.group(ann, [ben])
    (told, *_) = [item for item in feed.page(db.session(), ben.id).items if item["kind"] == "notice"]
    assert (told["event"], told["title"]) == ("chat:added", "Ann Ash added you to Workshop")
    assert [item["kind"] for item in feed.page(db.session(), ann.id).items] == ["chat"]
    chatting.read(ben, chat_id, 1)
    assert feed_counters.counters(db.session(), [ben.id])[ben.id]["total"] == 0


def test_who_comes_later_has_nothing_unread_of_before(context: Flask) -> None:
    ann, ben, cho = builders.make_user(), builders.make_user(), builders.make_user()
    chat_id = chatting.group(ann, [ben])
    chatting.say(ann, chat_id)
    with transaction():
        chat_members.add(ann, chat_id, [cho.id])
    item = next(item for item in feed.page(db.session(), cho.id).items if item["id"] == f"c:{chat_id}")
    assert not item["unread"]


def test_the_last_owner_who_leaves_is_followed_by_the_longest_member(context: Flask) -> None:
    ann, ben, cho = builders.make_user(), builders.make_user(), builders.make_user()
    chat_id = chatting.group(ann, [ben])
    with transaction():
        chat_members.add(ann, chat_id, [cho.id])
    with transaction():
        chat_members.leave(ann, chat_id)
    roles = {row["id"]: row["role"] for row in chat_pages.members_of(chat_id)}
    assert roles == {ben.id: "owner", cho.id: "member"}


def test_a_linked_chat_follows_its_user_group_both_ways(context: Flask) -> None:
    admin = builders.make_user("Admin")
    ann, ben, cho = builders.make_user(), builders.make_user(), builders.make_user()
    office = builders.make_group("Sales Office", members=[ann, ben])
    chat_id = chatting.linked(ann, office)
    assert members(chat_id) == {ann.id, ben.id}
    with transaction():
        groups.update(admin, office, {"member_ids": [ann.id, cho.id]})
    assert members(chat_id) == {ann.id, cho.id}
    with transaction():
        people.update_user(admin, ben, {"group_ids": [office.id]})
    assert members(chat_id) == {ann.id, ben.id, cho.id}
    refused("linked", lambda: chat_members.remove(ann, chat_id, ben.id))
    refused("linked", lambda: chat_members.leave(ben, chat_id))


def test_a_copied_group_does_not_follow(context: Flask) -> None:
    admin, ann, ben = builders.make_user("Admin"), builders.make_user(), builders.make_user()
    office = builders.make_group("Office", members=[ann])
    chat_id = chatting.group(ben, [], name="", group_id=office.id)
    with transaction():
        groups.update(admin, office, {"member_ids": []})
    assert members(chat_id) == {ann.id, ben.id}


def test_guests_of_a_linked_chat_stay_when_the_group_changes(context: Flask) -> None:
    admin, ann, guest = builders.make_user("Admin"), builders.make_user(), builders.make_user("Free")
    office = builders.make_group("Office", members=[ann])
    chat_id = chatting.linked(ann, office, [guest])
    with transaction():
        groups.update(admin, office, {"member_ids": [ann.id, admin.id]})
    assert members(chat_id) == {ann.id, guest.id, admin.id}


def test_an_archived_chat_takes_no_messages_until_it_is_brought_back(context: Flask) -> None:
    ann, ben = builders.make_user(), builders.make_user()
    chat_id = chatting.group(ann, [ben])
    refused("not_owner", lambda: chats.update(ben, chat_id, {"archived": True}))
    with transaction():
        chats.update(ann, chat_id, {"archived": True})
    refused("archived", lambda: chatting.say(ben, chat_id))
    assert [chat["id"] for chat in chat_pages.of_person(ben.id, archived=True)] == [chat_id]
    with transaction():
        chats.update(ann, chat_id, {"archived": False})
    chatting.say(ben, chat_id)


def test_a_new_name_is_said_in_the_chat(context: Flask) -> None:
    ann, ben = builders.make_user(first_name="Ann", last_name="Ash"), builders.make_user()
    chat_id = chatting.group(ann, [ben])
    with transaction():
        chats.update(ann, chat_id, {"name": "  Spring   sale "})
    assert chat_pages.one(ben.id, chat_id)["title"] == "Spring sale"
    refused("required", lambda: chats.update(ann, chat_id, {"name": " "}))
    refused("not_owner", lambda: chats.update(ben, chat_id, {"name": "Mine"}))


def test_adding_one_or_a_hundred_costs_the_same_number_of_statements(context: Flask, statements) -> None:
    ann, ben = builders.make_user(), builders.make_user()
    others = [builders.make_user() for _ in range(101)]
    counted = []
    for some in (others[:1], others[1:]):
        chat_id = chatting.group(ann, [ben])
        ids = [user.id for user in some]
        with statements() as sent, transaction():
            chat_members.add(ann, chat_id, ids)
        counted.append(len(sent))
    assert counted[0] == counted[1]
    assert db.session.scalars(select(ChatMember).where(ChatMember.left_at.is_(None))).all()


def test_marking_many_chats_read_costs_the_same_as_one(context: Flask, statements) -> None:
    ann, ben = builders.make_user(), builders.make_user()
    counts = []
    for many in (1, 6):
        chat_ids = [chatting.group(ann, [ben]) for _ in range(many)]
        for chat_id in chat_ids:
            chatting.say(ann, chat_id)
        with statements() as sent, transaction(ben.id):
            assert sorted(chat_reading.mark_read(ben.id, chat_ids)) == sorted(chat_ids)
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_who_leaves_a_group_leaves_its_chat_in_as_many_statements_as_ten_do(context: Flask, statements) -> None:
    admin, owner = builders.make_user("Admin"), builders.make_user()
    counts = []
    for many in (1, 10):
        people = [builders.make_user() for _ in range(many)]
        team = builders.make_group(members=[owner, *people])
        chat_id = chatting.linked(owner, team)
        assert {person.id for person in people} <= members(chat_id)
        with transaction(admin.id):
            db.session.execute(
                text("DELETE FROM ab_user_group WHERE group_id = :id AND user_id <> :owner"),
                {"id": team.id, "owner": owner.id},
            )
        with statements() as sent, transaction(admin.id):
            chat_members.follow([team.id])
        assert members(chat_id) == {owner.id}
        counts.append(len(sent))
    assert counts[0] == counts[1]
