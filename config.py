"""Every environment variable is read here, once.

`load(environ)` turns the environment into Flask settings. A wrong value stops the start: `ConfigError` names the
variable and says what it may be. Imports nothing of the application, so `run.py` can use it before anything is up.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from environment import ConfigError, Environment

ROOT = Path(__file__).resolve().parent

QUEUES = ("mail", "push", "slow")

# Database connections per process, kept once they are open: one that is opened and closed again for each request is a
# third of what 20 busy people cost. A web process serves many requests at once; a worker or the beat does one thing at
# a time (plus the beat's own unpooled connection for its leader lock).
WEB_POOL = 15
JOB_POOL = 5

DEMO_PASSWORD = "frontdesk-demo"  # noqa: S105 - printed at the start, and only demo accounts have it


def load(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Flask settings from the environment.

    Without DATABASE_URL (or REDIS_URL) the setting is None: `run.py` starts the embedded server and sets the variable
    for the processes it starts. Raises ConfigError.
    """
    env = Environment(environ)
    settings: dict[str, Any] = {}
    for section in (_where, _processes, _database, _redis, _secrets, _mail, _outside, _sessions, _framework):
        settings.update(section(env, settings))
    return settings


def is_loopback(host: str) -> bool:
    """Whether a host name or address reaches this machine only."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def loopback_for(host: str) -> str:
    """How a browser on this machine writes the address that HOST listens on."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1" if host == "0.0.0.0" else "[::1]"  # noqa: S104
    return f"[{host}]" if ":" in host else host


def default_data_dir(root: Path = ROOT, uid: int | None = None) -> Path:
    """Where the embedded servers keep their data.

    As root it is outside the checkout: the database server drops to an unprivileged user, who cannot reach below a
    home directory of mode 0700.
    """
    if (os.geteuid() if uid is None else uid) == 0:
        return Path("/var/lib/frontdesk") / hashlib.sha256(str(root).encode()).hexdigest()[:12]
    return root / "instance"


def _where(env: Environment, _: dict[str, Any]) -> dict[str, Any]:
    host = env.text("HOST", "127.0.0.1")
    port = env.integer("PORT", 8080, 1, 65535)
    shown = loopback_for(host)
    public_url = env.url("PUBLIC_URL", f"http://{shown}:{port}", ("http", "https")).rstrip("/")
    public_host = urlsplit(public_url).hostname or ""
    origins = [f"{urlsplit(public_url).scheme}://{urlsplit(public_url).netloc}"]
    if is_loopback(public_host):
        origins += [f"http://{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")]
    data_dir = Path(env.text("FRONTDESK_DATA") or default_data_dir()).expanduser().resolve()
    embedded = not env.text("DATABASE_URL")
    return {
        "HOST": host,
        "PORT": port,
        "PUBLIC_URL": public_url,
        "ALLOWED_ORIGINS": list(dict.fromkeys(origins)),
        "TRUSTED_PROXIES": env.integer("TRUSTED_PROXIES", 0, 0, 10),
        "DATA_DIR": str(data_dir),
        "UPLOADS_DIR": str(Path(env.text("UPLOADS_DIR") or data_dir / "uploads").expanduser().resolve()),
        "MAX_CONTENT_LENGTH": env.integer("MAX_UPLOAD_MB", 25, 1, 1024) * 1024 * 1024,
        "FRONTDESK_TEST": env.flag("FRONTDESK_TEST", False),
        "FRONTDESK_DEMO": env.flag("FRONTDESK_DEMO", embedded and is_loopback(host) and is_loopback(public_host)),
        "DEMO_PASSWORD": env.text("DEMO_PASSWORD", DEMO_PASSWORD),
        "LOG_FORMAT": env.choice("LOG_FORMAT", "text" if sys.stderr.isatty() else "json", ("text", "json")),
        "LOG_LEVEL": env.choice("LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
    }


def _processes(env: Environment, _: dict[str, Any]) -> dict[str, Any]:
    return {
        "WEB_PROCESSES": env.integer("WEB_PROCESSES", 1, 1, 64),
        "WORKERS": env.integer("WORKERS", 1, 1, 32),
        # Set by run.py for each process it starts; it decides the size of the connection pool.
        "PROCESS_KIND": env.choice("FRONTDESK_PROCESS", "web", ("web", "worker", "beat", "command")),
        "STOP_TIMEOUT_SECONDS": env.integer("STOP_TIMEOUT_SECONDS", 5, 1, 300),
        "METRICS_DIR": env.text("FRONTDESK_METRICS_DIR"),
    }


def _database(env: Environment, settings: dict[str, Any]) -> dict[str, Any]:
    url = env.url("DATABASE_URL", "", ("postgresql+psycopg", "postgresql", "postgres"))
    return {
        "SQLALCHEMY_DATABASE_URI": f"postgresql+psycopg://{url.split('://', 1)[1]}" if url else None,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_size": WEB_POOL if settings["PROCESS_KIND"] == "web" else JOB_POOL,
            "max_overflow": 0,
            # The one used last has its statements prepared and need not be asked whether it lives.
            "pool_use_lifo": True,
            "pool_timeout": 5,
            # app/pool.py asks connections that lay idle; asking each time costs a third of sending a message.
            "pool_pre_ping": False,
            # Errors are logged, and what people write must not get into a log with them.
            "hide_parameters": True,
            "connect_args": {
                "connect_timeout": 5,
                "application_name": f"frontdesk-{settings['PROCESS_KIND']}",
                # Bounds how late a row can appear behind a sync cursor, which looks back 30 s.
                "options": "-c transaction_timeout=20000 -c timezone=UTC",
            },
        },
        "DATABASE_CONNECTIONS_NEEDED": connections_needed(settings["WEB_PROCESSES"], settings["WORKERS"]),
    }


