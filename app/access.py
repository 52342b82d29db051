"""Who may see which record: the guarded loaders, and the same rules as SQL conditions for lists.

Missing and forbidden look the same from outside. The account setting ``record_visibility`` (all, groups, own) decides
what staff and managers see; admins see everything, free users only what was shared with them.
"""

from __future__ import annotations

from typing import Any, TypeVar

from flask_appbuilder.security.sqla.models import assoc_user_group
from sqlalchemy import ColumnElement, Row, Select, and_, exists, false, func, or_, select, text, true, union
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.selectable import Subquery

from app.errors import NotFound
from app.extensions import db
from app.models.answers import SavedAnswer
from app.models.base import Model
from app.models.calls import Call, CallLine
from app.models.chats import Chat, ChatFile, ChatKind, ChatMember, MemberRole, Message
from app.models.crm import Company, Contact, Lead, Pipeline, Stage, Task
from app.models.mailboxes import Mail, Mailbox, MailFile
from app.models.people import Group, RoleName, User
from app.models.reports import Report, ReportRecipient, ReportRun
from app.models.talks import Talk
from app.services import account
from app.transaction import transaction

M = TypeVar("M", bound=Model)
LARGEST_ID = 2**31 - 1
# So many of the newest cards that were shared with one person are found.
SHARED_MAX = 2000


def role_names(user: User) -> frozenset[str]:
    """Return the names of the roles a person holds, own ones and those of the person's groups."""
    own = {role.name for role in user.roles}
    return frozenset(own | {role.name for group in user.groups for role in group.roles})


def is_admin(user: User) -> bool:
    """Whether the person may do everything."""
    return RoleName.ADMIN in role_names(user)


def is_free(user: User) -> bool:
    """Whether the person has a limited account: *Free* and nothing stronger, or no role at all."""
    return not role_names(user) - {RoleName.FREE}


def access_lead(user: User, lead_id: int) -> Lead:
    """Return the lead that this person may open. Raises NotFound."""
    options = (joinedload(Lead.stage), joinedload(Lead.contact), joinedload(Lead.company), joinedload(Lead.responsible))
    return _load(Lead, lead_id, visible_leads(user), "Lead", *options)


def access_contact(user: User, contact_id: int) -> Contact:
    """Return the contact that this person may open. Raises NotFound."""
    options = (joinedload(Contact.company), joinedload(Contact.responsible))
    return _load(Contact, contact_id, visible_contacts(user), "Contact", *options)


def access_company(user: User, company_id: int) -> Company:
    """Return the company that this person may open. Raises NotFound."""
    return _load(Company, company_id, visible_companies(user), "Company", joinedload(Company.responsible))


def access_task(user: User, task_id: int) -> Task:
    """Return the task that this person may open. Raises NotFound."""
    options = (
        joinedload(Task.responsible),
        joinedload(Task.author),
        joinedload(Task.lead),
        joinedload(Task.contact),
    )
    return _load(Task, task_id, visible_tasks(user), "Task", *options)


def access_call(user: User, call_id: int) -> Call:
    """Return the call that this person may open. Raises NotFound."""
    options = (joinedload(Call.contact), joinedload(Call.line), joinedload(Call.user), joinedload(Call.responsible))
    return _load(Call, call_id, visible_calls(user), "Call", *options)


def access_user(user: User, user_id: int) -> User:
    """Return a colleague. Raises NotFound."""
    return _load(User, user_id, visible_users(user), "User")


def access_group(user: User, group_id: int) -> Group:
    """Return a user group. Raises NotFound."""
    return _load(Group, group_id, visible_groups(user), "User group")


def access_stage(user: User, stage_id: int) -> Stage:
    """Return a stage of a pipeline; everybody who works with leads may use each. Raises NotFound."""
    return _load(Stage, stage_id, false() if is_free(user) else true(), "Stage", joinedload(Stage.pipeline))


