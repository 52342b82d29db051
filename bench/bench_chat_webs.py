"""What a second web process adds: durable sends by 20 senders in 20 chats, through two against through one."""

from __future__ import annotations

import os
import secrets
import statistics

from app.extensions import db
from bench.chat_people import group_chat, load, people
from bench.house import application, two_webs, url
from bench.row import Row, at_least, noted

SENDERS, SECONDS, ROUNDS = 20, 4, 3
RATIO, CORES = 1.6, 4


def run() -> list[Row]:
    """Measure in turns; the bound counts where there are cores for two processes, their database and their clients."""
    with application().app_context(), two_webs() as address:
        users, tokens = people()
        chats = [group_chat(users[number], [users[-1]]) for number in range(SENDERS)]
        db.session.remove()
        doors = {"one": url().replace("http", "ws", 1), "two": address.replace("http", "ws", 1)}
        found: dict[str, list[float]] = {"one": [], "two": []}
        for _ in range(ROUNDS):
            for name, door in doors.items():
                order = {
                    "do": "send",
                    "name": secrets.token_hex(6),
                    "seconds": SECONDS,
                    "url": door,
                    "senders": [
                        {"chat_id": chats[sender], "auth": {"token": tokens[sender]}} for sender in range(SENDERS)
                    ],
                }
                found[name].append(load(order)["per_second"])
    one, two_of_them = statistics.median(found["one"]), statistics.median(found["two"])
    name, cores = "chat: durable sends through two web processes, of one's", os.cpu_count() or 1
    ratio = two_of_them / one
    if cores < CORES:
        return [noted(f"{name} ({RATIO} asks for {CORES} cores, here are {cores})", ratio)]
    return [at_least(name, ratio, RATIO)]
