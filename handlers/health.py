"""``/metrics``, ``/health/live`` and ``/health/ready`` over HTTP, for machines that watch."""

import logging
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

log: Final = logging.getLogger("baton.health")

Answer = tuple[bool, str]
"""Whether all is well, and a sentence."""

_OK: Final = 200
_NOT_FOUND: Final = 404
_UNAVAILABLE: Final = 503


class HealthServer:
    """Serves until it is closed. ``port`` 0 takes a free one; ``port`` then says which."""

    def __init__(
        self,
        host: str,
        port: int,
        registry: CollectorRegistry,
        live: Callable[[], Answer],
        ready: Callable[[], Answer],
    ) -> None:
        answers = {"/health/live": live, "/health/ready": ready}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path == "/metrics":
                    self._send(_OK, CONTENT_TYPE_LATEST, generate_latest(registry))
                elif path in answers:
                    well, sentence = answers[path]()
                    status = _OK if well else _UNAVAILABLE
                    self._send(status, "text/plain; charset=utf-8", f"{sentence}\n".encode())
                else:
                    self._send(_NOT_FOUND, "text/plain; charset=utf-8", b"not here\n")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
                log.debug(format, *args)

            def _send(self, status: int, content_type: str, body: bytes) -> None:
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", content_type)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except ConnectionError as error:
                    log.debug("whoever asked did not wait for the answer: %s", error)

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