def connections_needed(web_processes: int, workers: int) -> int:
    """The most database connections all processes can hold at once, the beat's leader lock and commands included."""
    jobs = len(QUEUES) * workers + 2  # the beat and who listens
    return web_processes * WEB_POOL + jobs * JOB_POOL + 1 + JOB_POOL


def _redis(env: Environment, settings: dict[str, Any]) -> dict[str, Any]:
    url = env.url("REDIS_URL", "", ("redis", "rediss", "unix"))
    # Login and the pages must work while Redis is down: short waits, and limits counted per process meanwhile.
    limits_on = not settings["FRONTDESK_TEST"] or env.flag("RATE_LIMITS", True)
    return {
        "REDIS_URL": url or None,
        "REDIS_TIMEOUT_SECONDS": 1.0,
        "RATE_LIMITS": limits_on,
        "AUTH_RATE_LIMITED": limits_on,
        "AUTH_RATE_LIMIT": "20 per minute",
        "RATELIMIT_ENABLED": limits_on,
        "RATELIMIT_STORAGE_URI": url or "memory://",
        "RATELIMIT_STORAGE_OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1} if url else {},
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,
        "RATELIMIT_SWALLOW_ERRORS": True,
        "RATELIMIT_HEADERS_ENABLED": True,
    }


def _secrets(env: Environment, settings: dict[str, Any]) -> dict[str, Any]:
    secret, encryption = env.text("SECRET_KEY"), env.text("ENCRYPTION_KEY")
    if settings["SQLALCHEMY_DATABASE_URI"]:
        for name, value in (("SECRET_KEY", secret), ("ENCRYPTION_KEY", encryption)):
            if not value:
                raise ConfigError(f"{name} is needed when DATABASE_URL is set. `python run.py new-keys` prints a pair.")
    if secret and len(secret) < 32:
        raise ConfigError("SECRET_KEY: at least 32 characters are needed. `python run.py new-keys` prints one.")
    for key in filter(None, encryption.split(",")):
        if not _is_fernet_key(key.strip()):
            raise ConfigError(
                "ENCRYPTION_KEY: 32 bytes in URL-safe base64 are needed (44 characters); several, the newest first, "
                "are separated by commas. `python run.py new-keys` prints one."
            )
    return {
        "SECRET_KEY": secret or None,
        "JWT_SECRET_KEY": secret or None,
        "ENCRYPTION_KEY": encryption or None,
        "METRICS_TOKEN": env.text("METRICS_TOKEN") or None,
    }


def _is_fernet_key(value: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(value.encode())) == 32
    except (binascii.Error, ValueError):
        return False


