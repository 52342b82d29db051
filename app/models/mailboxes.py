"""Mailboxes that are read by IMAP, and the mails that came in by them or were answered from a card."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import ChangedAt, CreatedAt, Model, SortedByName, UtcDateTime
from app.models.crm import Contact, Lead
from app.models.people import Group, User


class Security(StrEnum):
    """How a connection is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class Mailbox(SortedByName, Model, CreatedAt, ChangedAt):
    """One mailbox: a person's own, or shared by a user group. What is known of its connection is a row beside it.

    ``trusted`` hosts were entered by an admin and may be internal; others must be on the public internet. ``shares``:
    colleagues see its mails on the cards of the clients that they may open.
    """

    __tablename__ = "mailboxes"
    __table_args__ = (
        CheckConstraint("imap_security IN ('tls', 'starttls', 'none')", name="imap_security"),
        CheckConstraint("smtp_security IN ('tls', 'starttls', 'none')", name="smtp_security"),
        CheckConstraint("owner_id IS NULL OR group_id IS NULL", name="one_owner"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(60), nullable=False)
    sort_key: Mapped[str] = mapped_column(String(200, collation="C"), nullable=False, server_default="")
    address: Mapped[str] = mapped_column(String(254), nullable=False)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), index=True)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("ab_group.id", ondelete="SET NULL"), index=True)
    imap_host: Mapped[str] = mapped_column(String(200), nullable=False)
    imap_port: Mapped[int] = mapped_column(Integer, default=993, nullable=False)
    imap_security: Mapped[str] = mapped_column(String(8), default=Security.TLS, nullable=False, server_default="tls")
    username: Mapped[str] = mapped_column(String(254), nullable=False)
    # Encrypted with ENCRYPTION_KEY; the audit log hides a column of this name.
    password: Mapped[str] = mapped_column(Text, nullable=False)
    # Empty: answers leave by the account's own mail server.
    smtp_host: Mapped[str | None] = mapped_column(String(200))
    smtp_port: Mapped[int] = mapped_column(Integer, default=465, nullable=False, server_default="465")
    smtp_security: Mapped[str] = mapped_column(String(8), default=Security.TLS, nullable=False, server_default="tls")
    trusted: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    # What was written elsewhere is read from there; empty: not read.
    sent_folder: Mapped[str | None] = mapped_column(String(200))
    # How far back the first reading goes; 0: only what comes from then on.
    first_days: Mapped[int] = mapped_column(SmallInteger, default=14, nullable=False, server_default="14")
    # What is sent here is put there, too; not where the provider does that by itself.
    copies_sent: Mapped[bool] = mapped_column(Boolean, default=True, nullable=False, server_default="true")
    makes_leads: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    shares: Mapped[bool] = mapped_column(Boolean, default=True, nullable=False, server_default="true")
    active: Mapped[bool] = mapped_column(Boolean, default=True, nullable=False, server_default="true")

    owner: Mapped[User | None] = relationship(User)
    group: Mapped[Group | None] = relationship(Group)
    state: Mapped[MailboxState | None] = relationship(
        "MailboxState", primaryjoin="Mailbox.id == foreign(MailboxState.mailbox_id)", viewonly=True, uselist=False
    )

    def __repr__(self) -> str:
        return self.name

    @property
    def connection(self) -> Mailbox:
        """Itself: how it is connected needs its switch and its state."""
        return self


class MailboxState(Model):
    """How a mailbox's connection is, and which process has it: what changes often and nobody did.

    ``told_at`` is set while its people have been told that it fails.
    """

    __tablename__ = "mailbox_states"

    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True)
    leased_by: Mapped[str | None] = mapped_column(String(80))
    leased_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    next_try_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    last_ok_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    last_mail_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    failures: Mapped[int] = mapped_column(Integer, default=0, nullable=False, server_default="0")
    failing_since: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    problem: Mapped[str | None] = mapped_column(Text)
    problem_field: Mapped[str | None] = mapped_column(String(20))
    told_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class MailFolder(Model):
    """How far a folder was read (RFC 9051, section 2.3.1.1). Up to ``history_uid`` nobody is told of anything."""

    __tablename__ = "mail_folders"

    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailboxes.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    uidvalidity: Mapped[int] = mapped_column(BigInteger, nullable=False)
    last_uid: Mapped[int] = mapped_column(BigInteger, nullable=False)
    history_uid: Mapped[int] = mapped_column(BigInteger, nullable=False)
    # The first reading's bound: what is older is never read, under new UIDs neither.
    since: Mapped[dt.date] = mapped_column(Date, nullable=False)
    # The server numbered its mails anew: those that we have are recognised, until this UID.
    renumbered_until: Mapped[int | None] = mapped_column(BigInteger)
    started_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)


class MailKind(StrEnum):
    """Who speaks in a mail. Only ``person`` is news."""

    PERSON = "person"
    AUTOMATIC = "automatic"
    # One of ours that came back to a mailbox that is read.
    OWN = "own"
    BOUNCE = "bounce"


class SendState(StrEnum):
    """What became of an answer."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


class CopyState(StrEnum):
    """Whether what was sent here lies in the mailbox's own folder, too."""

    DUE = "due"
    DONE = "done"
    # There is no such folder, or it takes nothing.
    FAILED = "failed"


