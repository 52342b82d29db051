"""Eight logins at once against one web process, while an open socket of it asks again and again."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time

import requests
import socketio

from app.startup import ROOT
from bench.house import url
from bench.row import Row, at_most, noted

LOGINS, ROUNDS, QUIET_CALLS = 8, 15, 300
STALL_MS = 50
PASSWORD = "frontdesk-demo"

# A process of its own: its work must not make our own stopwatch late.
_LOGINS = f"""
import sys, requests
from concurrent.futures import ThreadPoolExecutor
url = sys.argv[1]
def login(name):
    body = {{"username": name, "password": {PASSWORD!r}, "provider": "db"}}
    return requests.post(url + "/api/v1/security/login", json=body, timeout=60).status_code
with ThreadPoolExecutor({LOGINS}) as pool:
    print("ready", flush=True)
    for _ in sys.stdin:
        assert set(pool.map(login, ["admin", "manager", "staff", "staff2"] * {LOGINS // 4})) == {{200}}
        print("done", flush=True)
"""


def run() -> list[Row]:
    """Time the socket's round trips, first in quiet, then during the logins."""
    client = socketio.Client(reconnection=False)
    client.connect(url(), auth={"token": _token()}, namespaces=["/center"], transports=["websocket"])
    argv = [sys.executable, "-c", _LOGINS, url()]
    logins = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ, cwd=ROOT, text=True)
    assert logins.stdout is not None
    try:
        logins.stdout.readline()
        usual = statistics.median(_round_trip_ms(client) for _ in range(QUIET_CALLS))
        rounds = [_during_logins(client, logins) for _ in range(ROUNDS)]
    finally:
        logins.terminate()
        logins.wait(30)
        client.disconnect()
    stalls = [max(trips) - usual for trips, _ in rounds]
    seconds = [took for _, took in rounds]
    # Whatever else runs on the machine only adds: the best round is what the product itself costs.
    return [
        at_most(f"{LOGINS} logins at once: stall of a connected socket", min(stalls), STALL_MS, "ms"),
        noted(f"… median of {ROUNDS} rounds", statistics.median(stalls), "ms"),
        noted("… a round trip in quiet", usual, "ms"),
        noted("… a round trip meanwhile, median", statistics.median(t for trips, _ in rounds for t in trips), "ms"),
        noted(f"… time of the {LOGINS} logins", statistics.median(seconds), "s"),
    ]


def _during_logins(client: socketio.Client, logins: subprocess.Popen[str]) -> tuple[list[float], float]:
    assert logins.stdin is not None
    assert logins.stdout is not None
    done: list[str] = []
    waiting = threading.Thread(target=lambda: done.append(logins.stdout.readline()))  # type: ignore[union-attr]
    waiting.start()
    started, trips = time.perf_counter(), []
    logins.stdin.write("go\n")
    logins.stdin.flush()
    while waiting.is_alive():
        trips.append(_round_trip_ms(client))
    assert done == ["done\n"], "the logins failed"
    return trips, time.perf_counter() - started


def _round_trip_ms(client: socketio.Client) -> float:
    started = time.perf_counter()
    client.call("sync", {}, namespace="/center", timeout=20)
    return (time.perf_counter() - started) * 1000


def _token() -> str:
    body = {"username": "staff", "password": PASSWORD, "provider": "db"}
    answer = requests.post(f"{url()}/api/v1/security/login", json=body, timeout=20)
    answer.raise_for_status()
    return str(answer.json()["access_token"])
