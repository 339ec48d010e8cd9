"""What has to fit together in a policy, beyond each value by itself."""

from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import pairwise

from schemas.inbound_fields import attribute_name_fault
from schemas.policy_document import PolicyDocument
from schemas.policy_lead import When
from schemas.policy_promises import ClockPart, HoursPart
from schemas.policy_text import Problem, join, shown
from schemas.policy_values import DAY_MS, points_number

FIT_MAX_MP = 100_000
FAST_TRACK = ("acceptance", "first_contact")


def check(document: PolicyDocument) -> Iterator[Problem]:
    """Yield everything that contradicts something else."""
    yield from _thresholds(document)
    yield from _grades(document)
    yield from _activities(document)
    yield from _fit(document)
    yield from _reachable(document)
    yield from _reasons(document)
    yield from _junk(document)
    yield from _clocks(document)
    yield from _whole_days(document)
    yield from _teams(document)
    yield from _routes(document)


def _points(points_mp: int) -> str:
    return str(points_number(points_mp))


def _thresholds(document: PolicyDocument) -> Iterator[Problem]:
    spectrum = document.spectrum
    if spectrum.warm <= spectrum.curious:
        right = f"more than `spectrum.curious`, {_points(spectrum.curious)}: thresholds rise"
        yield Problem("spectrum.warm", _points(spectrum.warm), right)
    if spectrum.mql.engagement <= spectrum.warm:
        right = f"more than `spectrum.warm`, {_points(spectrum.warm)}: thresholds rise"
        yield Problem("spectrum.mql.engagement", _points(spectrum.mql.engagement), right)
    if spectrum.mql.fit > FIT_MAX_MP:
        yield Problem("spectrum.mql.fit", _points(spectrum.mql.fit), "fit ends at 100")
    if not 0 < spectrum.hysteresis < 1:
        right = "above 0 and below 1, or a lead would flicker between two stages"
        yield Problem("spectrum.hysteresis", f"{spectrum.hysteresis:g}", right)


def _grades(document: PolicyDocument) -> Iterator[Problem]:
    grades = document.spectrum.grades
    fit, engagement = grades.fit, grades.engagement
    for path, bounds in (
        ("spectrum.grades.fit", {"A": fit.A, "B": fit.B, "C": fit.C}),
        (
            "spectrum.grades.engagement",
            {"1": engagement.first, "2": engagement.second, "3": engagement.third},
        ),
    ):
        names = list(bounds)
        for better, worse in pairwise(names):
            if bounds[better] <= bounds[worse]:
                right = f"more than `{path}.{worse}`, {_points(bounds[worse])}"
                yield Problem(join(path, better), _points(bounds[better]), right)


def _activities(document: PolicyDocument) -> Iterator[Problem]:
    for name, activity in document.activities.items():
        path = f"activities.{name}"
        if abs(activity.points) > activity.cap:
            right = f"at least the size of `points`, {_points(abs(activity.points))}"
            yield Problem(f"{path}.cap", _points(activity.cap), right)
        if activity.buying_signal and activity.points <= 0:
            right = "more than 0 points for a buying signal"
            yield Problem(f"{path}.points", _points(activity.points), right)
        if activity.buying_signal and activity.alive >= activity.cap:
            right = f"less than `cap`, {_points(activity.cap)}, or it is never alive"
            yield Problem(f"{path}.alive", _points(activity.alive), right)
        if activity.hand_raise and activity.points < 0:
            right = "not negative for a hand raise"
            yield Problem(f"{path}.points", _points(activity.points), right)
        if not activity.buying_signal and activity.alive:
            right = "only buying signals are alive: leave it out or set `buying_signal: true`"
            yield Problem(f"{path}.alive", _points(activity.alive), right)


def _fit(document: PolicyDocument) -> Iterator[Problem]:
    for name, attribute in document.fit.items():
        path = f"fit.{name}"
        yield from _attribute(path, name)
        if not attribute.values and not attribute.bands:
            yield Problem(path, "", "give it `values` or `bands`")
        for index in range(1, len(attribute.bands)):
            band, before = attribute.bands[index], attribute.bands[index - 1]
            if band.at_least <= before.at_least:
                right = f"more than the band before, {before.at_least:g}: bands rise"
                yield Problem(f"{path}.bands[{index}].from", f"{band.at_least:g}", right)


def _attribute(path: str, name: str) -> Iterator[Problem]:
    if fault := attribute_name_fault(name):
        yield Problem(path, name, f"the name of a profile attribute; this one {fault}")


def _reachable(document: PolicyDocument) -> Iterator[Problem]:
    """A definition that nobody can meet is a slip of the pen."""
    best = sum(
        max(
            0,
            part.otherwise,
            *part.values.values(),
            *(band.points for band in part.bands),
        )
        for part in document.fit.values()
    )
    mql = document.spectrum.mql
    if best < mql.fit <= FIT_MAX_MP:
        right = f"at most {_points(best)}, the best fit that `fit` can give"
        yield Problem("spectrum.mql.fit", _points(mql.fit), right)
    live = sum(part.cap for part in document.activities.values() if part.points > 0)
    if live < mql.engagement:
        right = f"at most {_points(live)}, the sum of the caps of all activities"
        yield Problem("spectrum.mql.engagement", _points(mql.engagement), right)
    if not any(part.buying_signal for part in document.activities.values()):
        yield Problem("activities", "", "at least one with `buying_signal: true`")


