"""A mail server that takes everything and keeps nothing: a process of its own. Prints its port, then what it took."""

from __future__ import annotations

import sys
from typing import Any

from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP


class Taken:
    """Counts."""

    def __init__(self) -> None:
        self.count = 0

    async def handle_DATA(self, _server: SMTP, _session: Any, _envelope: Any) -> str:
        """Take a mail."""
        self.count += 1
        return "250 Taken"


def main() -> None:
    """Serve until standard input says ``count``, each time; end with it."""
    import asyncio

    loop = asyncio.new_event_loop()
    taken = Taken()
    controller = UnthreadedController(taken, hostname="127.0.0.1", port=0, loop=loop)
    controller.begin()
    port = controller.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    print(port, flush=True)

    def asked() -> None:
        if not sys.stdin.readline():
            loop.stop()
        else:
            print(taken.count, flush=True)

    loop.add_reader(sys.stdin, asked)
    loop.run_forever()


if __name__ == "__main__":
    main()
