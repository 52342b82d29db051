"""*Ask a colleague*: the question as a note, and the client's chat to read, also for free users.

Who is invited to answer may write to the client, too; a free user only then. Both end when somebody takes it back.
"""

from __future__ import annotations

from app import access
from app.errors import NotFound, UserError
from app.extensions import db
from app.models.chats import Chat, MemberRole
from app.models.people import User, full_name
from app.models.talks import Talk
from app.services import chat_members, client_members, client_messages, drafts, fields, mentions


def ask(actor: User, talk: Talk, user_id: object, question: object, answer: object = None) -> None:
    """Let somebody read the chat, or ``answer`` its client too, and tell them the question.

    Raises UserError on ``user_id``, ``question`` and ``answer``.
    """
    asked = _checked_person(actor, user_id)
    words = _checked_question(question)
    answers = answer is not None and fields.flag(answer, "answer")
    role = client_members.role_of(talk.chat_id, asked.id)
    if answers and role != MemberRole.MEMBER:
        first = talk.first_seq if access.is_free(asked) else 0
        client_members.put(talk.chat_id, [asked.id], MemberRole.MEMBER, news=0, from_seq=first)
    elif role not in (MemberRole.MEMBER, MemberRole.TOLD):
        client_members.put(talk.chat_id, [asked.id], MemberRole.GUEST, news=0, from_seq=talk.first_seq)
    name = full_name(asked)
    body = f"@{name} {words}"
    span = {"start": 0, "end": len(f"@{name}".encode("utf-16-le")) // 2, "kind": "user", "id": asked.id, "name": name}
    meant = mentions.Mentions(spans=(span,), user_ids=(asked.id,))
    client_messages.insert(talk.chat_id, body, author_id=actor.id, public=False, note=True, meant=meant)


def take_back(talk: Talk, user_id: int) -> None:
    """End what somebody was let in to: a guest's place, or a free user's. Raises NotFound for everybody else."""
    user = db.session.get(User, user_id) if 0 < user_id < 2**31 else None
    role = client_members.role_of(talk.chat_id, user_id) if user is not None else None
    if user is None or role is None or not (role == MemberRole.GUEST or access.is_free(user)):
        raise NotFound("Guest")
    chat_members.go(db.session.get_one(Chat, talk.chat_id), [user_id])


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
