"""What programs may send. Shapes and types only; services decide about values and rights on other records."""

from __future__ import annotations

import datetime as dt
from typing import Any

from marshmallow import Schema, ValidationError, fields, pre_load

from app.integrations import telephony

ID_MAX = 2**31 - 1


class InSchema(Schema):
    """Read-only fields may be sent back and are ignored; a name that is no field at all is an error."""

    READ_ONLY: frozenset[str] = frozenset({"id", "created_at", "changed_at"})

    @pre_load
    def leave_out_read_only(self, data: Any, **_kwargs: Any) -> Any:
        """Drop what is only ever read."""
        return {name: value for name, value in data.items() if name not in self.READ_ONLY or name in self.fields}


class Id(fields.Integer):
    """The id of another record, or null."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, allow_none=True, **kwargs)

    def _validated(self, value: Any) -> Any:
        number = super()._validated(value)
        if number is not None and not 0 < number <= ID_MAX:
            raise ValidationError("An id is needed")
        return number


class Bool(fields.Boolean):
    """true or false, no texts."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("true or false is needed")
        return value


class Moment(fields.AwareDateTime):
    """ISO 8601 with its offset."""

    default_error_messages = {
        "invalid": "An ISO 8601 moment with its offset is needed, like 2026-05-04T10:00:00+02:00",
        "invalid_awareness": "The moment needs its offset, like 2026-05-04T10:00:00+02:00",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)


class MomentOrDay(Moment):
    """The same, or a day alone: of a task that lasts all day."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) and len(value) == len("2026-05-04"):
            try:
                return dt.date.fromisoformat(value)
            except ValueError:
                raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from None
        return super()._deserialize(value, attr, data, **kwargs)


class LeadIn(InSchema):
    """A lead."""

    READ_ONLY = InSchema.READ_ONLY | {
        "source",
        "closed_at",
        "incoming_at",
        "answered_at",
        "answered_by_id",
        "declined_because",
    }

    name = fields.String()
    budget = fields.Raw(metadata={"type": "number"})
    currency = fields.String(allow_none=True)
    stage_id = Id()
    pipeline_id = Id()
    contact_id = Id()
    company_id = Id()
    responsible_id = Id()


class ContactIn(InSchema):
    """A contact."""

    name = fields.String()
    email = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)
    company_id = Id()
    responsible_id = Id()


class CompanyIn(InSchema):
    """A company."""

    name = fields.String()
    website = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)
    responsible_id = Id()


class TaskIn(InSchema):
    """A task."""

    READ_ONLY = InSchema.READ_ONLY | {"author_id", "completed_at", "completed_by_id", "result"}

    text = fields.String()
    due_at = MomentOrDay()
    all_day = Bool()
    type = fields.String()
    responsible_id = Id()
    lead_id = Id()
    contact_id = Id()


class SavedAnswerIn(InSchema):
    """A saved answer."""

    READ_ONLY = InSchema.READ_ONLY | {"owner_id"}

    name = fields.String()
    body = fields.String()
    shared = Bool()


class UserIn(InSchema):
    """A person. Groups by id, roles by id or, in ``roles``, by name; where both are sent, ids count."""

    READ_ONLY = InSchema.READ_ONLY | {"name", "deactivated_at"}

    username = fields.String()
    first_name = fields.String()
    last_name = fields.String()
    email = fields.String()
    phone = fields.String(allow_none=True)
    zone = fields.String()
    password = fields.String(load_only=True)
    roles = fields.List(fields.String())
    role_ids = fields.List(Id())
    group_ids = fields.List(Id())
    active = Bool()
    deactivated_reason = fields.String(allow_none=True)


class GroupIn(InSchema):
    """A user group. Members by id; ``role_ids`` are roles that every member has besides their own."""

    name = fields.String()
    description = fields.String(allow_none=True)
    zone = fields.String()
    manager_id = Id()
    member_ids = fields.List(Id())
    role_ids = fields.List(Id())


class CallIn(InSchema):
    """A call."""

    READ_ONLY = InSchema.READ_ONLY | {"responsible_id", "answered_at", "ended_at"}

    @pre_load
    def speak_like_the_hook(self, data: Any, **_kwargs: Any) -> Any:
        """Take what `/hooks/calls/` takes, too: ``duration``, "inbound", "completed"."""
        read = {("duration_seconds" if name == "duration" else name): value for name, value in data.items()}
        for name, words in (("direction", telephony.DIRECTIONS), ("status", telephony.STATUSES)):
            if isinstance(read.get(name), str):
                read[name] = str(words.get(read[name].strip().lower(), read[name]))
        return read

    direction = fields.String()
    phone = fields.String()
    status = fields.String()
    duration_seconds = fields.Integer(strict=True, allow_none=True)
    recording_url = fields.String(allow_none=True)
    contact_id = Id()
    lead_id = Id()
    user_id = Id()
    started_at = Moment()
