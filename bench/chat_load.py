"""Clients for the chat's measurements: a process of its own, so that the server has its core to itself.

Reads one JSON object from standard input, writes one to standard output. Speaks Engine.IO 4 over a plain WebSocket:
a full client library would be what is measured.
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402 - nothing may be imported before the patch
import os  # noqa: E402
import socket  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
from websocket import WebSocketException, create_connection  # noqa: E402

NAMESPACE = "/center"
ARRIVED_WITHIN_SECONDS = 400


class Socket:
    """One connection to the namespace."""

    def __init__(self, url: str, auth: dict[str, Any]) -> None:
        address = f"{url}/socket.io/?EIO=4&transport=websocket"
        self._socket = create_connection(
            address,
            sockopt=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            timeout=60,
            skip_utf8_validation=True,  # byte by byte in Python: the client would be what is measured
        )
        self.heard = 0
        self._number = 0
        self._socket.recv()
        self._socket.send(f"40{NAMESPACE},{json.dumps(auth)}")
        while (answer := self._next())[:2] not in ("40", "44"):
            pass
        if answer.startswith("44"):
            raise RuntimeError(answer)

    def ask(self, event: str, payload: dict[str, Any]) -> str:
        """Send an event and wait for its ack."""
        self._number += 1
        self._socket.send(f"42{NAMESPACE},{self._number}{json.dumps([event, payload])}")
        wanted = f"43{NAMESPACE},{self._number}["
        while not (packet := self._next()).startswith(wanted):
            pass
        return packet

    def listen(self) -> None:
        """Count what comes until the connection ends, or the server ends the namespace."""
        try:
            while not self._next().startswith("41"):
                pass
        except (WebSocketException, OSError):
            pass

    def _next(self) -> str:
        packet = str(self._socket.recv())
        if packet == "2":
            self._socket.send("3")
        elif packet.startswith(f'42{NAMESPACE},["message"'):
            self.heard += 1
        return packet


def send(order: dict[str, Any]) -> dict[str, Any]:
    """Let every sender send one message after the other for a time; return the rate and the times to the ack."""
    sockets = [(Socket(order["url"], one["auth"]), one["chat_id"]) for one in order["senders"]]
    times: list[float] = []
    ends = time.perf_counter() + order["seconds"]

    def run(number: int, sender: Socket, chat_id: int) -> None:
        part = 0
        while time.perf_counter() < ends:
            part += 1
            began = time.perf_counter()
            payload = {"chat_id": chat_id, "client_id": f"{order['name']}-{number}-{part}", "body": "Is the 56 free?"}
            if '"error"' in sender.ask("message.send", payload):
                raise RuntimeError("refused")
            times.append(time.perf_counter() - began)

    began = time.perf_counter()
    gevent.joinall([gevent.spawn(run, number, *one) for number, one in enumerate(sockets)], raise_error=True)
    return {"per_second": len(times) / (time.perf_counter() - began), "median": statistics.median(times)}


def fan_out(order: dict[str, Any]) -> dict[str, Any]:
    """Let a few send to a room of many; return how many deliveries per second arrived."""
    listeners = []
    for auth in order["listeners"]:
        # From the first moment on: who does not answer the server's question whether he lives is cut off.
        listeners.append(Socket(order["url"], auth))
        gevent.spawn(listeners[-1].listen)
    senders = [Socket(order["url"], auth) for auth in order["senders"]]
    gevent.sleep(1)

    def run(number: int, sender: Socket) -> None:
        for part in range(order["messages"] // len(senders)):
            client_id = f"{order['name']}-{number}-{part}"
            sender.ask(
                order["event"], {"chat_id": order["chat_id"], "client_id": client_id, "body": "Hello, all of you"}
            )

    began = time.perf_counter()
    gevent.joinall([gevent.spawn(run, number, one) for number, one in enumerate(senders)], raise_error=True)
    wanted = order["messages"] * len(listeners)
    while sum(listener.heard for listener in listeners) < wanted:
        if time.perf_counter() - began > ARRIVED_WITHIN_SECONDS:
            heard = sum(listener.heard for listener in listeners)
            raise RuntimeError(f"{heard} of {wanted} arrived")
        gevent.sleep(0.005)
    return {"per_second": wanted / (time.perf_counter() - began)}


def idle(order: dict[str, Any]) -> dict[str, Any]:
    """Hold many connections until standard input ends."""
    held = []
    for auth in order["sockets"]:
        held.append(Socket(order["url"], auth))
        gevent.spawn(held[-1].listen)
    print(json.dumps({"open": len(held)}), flush=True)
    while sys.stdin.readline():
        pass
    return {"closed": len(held)}


if __name__ == "__main__":
    order = json.loads(sys.stdin.readline())
    print(json.dumps({"send": send, "fan_out": fan_out, "idle": idle}[order["do"]](order)), flush=True)
    # The connections' readers would keep the process for ever.
    os._exit(0)
