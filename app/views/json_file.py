"""Answers that are kept as a file."""

from __future__ import annotations

import json
from typing import Any

from flask import Response


def as_file(content: Any, name: str) -> Response:
    """Return JSON that the browser saves under this name and nobody caches."""
    body = json.dumps(content, indent=1, ensure_ascii=False, default=str)
    answer = Response(body, mimetype="application/json")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer
