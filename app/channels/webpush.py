"""News as Web Push (RFC 8030, 8291, 8292), to browsers and to phones: one subscription, one message."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import current_app
from py_vapid import Vapid02
from pywebpush import WebPusher, WebPushException

from app.channels import public_only
from app.channels.base import Message, Sender, Urgency
from app.errors import AddressGone, PermanentSendError, TemporarySendError

TIMEOUT_SECONDS = 10
# Push services take 4096 bytes encrypted; the text is cut long before.
PAYLOAD_BYTES = 3000
TEXT_LENGTH = 400
DAY_SECONDS = 24 * 3600
TOKEN_SECONDS = 12 * 3600
GONE = frozenset({404, 410})


class WebPushChannel:
    """One of the two kinds of devices; both are reached in the same way."""

    def __init__(self, name: str) -> None:
        self.name = name

    @contextmanager
    def open(self) -> Iterator[Sender]:
        """A sender for one batch over one HTTP session."""
        with public_only.session(allow_loopback=current_app.config["FRONTDESK_TEST"]) as http:
            yield WebPushSender(http)


class WebPushSender:
    """Encrypts and posts. The address is the subscription as JSON: ``{"endpoint", "keys": {"p256dh", "auth"}}``."""

    def __init__(self, http: requests.Session) -> None:
        self._http = http
        self._vapid: Vapid02 | None = None
        self._signed: dict[str, dict[str, str]] = {}

    def send(self, address: str, message: Message) -> str | None:
        """As promised by ``app.channels.base.Sender``."""
        try:
            subscription: dict[str, Any] = json.loads(address)
            endpoint = str(subscription["endpoint"])
            pusher = WebPusher(subscription, requests_session=self._http)
        except (ValueError, KeyError, TypeError, WebPushException) as error:
            raise AddressGone("The subscription cannot be read") from error
        headers = dict(self._authorization(endpoint)) | {"Urgency": message.urgency.value}
        if message.thread:
            headers["Topic"] = topic_of(message.thread)
        try:
            answer = pusher.send(
                payload_of(message),
                headers=headers,
                ttl=DAY_SECONDS if message.urgency is not Urgency.HIGH else 3600,
                content_encoding="aes128gcm",
                timeout=TIMEOUT_SECONDS,
            )
        except public_only.NotPublic as error:
            raise AddressGone(f"The subscription's address was refused: {error}") from error
        except requests.TooManyRedirects as error:
            raise PermanentSendError("The push service redirected, which none does") from error
        except (requests.RequestException, OSError) as error:
            # Another service may well answer: the rest of the batch goes on.
            raise TemporarySendError(f"Push service {_host(endpoint)}: {_why(error)}") from error
        _check(answer, _host(endpoint))
        return None

    def _authorization(self, endpoint: str) -> dict[str, str]:
        """VAPID for one push service, signed once per batch, from a fresh dict: py_vapid changes what it gets."""
        parts = urlsplit(endpoint)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._signed:
            self._vapid = self._vapid or private_key()
            claims = {
                "sub": current_app.config["VAPID_SUBJECT"],
                "aud": origin,
                # The push service's clock counts, not the product's.
                "exp": int(time.time()) + TOKEN_SECONDS,
            }
            self._signed[origin] = self._vapid.sign(claims)
        return self._signed[origin]


def is_configured() -> bool:
    """Whether there is a key to sign with."""
    return bool(current_app.config["VAPID_PRIVATE_KEY"])


def private_key() -> Vapid02:
    """Return the key that push services know this installation by. Raises TemporarySendError without one."""
    if not is_configured():
        raise TemporarySendError("Web Push has no key (VAPID_PRIVATE_KEY)", connection_lost=True)
    return Vapid02.from_string(private_key=current_app.config["VAPID_PRIVATE_KEY"])


def public_key() -> str:
    """Return the ``applicationServerKey`` of browsers: an uncompressed point in unpadded URL-safe base64."""
    point = private_key().public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


def topic_of(thread: str) -> str:
    """Return a Topic header (RFC 8030: at most 32 characters): a later message replaces one not fetched yet."""
    return base64.urlsafe_b64encode(hashlib.sha256(thread.encode()).digest())[:32].decode()


def payload_of(message: Message) -> str:
    """Return what the service worker gets, cut to what push services take."""
    if message.closes:
        return json.dumps({"type": "read", "items": list(message.closes), "at": message.closes_until})
    payload = {
        "title": _cut(message.title, 120),
        "body": _cut(message.text, TEXT_LENGTH),
        "url": message.url,
        "tag": message.thread or message.tag,
        "item": message.item,
        "at": int(time.time() * 1000),
        "urgent": message.urgency is Urgency.HIGH,
    }
    text = json.dumps(payload, ensure_ascii=False)
    while len(text.encode()) > PAYLOAD_BYTES and payload["body"]:
        payload["body"] = _cut(str(payload["body"]), len(str(payload["body"])) // 2)
        text = json.dumps(payload, ensure_ascii=False)
    return text


def _check(answer: requests.Response, host: str) -> None:
    if answer.status_code < 300:
        return
    reason = f"Push service {host} answered {answer.status_code}"
    if answer.status_code in GONE:
        raise AddressGone(f"{reason}: the device has unsubscribed")
    if answer.status_code == 429 or answer.status_code >= 500:
        raise TemporarySendError(reason, retry_after_seconds=retry_after(answer.headers.get("Retry-After")))
    if answer.status_code in (401, 403):
        raise PermanentSendError(f"{reason}: the subscription was made for another key")
    raise PermanentSendError(reason)


def retry_after(header: str | None) -> int | None:
    """Return the seconds that a service asks to wait, at most an hour; dates are left to our own ladder."""
    return min(int(header), 3600) if header and header.isascii() and header.isdigit() and len(header) < 9 else None


def _why(error: Exception) -> str:
    return "no answer in time" if isinstance(error, requests.Timeout) else "no connection"


def _host(endpoint: str) -> str:
    return urlsplit(endpoint).hostname or "?"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: max(0, length - 1)].rstrip() + "…" * (length > 0)
