"""Other programs' HTTP servers, on this machine."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Mapping
from typing import Any


class HttpServer:
    """Answers whatever it is sent as :meth:`answer` says; runs from when it is made until :meth:`stop`."""

    def __init__(self) -> None:
        program = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, own_headers, content = program.answer(self.path, headers, body)
                self.send_response(status)
                for name, value in {**own_headers, "content-length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST

            def log_message(self, *_: Any) -> None: ...

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """Take a request, its headers by their names in lower case; return status, headers and content."""
        raise NotImplementedError
