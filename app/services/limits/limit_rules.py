"""Activity limits as admins set them, what history suggests, and who would have exceeded them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from sqlalchemy import text

from app import clock
from app.errors import UserError
from app.extensions import db
from app.models.limits import Counted, LimitRule, Scope, Span
from app.models.people import Group, Role, User
from app.services import fields
from app.services.limits import limits
from app.services.people import people
from app.services.people.names import NAME_SQL

FIELDS = ("scope", "role_id", "group_id", "user_id", "kind", "span", "amount", "active")
AMOUNT_MAX = 1_000_000
HISTORY_DAYS = 30
SUGGESTED_FACTOR = 3
DRY_RUN_ROWS = 200
_TARGETS: Mapping[str, tuple[str, type[Any]]] = {
    Scope.ROLE: ("role_id", Role),
    Scope.GROUP: ("group_id", Group),
    Scope.USER: ("user_id", User),
}

# Who a rule is for, but those for whom a more specific active one of the same kind and window counts.
_IN_SCOPE = """
(:scope = 'everyone'
 OR :scope = 'user' AND c.user_id = :user_id
 OR :scope = 'group' AND EXISTS (
    SELECT FROM ab_user_group g WHERE g.user_id = c.user_id AND g.group_id = :group_id)
 OR :scope = 'role' AND EXISTS (
    SELECT FROM ab_user_role r WHERE r.user_id = c.user_id AND r.role_id = :role_id
    UNION ALL SELECT FROM ab_user_group g JOIN ab_group_role gr USING (group_id)
    WHERE g.user_id = c.user_id AND gr.role_id = :role_id))
"""
_RANK = "array_position(ARRAY['everyone', 'role', 'group', 'user'], CAST({} AS text))"
_MORE_SPECIFIC = f"""
EXISTS (SELECT FROM limit_rules s WHERE s.active AND s.kind = :kind AND s.span = :span
    AND {_RANK.format("s.scope")} > {_RANK.format(":scope")}
    AND (s.user_id = c.user_id
      OR EXISTS (SELECT FROM ab_user_group g WHERE g.user_id = c.user_id AND g.group_id = s.group_id)
      OR s.role_id IN (SELECT r.role_id FROM ab_user_role r WHERE r.user_id = c.user_id
         UNION ALL SELECT gr.role_id FROM ab_user_group g JOIN ab_group_role gr USING (group_id)
         WHERE g.user_id = c.user_id)))
"""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Three times the busiest person of thirty days; None where nothing was counted yet."""

    kind: str
    span: str
    busiest: str
    most: int

    @property
    def amount(self) -> int:
        """Return the suggested limit."""
        return self.most * SUGGESTED_FACTOR


@dataclass(frozen=True, slots=True)
class Excess:
    """Who would have exceeded a limit, in which window, and by how much."""

    user_id: int
    name: str
    starts_at: dt.datetime
    amount: int
    over: int


def create(actor: User, changes: Mapping[str, Any]) -> LimitRule:
    """Add a limit. Raises UserError naming the field, Forbidden but for admins."""
    people.require_admin(actor)
    fields.known(changes, FIELDS)
    rule = LimitRule(created_by_id=actor.id, active=False)
    _fill(rule, dict.fromkeys(FIELDS) | {"active": False} | dict(changes))
    db.session.add(rule)
    _flush()
    if rule.active:
        _begin(rule)
    return rule


def update(actor: User, rule: LimitRule, changes: Mapping[str, Any]) -> LimitRule:
    """Change a limit. Raises UserError naming the field, Forbidden but for admins."""
    people.require_admin(actor)
    fields.known(changes, FIELDS)
    was = rule.active
    _fill(rule, {name: getattr(rule, name) for name in FIELDS} | dict(changes))
    _flush()
    if rule.active and not was:
        _begin(rule)
    return rule


