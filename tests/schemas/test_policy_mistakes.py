"""Every mistake in a policy is told with its place, its value and what would be right."""

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.policy import PolicyError, canonical, load_policy, shipped_text
from schemas.policy_text import TEXT_BYTES_MAX, read
from tests.schemas.policy_edits import SHIPPED, Edit, drop, edited, put


def _problems(text: str | bytes) -> tuple[str, ...]:
    with pytest.raises(PolicyError) as caught:
        load_policy(text)
    assert str(caught.value) == "\n".join(caught.value.lines)
    return caught.value.lines


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("name", "", "name: '': letters, digits, spaces, dots and dashes, at most 64"),
        ("name", 7, "name: 7: text; put it in quotes if it looks like a number"),
        ("baton_policy", 2, "baton_policy: 2: it should be 1"),
        ("time", "soon", "time: soon: a mapping, one `key: value` a line"),
        ("time.grace", 120, "time.grace: 120: write a number and a unit, such as `2 minutes`"),
        ("time.grace", "2m", "time.grace: 2m: write a number and a unit"),
        ("time.grace", "2 moons", "time.grace: 2 moons: `moons` is no unit of time; there are"),
        ("time.grace", "2 business hours", "time.grace: 2 business hours: business time is for"),
        ("time.grace", "0.0001 seconds", "time.grace: 0.0001 seconds: durations are whole seconds"),
        ("time.grace", "999999 days", "time.grace: 999999 days: at most ten years"),
        ("time.edge", 1.5, "time.edge: 1.5: a fraction is a number between 0 and 1"),
        ("time.edge", True, "time.edge: true: a fraction is a number between 0 and 1"),
        ("spectrum.curious", "15", "spectrum.curious: 15: points are a number with at most three"),
        ("spectrum.curious", 0, "spectrum.curious: 0: has to be more than 0 points"),
        ("spectrum.curious", 1.0005, "spectrum.curious: 1.0005: points are a number with at most"),
        ("spectrum.curious", 2_000_000, "spectrum.curious: 2000000: points are between -1000000"),
        (
            "spectrum.warm",
            15,
            "spectrum.warm: 15: more than `spectrum.curious`, 15: thresholds rise",
        ),
        (
            "spectrum.mql.engagement",
            35,
            "spectrum.mql.engagement: 35: more than `spectrum.warm`, 35",
        ),
        ("spectrum.mql.fit", -1, "spectrum.mql.fit: -1: has to be 0 points or more"),
        ("fit.employees.bands.3.from", 1e16, "fit.employees.bands[3].from: 1e+16: a number, such"),
        ("spectrum.mql.fit", 101, "spectrum.mql.fit: 101: fit ends at 100"),
        ("spectrum.hysteresis", 1, "spectrum.hysteresis: 1: above 0 and below 1"),
        (
            "spectrum.grades.fit.B",
            70,
            "spectrum.grades.fit.A: 70: more than `spectrum.grades.fit.B`",
        ),
        (
            "spectrum.grades.engagement.3",
            40,
            "spectrum.grades.engagement.2: 35: more than `spectrum",
        ),
        (
            "activities.page_view",
            [],
            "activities.page_view: []: a mapping, one `key: value` a line",
        ),
        ("activities.page_view.half_life", "0 days", "activities.page_view.half_life: 0 days: has"),
        (
            "activities.page_view.cap",
            0,
            "activities.page_view.cap: 0: has to be more than 0 points",
        ),
        ("activities.page_view.cap", 0.5, "activities.page_view.cap: 0.5: at least the size of"),
        ("activities.page_view.alive", 1, "activities.page_view.alive: 1: only buying signals are"),
        (
            "activities.page_view.buying_signal",
            "yes",
            "activities.page_view.buying_signal: yes: true",
        ),
        ("activities.pricing_view.points", 0, "activities.pricing_view.points: 0: more than 0"),
        ("activities.pricing_view.alive", 30, "activities.pricing_view.alive: 30: less than `cap`"),
        (
            "activities.unsubscribe.hand_raise",
            True,
            "activities.unsubscribe.points: -25: not negat",
        ),
        (
            "activities.Page-View",
            {"points": 1, "half_life": "7 days", "cap": 1},
            "activities.Page-View: Page-View: small letters, digits and underscores, at most 64",
        ),
        ("default_play", " ", "default_play:  : must not be empty"),
        ("fit.role", {}, "fit.role: give it `values` or `bands`"),
        ("fit.role.values", {"Boss": 1, "boss": 2}, 'fit.role.values: {"Boss": 1, "boss": 2}:'),
        ("fit.role.values", {" ": 1}, 'fit.role.values: {" ": 1}: a word, a number, true or false'),
        ("fit.role.values", 7, "fit.role.values: 7: a mapping, one `key: value` a line"),
        ("fit.employees.bands.1.from", 10, "fit.employees.bands[1].from: 10: more than the band b"),
        ("fit.employees.bands.1.from", "10", "fit.employees.bands[1].from: 10: a number, such as"),
        ("fit.email", {"values": {"x": 1}}, "fit.email: email: the name of a profile attribute;"),
        ("junk", {}, "junk: {}: a list"),
        ("junk.1.name", "student", "junk[1].name: student: a name of its own"),
        (
            "junk.1.reason",
            "studnet",
            "junk[1].reason: studnet: one of `disqualify_reasons`: student",
        ),
        ("junk.1.when", {}, "junk[1].when: {}: at least one test, or every lead is junk"),
        (
            "junk.1.when",
            {"role": {}},
            "junk[1].when.role: {}: one of in, not_in, at_least, at_most",
        ),
        (
            "junk.1.when",
            {"role": {"in": []}},
            "junk[1].when.role.in: []: a list of values, such as",
        ),
        (
            "junk.1.when",
            {"phone": {"known": True}},
            "junk[1].when.phone: phone: the name of a prof",
        ),
        ("requests.nominations_max", 2.5, "requests.nominations_max: 2.5: a whole number"),
        ("requests.nominations_max", -1, "requests.nominations_max: -1: it should be greater than"),
        (
            "requests.bant.timeline_max",
            "36 hours",
            "requests.bant.timeline_max: 1.5 days: whole da",
        ),
        (
            "requests.bant.short_reasons.need",
            "student",
            "requests.bant.short_reasons.need: student",
        ),
        ("clocks.acceptance.allowance", 8, "clocks.acceptance.allowance: 8: write a number and a"),
        (
            "clocks.acceptance.allowance",
            "0 hours",
            "clocks.acceptance.allowance: 0 hours: has to b",
        ),
        ("clocks.acceptance.fast", None, "clocks.acceptance.fast: missing: the allowance on the f"),
        (
            "clocks.acceptance.fast",
            "1 hour",
            "clocks.acceptance.fast: 1 hour: the same kind of tim",
        ),
        (
            "clocks.acceptance.fast",
            "2 business days",
            "clocks.acceptance.fast: 2 business days: at",
        ),
        ("clocks.deal.fast", "1 day", "clocks.deal.fast: 1 day: only acceptance and first_contact"),
        ("clocks.acceptance.warn", 1, "clocks.acceptance.warn: 1: above 0 and below 1, or leave"),
        ("clocks.acceptance.levels", 0, "clocks.acceptance.levels: 0: at least 1"),
        ("clocks.deal.levels", 3, "clocks.deal.levels: 3: 0: it repeats and never moves a lead"),
        ("clocks.cadence.attempts", 0, "clocks.cadence.attempts: 0: at least 1: so many attempts"),
        ("clocks.deal.attempts", 3, "clocks.deal.attempts: 3: only for cadence"),
        (
            "clocks.review.allowance",
            "1 business day",
            "clocks.review.allowance: 1 business day: ca",
        ),
        ("clocks.nurture", {}, "clocks.nurture: {}: unknown key; remove it"),
        ("returns.reason", "lazy", "returns.reason: lazy: one of `recycle_reasons`: no_response, "),
        ("returns.to.team", "bonn", "returns.to.team: bonn: one of `teams`: berlin, new_york"),
        (
            "returns.to.assignee",
            "a@b.de",
            "returns.to.assignee: a@b.de: letters, digits, dots, das",
        ),
        (
            "recycle_reasons.stalled.class",
            "lazy",
            "recycle_reasons.stalled.class: lazy: one of har",
        ),
        (
            "recycle_reasons.stalled.class",
            [],
            "recycle_reasons.stalled.class: []: one of hard, sof",
        ),
        (
            "recycle_reasons.student",
            {"class": "soft", "wait": "1 day"},
            "disqualify_reasons.student: a recycle reason has this name",
        ),
        ("recycle_reasons.churned.churn", False, "recycle_reasons: one with `churn: true`"),
        ("routes.0.team", "bonn", "routes[0].team: bonn: one of `teams`: berlin, new_york"),
        ("routes.1.when", {}, "routes[1]: without tests it takes everybody: make it the last one"),
        ("routes.2.when", {"country": {"in": ["DE"]}}, "routes[2].when: the last route has no tes"),
        ("routes", [], "routes: []: at least 1 of them"),
        ("teams.berlin.zone", "Europe/Bonn", "teams.berlin.zone: Europe/Bonn: an IANA time zone"),
        ("teams.berlin.hours", {}, "teams.berlin.hours: {}: hours by weekday, such as {monday-fri"),
        ("teams.berlin.hours", {"monday": []}, 'teams.berlin.hours: {"monday": []}: at least one'),
        (
            "teams.berlin.hours",
            {"monday-friday": "09:00-17:00", "friday": "09:00-12:00"},
            "`friday` has hours twice; keep one",
        ),
        ("teams.berlin.hours", {"mon": "09:00-17:00"}, "`mon` is no weekday and no range of them"),
        ("teams.berlin.hours", {"monday-fri": "09:00-17:00"}, "`monday-fri` is no weekday and no"),
        ("teams.berlin.hours", {"friday-monday": "09:00-17:00"}, "`friday-monday` runs backwards"),
        ("teams.berlin.hours", {"monday": "9-17"}, "a span of local time such as 09:00-17:30"),
        ("teams.berlin.hours", {"monday": "09:00"}, "a span of local time such as 09:00-17:30"),
        ("teams.berlin.hours", {"monday": 540}, "a span of local time such as 09:00-17:30"),
        ("teams.berlin.hours", {"monday": "09:00-24:01"}, "a span of local time such as 09:00-17"),
        ("teams.berlin.hours", {"monday": "17:00-09:00"}, "a span of local time such as 09:00-17"),
        ("teams.berlin.hours", {"monday": ["13:00-17:00", "09:00-12:00"]}, "in rising order"),
        ("teams.berlin.holidays", ["2026-02-30"], "teams.berlin.holidays[0]: 2026-02-30: a date t"),
        ("teams.berlin.holidays", ["1.5.2026"], "teams.berlin.holidays[0]: 1.5.2026: a date that"),
        (
            "teams.berlin.holidays",
            ["2026-05-01"] * 2,
            "teams.berlin.holidays[1]: 2026-05-01: given",
        ),
        ("reps.rep-part-time.zone", "", "reps.rep-part-time.zone: '': an IANA time zone"),
        ("codes.objections", ["Too dear"], "codes.objections[0]: Too dear: small letters, digits"),
        ("scoreboard.young", "1 hour", "scoreboard.young: 0.0416667 days: whole days"),
        (
            "scoreboard.sample_min",
            0,
            "scoreboard.sample_min: 0: it should be greater than or equal",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_its_value_and_what_would_be_right(
    path: str, value: object, told: str
) -> None:
    problems = _problems(edited(put(path, value)))

    assert any(told in problem for problem in problems), problems
    assert all(": " in problem for problem in problems)


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (put("nmae", "x"), "nmae: x: unknown key; did you mean `name`?"),
        (put("time.graze", "1 day"), "time.graze: 1 day: unknown key; did you mean `grace`?"),
        (put("time.zzz", 1), "time.zzz: 1: unknown key; remove it"),
        (put("clocks.deal.zzz", 1), "clocks.deal.zzz: 1: unknown key; there is room for fast, at"),
        (put("activities.page_view.buyingsignal", 1), "did you mean `buying_signal`?"),
        (
            put("junk.0.when.role.one_of", []),
            "junk[0].when.role.one_of: []: unknown key; there is",
        ),
        (put("fit.employees.bands.0.form", 1), "fit.employees.bands[0].form: 1: unknown key; did"),
        (put("recycle_reasons.stalled.clas", "soft"), "did you mean `class`?"),
        (put("clocks.acceptence", {}), "clocks.acceptence: {}: unknown key; did you mean `accept"),
    ],
)
def test_a_key_that_nobody_knows_is_told_with_the_nearest_there_is(edit: Edit, told: str) -> None:
    problems = _problems(edited(edit))

    assert any(told in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("name", "name: missing: write it: what people call this definition."),
        ("time", "time: missing: write it"),
        ("time.grace", "time.grace: missing: write it: how long feedback may be delivered late"),
        ("activities.page_view.half_life", "activities.page_view.half_life: missing: write it: a"),
        ("recycle_reasons.stalled.class", "recycle_reasons.stalled.class: missing: write it: what"),
        ("spectrum.grades.engagement.1", "spectrum.grades.engagement.1: missing: write it"),
    ],
)
def test_what_is_missing_is_told_with_what_it_means(path: str, told: str) -> None:
    problems = _problems(edited(drop(path)))

    assert any(problem.startswith(told) for problem in problems), problems


