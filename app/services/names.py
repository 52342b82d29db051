"""How a person's name is made from its parts, in SQL: as ``models/people.full_name`` does."""

from __future__ import annotations

# For a table that is called u in the statement.
NAME_SQL = "coalesce(nullif(trim(concat(u.first_name, ' ', u.last_name)), ''), u.username)"
