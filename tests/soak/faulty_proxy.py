"""A proxy on the loopback interface that forwards to a real server, or fails as servers and networks do."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SLOW = 4.0  # seconds before a slow answer
MODES = ("down", "500", "429", "slow", "cut")
HOP = ("connection", "transfer-encoding", "content-length", "keep-alive")


class FaultyProxy:
    """`mode`: `pass`, or one of `MODES`; `cut` lets the server do its work and ends amid the answer."""

    def __init__(self, port: int):
        self.backend, self.mode = port, "pass"
        self.hit: dict[str, int] = dict.fromkeys((*MODES, "pass", "failed"), 0)  # "failed": by the server itself
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                """Nothing is printed."""

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                mode = proxy.mode
                if mode != "pass":
                    proxy.hit[mode] += 1
                self.close_connection = True
                if mode == "down":
                    return
                if mode in ("500", "429"):
                    self._send(int(mode), {"Retry-After": "1"}, b'{"error_code": "TEMPORARILY_UNAVAILABLE"}')
                    return
                if mode == "slow":
                    time.sleep(SLOW)
                try:
                    status, headers, content = self._forward(body)
                except (OSError, http.client.HTTPException):
                    proxy.hit["failed"] += 1
                    return
                self._send(status, headers, content, cut=mode == "cut")
                proxy.hit["failed" if status >= 500 else "pass"] += mode == "pass"

            def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
                connection = http.client.HTTPConnection("127.0.0.1", proxy.backend, timeout=60)
                headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
                connection.request(self.command, self.path, body, headers)
                found = connection.getresponse()
                content = found.read()
                connection.close()
                kept = {name: value for name, value in found.getheaders() if name.lower() not in HOP}
                return found.status, kept, content

            def _send(self, status: int, headers: dict[str, str], content: bytes, cut: bool = False) -> None:
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(content)))
                    self.send_header("Connection", "close")
                    self.end_headers()
                    self.wfile.write(content[: len(content) // 2] if cut else content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.uri = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
