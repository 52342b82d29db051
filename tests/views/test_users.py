"""Users, free users, groups and roles: only admins, never to raise one's own rights, never the last admin."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import access
from app.errors import Forbidden, UserError
from app.extensions import db
from app.models.people import Group, Role, User
from app.services.people import groups, people, roles
from app.transaction import transaction
from tests import builders


@pytest.fixture
def admin(app: Flask, client: FlaskClient) -> int:
    with app.app_context():
        user_id = builders.make_user("Admin", username="della").id
    builders.login(client, "della")
    return int(user_id)


def role_id(app: Flask, name: str) -> int:
    with app.app_context():
        return int(db.session.scalars(select(Role.id).where(Role.name == name)).one())


def person(app: Flask, username: str) -> User:
    """The person as stored now, with roles and groups."""
    with app.app_context():
        user = db.session.scalars(select(User).where(User.username == username)).one()
        access.role_names(user)
        return user


NEW = {
    "first_name": "Wren",
    "last_name": "Saddle",
    "username": "wren",
    "email": "Wren@Example.COM",
    "zone": "Europe/Vienna",
    "password": "a-long-new-password",
    "again": "a-long-new-password",
}


def test_an_admin_adds_a_person_who_can_sign_in(app: Flask, client: FlaskClient, admin: int) -> None:
    with app.app_context():
        group_id = builders.make_group("Sales Office").id
    form = {**NEW, "roles": [role_id(app, "Staff")], "groups": [group_id]}
    assert client.post("/userview/add", data=form).status_code == 302
    wren = person(app, "wren")
    assert wren.email == "Wren@example.com"
    assert (wren.zone, [role.name for role in wren.roles]) == ("Europe/Vienna", ["Staff"])
    assert [group.id for group in wren.groups] == [group_id]
    assert builders.login(app.test_client(), "wren", NEW["password"]).get("/leadview/list/").status_code == 200


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"username": "della"}, "Somebody has this user name already"),
        ({"email": "not an address"}, "An address like name@example.com is needed"),
        ({"password": "short", "again": "short"}, "At least 10 characters are needed"),
        ({"password": "password123", "again": "password123"}, "too easy to guess"),
        ({"again": "something else"}, "The passwords differ"),
        ({"roles": []}, "Choose at least one role"),
        ({"roles": ["999999"]}, "Choose an existing one"),
        ({"zone": "Mars/Olympus"}, "Not a valid choice"),
        ({"first_name": "   "}, "This field is needed"),
    ],
)
def test_a_refused_person_names_the_field_and_is_not_added(
    app: Flask, client: FlaskClient, admin: int, changed: dict[str, object], message: str
) -> None:
    form = {**NEW, "roles": [role_id(app, "Staff")], **changed}
    page = client.post("/userview/add", data=form)
    assert page.status_code == 200
    assert message in page.get_data(as_text=True)
    assert "a-long-new-password" not in page.get_data(as_text=True)
    with app.app_context():
        assert db.session.query(User).count() == 1


def test_a_manager_cannot_raise_anybodys_rights_by_page_api_or_service(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        builders.make_user("Admin")
        manager_id = builders.make_user("Manager", username="rowan").id
    admin_role = role_id(app, "Admin")
    builders.login(client, "rowan")
    assert client.post(f"/userview/edit/{manager_id}", data={**NEW, "roles": [admin_role]}).status_code == 403
    assert client.post("/userview/add", data={**NEW, "roles": [admin_role]}).status_code == 403
    assert client.post(f"/userview/password/{manager_id}", data={"password": "x", "again": "x"}).status_code == 403
    assert client.put(f"/api/v1/users/{manager_id}", json={"role_ids": [admin_role]}).status_code == 403
    assert client.post("/api/v1/users/", json={"username": "x", "role_ids": [admin_role]}).status_code == 403
    assert client.put("/api/v1/me/preferences", json={"role_ids": [admin_role]}).status_code == 422
    # The profile takes what it shows and nothing else.
    own = {"first_name": "R", "last_name": "S", "email": "r@example.com", "zone": "UTC", "theme": "system"}
    assert client.post("/profile/", data={**own, "roles": [admin_role], "active": "y"}).status_code == 302
    assert [role.name for role in person(app, "rowan").roles] == ["Manager"]
    with app.app_context():
        actor = db.session.get_one(User, manager_id)
        for call in (
            lambda: people.create_user(actor, {}),
            lambda: people.update_user(actor, actor, {"role_ids": [admin_role]}),
            lambda: people.promote(actor, actor),
            lambda: people.set_password(actor, db.session.query(User).filter(User.id != manager_id).first(), "x"),
            lambda: groups.create(actor, {"name": "x"}),
            lambda: roles.create(actor, {"name": "x"}),
        ):
            with pytest.raises(Forbidden), transaction():
                call()


def test_a_role_made_by_admins_never_opens_the_users_service(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        builders.make_user("Admin")
        role = builders.make_role("Assistants")
        from flask_appbuilder.security.sqla.models import PermissionView, ViewMenu

        right = select(PermissionView).join(ViewMenu).where(ViewMenu.name == "UserView")
        role.permissions = list(db.session.scalars(right))
        assert role.permissions
        db.session.commit()
        builders.make_user("Assistants", username="rowan")
    admin_role = role_id(app, "Admin")
    builders.login(client, "rowan")
    page = client.post("/userview/add", data={**NEW, "roles": [admin_role]})
    assert page.status_code == 200  # the look-up offers no roles to others
    with app.app_context():
        assert db.session.query(User).filter_by(username="wren").count() == 0


def test_the_last_active_admin_can_be_neither_deactivated_nor_demoted(
    app: Flask, client: FlaskClient, admin: int
) -> None:
    with app.app_context():
        builders.make_user("Admin", active=False)
    staff = role_id(app, "Staff")
    same = {"first_name": "D", "last_name": "C", "username": "della", "email": "d@example.com", "zone": "UTC"}
    refused = client.post(f"/userview/deactivate/{admin}", data={"deactivated_reason": "x"}, follow_redirects=True)
    assert "last active admin" in refused.get_data(as_text=True)
    assert "last active admin" in client.post(
        f"/userview/edit/{admin}", data={**same, "roles": [staff]}, follow_redirects=True
    ).get_data(as_text=True)
    assert "last active admin" in client.post(f"/userview/action/demote/{admin}", follow_redirects=True).get_data(
        as_text=True
    )
    assert client.put(f"/api/v1/users/{admin}", json={"active": False}).status_code == 409
    assert client.put(f"/api/v1/users/{admin}", json={"role_ids": [staff]}).status_code == 409
    della = person(app, "della")
    assert della.active
    assert [role.name for role in della.roles] == ["Admin"]


def test_one_of_two_admins_can_be_deactivated(app: Flask, client: FlaskClient, admin: int) -> None:
    with app.app_context():
        other = builders.make_user("Admin", username="other").id
    page = client.post(f"/userview/deactivate/{other}", data={"deactivated_reason": "on leave"})
    assert page.status_code == 302
    gone = person(app, "other")
    assert (gone.active, gone.deactivated_reason) == (False, "on leave")
    assert gone.deactivated_at is not None
    assert client.post(f"/userview/reactivate/{other}", data={"reason": "is back"}).status_code == 302
    assert person(app, "other").active


def test_users_are_never_deleted_a_program_that_asks_for_it_deactivates(
    app: Flask, client: FlaskClient, admin: int
) -> None:
    with app.app_context():
        user_id = builders.make_user("Staff", username="leaver").id
    assert client.post(f"/userview/delete/{user_id}").status_code == 404
    assert client.delete(f"/api/v1/users/{user_id}").status_code == 200
    gone = client.get(f"/api/v1/users/{user_id}").get_json()["result"]
    assert (gone["active"], gone["username"]) == (False, "leaver")
    assert gone["deactivated_at"]
    assert client.delete(f"/api/v1/users/{user_id}").status_code == 409
    assert client.delete(f"/api/v1/users/{admin}").status_code == 409  # the last admin


def test_a_program_gives_roles_by_name_or_by_id(app: Flask, client: FlaskClient, admin: int) -> None:
    person_ = {"first_name": "Ida", "last_name": "Role", "password": "a-long-Password-1"}
    made = client.post(
        "/api/v1/users/", json=person_ | {"username": "ida", "email": "ida@example.com", "roles": ["manager"]}
    )
    assert made.status_code == 201
    result = made.get_json()["result"]
    assert result["roles"] == ["Manager"]
    url = f"/api/v1/users/{result['id']}"
    assert client.put(url, json={"roles": ["Staff"]}).get_json()["result"]["roles"] == ["Staff"]
    both = client.put(url, json={"roles": ["Staff"], "role_ids": result["role_ids"]})
    assert both.get_json()["result"]["roles"] == ["Manager"]
    for wrong, field in (({"roles": ["Boss"]}, "roles"), ({"roles": []}, "roles"), ({"groups": [1]}, "groups")):
        refused = client.put(url, json=wrong)
        assert refused.status_code in (400, 422), wrong
        assert refused.get_json()["error"]["field"] == field


def test_free_users_have_their_own_list_and_move_to_staff_and_back(app: Flask, client: FlaskClient, admin: int) -> None:
    with app.app_context():
        otto = builders.make_user("Free", username="otto").id
    assert "otto" in client.get("/freeuserview/list/").get_data(as_text=True)
    assert "otto" not in client.get("/userview/list/").get_data(as_text=True)
    assert client.get(f"/userview/show/{otto}").status_code == 404
    client.post(f"/freeuserview/action/promote/{otto}")
    assert [role.name for role in person(app, "otto").roles] == ["Staff"]
    assert "otto" in client.get("/userview/list/").get_data(as_text=True)
    client.post("/userview/action_post", data={"action": "demote", "rowid": [otto]})
    assert [role.name for role in person(app, "otto").roles] == ["Free"]
    assert "otto" in client.get("/freeuserview/list/").get_data(as_text=True)


def test_a_free_user_is_added_as_one(app: Flask, client: FlaskClient, admin: int) -> None:
    assert client.post("/freeuserview/add", data=NEW).status_code == 302
    assert [role.name for role in person(app, "wren").roles] == ["Free"]


def test_no_password_or_its_hash_is_ever_shown(app: Flask, client: FlaskClient, admin: int) -> None:
    stored = person(app, "della").password
    for url in (
        "/userview/list/",
        f"/userview/show/{admin}",
        f"/userview/edit/{admin}",
        "/api/v1/users/",
        f"/api/v1/users/{admin}",
    ):
        text = client.get(url).get_data(as_text=True)
        assert stored not in text
        assert "pbkdf2" not in text
    for query in ("(filters:!((col:password,opr:sw,value:p)))", "(filters:!((col:session_epoch,opr:eq,value:0)))"):
        assert client.get("/api/v1/users/", query_string={"q": query}).status_code == 400


def test_a_group_has_a_manager_a_zone_and_members(app: Flask, client: FlaskClient, admin: int) -> None:
    with app.app_context():
        milo = builders.make_user("Staff", username="milo").id
        otto = builders.make_user("Free", username="otto").id
    form = {"name": "Sales Office", "zone": "Europe/Vienna", "manager": milo, "users": [milo, otto]}
    assert client.post("/groupview/add", data=form).status_code == 302
    with app.app_context():
        group = db.session.query(Group).one()
        assert (group.name, group.zone, group.manager_id) == ("Sales Office", "Europe/Vienna", milo)
        assert {user.id for user in group.users} == {milo, otto}
        group_id = group.id
    refused = client.post(f"/groupview/edit/{group_id}", data={**form, "manager": otto})
    assert "A free user cannot manage a group" in refused.get_data(as_text=True)
    page = client.post(f"/groupview/delete/{group_id}", follow_redirects=True)
    assert "This group has members" in page.get_data(as_text=True)
    client.post(f"/groupview/edit/{group_id}", data={"name": "Sales Office", "zone": "UTC"})
    assert client.post(f"/groupview/delete/{group_id}").status_code == 302
    with app.app_context():
        assert db.session.query(Group).count() == 0


def test_built_in_roles_are_read_only_and_own_ones_are_not(app: Flask, client: FlaskClient, admin: int) -> None:
    staff = role_id(app, "Staff")
    assert client.get(f"/roleview/show/{staff}").status_code == 200
    assert client.post(f"/roleview/edit/{staff}", data={"name": "Gods"}).status_code == 403
    page = client.post(f"/roleview/delete/{staff}", follow_redirects=True)
    assert "Built-in roles cannot be changed" in page.get_data(as_text=True)
    assert client.post("/roleview/add", data={"name": "Readers", "rights": ["leads.see"]}).status_code == 302
    with app.app_context():
        builders.make_user("Readers", username="rita")
    reader = builders.login(app.test_client(), "rita")
    assert reader.get("/leadview/list/").status_code == 200
    assert reader.get("/leadview/add").status_code == 403
    refused = client.post("/roleview/add", data={"name": "admin"})
    assert "belongs to a built-in role" in refused.get_data(as_text=True)


def test_fabs_own_confusing_screens_are_unreachable(app: Flask, client: FlaskClient, admin: int) -> None:
    for path in (
        "/users/list/",
        "/users/userinfo/",
        "/roles/list/",
        "/groups/list/",
        "/permissions/list/",
        "/viewmenus/list/",
        "/permissionviews/list/",
        "/registeruser/list/",
        "/resetpassword/form",
        "/resetmypassword/form",
        "/userinfoeditview/form",
        "/userstatschartview/chart/",
        "/register/form",
        "/swagger/v1",
        "/api/v1/menu/",
        "/api/v1/security/users/",
    ):
        assert client.get(path).status_code == 404, path
    menu = client.get("/center/").get_data(as_text=True)
    for label in ("Statistics", "Base Permissions", "Views/Menus", "List Users"):
        assert label not in menu


def test_two_admins_who_deactivate_each_other_at_once_leave_one(app: Flask) -> None:
    with app.app_context():
        pair = [builders.make_user("Admin").id for _ in range(2)]
    barrier = threading.Barrier(2)

    def deactivate(actor_id: int, user_id: int) -> str:
        with app.app_context():
            actor, user = db.session.get_one(User, actor_id), db.session.get_one(User, user_id)
            access.role_names(actor)
            access.role_names(user)
            barrier.wait(timeout=20)
            try:
                with transaction(actor_id):
                    people.deactivate(actor, user, "x")
            except UserError as error:
                return error.code
            return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(deactivate, pair, reversed(pair)))
    assert sorted(outcomes) == ["done", "last_admin"]
    with app.app_context():
        assert db.session.query(User).filter(User.active).count() == 1