def visible_leads(user: User) -> ColumnElement[bool]:
    """Condition for the leads this person may see.

    With *groups*, one without a responsible user belongs to its pipeline's group, or to everybody where there is none.
    """
    unclaimed = Lead.stage_id.in_(
        select(Stage.id)
        .join(Pipeline)
        .where(or_(Pipeline.group_id.is_(None), Pipeline.group_id.in_(select(_groups_of(user).c.id))))
    )
    return _visible(user, Lead.responsible_id, unclaimed, Lead.id)


def visible_contacts(user: User) -> ColumnElement[bool]:
    """Condition for the contacts this person may see; with *groups*, also those without a responsible user."""
    return _visible(user, Contact.responsible_id, true(), Contact.id)


def visible_companies(user: User) -> ColumnElement[bool]:
    """Condition for the companies this person may see; with *groups*, also those without a responsible user."""
    return _visible(user, Company.responsible_id, true(), Company.id)


def visible_tasks(user: User) -> ColumnElement[bool]:
    """Condition for the tasks this person may see: the own ones, those the person set, and by the account's setting."""
    if is_free(user):
        return false()
    by_setting = _visible(user, Task.responsible_id, false())
    return or_(by_setting, Task.author_id == user.id) if by_setting is not _EVERYTHING else by_setting


def visible_calls(user: User) -> ColumnElement[bool]:
    """Condition for the calls this person may see: by who talked or whose client it is.

    Nobody's are their line's group's, or everybody's where the line has none.
    """
    ours = select(CallLine.id).where(
        or_(CallLine.group_id.is_(None), CallLine.group_id.in_(select(_groups_of(user).c.id)))
    )
    unclaimed = or_(Call.line_id.is_(None), Call.line_id.in_(ours))
    by_setting = _visible(user, Call.responsible_id, unclaimed)
    if by_setting is _EVERYTHING or is_free(user):
        return by_setting
    return or_(
        by_setting, Call.user_id == user.id, and_(Call.responsible_id.is_(None), Call.user_id.is_(None), unclaimed)
    )


def visible_mails(user: User) -> ColumnElement[bool]:
    """Condition for the mails this person may see: of the own mailboxes, and those of clients whom the person may open.

    A mailbox may keep even those to its owner. Admins see all of shared mailboxes; mails of a person's own mailbox that
    belong to no client are nobody else's.
    """
    if is_free(user):
        return false()
    # Mailboxes are few, mails are many.
    ours = or_(Mailbox.owner_id == user.id, Mailbox.group_id.in_(groups_of(user)))
    if is_admin(user):
        ours = or_(ours, Mailbox.group_id.is_not(None))
    mine = Mail.mailbox_id.in_(select(Mailbox.id).where(ours))
    shared = Mail.mailbox_id.in_(select(Mailbox.id).where(Mailbox.shares))
    if is_admin(user) or account.record_visibility() == "all":
        theirs: ColumnElement[bool] = or_(Mail.contact_id.is_not(None), Mail.lead_id.is_not(None))
    else:
        theirs = or_(
            exists().where(Contact.id == Mail.contact_id, visible_contacts(user)),
            exists().where(Lead.id == Mail.lead_id, visible_leads(user)),
        )
    return or_(mine, and_(shared, theirs))


def access_mail(user: User, mail_id: int) -> Mail:
    """Return the mail that this person may open. Raises NotFound."""
    options = (
        joinedload(Mail.mailbox).joinedload(Mailbox.owner),
        joinedload(Mail.contact),
        joinedload(Mail.lead),
        joinedload(Mail.author),
    )
    return _load(Mail, mail_id, visible_mails(user), "Mail", *options)


def access_mail_file(user: User, mail_id: int, file_id: int) -> MailFile:
    """Return a file of a mail that this person may open. Raises NotFound."""
    mail = access_mail(user, mail_id)
    statement = select(MailFile).where(MailFile.id == file_id, MailFile.mail_id == mail.id)
    found = db.session.scalars(statement).one_or_none() if 0 < file_id <= LARGEST_ID else None
    if found is None or found.stored_as is None:
        raise NotFound("File")
    return found


def access_mailbox(user: User, mailbox_id: int) -> Mailbox:
    """Return the mailbox that this person may see. Raises NotFound."""
    options = (joinedload(Mailbox.owner), joinedload(Mailbox.group), joinedload(Mailbox.state))
    return _load(Mailbox, mailbox_id, visible_mailboxes(user), "Mailbox", *options)