def delete(actor: User, rule: LimitRule) -> None:
    """Remove a limit. Raises Forbidden but for admins."""
    people.require_admin(actor)
    db.session.delete(rule)
    db.session.flush()


def suggestions() -> dict[tuple[str, str], Suggestion]:
    """Return what history suggests, by kind and window."""
    rows = db.session.execute(
        text(
            f"SELECT DISTINCT ON (c.kind, c.span) c.kind, c.span, c.amount, {NAME_SQL} AS name"
            " FROM activity_counters c JOIN ab_user u ON u.id = c.user_id WHERE c.starts_at >= :since"
            " ORDER BY c.kind, c.span, c.amount DESC, c.starts_at DESC"
        ),
        {"since": _since()},
    )
    return {(row.kind, row.span): Suggestion(row.kind, row.span, row.name, row.amount) for row in rows}


def dry_run(rule: LimitRule) -> list[Excess]:
    """Return who would have exceeded the limit in thirty days, the newest first, at most DRY_RUN_ROWS."""
    rows = db.session.execute(
        text(
            f"SELECT c.user_id, {NAME_SQL} AS name, c.starts_at, c.amount FROM activity_counters c"
            " JOIN ab_user u ON u.id = c.user_id"
            " WHERE c.kind = :kind AND c.span = :span AND c.starts_at >= :since AND c.amount > :amount"
            f" AND {_IN_SCOPE} AND NOT {_MORE_SPECIFIC} ORDER BY c.starts_at DESC, c.amount DESC LIMIT :limit"
        ),
        {
            "kind": rule.kind,
            "span": rule.span,
            "scope": rule.scope,
            "role_id": rule.role_id,
            "group_id": rule.group_id,
            "user_id": rule.user_id,
            "since": _since(),
            "amount": rule.amount,
            "limit": DRY_RUN_ROWS,
        },
    )
    return [Excess(row.user_id, row.name, row.starts_at, row.amount, row.amount - rule.amount) for row in rows]


def _fill(rule: LimitRule, values: Mapping[str, Any]) -> None:
    scope = _one_of(Scope, values["scope"], "scope")
    wanted = _TARGETS.get(scope)
    for other, (field, _model) in _TARGETS.items():
        if other != scope and values[field] is not None:
            raise UserError("two_targets", gettext("This limit is for somebody else: leave this empty"), field)
    if wanted is not None:
        field, model = wanted
        given = values[field]
        if not isinstance(given, int) or isinstance(given, bool):
            raise UserError("required", gettext("Choose for whom it is"), field)
        if db.session.get(model, given) is None:
            raise UserError("invalid", gettext("Choose an existing one"), field)
    kind, span = _one_of(Counted, values["kind"], "kind"), _one_of(Span, values["span"], "span")
    amount = values["amount"]
    if not isinstance(amount, int) or isinstance(amount, bool) or not 1 <= amount <= AMOUNT_MAX:
        most = f"{AMOUNT_MAX:,}"
        raise UserError("invalid", gettext("A whole number from 1 to %(most)s is needed", most=most), "amount")
    active = fields.flag(values["active"], "active")
    rule.scope, rule.kind, rule.span, rule.amount, rule.active = scope, kind, span, amount, active
    rule.role_id, rule.group_id, rule.user_id = values["role_id"], values["group_id"], values["user_id"]


def _one_of(choices: Any, value: object, field: str) -> str:
    if value is None or value not in tuple(choices):
        raise UserError("required", gettext("Choose one of %(names)s", names=", ".join(choices)), field)
    return str(choices(value).value)


def _flush() -> None:
    fields.flush_unique("limit_rules", {"span": gettext("There is such a limit already; change that one")})


def _begin(rule: LimitRule) -> None:
    """Nobody is deactivated for what was opened before the limit was switched on."""
    limits.restart([rule.user_id] if rule.user_id is not None else None, [rule.kind])


def _since() -> dt.datetime:
    return clock.now() - dt.timedelta(days=HISTORY_DAYS)
