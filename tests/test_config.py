"""Settings: good defaults, and a clear word about every wrong value."""

from __future__ import annotations

from pathlib import Path

import pytest

import config
from environment import ConfigError

KEYS = {"SECRET_KEY": "s" * 32, "ENCRYPTION_KEY": "A" * 43 + "="}
DATABASE = {"DATABASE_URL": "postgresql+psycopg://u:p@db.example/frontdesk", **KEYS}


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("PORT", "eighty", "from 1 to 65535"),
        ("PORT", "0", "from 1 to 65535"),
        ("PORT", "65536", "from 1 to 65535"),
        ("WORKERS", "0", "from 1 to 32"),
        ("WEB_PROCESSES", "1.5", "from 1 to 64"),
        ("TRUSTED_PROXIES", "-1", "from 0 to 10"),
        ("FRONTDESK_DEMO", "maybe", "1 or 0"),
        ("LOG_FORMAT", "xml", "text, json"),
        ("PUBLIC_URL", "frontdesk.example.com", "http:// or https://"),
        ("DATABASE_URL", "mysql://u:p@h/d", "postgresql+psycopg://"),
        ("REDIS_URL", "localhost:6379", "redis://"),
        ("ENCRYPTION_KEY", "short", "URL-safe base64"),
        ("SECRET_KEY", "short", "32 characters"),
        ("MAIL_DEFAULT_SENDER", "nobody", "an address"),
        ("VAPID_SUBJECT", "me@example.com", "mailto:"),
    ],
)
def test_a_wrong_value_names_the_variable_and_what_it_may_be(name: str, value: str, allowed: str) -> None:
    with pytest.raises(ConfigError) as raised:
        config.load({name: value})
    assert name in str(raised.value)
    assert allowed in str(raised.value)


def test_a_wrong_address_does_not_show_its_password() -> None:
    with pytest.raises(ConfigError) as raised:
        config.load({"DATABASE_URL": "mysql://u:hidden-word@h/d"})
    assert "hidden-word" not in str(raised.value)


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ENCRYPTION_KEY"])
def test_a_database_of_ones_own_needs_keys_of_ones_own(missing: str) -> None:
    with pytest.raises(ConfigError, match=missing):
        config.load({name: value for name, value in DATABASE.items() if name != missing})


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_write_a_postgresql_address_leads_to_psycopg_3(scheme: str) -> None:
    settings = config.load({**DATABASE, "DATABASE_URL": f"{scheme}://u:p@h/d"})
    assert settings["SQLALCHEMY_DATABASE_URI"] == "postgresql+psycopg://u:p@h/d"


def test_tls_and_ssl_for_mail_exclude_each_other() -> None:
    with pytest.raises(ConfigError, match=r"MAIL_USE_TLS.*MAIL_USE_SSL"):
        config.load({"MAIL_USE_TLS": "1", "MAIL_USE_SSL": "1"})


@pytest.mark.parametrize(
    ("environ", "demo"),
    [
        ({}, True),
        ({"HOST": "127.0.0.5"}, True),
        ({"HOST": "0.0.0.0"}, False),
        ({"PUBLIC_URL": "https://desk.example.com"}, False),
        ({"PUBLIC_URL": "http://localhost:9000"}, True),
        (DATABASE, False),
        ({**DATABASE, "FRONTDESK_DEMO": "1"}, True),
        ({"FRONTDESK_DEMO": "0"}, False),
    ],
)
def test_only_a_start_that_nobody_else_can_reach_loads_the_demo_unasked(environ: dict[str, str], demo: bool) -> None:
    assert config.load(environ)["FRONTDESK_DEMO"] is demo


def test_rate_limits_can_be_switched_off_in_test_mode_only() -> None:
    assert config.load({"RATE_LIMITS": "off"})["RATE_LIMITS"] is True
    assert config.load({"RATE_LIMITS": "off", "FRONTDESK_TEST": "1"})["RATE_LIMITS"] is False


def test_cookies_are_secure_where_the_address_is() -> None:
    assert config.load({"PUBLIC_URL": "https://desk.example.com"})["SESSION_COOKIE_SECURE"] is True
    assert config.load({})["SESSION_COOKIE_SECURE"] is False


def test_this_machine_may_be_called_by_any_of_its_names() -> None:
    origins = config.load({"PORT": "8090"})["ALLOWED_ORIGINS"]
    assert {"http://127.0.0.1:8090", "http://localhost:8090"} <= set(origins)
    assert config.load({"PUBLIC_URL": "https://desk.example.com/"})["ALLOWED_ORIGINS"] == ["https://desk.example.com"]


def test_root_keeps_its_data_where_an_unprivileged_server_can_reach_it() -> None:
    one, other = (config.default_data_dir(Path(root), uid=0) for root in ("/root/a", "/root/b"))
    assert one.parent == Path("/var/lib/frontdesk")
    assert one != other
    assert config.default_data_dir(Path("/home/u/desk"), uid=1000) == Path("/home/u/desk/instance")


def test_the_pools_of_all_processes_are_summed_up() -> None:
    assert config.connections_needed(web_processes=1, workers=1) == 15 + 5 * 5 + 1 + 5
    assert config.connections_needed(web_processes=4, workers=2) == 60 + 8 * 5 + 1 + 5