def visible_mailboxes(user: User) -> ColumnElement[bool]:
    """Condition for the mailboxes this person may see: the own ones, those of the person's groups; admins all."""
    if is_admin(user):
        return _EVERYTHING
    if is_free(user):
        return false()
    return or_(Mailbox.owner_id == user.id, Mailbox.group_id.in_(groups_of(user)))


def visible_deliveries(user: User) -> ColumnElement[bool]:
    """Condition for what left the house, to whomever: the admins' alone."""
    return _EVERYTHING if is_admin(user) else false()


def visible_talks(user: User) -> ColumnElement[bool]:
    """Condition for the talks this person may see; untaken ones are their group's, or everybody's without one."""
    if is_admin(user):
        return _EVERYTHING
    if is_free(user):
        return false()
    visibility = account.record_visibility()
    if visibility == "all":
        return _EVERYTHING
    ours = or_(Talk.group_id.is_(None), Talk.group_id.in_(select(_groups_of(user).c.id)))
    mine = or_(Talk.responsible_id == user.id, and_(Talk.responsible_id.is_(None), ours))
    return mine if visibility == "own" else or_(mine, Talk.responsible_id.in_(_colleagues_of(user)))


def access_talk(user: User, number: int) -> Talk:
    """Return the talk that this person may open, as one who was asked about it too. Raises NotFound."""
    if 0 < number < 2**63:
        asked = (
            select(ChatMember.chat_id)
            .where(ChatMember.user_id == user.id, ChatMember.left_at.is_(None))
            .where(ChatMember.role.in_(("member", "guest", "helper")))
            .where(ChatMember.chat_id == Talk.chat_id, ChatMember.from_seq <= Talk.first_seq)
        )
        statement = (
            select(Talk)
            .where(Talk.number == number, or_(visible_talks(user), asked.exists()))
            .options(joinedload(Talk.responsible), joinedload(Talk.contact), joinedload(Talk.group))
        )
        found = db.session.scalars(statement).unique().one_or_none()
        if found is not None:
            return found
    raise NotFound("Talk")


def visible_answers(user: User) -> ColumnElement[bool]:
    """Condition for the saved answers this person may use: the shared ones and the own ones."""
    return false() if is_free(user) else or_(SavedAnswer.shared, SavedAnswer.owner_id == user.id)


def visible_users(user: User) -> ColumnElement[bool]:
    """Condition for the colleagues this person may know of: all of them; who may open their data is another matter."""
    return true()


def visible_doings(user: User, actor_id: Any) -> ColumnElement[bool]:
    """Condition for what colleagues did, by who did it: managers see the people of their groups, others everybody."""
    if is_admin(user) or RoleName.MANAGER not in role_names(user):
        return _EVERYTHING
    return actor_id.in_(_colleagues_of(user))  # type: ignore[no-any-return]


def visible_groups(user: User) -> ColumnElement[bool]:
    """Condition for the user groups this person may know of."""
    return false() if is_free(user) else true()


_EVERYTHING: ColumnElement[bool] = true()


def _visible(
    user: User, responsible_id: Any, unclaimed: ColumnElement[bool], card_id: Any = None
) -> ColumnElement[bool]:
    """``card_id`` is the key of records whose cards can be shared: those are seen whatever the setting says."""
    if is_admin(user):
        return _EVERYTHING
    if is_free(user):
        return false() if card_id is None else card_id.in_(_in_sight(user, card_id, with_colleagues=False)[1])
    visibility = account.record_visibility()
    if visibility == "all":
        return _EVERYTHING
    colleagues, shared = _in_sight(user, card_id, with_colleagues=visibility == "groups")
    seen = [responsible_id.in_([user.id, *colleagues])]
    if visibility == "groups":
        seen.append(and_(responsible_id.is_(None), unclaimed))
    if shared:
        seen.append(card_id.in_(shared))
    return or_(*seen)


_COLLEAGUES = """
SELECT 'colleague' AS what, m.user_id AS id FROM mine JOIN ab_user_group m ON m.group_id = mine.id
UNION SELECT 'colleague', g.manager_id FROM mine JOIN ab_group g ON g.id = mine.id WHERE g.manager_id IS NOT NULL
"""
_SHARED = """
SELECT 'shared' AS what, s.subject_id AS id FROM card_shares s
WHERE s.user_id = :user_id AND s.subject_type = :kind ORDER BY s.created_at DESC LIMIT :most
"""
_IN_SIGHT = f"""
WITH mine AS (
    SELECT group_id AS id FROM ab_user_group WHERE user_id = :user_id
    UNION SELECT id FROM ab_group WHERE manager_id = :user_id
)
SELECT what, id FROM (({_COLLEAGUES}) UNION ALL ({_SHARED})) found WHERE what = ANY(:wanted)
"""


def _in_sight(user: User, card_id: Any, with_colleagues: bool) -> tuple[list[int], list[int]]:
    """Return who belongs to or manages the person's groups, and which cards of a kind are shared with the person.

    Listed by id, so that the database knows how many rows that means, and uses the indexes.
    """
    kind = card_id.class_.__name__.lower() if card_id is not None else ""
    wanted = (["colleague"] if with_colleagues else []) + (["shared"] if kind else [])
    if not wanted:
        return [], []
    values = {"user_id": user.id, "kind": kind, "most": SHARED_MAX, "wanted": wanted}
    rows = db.session.execute(text(_IN_SIGHT), values).all()
    return [row.id for row in rows if row.what == "colleague"], [row.id for row in rows if row.what == "shared"]


def groups_of(user: User) -> Select[tuple[int]]:
    """Return the query of the ids of the groups that a person belongs to or manages."""
    return select(_groups_of(user).c.id)


def _groups_of(user: User) -> Subquery:
    """The groups a person belongs to or manages."""
    member = select(assoc_user_group.c.group_id.label("id")).where(assoc_user_group.c.user_id == user.id)
    managed = select(Group.id.label("id")).where(Group.manager_id == user.id)
    return union(member, managed).subquery("my_groups")


def _colleagues_of(user: User) -> Any:
    """Ids of everybody who belongs to or manages one of the person's groups."""
    mine = select(_groups_of(user).c.id)
    members = select(assoc_user_group.c.user_id).where(assoc_user_group.c.group_id.in_(mine))
    managers = select(Group.manager_id).where(Group.id.in_(mine), Group.manager_id.is_not(None))
    return members.union(managers)


def _load(model: type[M], record_id: int, visible: ColumnElement[bool], what: str, *options: Any) -> M:
    if not 0 < record_id <= LARGEST_ID:
        raise NotFound(what)
    statement = select(model).where(model.id == record_id, visible).options(*options)  # type: ignore[attr-defined]
    found = db.session.scalars(statement).unique().one_or_none()
    if found is None:
        raise NotFound(what)
    return found


def access_report(user: User, report_id: int) -> Report:
    """Return the scheduled report that this person set up; admins see everybody's. Raises NotFound."""
    mine = false() if is_free(user) else _EVERYTHING if is_admin(user) else Report.owner_id == user.id
    return _load(Report, report_id, mine, "Report", joinedload(Report.owner))


def access_report_run(user: User, run_id: int) -> ReportRun:
    """Return a run of a report for who set it up, admins and who gets it; a preview for its author. Raises NotFound."""
    if is_free(user):
        raise NotFound("Report")
    theirs = select(Report.id).where(Report.owner_id == user.id)
    sent_to = select(ReportRecipient.report_id).where(ReportRecipient.user_id == user.id)
    shown = and_(
        ReportRun.report_id.is_not(None),
        _EVERYTHING if is_admin(user) else or_(ReportRun.report_id.in_(theirs), ReportRun.report_id.in_(sent_to)),
    )
    own = and_(ReportRun.report_id.is_(None), ReportRun.user_id == user.id)
    return _load(ReportRun, run_id, or_(shown, own), "Report")


