"""Answers whoever asks for what this server does not do, in one sentence. Knows paths, no data.

All of it would let the server talk to the network or needs packages that are not installed.
"""

from __future__ import annotations

import json
import re
from typing import Any

OFF = (
    (r"/api/v1/datasets/[^/]+/(import|export)", "the Hugging Face Hub is not reached from here"),
    (r"/api/v1/webhooks.*", "webhooks are not sent from here"),
)


class SwitchedOff:
    """An ASGI application around the server's own."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            for pattern, reason in OFF:
                if re.fullmatch(pattern, scope["path"]):
                    await _refuse(send, f"This local Argilla does not do that: {reason}.")
                    return
        await self._app(scope, receive, send)


async def _refuse(send: Any, sentence: str) -> None:
    body = json.dumps({"detail": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 501, "headers": headers})
    await send({"type": "http.response.body", "body": body})
