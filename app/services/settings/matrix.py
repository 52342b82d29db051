"""The matrix *kind of news × channel* of one person: what counts, what is locked, and the person's own choices.

Only choices that differ from the account's default are stored, so that a changed default reaches everyone who never
chose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from app.catalogue import KINDS, OFF, ON, ROLES, Channel, Kind, Mail
from app.errors import UserError
from app.extensions import db
from app.models.people import User
from app.models.preferences import DefaultCell, PreferenceCell
from app.services import labels
from app.services.account import account
from app.services.audience import role_of
from app.services.payments import stripe_settings
from app.services.routing import AccountDefault

# Rows whose source exists only once it is set up: the setting's name.
SHOWN_ONCE_SET: Mapping[str, str] = {
    "billing": "paid_until",
    "stripe": "stripe_connected",
    "mails": "mailboxes_connected",
}
_STRONGEST_MAIL = (Mail.NOW, Mail.UNREAD, Mail.DIGEST)
_Defaults = Mapping[tuple[str, str, str], AccountDefault]


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One cell as a person sees it. ``default`` is the account's; ``required_by`` says who locked it."""

    value: str
    default: str
    own: bool
    mandatory: bool
    required_by: str = ""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One kind of news as a person sees it."""

    key: str
    cells: Mapping[Channel, MatrixCell]

    def value(self, channel: Channel) -> str:
        """Return what counts; "off" for a cell that the row does not have."""
        return self.cells[channel].value if channel in self.cells else OFF

    def locked(self, channel: Channel) -> bool:
        """Whether an admin decides this cell."""
        return channel in self.cells and self.cells[channel].mandatory

    def as_json(self) -> dict[str, Any]:
        """Return PROTOCOL's shape: booleans, and the word of the email cell."""
        return {channel.value: public_value(channel, cell.value) for channel, cell in self.cells.items()}


def public_value(channel: Channel, value: str) -> bool | str:
    """Return a cell's value as PROTOCOL says it."""
    return value if channel is Channel.EMAIL else value == ON


def of_user(user: User) -> list[MatrixRow]:
    """Return the rows that can reach this person and have a source: two statements."""
    role = role_of(user)
    own = {
        (cell.row, cell.channel): cell.value
        for cell in db.session.scalars(select(PreferenceCell).where(PreferenceCell.user_id == user.id))
    }
    defaults = _account_defaults(role)
    return [_row(key, role, defaults, own) for key in rows_for(role)]


def rows_for(role: str) -> list[str]:
    """Return the keys of the rows that can reach a role and have a source, in the order of SPEC 3."""
    reachable = {
        kind.row
        for kind in KINDS.values()
        if any(per_role.get(role) is not None for per_role in kind.defaults.values())
    }
    return [key for key in labels.ROWS if key in reachable and _has_source(key)]


def channels_of(row: str) -> list[Channel]:
    """Return the cells that a row has."""
    return [channel for channel in Channel if any(channel in kind.channels for kind in _kinds(row))]


def mail_values(row: str) -> tuple[Mail, ...]:
    """Return what a row's email cell can say: reports have their own times, so they are on or off."""
    return (Mail.OFF, Mail.NOW) if row == "report" else tuple(Mail)


def set_cell(user: User, row: str, channel: Channel, value: object, field: str = "matrix") -> None:
    """Store a person's choice for one cell, or forget it where it is the default.

    Raises UserError: no such row for this role, no such value, or locked by an admin.
    """
    _check_cell(user, row, channel, field)
    wanted = checked_value(channel, value, field)
    if channel is Channel.EMAIL and wanted not in mail_values(row):
        raise UserError("invalid", gettext("This kind of news has its own times: off or now is needed"), field)
    role = role_of(user)
    cell = _row(row, role, _account_defaults(role), {}).cells[channel]
    if cell.mandatory:
        if wanted == cell.value:
            return
        raise UserError("locked", gettext("%(name)s requires this", name=cell.required_by or "Frontdesk"), field)
    if wanted == cell.default:
        forget_cell(user.id, row, channel)
        return
    db.session.execute(
        insert(PreferenceCell)
        .values(user_id=user.id, row=row, channel=channel.value, value=wanted)
        .on_conflict_do_update(
            index_elements=[PreferenceCell.user_id, PreferenceCell.row, PreferenceCell.channel], set_={"value": wanted}
        )
    )


def reset_cell(user: User, row: str, channel: Channel, field: str = "matrix") -> None:
    """Let the account's default count again. Raises UserError for a cell that the person does not have."""
    _check_cell(user, row, channel, field)
    forget_cell(user.id, row, channel)


def own_value(user_id: int, row: str, channel: Channel) -> str | None:
    """Return the stored choice, or None where the default counts."""
    cell = db.session.get(PreferenceCell, (user_id, row, channel.value), populate_existing=True)
    return cell.value if cell else None


