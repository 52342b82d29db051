"""The records the news is about."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from flask_appbuilder.security.sqla.models import Group, User
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import ChangedAt, CreatedAt, Model, SortedByName, UtcDateTime


def _trigrams(name: str, column: str) -> Index:
    """An index that finds parts of words. Only where the database has the extension pg_trgm: else rows are read."""
    return Index(name, column, postgresql_using="gin", postgresql_ops={column: "gin_trgm_ops"})


class Pipeline(Model):
    """A way that leads go; new clients without a responsible user belong to its group."""

    __tablename__ = "pipelines"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True, nullable=False)
    position: Mapped[int] = mapped_column(SmallInteger, default=0, nullable=False)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("ab_group.id", ondelete="SET NULL"))
    # What a new lead's budget is in, unless another is given.
    currency: Mapped[str] = mapped_column(String(3), default="EUR", nullable=False, server_default="EUR")

    group: Mapped[Group | None] = relationship(Group)

    def __repr__(self) -> str:
        return self.name


class Stage(Model):
    """A step of a pipeline; ``kind`` is incoming, open, won or lost."""

    __tablename__ = "stages"
    __table_args__ = (
        UniqueConstraint("pipeline_id", "name", name="uq_stages_pipeline_name"),
        CheckConstraint("kind IN ('incoming', 'open', 'won', 'lost')", name="kind"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    pipeline_id: Mapped[int] = mapped_column(ForeignKey("pipelines.id", ondelete="CASCADE"), nullable=False)
    name: Mapped[str] = mapped_column(String(60), nullable=False)
    kind: Mapped[str] = mapped_column(String(10), default="open", nullable=False)
    colour: Mapped[str] = mapped_column(String(10), default="1", nullable=False, server_default="1")
    position: Mapped[int] = mapped_column(SmallInteger, default=0, nullable=False)

    pipeline: Mapped[Pipeline] = relationship(Pipeline)

    def __repr__(self) -> str:
        return self.name


class Company(SortedByName, Model, CreatedAt, ChangedAt):
    """A firm that contacts work for."""

    __tablename__ = "companies"
    __table_args__ = (
        Index("ix_companies_name", "sort_key", "id"),
        Index("ix_companies_created", "created_at", "id"),
        _trigrams("ix_companies_name_parts", "sort_key"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(160), nullable=False)
    sort_key: Mapped[str] = mapped_column(String(200, collation="C"), nullable=False)
    website: Mapped[str | None] = mapped_column(String(200))
    phone: Mapped[str | None] = mapped_column(String(32))
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), index=True)

    responsible: Mapped[User | None] = relationship(User)

    def __repr__(self) -> str:
        return self.name


class Contact(SortedByName, Model, CreatedAt, ChangedAt):
    """A client or prospect as a person."""

    __tablename__ = "contacts"
    __table_args__ = (
        Index("ix_contacts_name", "sort_key", "id"),
        Index("ix_contacts_email", text("lower(email)")),
        Index("ix_contacts_phone_tail", "phone_tail"),
        Index("ix_contacts_email_order", "email", "id"),
        Index("ix_contacts_created", "created_at", "id"),
        _trigrams("ix_contacts_name_parts", "sort_key"),
        _trigrams("ix_contacts_email_parts", "email"),
        _trigrams("ix_contacts_phone_parts", "phone_tail"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(160), nullable=False)
    sort_key: Mapped[str] = mapped_column(String(200, collation="C"), nullable=False)
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(32))
    # The last 10 digits: what calls are matched by.
    phone_tail: Mapped[str | None] = mapped_column(String(10))
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id", ondelete="SET NULL"), index=True)
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"), index=True)

    company: Mapped[Company | None] = relationship(Company)
    responsible: Mapped[User | None] = relationship(User)

    def __repr__(self) -> str:
        return self.name


class Lead(SortedByName, Model, CreatedAt, ChangedAt):
    """A possible sale on its way through a pipeline."""

    __tablename__ = "leads"
    __table_args__ = (
        # With what the board sums up and what decides who sees it: counting reads the index alone.
        Index("ix_leads_stage", "stage_id", "id", postgresql_include=["budget", "currency", "responsible_id"]),
        Index("ix_leads_responsible", "responsible_id", "stage_id", "id", postgresql_include=["budget", "currency"]),
        Index("ix_leads_changed", "changed_at", "id"),
        Index("ix_leads_name", "sort_key", "id"),
        # Every column that a list can be sorted by.
        Index("ix_leads_budget", "budget", "id"),
        Index("ix_leads_created", "created_at", "id"),
        Index("ix_leads_closed", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
        _trigrams("ix_leads_name_parts", "sort_key"),
        CheckConstraint("budget >= 0", name="budget"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(160), nullable=False)
    sort_key: Mapped[str] = mapped_column(String(200, collation="C"), nullable=False)
    budget: Mapped[Decimal] = mapped_column(Numeric(14, 2), default=Decimal(0), nullable=False, server_default="0")
    currency: Mapped[str] = mapped_column(String(3), default="EUR", nullable=False, server_default="EUR")
    stage_id: Mapped[int] = mapped_column(ForeignKey("stages.id"), nullable=False)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"), index=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id", ondelete="SET NULL"), index=True)
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    source: Mapped[str] = mapped_column(String(20), default="manual", nullable=False, server_default="manual")
    closed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    # Set for what came in by itself (API, form, chat, call, mail): somebody accepts or declines it, once.
    incoming_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    answered_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    # Why it was declined; NULL for an accepted one.
    declined_because: Mapped[str | None] = mapped_column(String(500))

    stage: Mapped[Stage] = relationship(Stage)
    contact: Mapped[Contact | None] = relationship(Contact)
    company: Mapped[Company | None] = relationship(Company)
    responsible: Mapped[User | None] = relationship(User, foreign_keys=[responsible_id])
    answered_by: Mapped[User | None] = relationship(User, foreign_keys=[answered_by_id])

    def __repr__(self) -> str:
        return self.name


class TaskType(Model):
    """A kind of task: its words and the colour of its dot. Tasks name it by ``key``, which never changes."""

    __tablename__ = "task_types"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(String(20), unique=True, nullable=False)
    name: Mapped[str] = mapped_column(String(40), unique=True, nullable=False)
    colour: Mapped[str] = mapped_column(String(10), default="1", nullable=False, server_default="1")
    position: Mapped[int] = mapped_column(SmallInteger, default=0, nullable=False)

    def __repr__(self) -> str:
        return self.name


class Task(Model, CreatedAt, ChangedAt):
    """Something to do for one person until a moment.

    ``due_at`` of an all-day task is the end of its day in the responsible user's zone.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        Index("ix_tasks_open_due", "due_at", "id", postgresql_where=text("completed_at IS NULL")),
        Index("ix_tasks_responsible", "responsible_id", "completed_at", "due_at"),
        Index("ix_tasks_author", "author_id"),
        Index("ix_tasks_created", "created_at", "id"),
        Index("ix_tasks_due", "due_at", "id"),
        Index("ix_tasks_text", "text", "id"),
        _trigrams("ix_tasks_text_parts", "text"),
        Index("ix_tasks_completed", "completed_at", "id"),
        Index("ix_tasks_type", "type", "id"),
        # A lead's next task.
        Index(
            "ix_tasks_lead_open",
            "lead_id",
            "due_at",
            "id",
            postgresql_where=text("completed_at IS NULL AND lead_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    text: Mapped[str] = mapped_column(String(500), nullable=False)
    type: Mapped[str] = mapped_column(String(20), default="todo", nullable=False, server_default="todo")
    due_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, nullable=False)
    all_day: Mapped[bool] = mapped_column(Boolean, default=False, nullable=False, server_default="false")
    responsible_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id"), nullable=False)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id", ondelete="SET NULL"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"), index=True)
    result: Mapped[str | None] = mapped_column(Text)
    completed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    completed_by_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    # When its expiry was told; NULL again when the due date moves.
    expired_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    responsible: Mapped[User] = relationship(User, foreign_keys=[responsible_id])
    author: Mapped[User | None] = relationship(User, foreign_keys=[author_id])
    lead: Mapped[Lead | None] = relationship(Lead)
    contact: Mapped[Contact | None] = relationship(Contact)
    kind: Mapped[TaskType | None] = relationship(
        TaskType, primaryjoin="foreign(Task.type) == TaskType.key", viewonly=True
    )

    def __repr__(self) -> str:
        return self.text


class Reminder(Model):
    """A lead time that has been dealt with. The key is the claim: two beats cannot remind twice."""

    __tablename__ = "reminders"
    # Deleting an old event looks for reminders of it.
    __table_args__ = (Index("ix_reminders_event", "event_id", postgresql_where=text("event_id IS NOT NULL")),)

    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("ab_user.id", ondelete="CASCADE"), primary_key=True)
    due_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, primary_key=True)
    lead_minutes: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id", ondelete="SET NULL"))


@event.listens_for(Contact.phone, "set")
def _keep_phone_tail(contact: Contact, value: str | None, _old: object, _initiator: object) -> None:
    digits = "".join(char for char in value or "" if char.isdigit())
    contact.phone_tail = digits[-10:] or None
