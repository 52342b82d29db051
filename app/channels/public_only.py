"""HTTPS to public addresses only: the endpoint of a push subscription is typed in by whoever subscribes (SSRF).

Names are checked when a subscription is stored; here the address that was really connected to is checked again, so a
name that changes its mind between the check and the connection gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool

PORTS = frozenset({443, 8443})


class NotPublic(ValueError):
    """The address is none that this machine should talk to on behalf of a stranger."""


def check_endpoint(url: str, allow_loopback: bool = False) -> None:
    """Accept an https address whose host has public addresses only. Raises NotPublic, with a reason for people.

    ``allow_loopback`` (test mode) also accepts this very machine, by http too; other private networks never.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise NotPublic("this is not an address") from None
    if not host or parts.username or parts.password or parts.fragment:
        raise NotPublic("this is not an address")
    if allow_loopback and parts.scheme in ("http", "https") and _is_loopback_name(host):
        return
    if parts.scheme != "https":
        raise NotPublic("an https address is needed")
    if (port or 443) not in PORTS:
        raise NotPublic("no push service listens on this port")
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, port or 443, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise NotPublic("its host is not known") from None
    if not found or not all(is_public(str(address)) for address in found):
        raise NotPublic("its host is not on the public internet")


def resolves_public(host: str, port: int) -> bool:
    """Whether a host is known and has public addresses only."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(is_public(address) for address in found)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet's; also looks inside IPv4-mapped and NAT64 addresses."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return ip.is_global and not ip.is_multicast


def session(allow_loopback: bool = False) -> requests.Session:
    """Return an HTTP session that follows no redirects, reads no proxy settings and refuses private addresses."""
    made = requests.Session()
    made.max_redirects = 0
    made.trust_env = False
    made.mount("https://", _PublicAdapter(allow_loopback))
    if not allow_loopback:
        made.adapters.pop("http://")
    return made


class _PublicConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        if not is_public(connected.getpeername()[0]):
            connected.close()
            raise NotPublic("its host is not on the public internet")
        return connected


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicAdapter(HTTPAdapter):
    def __init__(self, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        if not self._allow_loopback:
            self.poolmanager.pool_classes_by_scheme = {"https": _PublicPool}


def _is_loopback_name(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
