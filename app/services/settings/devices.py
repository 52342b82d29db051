"""A person's devices: browsers and phones that take Web Push."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from flask import current_app
from flask_babel import gettext
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.channels import public_only
from app.errors import NotFound, UserError
from app.extensions import db
from app.models.channels import Device
from app.models.people import User

ADDRESS_PREFIX = "device:"
MAX_DEVICES = 20
_PHONE = re.compile(r"Android|iPhone|iPad|iPod|Mobile", re.IGNORECASE)
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)


def of_user(user_id: int) -> list[dict[str, Any]]:
    """Return a person's devices, the one used last first."""
    found = db.session.scalars(
        select(Device).where(Device.user_id == user_id).order_by(Device.last_used_at.desc(), Device.id)
    )
    return [as_json(device) for device in found]


def as_json(device: Device) -> dict[str, Any]:
    """Return what the settings page shows; the endpoint stays here."""
    return {
        "id": device.id,
        "name": device.name,
        "kind": device.kind,
        "last_used_at": device.last_used_at.isoformat(),
        "created_at": device.created_at.isoformat(),
    }


def subscribe(user: User, subscription: Mapping[str, Any], *, user_agent: str, installed: bool) -> Device:
    """Store a browser's subscription, or renew the one with the same endpoint: one push per device.

    Raises UserError naming what is wrong with it.
    """
    endpoint, p256dh, auth = _checked(subscription)
    kind = "mobile" if installed or _PHONE.search(user_agent) else "browser"
    others = select(func.count()).where(Device.user_id == user.id, Device.endpoint != endpoint)
    if (db.session.scalar(others) or 0) >= MAX_DEVICES:
        raise UserError("too_many", gettext("Remove a device first: %(count)s are enough", count=MAX_DEVICES))
    values = {
        "user_id": user.id,
        "endpoint": endpoint,
        "p256dh": p256dh,
        "auth": auth,
        "kind": kind,
        "name": device_name(user_agent, installed),
        "last_used_at": clock.now(),
    }
    # Whoever signs in on a shared computer takes its subscription over: the news of the one before must not show there.
    row = db.session.execute(
        insert(Device)
        .values(**values, created_at=clock.now())
        .on_conflict_do_update(index_elements=[Device.endpoint], set_=values)
        .returning(Device.id)
    ).scalar_one()
    return db.session.get_one(Device, row, populate_existing=True)


def renew(old_endpoint: object, subscription: Mapping[str, Any]) -> bool:
    """Replace a subscription that the browser has renewed by itself. Knowing the old endpoint is the proof.

    Returns False when there is no such device. Raises UserError for a malformed subscription.
    """
    endpoint, p256dh, auth = _checked(subscription)
    device = _at(old_endpoint)
    if device is None:
        return False
    # A page that was open may have been faster: then the new one is there already, and the old one is past.
    known = _at(endpoint)
    if known is not None and known is not device:
        db.session.delete(device)
        db.session.flush()
        return True
    device.endpoint, device.p256dh, device.auth = endpoint, p256dh, auth
    device.last_used_at = clock.now()
    db.session.flush()
    return True


def touch(user_id: int, endpoint: object) -> dict[str, Any] | None:
    """Note that the device is used right now; return it, or None when the person has no such device (any more)."""
    device = db.session.scalars(
        select(Device).where(Device.user_id == user_id, Device.endpoint == str(endpoint))
    ).one_or_none()
    if device is None:
        return None
    device.last_used_at = clock.now()
    db.session.flush()
    return as_json(device)


def remove(user_id: int, device_id: int) -> None:
    """Remove one of a person's devices. Raises NotFound."""
    row = db.session.execute(
        text("DELETE FROM devices WHERE id = :id AND user_id = :user_id RETURNING id"),
        {"id": device_id, "user_id": user_id},
    ).first()
    if row is None:
        raise NotFound("Device")


def wire_addresses(addresses: Collection[str]) -> dict[str, str]:
    """Return what the push channel takes for each ``device:{id}`` that still exists."""
    ids = [int(address.removeprefix(ADDRESS_PREFIX)) for address in addresses if address.startswith(ADDRESS_PREFIX)]
    if not ids:
        return {}
    return {
        f"{ADDRESS_PREFIX}{device.id}": json.dumps(
            {"endpoint": device.endpoint, "keys": {"p256dh": device.p256dh, "auth": device.auth}}
        )
        for device in db.session.scalars(select(Device).where(Device.id.in_(ids)))
    }


def device_name(user_agent: str, installed: bool) -> str:
    """Return e.g. "Firefox on Linux", "Chrome on Android, installed"."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), gettext("Browser"))
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    name = gettext("%(browser)s on %(system)s", browser=browser, system=system) if system else browser
    return gettext("%(name)s, installed app", name=name) if installed else name


def _at(endpoint: object) -> Device | None:
    if not isinstance(endpoint, str) or "\0" in endpoint:
        return None
    return db.session.scalars(select(Device).where(Device.endpoint == endpoint)).one_or_none()


def _checked(subscription: Mapping[str, Any]) -> tuple[str, str, str]:
    endpoint = subscription.get("endpoint")
    if not isinstance(endpoint, str) or not 10 < len(endpoint) <= 1000:
        raise UserError("invalid", gettext("The address of a push service is needed"), "endpoint")
    try:
        public_only.check_endpoint(endpoint, allow_loopback=bool(current_app.config["FRONTDESK_TEST"]))
    except public_only.NotPublic as error:
        raise UserError("invalid", gettext("This is not a push service: %(why)s", why=str(error)), "endpoint") from None
    keys = subscription.get("keys")
    if not isinstance(keys, Mapping):
        raise UserError("invalid", gettext("The keys of the subscription are needed"), "keys")
    p256dh, auth = _bytes(keys.get("p256dh"), "p256dh"), _bytes(keys.get("auth"), "auth")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), p256dh)
    except ValueError:
        raise UserError("invalid", gettext("A P-256 public key is needed"), "keys.p256dh") from None
    if len(auth) != 16:
        raise UserError("invalid", gettext("16 bytes are needed"), "keys.auth")
    return endpoint, _text(p256dh), _text(auth)


def _bytes(value: object, name: str) -> bytes:
    try:
        if not isinstance(value, str) or len(value) > 200:
            raise ValueError
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except (ValueError, binascii.Error):
        raise UserError("invalid", gettext("URL-safe base64 is needed"), f"keys.{name}") from None


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
