"""A sender of webhooks in a process of its own: as many at once as told, over connections that stay open.

Reads one order per line from stdin, ``{"host", "port", "requests": [base64…], "at_once"}``, and writes for each what it
took: ``{"seconds", "statuses": {status: count}}``.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from collections import Counter
from typing import Any


async def _connection(order: dict[str, Any], waiting: list[bytes], statuses: Counter[str]) -> None:
    reader, writer = await asyncio.open_connection(order["host"], order["port"])
    while waiting:
        writer.write(waiting.pop())
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").lower().split("\r\n")
        length = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length:"))
        await reader.readexactly(length)
        statuses[lines[0].split(" ")[1]] += 1
    writer.close()


async def _run(order: dict[str, Any]) -> dict[str, Any]:
    waiting = [base64.b64decode(one) for one in reversed(order["requests"])]
    statuses: Counter[str] = Counter()
    started = time.perf_counter()
    await asyncio.gather(*(_connection(order, waiting, statuses) for _ in range(order["at_once"])))
    return {"seconds": time.perf_counter() - started, "statuses": statuses}


for line in sys.stdin:
    print(json.dumps(asyncio.run(_run(json.loads(line)))), flush=True)
