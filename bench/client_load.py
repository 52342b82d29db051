"""Visitors and staff for the measurements of clients: a process of its own, so that the server has its core to itself.

Reads one JSON object from standard input, prints one line per phase.
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402 - nothing may be imported before the patch
import os  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from typing import Any  # noqa: E402

import gevent.event  # noqa: E402
from websocket import WebSocketException, create_connection  # noqa: E402


class Socket:
    """One connection to a namespace; a listener of its own hands acks to who waits for them."""

    def __init__(self, url: str, namespace: str, auth: dict[str, Any]) -> None:
        self._socket = create_connection(
            f"{url}/socket.io/?EIO=4&transport=websocket",
            timeout=120,
            skip_utf8_validation=True,  # byte by byte in Python: the client would be what is measured
        )
        self._namespace, self._number = namespace, 0
        self._acks: dict[int, gevent.event.AsyncResult[str]] = {}
        self._socket.recv()
        self._socket.send(f"40{namespace},{json.dumps(auth)}")
        while (answer := str(self._socket.recv()))[:2] not in ("40", "44"):
            if answer == "2":
                self._socket.send("3")
        if answer.startswith("44"):
            raise RuntimeError(answer)
        gevent.spawn(self._listen)

    def ask(self, event: str, payload: dict[str, Any]) -> str:
        """Send an event and wait for its ack."""
        self._number += 1
        self._acks[self._number] = result = gevent.event.AsyncResult()
        self._socket.send(f"42{self._namespace},{self._number}{json.dumps([event, payload])}")
        return str(result.get(timeout=60))

    def _listen(self) -> None:
        prefix = f"43{self._namespace},"
        try:
            while True:
                packet = str(self._socket.recv())
                if packet == "2":
                    self._socket.send("3")
                elif packet.startswith(prefix):
                    number, _, rest = packet[len(prefix) :].partition("[")
                    self._acks.pop(int(number)).set(rest)
        except (WebSocketException, OSError):
            pass


def staff_times(staff: list[tuple[Socket, int]], seconds: float, name: str, per_second: float) -> list[float]:
    """Let colleagues write to each other at a steady pace; return the times to the ack."""
    times: list[float] = []

    def write(number: int) -> None:
        socket, chat_id = staff[number % len(staff)]
        began = time.perf_counter()
        client_id = f"{name}-{number}"
        if '"error"' in socket.ask("message.send", {"chat_id": chat_id, "client_id": client_id, "body": "Free?"}):
            raise RuntimeError("refused")
        times.append(time.perf_counter() - began)

    paced(write, seconds, per_second)
    return times


def paced(work: Any, seconds: float, per_second: float) -> None:
    """Start one piece of work after the other at a pace, whatever each of them takes."""
    began, running = time.perf_counter(), []
    for number in range(int(seconds * per_second)):
        gevent.sleep(max(0.0, began + number / per_second - time.perf_counter()))
        running.append(gevent.spawn(work, number))
    gevent.joinall(running, timeout=120, raise_error=True)


def p99(times: list[float]) -> float:
    """The time that one of a hundred exceeds."""
    return sorted(times)[int(len(times) * 0.99)]


def main(order: dict[str, Any]) -> None:
    """Measure staff alone, hold the visitors idle, then measure staff beside writing visitors."""
    url = order["url"]
    staff = [(Socket(url, "/center", one["auth"]), one["chat_id"]) for one in order["staff"]]
    staff_times(staff, 3, f"{order['name']}-warm", 10)
    alone = p99(staff_times(staff, order["seconds"], f"{order['name']}-alone", 10))
    print(json.dumps({"alone": alone}), flush=True)
    sys.stdin.readline()
    visitors = [Socket(url, "/visitor", {"widget": order["widget"]}) for _ in range(order["visitors"])]
    for visitor in visitors:
        visitor.ask("visitor.hello", {})
    # These have a talk already: nobody's whole day is first messages.
    for number, visitor in enumerate(visitors[: order["writing"]]):
        visitor.ask("message.send", {"client_id": f"{order['name']}-first-{number}", "body": "Hello"})
    print(json.dumps({"visitors": len(visitors)}), flush=True)
    sys.stdin.readline()

    def write(number: int) -> None:
        payload = {"client_id": f"{order['name']}-{number}", "body": "Do you have this in 56?"}
        if '"error"' in visitors[number % order["writing"]].ask("message.send", payload):
            raise RuntimeError("refused")

    busy = gevent.spawn(paced, write, order["seconds"] + 2, order["per_second"])
    gevent.sleep(1)
    beside = p99(staff_times(staff, order["seconds"], f"{order['name']}-beside", 10))
    busy.get(timeout=180)
    print(json.dumps({"beside": beside}), flush=True)
    sys.stdin.readline()
    print(json.dumps(rush(visitors[order["writing"] :], order)), flush=True)


def rush(visitors: list[Socket], order: dict[str, Any]) -> dict[str, Any]:
    """Let visitors who have never written do so, at the pace; return how many were refused and how long it took."""
    refused, times = [], []

    def write(number: int) -> None:
        began = time.perf_counter()
        answer = visitors[number].ask("message.send", {"client_id": f"{order['name']}-new-{number}", "body": "Hello?"})
        times.append(time.perf_counter() - began)
        if '"error"' in answer:
            refused.append(answer)

    paced(write, order["rush_seconds"], order["per_second"])
    return {"refused": len(refused), "of": len(times), "slowest": max(times), "why": refused[:1]}


if __name__ == "__main__":
    main(json.loads(sys.stdin.readline()))
    # The connections' readers would keep the process for ever.
    os._exit(0)
