"""The scoreboard's page: what both teams look at, served by the scoreboard itself."""

from handlers.scoreboard.web.installing import install

__all__ = ["install"]
