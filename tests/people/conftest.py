"""What tests of people share."""

from __future__ import annotations

from tests.push_services import push_service

__all__ = ["push_service"]
