"""*Ask a colleague*: the question as a note, and the client's chat to read, also for free users.

Who is invited to answer may write to the client, too; a free user only then. Both end when somebody takes it back.
"""

from __future__ import annotations

from app import access
from app.errors import NotFound, UserError
from app.extensions import db
from app.models.chats import ASKED, Chat, MemberRole
from app.models.people import User, full_name
from app.models.talks import Talk
from app.services import fields, live
from app.services.chats import chat_members, chat_words, drafts, mentions
from app.services.clients import client_members, client_messages
from app.transaction import on_commit


def ask(actor: User, talk: Talk, user_id: object, question: object, answer: object = None) -> None:
    """Let somebody read the chat, or ``answer`` its client too, and tell them the question.

    Raises UserError on ``user_id``, ``question`` and ``answer``.
    """
    asked = _checked_person(actor, user_id)
    words = _checked_question(question)
    answers = answer is not None and fields.flag(answer, "answer")
    role = client_members.role_of(talk.chat_id, asked.id)
    if role is None or role == MemberRole.VIEWER or (answers and role == MemberRole.TOLD and access.is_free(asked)):
        wanted = MemberRole.HELPER if answers else MemberRole.GUEST
        client_members.put(talk.chat_id, [asked.id], wanted, news=0, from_seq=talk.first_seq)
    elif answers and role == MemberRole.GUEST:
        _change(talk, asked, MemberRole.HELPER)
    name = full_name(asked)
    body = f"@{name} {words}"
    span = {"start": 0, "end": len(f"@{name}".encode("utf-16-le")) // 2, "kind": "user", "id": asked.id, "name": name}
    meant = mentions.Mentions(spans=(span,), user_ids=(asked.id,))
    client_messages.insert(talk.chat_id, body, author_id=actor.id, public=False, note=True, meant=meant)


def let_answer(talk: Talk, user_id: int, answer: object) -> str | None:
    """Let somebody who was asked write to the client, too, or notes only.

    Return their name, None where they may already. Raises UserError on ``answer``, NotFound for who was not asked.
    """
    wanted = fields.flag(answer, "answer")
    user, role = _asked_person(talk, user_id)
    if wanted == (role in (MemberRole.MEMBER, MemberRole.HELPER)):
        return None
    _change(talk, user, MemberRole.HELPER if wanted else MemberRole.GUEST)
    return full_name(user)


def take_back(talk: Talk, user_id: int) -> None:
    """Let out of the chat whoever was let in. Raises NotFound for everybody else."""
    user, _ = _asked_person(talk, user_id)
    chat_members.go(db.session.get_one(Chat, talk.chat_id), [user.id])


def _change(talk: Talk, user: User, role: MemberRole) -> None:
    """Their open tabs ask again what they may do."""
    client_members.change_role(talk.chat_id, user.id, role)
    described = chat_words.description(db.session.get_one(Chat, talk.chat_id))
    on_commit(lambda: live.emit("chat.changed", described, [live.room_of(user.id)]))


def _asked_person(talk: Talk, user_id: int) -> tuple[User, str]:
    user = db.session.get(User, user_id) if 0 < user_id < 2**31 else None
    role = client_members.role_of(talk.chat_id, user_id) if user is not None else None
    if user is None or role is None or not (role in ASKED or access.is_free(user)):
        raise NotFound("Guest")
    return user, role


def _checked_person(actor: User, user_id: object) -> User:
    if isinstance(user_id, bool) or not isinstance(user_id, int) or not 0 < user_id < 2**31:
        raise UserError("invalid", "Choose a colleague", "user_id")
    found = db.session.get(User, user_id)
    if found is None or not found.active:
        raise UserError("invalid", "Choose an active colleague", "user_id")
    if found.id == actor.id:
        raise UserError("invalid", "Choose somebody else", "user_id")
    return found


def _checked_question(question: object) -> str:
    try:
        return drafts.checked_body(question, False)
    except UserError as error:
        error.field = "question"
        raise
