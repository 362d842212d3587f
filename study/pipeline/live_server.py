"""`study watch`: the live page on this machine's loopback interface, read-only."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from study.base.errors import StudyError
from study.pipeline.live_page import error_page, live_page
from study.protocol.opening import load_study

HOST = "127.0.0.1"
NAMES = {HOST, "localhost"}


def server(root: Path, port: int) -> ThreadingHTTPServer:
    """A server of one page; 0 as `port`: any free one. Raises `StudyError` without a study or where the port is taken.

    Only requests that name this machine are answered: a page elsewhere whose name resolves to 127.0.0.1 reads nothing.
    """
    load_study(root)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Host", "").partition(":")[0] not in NAMES:
                self.send_error(403)
            elif self.path != "/":
                self.send_error(404)
            else:
                self._answer()

        def _answer(self) -> None:
            code = 200
            try:
                page = live_page(*load_study(root))
            except (StudyError, OSError) as error:
                code, page = 503, error_page(error)
            content = page.encode()
            self.send_response(code)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is printed for a request."""

    try:
        return ThreadingHTTPServer((HOST, port), Handler)
    except OSError as error:
        raise StudyError(f"`study watch` needs a free port, but {port} is not: {error}. Give --port 0.") from error