def test_all_mistakes_are_told_at_once() -> None:
    problems = _problems(
        edited(
            put("time.grace", "soon"),
            put("spectrum.curious", "much"),
            drop("codes"),
            put("junk.0.resaon", "x"),
        )
    )

    assert len(problems) == 4


def test_all_contradictions_are_told_at_once() -> None:
    problems = _problems(
        edited(
            put("spectrum.warm", 10),
            put("teams.berlin.zone", "Mars/Olympus"),
            put("returns.reason", "lazy"),
        )
    )

    assert [problem.partition(":")[0] for problem in problems] == [
        "spectrum.warm",
        "returns.reason",
        "teams.berlin.zone",
    ]


def test_a_definition_that_nobody_can_meet_is_refused() -> None:
    assert "spectrum.mql.fit: 40: at most 10, the best fit that `fit` can give" in _problems(
        edited(put("fit", {"vip": {"values": {"true": 10, "false": -5}}}))
    )
    few = {"points": 30, "half_life": "7 days", "cap": 40}
    problems = _problems(edited(put("activities", {"form": few})))
    assert problems == (
        "spectrum.mql.engagement: 60: at most 40, the sum of the caps of all activities",
        "activities: at least one with `buying_signal: true`",
    )


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf", "NaN", "1e999"])
def test_numbers_that_cannot_be_reckoned_with_are_refused_in_yaml(number: str) -> None:
    problems = _problems(shipped_text().replace("warm: 35 ", f"warm: {number} "))

    assert problems[0].startswith("spectrum.warm: ")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_cannot_be_reckoned_with_are_refused_in_json(number: str) -> None:
    problems = _problems(
        edited(put("spectrum.warm", 35)).replace('"warm": 35', f'"warm": {number}')
    )

    assert "write a finite one" in problems[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "null: a policy is a mapping that begins with `name: ...`"),
        ("- a\n- b", '["a", "b"]: a policy is a mapping'),
        ("just words", "just words: a policy is a mapping"),
        ("name: a\nname: b", "line 2, column 1: `name` is given twice in one mapping"),
        ('{"name": "a", "name": "b"}', "name: given twice in one mapping; keep one"),
        ("a: {b: 1", "line 1, column 9: expected ',' or '}'"),
        ("a: &x 1\nb: *x", "line 2, column 4: an alias (`*name`): write the value out instead"),
        ("? [a, b]\n: 1", "line 1, column 3: a key has to be one word"),
        ("a: !!python/object:os.system 1", "line 1, column 4: could not determine a constructor"),
        ("a: \x07", "cannot be read as YAML"),
        (b"a: \xff", "byte 3: a policy is UTF-8 text"),
        (b"x" * (TEXT_BYTES_MAX + 1), "524289 bytes: a policy has at most 524288 bytes"),
        ('{"name": "\\ud800"}', "name: half a character: text has whole Unicode characters only"),
        ("a: " + "[" * 30 + "]" * 30, "nested deeper than 20 levels"),
        ("[" * 1_000, "nested deeper than 20 levels"),
        ("{" * 1_000, "nested deeper than 20 levels"),
    ],
)
def test_what_is_no_policy_at_all_is_told_so(text: str | bytes, told: str) -> None:
    (problem,) = _problems(text)

    assert told in problem


