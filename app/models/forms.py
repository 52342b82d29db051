"""Forms of websites, and what people have written into them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Boolean, ForeignKey, Identity, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import CreatedAt, Model, SortedByName, UtcDateTime
from app.models.crm import Contact, Lead, Pipeline
from app.models.people import Group, User


class Form(SortedByName, Model, CreatedAt):
    """A form on a website. ``token`` is public: it stands in the page. ``needed`` is a part of ``asked``."""

    __tablename__ = "forms"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(String(60), nullable=False)
    sort_key: Mapped[str] = mapped_column(String(200, collation="C"), nullable=False, server_default="")
    token: Mapped[str] = mapped_column(String(32), unique=True, nullable=False)
    asked: Mapped[list[str]] = mapped_column(ARRAY(String(20)), nullable=False)
    needed: Mapped[list[str]] = mapped_column(ARRAY(String(20)), nullable=False)
    # One origin a line; our own address is always allowed, * is every page.
    allowed_origins: Mapped[str | None] = mapped_column(Text)
    # Shown beside a box that has to be ticked; empty: nothing is asked.
    consent_text: Mapped[str | None] = mapped_column(String(1000))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("ab_group.id", ondelete="SET NULL"))
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("ab_user.id", ondelete="SET NULL"))
    pipeline_id: Mapped[int | None] = mapped_column(ForeignKey("pipelines.id", ondelete="SET NULL"))
    thanks_text: Mapped[str | None] = mapped_column(String(300))
    redirect_url: Mapped[str | None] = mapped_column(String(300))
    active: Mapped[bool] = mapped_column(Boolean, default=True, nullable=False, server_default="true")

    group: Mapped[Group | None] = relationship(Group)
    responsible: Mapped[User | None] = relationship(User)
    pipeline: Mapped[Pipeline | None] = relationship(Pipeline)

    def __repr__(self) -> str:
        return self.name


class FormEntry(Model, CreatedAt):
    """One sending of a form: the answers, and the words that were consented to, as they were then."""

    __tablename__ = "form_entries"
    __table_args__ = (
        UniqueConstraint("form_id", "external_id", name="uq_form_entries_external"),
        Index("ix_form_entries_digest", "form_id", "digest", "created_at"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    form_id: Mapped[int | None] = mapped_column(ForeignKey("forms.id", ondelete="SET NULL"))
    # What the page calls this sending; without it a repeat is told by ``digest``.
    external_id: Mapped[str | None] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64), nullable=False)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"), index=True)
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id", ondelete="SET NULL"), index=True)
    answers: Mapped[dict[str, str]] = mapped_column(JSONB, nullable=False)
    consent_text: Mapped[str | None] = mapped_column(String(1000))
    consented_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    origin: Mapped[str | None] = mapped_column(String(300))

    form: Mapped[Form | None] = relationship(Form)
    contact: Mapped[Contact | None] = relationship(Contact)
    lead: Mapped[Lead | None] = relationship(Lead)
