"""Who may see the page: everybody on this machine, or whoever brings the token or comes by a proxy.

Nothing but the login form, its style and the sign of life is given to anybody else, whatever the
path. A browser cannot be told to send a token, so the form turns it into a cookie: a time of
expiry, signed with the token. Who changes the token ends all of them.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

COOKIE: Final = "baton_scoreboard"
STAYS_SECONDS: Final = 12 * 3_600
"""How long a login holds."""

_BEARER: Final = "bearer "
_PURPOSE: Final = b"baton scoreboard login until "
_NUMBER: Final = re.compile(r"[0-9]{1,16}")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Access:
    """What lets somebody in, and the wall clock that ends a login."""

    token: str
    """Empty: none is needed."""
    proxy_header: str
    """Empty: no proxy vouches for anybody."""
    host: str
    """The address that the page is served on."""
    now_ms: Callable[[], int]

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked for anything."""
        return not self.token and not self.proxy_header

    def allows(self, headers: Mapping[str, str], cookies: Mapping[str, str], host: str) -> bool:
        """Say whether a request may see data."""
        if self.is_open:
            return self.is_own_name(host)
        if self.proxy_header and headers.get(self.proxy_header, "").strip():
            return True
        if not self.token:
            return False
        given = headers.get("Authorization", "")
        if given.lower().startswith(_BEARER):
            return self.is_token(given[len(_BEARER) :].strip())
        return self._is_cookie(cookies.get(COOKIE, ""))

    def is_own_name(self, host: str) -> bool:
        """Say whether a request names this machine.

        A page of somebody else can make its own name point to this address, and would then be
        allowed to read the answer; what it cannot do is to send another name.
        """
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        return name.strip("[]").lower() in _LOOPBACK | {self.host.lower()}

    def is_token(self, given: str) -> bool:
        """Compare without telling by the time it takes how much of it was right."""
        return bool(self.token) and hmac.compare_digest(given.encode(), self.token.encode())

    def cookie(self) -> str:
        """Return what a browser keeps after a login."""
        until = str(self.now_ms() // 1_000 + STAYS_SECONDS)
        return f"{until}.{self._sign(until)}"

    def _is_cookie(self, given: str) -> bool:
        until, _, signature = given.partition(".")
        if _NUMBER.fullmatch(until) is None:
            return False
        genuine = hmac.compare_digest(signature.encode(), self._sign(until).encode())
        return genuine and int(until) * 1_000 > self.now_ms()

    def _sign(self, until: str) -> str:
        return hmac.new(self.token.encode(), _PURPOSE + until.encode(), hashlib.sha256).hexdigest()


def safe_next(path: str) -> str:
    """Return where to go after a login: a path of this page, or its start."""
    if not path.startswith("/") or path.startswith(("//", "/\\")):
        return "/"
    if any(character < " " or character == "\x7f" for character in path):
        return "/"
    return path
