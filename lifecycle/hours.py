"""Whose working hours a promise counts in, and time in them; without any, time as it passes."""

from lifecycle.calendar import add_business, business_between
from lifecycle.policy import Policy, WorkingHours


def calendar_of(policy: Policy, assignee: str | None, team: str | None) -> str:
    """Return the key of the working hours that hold for an assignee."""
    if assignee is not None and assignee in policy.reps:
        return f"rep:{assignee}"
    if team is not None and team in policy.teams:
        return f"team:{team}"
    return f"team:{policy.routes[-1].team}"


def later(policy: Policy, calendar: str | None, at: int, ms: int) -> int:
    """Return when ``ms`` of the calendar's time have passed since ``at``."""
    if calendar is None:
        return at + ms
    return add_business(_hours(policy, calendar), at, ms)


def between(policy: Policy, calendar: str | None, start: int, end: int) -> int:
    """Return the calendar's time between two instants; 0 if they are the wrong way round."""
    if calendar is None:
        return max(0, end - start)
    return business_between(_hours(policy, calendar), start, end)


def _hours(policy: Policy, calendar: str) -> WorkingHours:
    kind, _, name = calendar.partition(":")
    hours = (policy.reps if kind == "rep" else policy.teams).get(name)
    # A later definition may know the rep or team no more: then the last route's team's hours.
    return policy.teams[policy.routes[-1].team] if hours is None else hours
