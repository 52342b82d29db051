"""What tests of clients share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.clients.colleagues import Colleague


@pytest.fixture
def client_of(app: Flask) -> Callable[[str], Colleague]:
    """``client_of("wren")`` is that person as a program."""
    return lambda name: Colleague(app, name)