def _mail(env: Environment, settings: dict[str, Any]) -> dict[str, Any]:
    use_tls, use_ssl = env.flag("MAIL_USE_TLS", False), env.flag("MAIL_USE_SSL", False)
    if use_tls and use_ssl:
        raise ConfigError("MAIL_USE_TLS and MAIL_USE_SSL: only one of them may be 1 (STARTTLS on 587, or TLS on 465).")
    host = urlsplit(settings["PUBLIC_URL"]).hostname or "localhost"
    domain = host if "." in host and not host.replace(".", "").isdigit() else "localhost"
    sender = env.text("MAIL_DEFAULT_SENDER", f"Frontdesk <frontdesk@{domain}>")
    if "@" not in sender or "\n" in sender or "\r" in sender:
        raise ConfigError("MAIL_DEFAULT_SENDER: an address is needed, like Frontdesk <frontdesk@example.com>.")
    return {
        "MAIL_SERVER": env.text("MAIL_SERVER") or None,
        "MAIL_PORT": env.integer("MAIL_PORT", 465 if use_ssl else 587 if use_tls else 25, 1, 65535),
        "MAIL_USERNAME": env.text("MAIL_USERNAME") or None,
        "MAIL_PASSWORD": env.text("MAIL_PASSWORD") or None,
        "MAIL_USE_TLS": use_tls,
        "MAIL_USE_SSL": use_ssl,
        "MAIL_DEFAULT_SENDER": sender,
        "MAIL_TIMEOUT_SECONDS": env.integer("MAIL_TIMEOUT_SECONDS", 20, 1, 120),
        # Flask-Mail's own switches, set so that TESTING alone never swallows a mail.
        "MAIL_SUPPRESS_SEND": False,
        "MAIL_DEBUG": False,
        "MAIL_ASCII_ATTACHMENTS": False,
    }


def _outside(env: Environment, settings: dict[str, Any]) -> dict[str, Any]:
    subject = env.text("VAPID_SUBJECT", settings["PUBLIC_URL"] if settings["PUBLIC_URL"].startswith("https") else "")
    if subject and not subject.startswith(("mailto:", "https://")):
        raise ConfigError("VAPID_SUBJECT: mailto:… or https://… is needed.")
    return {
        "TELEGRAM_BOT_TOKEN": env.text("TELEGRAM_BOT_TOKEN") or None,
        "TELEGRAM_API_URL": env.url("TELEGRAM_API_URL", "https://api.telegram.org", ("http", "https")).rstrip("/"),
        "STRIPE_WEBHOOK_SECRET": env.text("STRIPE_WEBHOOK_SECRET") or None,
        "VAPID_PRIVATE_KEY": env.text("VAPID_PRIVATE_KEY") or None,
        "VAPID_SUBJECT": subject or "mailto:frontdesk@localhost",
    }


def _sessions(env: Environment, settings: dict[str, Any]) -> dict[str, Any]:
    secure = settings["PUBLIC_URL"].startswith("https://")
    return {
        "SESSION_COOKIE_NAME": "frontdesk_session",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": secure,
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_SECURE": secure,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=31),
        "PREFERRED_URL_SCHEME": "https" if secure else "http",
        # A form left open over lunch must still be saved; the token dies with the session anyway.
        "WTF_CSRF_TIME_LIMIT": None,
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(minutes=15),
        "JWT_REFRESH_TOKEN_EXPIRES": timedelta(days=30),
    }


def _framework(env: Environment, settings: dict[str, Any]) -> dict[str, Any]:
    """Flask-AppBuilder's switches: the database belongs to the migrations, the start costs no statement."""
    return {
        "APP_NAME": "Frontdesk",
        "FAB_CREATE_DB": False,
        "FAB_UPDATE_PERMS": False,
        "FAB_ADD_SECURITY_PERMISSION_VIEW": False,
        "FAB_ADD_SECURITY_VIEW_MENU_VIEW": False,
        "FAB_ADD_SECURITY_PERMISSION_VIEWS_VIEW": False,
        "FAB_API_MAX_PAGE_SIZE": 100,
        "FAB_PASSWORD_COMPLEXITY_ENABLED": True,
        "FAB_API_KEY_ENABLED": True,
        "FAB_API_KEY_PREFIXES": ["fdk_"],
        "AUTH_TYPE": 1,
        "AUTH_ROLE_ADMIN": "Admin",
        "AUTH_ROLE_PUBLIC": "Public",
        "BABEL_DEFAULT_LOCALE": "en",
        "BABEL_DEFAULT_TIMEZONE": "UTC",
        "LANGUAGES": {"en": {"flag": "gb", "name": "English"}},
    }
