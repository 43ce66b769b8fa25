"""A way to a real Argilla on which a test may let things go wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

HOP = {"connection", "transfer-encoding", "content-length", "content-encoding", "host"}


class ArgillaProxy:
    """`with ArgillaProxy(url) as proxy:` then proxy.url. `fault(method, path)` may return a status
    to answer instead of asking the server; `sent` lists (method, path) of what did reach it."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url).netloc
        self.sent: list[tuple[str, str]] = []
        self.fault: Callable[[str, str], int | None] = lambda method, path: None

    @property
    def bulks(self) -> int:
        """Batches of records that the server was given."""
        return sum(path.endswith("/records/bulk") for _, path in self.sent)

    def __enter__(self) -> Self:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = urlsplit(self.path).path
                if (status := proxy.fault(self.command, path)) is not None:
                    key = self.headers.get("X-Argilla-Api-Key")
                    text = b'{"detail": "as the test wished for %s"}' % str(key).encode()
                    self.reply(status, [("Content-Type", "application/json")], text)
                    return
                proxy.sent.append((self.command, path))
                away = HTTPConnection(proxy._target, timeout=60)
                headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP}
                headers["Accept-Encoding"] = "identity"
                away.request(self.command, self.path, body, headers)
                answer = away.getresponse()
                kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in HOP]
                self.reply(answer.status, kept, answer.read())
                away.close()

            def reply(self, status: int, headers: list[tuple[str, str]], text: bytes) -> None:
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
