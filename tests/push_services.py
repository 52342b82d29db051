"""A push service and the browser behind it: decrypts what arrives and verifies who sent it, as the real ones do."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import http_ece
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.http_servers import HttpServer


def base64url(data: bytes) -> str:
    """Return unpadded URL-safe base64."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Browser:
    """One browser's subscription, with the keys that only it has."""

    url: str
    name: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def subscription(self) -> dict[str, Any]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": base64url(point), "auth": base64url(self.auth)}
        return {"endpoint": f"{self.url}/push/{self.name}", "keys": keys}

    def decrypt(self, body: bytes) -> dict[str, Any]:
        clear = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        return json.loads(clear)


@dataclass(frozen=True)
class Push:
    """One message that was taken."""

    browser: str
    headers: Mapping[str, str]
    claims: dict[str, Any]
    payload: dict[str, Any]


class PushService(HttpServer):
    """Answers ``status`` to everything; a message that is not encrypted and signed as it must be is refused."""

    def __init__(self) -> None:
        self.status = 201
        self.headers: dict[str, str] = {}
        self.browsers: dict[str, Browser] = {}
        self.taken: list[Push] = []
        self.refused: list[str] = []
        super().__init__()

    def subscribe(self, name: str = "one") -> Browser:
        """A browser that subscribes here."""
        return self.browsers.setdefault(name, Browser(self.url, name))

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        return self._take(path, headers, body), self.headers, b""

    def _take(self, path: str, headers: Mapping[str, str], body: bytes) -> int:
        if self.status != 201:
            return self.status
        try:
            scheme, _, rest = headers["authorization"].partition(" ")
            token, key = (part.split("=", 1)[1] for part in rest.split(","))
            assert scheme == "vapid", scheme
            curve = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(key))
            claims = jwt.decode(token, curve, algorithms=["ES256"], audience=self.url)
            assert claims["sub"].startswith(("mailto:", "https://")), claims
            assert headers["content-encoding"] == "aes128gcm", headers
            assert int(headers["ttl"]) > 0, headers
            assert len(headers.get("topic", "")) <= 32, headers
            assert len(body) <= 4096, len(body)
            name = path.rsplit("/", 1)[1]
            self.taken.append(Push(name, headers, claims, self.browsers[name].decrypt(body)))
        except Exception as error:
            self.refused.append(repr(error))
            return 403
        return 201


@pytest.fixture
def push_service() -> Iterator[PushService]:
    """A push service on this machine."""
    service = PushService()
    yield service
    service.stop()
