"""What can be looked up in forms, by whom, and how a choice reads: one table for the fields and for /lookup/<kind>."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, false, func, or_, select, true, union_all
from sqlalchemy.orm import joinedload

from app import access
from app.errors import NotFound
from app.extensions import db
from app.models.base import sort_key_of
from app.models.crm import Company, Contact, Lead, Pipeline, Stage
from app.models.mailboxes import Mailbox
from app.models.people import Group, Role, RoleName, User
from app.models.records import Tag
from app.services.people import roles
from app.services.people.names import name_of
from app.services.records import pipelines
from app.services.searching import escaped

RESULTS_MAX = 20


@dataclass(frozen=True, slots=True)
class Lookup:
    """``load`` is the guarded loader; ``search`` the statement for typed text, its rows limited to what one may see."""

    load: Callable[[User, int], Any]
    search: Callable[[User, str], Select[Any]]
    text: Callable[[Any], str]
    sub: Callable[[Any], str]


def results(user: User, kind: str, typed: str) -> list[dict[str, object]]:
    """Return up to 20 choices ``{"id", "text", "sub"}``. Raises NotFound for an unknown kind."""
    lookup = LOOKUPS.get(kind)
    if lookup is None:
        raise NotFound("Lookup")
    rows = db.session.scalars(lookup.search(user, typed.strip()[:80]).limit(RESULTS_MAX)).unique()
    return [{"id": row.id, "text": lookup.text(row), "sub": lookup.sub(row)} for row in rows]


def _starts(column: Any, typed: str) -> Any:
    """A word of the name begins with what was typed; the first one by the index."""
    key = escaped(sort_key_of(typed))
    return or_(column.like(f"{key}%", escape="\\"), column.like(f"% {key}%", escape="\\")) if key else true()


def _users(user: User, typed: str) -> Select[Any]:
    username = User.username.like(f"{escaped(typed.lower())}%", escape="\\")
    found = or_(_starts(User.sort_key, typed), username) if typed else true()
    return select(User).where(access.visible_users(user), User.active, found).order_by(User.sort_key, User.id)


def _responsible(user: User, typed: str) -> Select[Any]:
    """Colleagues who may be responsible: no free users."""
    has_role = User.roles.any(Role.name != RoleName.FREE) | User.groups.any(Group.roles.any(Role.name != RoleName.FREE))
    return _users(user, typed).where(has_role)


def _by_name(model: Any, visible: Callable[[User], Any], *options: Any) -> Callable[[User, str], Select[Any]]:
    """Names that begin with what was typed, then, while there is room, those with a later word that does."""

    def search(user: User, typed: str) -> Select[Any]:
        seen, key, in_order = visible(user), escaped(sort_key_of(typed)), (model.sort_key, model.id)
        statement = select(model).options(*options)
        if not key:
            return statement.where(seen).order_by(*in_order)
        begins = model.sort_key.like(f"{key}%", escape="\\")
        first = select(model.id).where(seen, begins).order_by(*in_order).limit(RESULTS_MAX).cte("first")
        room = select(func.count()).select_from(first).scalar_subquery() < RESULTS_MAX
        later = model.sort_key.like(f"% {key}%", escape="\\")
        rest = select(model.id).where(room, seen, later).order_by(*in_order).limit(RESULTS_MAX).subquery()
        ids = union_all(select(first.c.id), select(rest.c.id))
        return statement.where(model.id.in_(ids)).order_by(begins.desc(), *in_order)

    return search


def _reported_groups(user: User, typed: str) -> Select[Any]:
    """Groups whose numbers one may see."""
    mine = true() if access.is_admin(user) else Group.manager_id == user.id
    return select(Group).where(mine, _starts(Group.sort_key, typed)).order_by(Group.sort_key, Group.id)


def _reported_users(user: User, typed: str) -> Select[Any]:
    """People whose numbers one may see: members of one's groups, and oneself."""
    managed = User.groups.any(Group.manager_id == user.id)
    return _responsible(user, typed).where(true() if access.is_admin(user) else or_(managed, User.id == user.id))