class Mail(Model, CreatedAt):
    """One mail. ``fingerprint`` recognises it under new UIDs; ``thread_id`` is the first mail of its thread."""

    __tablename__ = "mails"
    __table_args__ = (
        Index("uq_mails_uid", "mailbox_id", "folder", "uidvalidity", "uid", unique=True),
        Index("ix_mails_fingerprint", "mailbox_id", "fingerprint"),
        Index("ix_mails_message", "mailbox_id", "message_id", postgresql_where=text("message_id IS NOT NULL")),
        Index("ix_mails_answers", "mailbox_id", "in_reply_to", postgresql_where=text("in_reply_to IS NOT NULL")),
        Index("ix_mails_thread", "thread_id", "received_at", "id"),
        Index("ix_mails_received", "received_at", "id"),
        Index("ix_mails_mailbox", "mailbox_id", "received_at", "id"),
        Index("ix_mails_contact", "contact_id", "received_at", postgresql_where=text("contact_id IS NOT NULL")),
        Index("ix_mails_lead", "lead_id", "received_at", postgresql_where=text("lead_id IS NOT NULL")),
        # What somebody wrote before anybody knew who that is.
        Index("ix_mails_unknown", text("lower(from_address)"), postgresql_where=text("contact_id IS NULL")),
        Index("ix_mails_delivery", "delivery_id", postgresql_where=text("delivery_id IS NOT NULL")),
        Index("ix_mails_copies", "mailbox_id", "id", postgresql_where=text("sent_copy = 'due'")),
        CheckConstraint("direction IN ('incoming', 'outgoing')", name="direction"),
        CheckConstraint("kind IN ('person', 'automatic', 'own', 'bounce')", name="kind"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailboxes.id", ondelete="CASCADE"), nullable=False)
    folder: Mapped[str] = mapped_column(String(200), nullable=False, server_default="")
    # NULL: an answer that has not been seen in the mailbox yet.
    uidvalidity: Mapped[int | None] = mapped_column(BigInteger)
    uid: Mapped[int | None] = mapped_column(BigInteger)
    fingerprint: Mapped[str] = mapped_column(String(64), nullable=False)
    message_id: Mapped[str | None] = mapped_column(String(300))
    in_reply_to: Mapped[str | None] = mapped_column(String(300))
    # What an answer to it names, oldest first; separated by blanks.
    references: Mapped[str] = mapped_column("refs", Text, nullable=False, server_default="", deferred=True)
    thread_id: Mapped[int | None] = mapped_column(BigInteger)
    direction: Mapped[str] = mapped_column(String(8), nullable=False)
    kind: Mapped[str] = mapped_column(String(10), nullable=False, server_default="person")
    from_name: Mapped[str] = mapped_column(String(160), nullable=False, server_default="")
    from_address: Mapped[str] = mapped_column(String(254), nullable=False, server_default="")
    reply_to: Mapped[str | None] = mapped_column(String(254))
    # As people read them, cut.
    to_line: Mapped[str] = mapped_column(Text, nullable=False, server_default="")
    cc_line: Mapped[str] = mapped_column(Text, nullable=False, server_default="")
    subject: Mapped[str] = mapped_column(String(300), nullable=False, server_default="")
    body: Mapped[str] = mapped_column(Text, nullable=False, server_default="", deferred=True)
    # Cleaned when it came in, and still only shown in a frame that can do nothing.
    html: Mapped[str | None] = mapped_column(Text, deferred=True)
    size: Mapped[int] = mapped_column(BigInteger, nullable=False, server_default="0")
    # Something could not be read, or was cut: shown with the mail.
    problem: Mapped[str | None] = mapped_column(String(20))
    has_files: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    received_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"))
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id", ondelete="SET NULL"))
    # Of an answer: who wrote it, and how it leaves.
    author_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    delivery_id: Mapped[int | None] = mapped_column(BigInteger)
    send_state: Mapped[str | None] = mapped_column(String(8))
    send_error: Mapped[str | None] = mapped_column(Text)
    sent_copy: Mapped[str | None] = mapped_column(String(8))

    mailbox: Mapped[Mailbox] = relationship(Mailbox)
    contact: Mapped[Contact | None] = relationship(Contact)
    lead: Mapped[Lead | None] = relationship(Lead)
    author: Mapped[User | None] = relationship(User)

    def __repr__(self) -> str:
        return self.subject or self.from_address


class MailFile(Model):
    """A file of a mail, kept where the files of chats are. ``stored_as`` is NULL for one that was not kept."""

    __tablename__ = "mail_files"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    mail_id: Mapped[int] = mapped_column(ForeignKey("mails.id", ondelete="CASCADE"), nullable=False, index=True)
    name: Mapped[str] = mapped_column(String(200), nullable=False)
    size: Mapped[int] = mapped_column(BigInteger, nullable=False)
    # Found out from the content; what the mail claimed is not kept.
    type: Mapped[str] = mapped_column(String(100), nullable=False)
    stored_as: Mapped[str | None] = mapped_column(String(64), unique=True)
    # By what the mail's HTML shows it (RFC 2392); NULL for what only lies beside it.
    content_id: Mapped[str | None] = mapped_column(String(200))