def test_words_stay_words_numbers_numbers_and_dates_dates() -> None:
    tree = read(
        "country: NO\nanswer: yes\nspan: 09:00-17:00\nclock: 09:30\nday: 2026-05-01\n"
        "whole: -7\nbroken: .5\nbig: 1e3\nnothing:\ntilde: ~\ntruth: true\ndigits: '12'\n"
        "version: 1.2.3\nhex: 0x10\n1: one\ntrue: two\n"
    )

    assert tree == {
        "country": "NO",
        "answer": "yes",
        "span": "09:00-17:00",
        "clock": "09:30",
        "day": "2026-05-01",
        "whole": -7,
        "broken": 0.5,
        "big": 1000.0,
        "nothing": None,
        "tilde": None,
        "truth": True,
        "digits": "12",
        "version": "1.2.3",
        "hex": "0x10",
        "1": "one",
        "true": "two",
    }


_KEYS = st.text(max_size=8) | st.sampled_from(["in", "points", "when", "1", "monday", "from"])
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**400), max_value=10**400)
    | st.integers(min_value=-5, max_value=200)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["1 day", "8 business hours", "soft", "09:00-17:00", "2026-05-01", "berlin"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=6,
)


def _places(tree: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    steps = tree.items() if isinstance(tree, dict) else ()
    for key, item in enumerate(tree) if isinstance(tree, list) else steps:
        yield from _places(item, (*path, key))


_PLACES = [place for place in _places(json.loads(SHIPPED)) if place]


@settings(max_examples=60)
@given(place=st.sampled_from(_PLACES), value=_JSON, key=st.none() | _KEYS)
def test_whatever_stands_somewhere_is_read_or_told(
    place: tuple[str | int, ...], value: object, key: str | None
) -> None:
    tree = spot = json.loads(SHIPPED)
    for step in place[:-1]:
        spot = spot[step]
    if isinstance(spot, dict) and key is not None:
        spot[key] = value
    else:
        spot[place[-1]] = value
    text = json.dumps(tree)

    # Anything but a PolicyError fails the test.
    policy = None
    with suppress(PolicyError):
        policy = load_policy(text)
    assert policy is None or load_policy(canonical(text)) == policy


@settings(max_examples=60)
@given(text=st.binary(max_size=60) | st.text(max_size=60))
def test_whatever_is_no_policy_is_told(text: bytes | str) -> None:
    with pytest.raises(PolicyError):
        load_policy(text)


def test_long_values_are_shortened_when_told() -> None:
    (problem,) = _problems(edited(put("time.grace", "long " * 50)))

    assert len(problem) < 200
    assert "…" in problem
