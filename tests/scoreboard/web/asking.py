"""Asks a served page like a program does: one request, its path sent as it is written."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

HTML = {"Accept": "text/html"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever was asked for
        return json.loads(self.body)


def ask(
    url: str,
    path: str,
    *,
    headers: Mapping[str, str] = HTML,
    method: str = "GET",
    body: str | None = None,
) -> Answer:
    """Ask for a path, and follow nothing."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.request(method, path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


def send_form(url: str, path: str, body: str) -> Answer:
    """Send a form as a browser does."""
    form = {"Content-Type": "application/x-www-form-urlencoded", **HTML}
    return ask(url, path, headers=form, method="POST", body=body)
