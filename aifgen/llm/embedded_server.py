"""The embedded server's own process: serves one GGUF file while anybody needs it. Knows no aifgen.

Started by aifgen.llm.embedded, which writes one line of JSON to its standard input: path, slots,
context (tokens per slot), threads, port (0: any), key, state and users (files). Once the server
listens, the state file says where, and a line appears on standard output.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

POLL_S = 1.0


def main() -> None:
    settings = json.loads(sys.stdin.readline())
    ready = os.dup(1)
    os.dup2(2, 1)  # llama.cpp logs to standard output
    server = _serve(settings)
    state = Path(settings["state"])
    port = urlsplit(server.listening_address).port
    _write(state, {"pid": os.getpid(), "port": port, "key": settings["key"]})
    os.write(ready, b"ready\n")
    os.close(ready)
    if sys.platform == "win32":
        sys.stdin.read()  # ends with the one process that we serve
        state.unlink(missing_ok=True)
    else:
        _until_unused(state, settings["users"])
    os._exit(0)  # without the native code's own clean-up, which may hang


def _serve(settings: dict[str, Any]) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = settings["path"]
    params.n_parallel = settings["slots"]
    params.n_ctx = settings["context"] * settings["slots"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    # An answer must not depend on what was asked before, whatever a request says.
    params.cache_prompt = params.cache_idle_slots = False
    params.cache_ram_mib = 0
    # Flash attention adds up in an order that depends on what else is being answered.
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.hostnames = ["127.0.0.1"]
    params.port = settings["port"] if _free(settings["port"]) else 0
    params.api_keys = [settings["key"]]
    params.cors_origins = "null"
    params.endpoint_slots = params.ui = False
    params.offline = True
    params.verbosity = 1  # errors only
    return xllamacpp.Server(params)


def _free(port: int) -> bool:
    with socket.socket() as probe:
        if sys.platform != "win32":  # there it would take the port from another process
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _write(state: Path, content: dict[str, Any]) -> None:
    draft = state.with_name(f"{state.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(content, out)
    os.replace(draft, state)


if sys.platform != "win32":
    import fcntl

    def _until_unused(state: Path, users: str) -> None:
        """Until no process holds the users' lock any more, or another server took our place."""
        with open(users, "a") as lock:
            while True:
                time.sleep(POLL_S)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    if _replaced(state):
                        return
                    continue
                if not _replaced(state):
                    state.unlink(missing_ok=True)
                return

    def _replaced(state: Path) -> bool:
        try:
            return bool(json.loads(state.read_text())["pid"] != os.getpid())
        except (OSError, ValueError, KeyError):
            return False


if __name__ == "__main__":
    main()