def access_chat(user_id: int, chat_id: int) -> ChatMember:
    """Return the person's place in a chat, the chat loaded with it. Raises NotFound for everybody who is not in it."""
    if 0 < chat_id <= LARGEST_ID:
        statement = (
            select(ChatMember)
            .where(ChatMember.chat_id == chat_id, ChatMember.user_id == user_id, ChatMember.left_at.is_(None))
            .options(joinedload(ChatMember.chat).joinedload(Chat.group))
            .execution_options(populate_existing=True)
        )
        found = db.session.scalars(statement).unique().one_or_none()
        if found is None and _look_in(user_id, chat_id):
            found = db.session.scalars(statement).unique().one_or_none()
        if found is not None:
            return found
    raise NotFound("Chat")


def access_card(user: User, kind: str, record_id: int) -> Lead | Contact | Company:
    """Return the record whose card this person may open; ``kind`` is lead, contact or company. Raises NotFound."""
    load: Any = {"lead": access_lead, "contact": access_contact, "company": access_company}.get(kind)
    if load is None:
        raise NotFound()
    return load(user, record_id)  # type: ignore[no-any-return]


def _look_in(user_id: int, chat_id: int) -> bool:
    """Let somebody who may see a client's talk, or a card, into its chat, as who only looks. False for all else."""
    from app.services import client_members

    chat = db.session.execute(
        text("SELECT kind, subject_type, subject_id FROM chats WHERE id = :id"), {"id": chat_id}
    ).one_or_none()
    if chat is None or chat.kind not in (ChatKind.CLIENT, ChatKind.CARD):
        return False
    user = db.session.get(User, user_id)
    if user is None or not user.active:
        return False
    if chat.kind == ChatKind.CARD:
        try:
            access_card(user, chat.subject_type, chat.subject_id)
        except NotFound:
            return False
        with transaction():
            client_members.put(chat_id, [user_id], MemberRole.VIEWER, news=0)
        return True
    newest = select(func.max(Talk.number)).where(Talk.chat_id == chat_id).scalar_subquery()
    seen = select(Talk.number).where(Talk.number == newest, visible_talks(user))
    if db.session.scalars(seen).first() is None:
        return False
    with transaction():
        client_members.put(chat_id, [user_id], MemberRole.VIEWER, news=0)
    return True


def access_message(user_id: int, message_id: int, lock: bool = False) -> Row[Any]:
    """Return a message of one of the person's chats with what its chat needs; ``lock`` it for a change.

    System messages are nobody's to change. Raises NotFound.
    """
    row = None
    if 0 < message_id < 2**63:
        locked = " FOR NO KEY UPDATE OF m" if lock else ""
        row = db.session.execute(
            text(
                "SELECT m.id, m.chat_id, m.seq, m.author_id, m.body, m.deleted_at, m.has_files, c.kind AS chat_kind,"
                " c.direct_key AS chat_direct_key, c.archived_at IS NOT NULL AS chat_archived"
                " FROM messages m JOIN chats c ON c.id = m.chat_id"
                " JOIN chat_members p ON p.chat_id = m.chat_id AND p.user_id = :user_id AND p.left_at IS NULL"
                " AND p.from_seq <= m.seq"
                f" WHERE m.id = :id AND m.author_kind <> 'system'{locked}"
            ),
            {"id": message_id, "user_id": user_id},
        ).one_or_none()
    if row is None:
        raise NotFound("Message")
    return row


def access_file(user_id: int, file_id: int) -> ChatFile:
    """Return a file of one of the person's chats; an unsent one only for its uploader. Raises NotFound."""
    if 0 < file_id <= LARGEST_ID:
        statement = (
            select(ChatFile)
            .join(ChatMember, ChatMember.chat_id == ChatFile.chat_id)
            .where(ChatFile.id == file_id, ChatFile.deleted_at.is_(None))
            .outerjoin(Message, Message.id == ChatFile.message_id)
            .where(ChatMember.user_id == user_id, ChatMember.left_at.is_(None))
            .where(or_(ChatMember.from_seq == 0, Message.seq >= ChatMember.from_seq, ChatFile.uploader_id == user_id))
            .where(or_(ChatFile.message_id.is_not(None), ChatFile.uploader_id == user_id))
        )
        found = db.session.scalars(statement).one_or_none()
        if found is not None:
            return found
    raise NotFound("File")
