"""A real HTTP server that plays the Hugging Face Hub, as much of it as loading a dataset needs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

COMMIT = "c" * 40

Repositories = Mapping[str, Mapping[str, bytes]]
"""owner/name -> file name -> content. Those of the owner `gated` show their files to nobody."""


@contextmanager
def hub(repositories: Repositories) -> Iterator[str]:
    """The address for HF_ENDPOINT, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            match = re.fullmatch(r"(/api)?/datasets/([^/]+/[^/]+)/?(\w*)/?([^/]*)/?(.*)", path)
            if not match or match[2] not in repositories:
                return self.answer(401, X_Error_Code="RepoNotFound")
            api, name, verb, revision, file = match.groups()
            files = repositories[name]
            if revision not in ("", "main", COMMIT):
                return self.answer(404, X_Error_Code="RevisionNotFound")
            if api and verb == "tree":
                tree = [
                    {"type": "file", "path": file, "size": len(content), "oid": "0" * 40}
                    for file, content in files.items()
                ]
                return self.answer(200, json.dumps(tree).encode())
            if api:
                siblings = [{"rfilename": file} for file in files]
                facts = {"_id": "0", "id": name, "sha": COMMIT, "siblings": siblings}
                return self.answer(200, json.dumps(facts).encode())
            if name.startswith("gated/"):
                return self.answer(401, X_Error_Code="GatedRepo")
            if file not in files:
                return self.answer(404, X_Error_Code="EntryNotFound", X_Repo_Commit=COMMIT)
            content = files[file]
            tag = {"ETag": hashlib.sha1(content).hexdigest(), "X_Repo_Commit": COMMIT}
            if part := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or ""):
                first, last = int(part[1]), min(int(part[2]), len(content) - 1)
                tag["Content_Range"] = f"bytes {first}-{last}/{len(content)}"
                return self.answer(206, content[first : last + 1], **tag)
            return self.answer(200, content, **tag)

        do_HEAD = do_POST = do_GET

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
