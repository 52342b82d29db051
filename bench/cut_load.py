"""Sockets that wait to be cut off: a process of its own, so that the servers have their cores to themselves.

Reads one JSON object, opens the sockets and says "open"; reads when the person was deactivated, and writes how long the
median and the last socket lived after that, in seconds.
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402 - nothing may be imported before the patch
import statistics  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

import gevent  # noqa: E402

from bench.chat_load import Socket  # noqa: E402


def main() -> None:
    """Open, wait, report."""
    asked = json.loads(sys.stdin.readline())
    ended: list[float] = []

    def wait(opened: Socket) -> None:
        opened.listen()
        ended.append(time.time())

    address = asked["url"].replace("http", "ws", 1)
    sockets = [Socket(address, {"token": asked["token"]}) for _ in range(asked["sockets"])]
    waiting = [gevent.spawn(wait, opened) for opened in sockets]
    sys.stdout.write("open\n")
    sys.stdout.flush()
    told_at = json.loads(sys.stdin.readline())["at"]
    gevent.joinall(waiting, timeout=60)
    lived = [max(0.0, at - told_at) for at in ended] + [60.0] * (asked["sockets"] - len(ended))
    sys.stdout.write(json.dumps({"last": max(lived), "median": statistics.median(lived)}) + "\n")


if __name__ == "__main__":
    main()