def _stages(user: User, typed: str) -> Select[Any]:
    found = or_(_contains(Stage.name, typed), _contains(Pipeline.name, typed)) if typed else true()
    return (
        select(Stage)
        .join(Pipeline)
        .where(false() if access.is_free(user) else true(), found)
        .options(joinedload(Stage.pipeline))
        .order_by(Pipeline.position, Pipeline.id, Stage.position, Stage.id)
    )


def _pipelines(user: User, typed: str) -> Select[Any]:
    found = _contains(Pipeline.name, typed)
    return (
        select(Pipeline)
        .where(false() if access.is_free(user) else true(), found)
        .order_by(Pipeline.position, Pipeline.id)
    )


def _access_pipeline(user: User, pipeline_id: int) -> Pipeline:
    if access.is_free(user):
        raise NotFound("Pipeline")
    return pipelines.load(pipeline_id)


def _access_tag(user: User, tag_id: int) -> Tag:
    found = db.session.get(Tag, tag_id) if tag_id <= access.LARGEST_ID and not access.is_free(user) else None
    if found is None:
        raise NotFound("Tag")
    return found


def _tags(user: User, typed: str) -> Select[Any]:
    return (
        select(Tag)
        .where(false() if access.is_free(user) else true(), _starts(Tag.sort_key, typed))
        .order_by(Tag.sort_key)
    )


def _roles(user: User, typed: str) -> Select[Any]:
    allowed = true() if access.is_admin(user) else false()
    return select(Role).where(allowed, Role.name != roles.PUBLIC, _contains(Role.name, typed)).order_by(Role.name)


def _contains(column: Any, typed: str) -> Any:
    return column.ilike(f"%{escaped(typed)}%", escape="\\") if typed else true()


def _only_admins(model: type[Any], what: str) -> Callable[[User, int], Any]:
    def load(user: User, record_id: int) -> Any:
        found = db.session.get(model, record_id) if access.is_admin(user) and record_id <= access.LARGEST_ID else None
        if found is None or (isinstance(found, Role) and found.name == roles.PUBLIC):
            raise NotFound(what)
        return found

    return load


def _nothing(_record: Any) -> str:
    return ""


def _company_of(contact: Contact) -> str:
    return contact.company.name if contact.company else contact.email or ""


LOOKUPS: dict[str, Lookup] = {
    "users": Lookup(access.access_user, _users, name_of, lambda user: f"@{user.username}"),
    "responsible": Lookup(access.access_user, _responsible, name_of, lambda user: f"@{user.username}"),
    "groups": Lookup(
        access.access_group, _by_name(Group, access.visible_groups), lambda group: group.label or group.name, _nothing
    ),
    "reported_groups": Lookup(access.access_group, _reported_groups, lambda group: group.label or group.name, _nothing),
    "reported_users": Lookup(access.access_user, _reported_users, name_of, lambda user: f"@{user.username}"),
    "leads": Lookup(
        access.access_lead,
        _by_name(Lead, access.visible_leads, joinedload(Lead.stage)),
        str,
        lambda lead: lead.stage.name,
    ),
    "contacts": Lookup(
        access.access_contact,
        _by_name(Contact, access.visible_contacts, joinedload(Contact.company)),
        str,
        _company_of,
    ),
    "companies": Lookup(access.access_company, _by_name(Company, access.visible_companies), str, _nothing),
    "mailboxes": Lookup(
        access.access_mailbox, _by_name(Mailbox, access.visible_mailboxes), str, lambda mailbox: mailbox.address
    ),
    "tags": Lookup(_access_tag, _tags, str, _nothing),
    "pipelines": Lookup(_access_pipeline, _pipelines, str, _nothing),
    "stages": Lookup(access.access_stage, _stages, str, lambda stage: stage.pipeline.name),
    "roles": Lookup(_only_admins(Role, "Role"), _roles, str, _nothing),
}