def _reasons(document: PolicyDocument) -> Iterator[Problem]:
    recycle = document.recycle_reasons
    short = document.requests.bant.short_reasons
    named = {
        "returns.reason": document.returns.reason,
        "returns.stalled_reason": document.returns.stalled_reason,
        **{f"requests.bant.short_reasons.{key}": value for key, value in short},
    }
    for path, reason in named.items():
        if reason not in recycle:
            yield Problem(path, reason, f"one of `recycle_reasons`: {', '.join(recycle)}")
    for name in document.disqualify_reasons:
        if name in recycle:
            right = "a recycle reason has this name: a rejection would not know where to go"
            yield Problem(f"disqualify_reasons.{name}", "", right)
    if not any(reason.churn for reason in recycle.values()):
        yield Problem("recycle_reasons", "", "one with `churn: true`, for customers who leave")


def _junk(document: PolicyDocument) -> Iterator[Problem]:
    names: set[str] = set()
    for index, rule in enumerate(document.junk):
        path = f"junk[{index}]"
        if rule.name in names:
            yield Problem(f"{path}.name", rule.name, "a name of its own: there is one before")
        names.add(rule.name)
        if rule.reason not in document.disqualify_reasons:
            right = f"one of `disqualify_reasons`: {', '.join(document.disqualify_reasons)}"
            yield Problem(f"{path}.reason", rule.reason, right)
        if not rule.when:
            yield Problem(f"{path}.when", "{}", "at least one test, or every lead is junk")
        yield from _tests(f"{path}.when", rule.when)


def _tests(path: str, when: When) -> Iterator[Problem]:
    for name, test in when.items():
        yield from _attribute(f"{path}.{name}", name)
        if not any(True for _ in test.conditions(name)):
            right = "one of in, not_in, at_least, at_most, known"
            yield Problem(f"{path}.{name}", "{}", right)


def _clocks(document: PolicyDocument) -> Iterator[Problem]:
    for name, clock in document.clocks:
        yield from _clock(f"clocks.{name}", name, clock)


def _clock(path: str, name: str, clock: ClockPart) -> Iterator[Problem]:
    yield from _fast_track(path, name, clock)
    if clock.warn is not None and not 0 < clock.warn < 1:
        yield Problem(f"{path}.warn", f"{clock.warn:g}", "above 0 and below 1, or leave it out")
    if (name == "cadence") != bool(clock.attempts):
        right = "at least 1: so many attempts meet it" if name == "cadence" else "only for cadence"
        yield Problem(f"{path}.attempts", str(clock.attempts), right)
    if (name == "deal") != (not clock.levels):
        right = "0: it repeats and never moves a lead" if name == "deal" else "at least 1"
        yield Problem(f"{path}.levels", str(clock.levels), right)
    if name == "review" and clock.allowance.business:
        yield Problem(f"{path}.allowance", str(clock.allowance), "calendar time, such as `1 day`")


def _fast_track(path: str, name: str, clock: ClockPart) -> Iterator[Problem]:
    path = f"{path}.fast"
    if clock.fast is None:
        if name in FAST_TRACK:
            yield Problem(path, "missing", "the allowance on the fast track")
    elif name not in FAST_TRACK:
        right = f"only {' and '.join(FAST_TRACK)} have a fast track: leave it out"
        yield Problem(path, str(clock.fast), right)
    elif clock.fast.business != clock.allowance.business:
        right = f"the same kind of time as `allowance`, {clock.allowance}"
        yield Problem(path, str(clock.fast), right)
    elif clock.fast.ms > clock.allowance.ms:
        yield Problem(path, str(clock.fast), f"at most `allowance`, {clock.allowance}")


def _whole_days(document: PolicyDocument) -> Iterator[Problem]:
    board = document.scoreboard
    for path, ms in (
        ("requests.bant.timeline_max", document.requests.bant.timeline_max),
        ("scoreboard.young", board.young),
        ("scoreboard.feedback", board.feedback),
        ("scoreboard.overturn", board.overturn),
    ):
        if ms % DAY_MS:
            yield Problem(path, f"{ms / DAY_MS:g} days", "whole days")


@cache
def _zones() -> frozenset[str]:
    """Return the zones of the pinned database, not those of the machine."""
    text = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(text.split())


def _teams(document: PolicyDocument) -> Iterator[Problem]:
    for section, calendars in (("teams", document.teams), ("reps", document.reps)):
        for name, part in calendars.items():
            yield from _calendar(f"{section}.{name}", part)


def _calendar(path: str, part: HoursPart) -> Iterator[Problem]:
    if part.zone not in _zones():
        yield Problem(f"{path}.zone", shown(part.zone), "an IANA time zone, such as Europe/Berlin")
    holidays: set[str] = set()
    for index, day in enumerate(part.holidays):
        if day in holidays:
            yield Problem(f"{path}.holidays[{index}]", day, "given twice; keep one")
        holidays.add(day)


def _routes(document: PolicyDocument) -> Iterator[Problem]:
    teams = ", ".join(document.teams)
    if document.returns.to.team not in document.teams:
        yield Problem("returns.to.team", document.returns.to.team, f"one of `teams`: {teams}")
    last = len(document.routes) - 1
    for index, route in enumerate(document.routes):
        path = f"routes[{index}]"
        if route.team not in document.teams:
            yield Problem(f"{path}.team", route.team, f"one of `teams`: {teams}")
        if index == last and route.when:
            yield Problem(f"{path}.when", "", "the last route has no tests, so that nobody is lost")
        if index < last and not route.when:
            yield Problem(path, "", "without tests it takes everybody: make it the last one")
        yield from _tests(f"{path}.when", route.when)