def forget_cell(user_id: int, row: str, channel: Channel) -> None:
    """Let the account's default count again."""
    db.session.execute(
        delete(PreferenceCell).where(
            PreferenceCell.user_id == user_id, PreferenceCell.row == row, PreferenceCell.channel == channel.value
        )
    )


def checked_value(channel: Channel, value: object, field: str) -> str:
    """Return how a cell's value is stored. Raises UserError for one that the channel does not have."""
    if channel is Channel.EMAIL:
        if not isinstance(value, str) or value not in tuple(Mail):
            raise UserError("invalid", gettext("off, now, unread or digest is needed"), field)
        return value
    if not isinstance(value, bool):
        raise UserError("invalid", gettext("true or false is needed"), field)
    return ON if value else OFF


def built_in(row: str, role: str, channel: Channel) -> str | None:
    """Return the product's own default of a cell: the strongest of the row's kinds; None where it is hidden."""
    values = {
        cells[channel.value]
        for kind in _kinds(row)
        if channel in kind.channels
        for per_role in kind.defaults.values()
        if (cells := per_role.get(role)) is not None
    }
    if not values:
        return None
    order = _STRONGEST_MAIL if channel is Channel.EMAIL else (ON,)
    return next((str(value) for value in order if value in values), OFF)


def _check_cell(user: User, row: str, channel: Channel, field: str) -> None:
    if row not in rows_for(role_of(user)):
        raise UserError("unknown_row", gettext("There is no such kind of news for you"), field)
    if channel not in channels_of(row):
        raise UserError("unknown_channel", gettext("This kind of news has no such channel"), field)


def _row(key: str, role: str, defaults: _Defaults, own: Mapping[tuple[str, str], str]) -> MatrixRow:
    cells = {}
    for channel in channels_of(key):
        by_product = built_in(key, role, channel)
        if by_product is None:
            continue
        by_admins = defaults.get((role, key, channel.value))
        default = by_admins.value if by_admins else by_product
        locked_by_product = default != OFF and any(role in kind.mandatory for kind in _kinds(key))
        mandatory = (by_admins is not None and by_admins.mandatory) or locked_by_product
        chosen = None if mandatory else own.get((key, channel.value))
        cells[channel] = MatrixCell(
            value=chosen if chosen is not None else default,
            default=default,
            own=chosen is not None and chosen != default,
            mandatory=mandatory,
            required_by=by_admins.required_by if by_admins and by_admins.mandatory else "",
        )
    return MatrixRow(key, cells)


def _account_defaults(role: str) -> _Defaults:
    rows = db.session.execute(
        text(
            'SELECT d.role, d."row", d.channel, d.value, d.mandatory,'
            " trim(concat(u.first_name, ' ', u.last_name)) AS required_by"
            " FROM default_cells d LEFT JOIN ab_user u ON u.id = d.changed_by_id WHERE d.role = :role"
        ),
        {"role": role},
    )
    return {
        (row.role, row.row, row.channel): AccountDefault(row.value, row.mandatory, row.required_by or "")
        for row in rows
    }


def set_default(actor: User, role: str, row: str, channel: str, value: str, mandatory: bool) -> DefaultCell:
    """Set what the account's default for a cell is, and whether it is locked. Raises UserError naming the field."""
    if role not in ROLES:
        raise UserError("invalid", gettext("Choose one of %(names)s", names=", ".join(ROLES)), "role")
    if row not in rows_for(role):
        raise UserError("invalid", gettext("This kind of news cannot reach this role"), "row")
    if channel not in [one.value for one in channels_of(row)]:
        raise UserError("invalid", gettext("This kind of news has no such channel"), "channel")
    allowed = tuple(mail.value for mail in mail_values(row)) if channel == Channel.EMAIL else (ON, OFF)
    if value not in allowed:
        raise UserError("invalid", gettext("Choose one of %(names)s", names=", ".join(allowed)), "value")
    found = db.session.scalars(
        select(DefaultCell).where(DefaultCell.role == role, DefaultCell.row == row, DefaultCell.channel == channel)
    ).one_or_none()
    if found is None:
        found = DefaultCell(role=role, row=row, channel=channel)
        db.session.add(found)
    found.value, found.mandatory, found.changed_by_id = value, mandatory, actor.id
    db.session.flush()
    return found


def remove_default(cell: DefaultCell) -> None:
    """Let the product's own default count again."""
    db.session.delete(cell)
    db.session.flush()


def _kinds(row: str) -> list[Kind]:
    return [kind for kind in KINDS.values() if kind.row == row]


def _has_source(row: str) -> bool:
    setting = SHOWN_ONCE_SET.get(row)
    if row == "stripe":
        return stripe_settings.is_connected()
    return setting is None or bool(account.get_setting(setting))
