"""Numbers as people read them, and where the marks of charts stand."""

import pytest

from handlers.scoreboard.numbers.filters import NOBODY
from handlers.scoreboard.numbers.intervals import rate
from handlers.scoreboard.numbers.table import Column, Kind
from handlers.scoreboard.numbers.verdicts import (
    BOTH,
    FINE,
    HANDLING,
    QUALITY,
    TOO_FEW,
    Judged,
    Verdicts,
)
from handlers.scoreboard.web import charts, formatting
from handlers.scoreboard.web.addresses import Place, lead_href
from handlers.scoreboard.web.overview_page import headline
from schemas.policy import shipped


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (3_600, "1 h"),
        (5_400, "1 h 30 min"),
        (86_400, "1 d"),
        (97_200, "1 d 3 h"),
        (-5, "0 s"),
    ],
)
def test_a_length_of_time_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert formatting.duration(seconds) == text


def test_money_is_told_to_the_last_cent() -> None:
    assert formatting.amount("42000") == "42,000"
    assert formatting.amount("42000.00") == "42,000"
    assert formatting.amount("12345678901234567890.12") == "12,345,678,901,234,567,890.12"
    assert formatting.amount("no number") == "no number"
    assert formatting.money((("EUR", "1000"), ("USD", "2.5"))) == "1,000 EUR + 2.5 USD"
    assert formatting.money(()) == formatting.NOTHING


def test_numbers_have_no_more_decimals_than_are_worth_reading() -> None:
    assert [formatting.number(one) for one in (3, 1234, 0.126, 12.34, 5.0, -0.5)] == [
        "3", "1,234", "0.13", "12.3", "5", "-0.5",
    ]  # fmt: skip


def test_a_time_that_no_calendar_has_is_still_a_page() -> None:
    assert formatting.moment(-1).startswith("1 Jan 1970")
    assert "9999" in formatting.moment(10**18)


def test_a_day_is_told_in_words_and_anything_else_as_it_is() -> None:
    assert formatting.short_day("2026-03-02") == "2 Mar 2026"
    assert formatting.short_day("2026-13-02") == "2026-13-02"


def test_a_gauge_says_on_which_side_of_the_limit_all_of_the_interval_is() -> None:
    above, across, below = (charts.gauge(rate(count, 200), 0.2) for count in (80, 40, 10))

    assert above is not None
    assert across is not None
    assert below is not None
    assert (above.verdict, across.verdict, below.verdict) == ("above", "across", "below")
    assert above.at == 40
    assert above.limit == 20
    assert above.low < above.at < above.low + above.span


def test_nothing_counted_has_no_place_on_a_gauge() -> None:
    assert charts.gauge(rate(0, 0), 0.2) is None


def test_a_line_needs_two_points_and_begins_at_zero() -> None:
    assert charts.spark((1,)) is None
    assert charts.spark((None, 1, None)) is None

    line = charts.spark((10, None, 11))

    assert line is not None
    first, last = (point.split(",") for point in line.points.split())
    assert float(first[1]) == pytest.approx(float(last[1]), abs=2)
    assert (line.low, line.high) == (10, 11)


def test_a_flat_line_is_drawn_as_well() -> None:
    assert charts.spark((0, 0, 0)) is not None


def test_a_lane_holds_what_began_before_it_and_shows_what_is_short() -> None:
    axis = charts.Axis(1_000, 2_000)

    assert axis.span("run", 0, 1_500, "t").start == 0
    assert axis.span("run", 0, 1_500, "t").width == 50
    assert axis.span("run", 1_500, 1_500, "t").width > 0
    assert axis.ticks(3) == ((0, 1_000), (50, 1_500), (100, 2_000))


@pytest.mark.parametrize(
    ("lead_id", "href"),
    [
        ("lead-1", "/leads/lead-1"),
        ("a/b?c#d", "/leads/a%2Fb%3Fc%23d"),
        ("..", "/lead?id=.."),
        (".", "/lead?id=."),
        ('"><script>', "/leads/%22%3E%3Cscript%3E"),
        ("%2e%2e", "/leads/%252e%252e"),
    ],
)
def test_every_lead_has_an_address(lead_id: str, href: str) -> None:
    assert lead_href(lead_id) == href


def test_a_cell_narrows_the_page_only_where_that_means_something() -> None:
    place = Place("/funnel", "/funnel", {"rep": "anna"}, frozenset({"campaign", "rep"}))
    campaign = Column("campaign", "Campaign", filter="campaign")

    assert place.filtered(campaign, "a&b") == "/funnel?rep=anna&campaign=a%26b"
    assert place.filtered(Column("rep", "Rep", filter="rep"), "anna") == ""
    assert place.filtered(Column("stage", "Stage", filter="stage"), "warm") == ""
    assert place.filtered(Column("n", "N", Kind.COUNT, filter="campaign"), 3) == ""
    assert place.filtered(campaign, None) == ""
    assert place.without("rep") == "/funnel"
    assert place.csv("steps") == "/funnel/steps.csv?rep=anna"
    assert place.json == "/funnel.json?rep=anna"


def judged(name: str, verdict: str) -> Judged:
    nothing = rate(0, 0)
    return Judged(name, verdict, "", nothing, nothing, 0, nothing, nothing)


@pytest.mark.parametrize(
    ("campaigns", "reps", "says"),
    [
        ((), (), "Too few to tell yet."),
        ((("a", TOO_FEW),), (("r", TOO_FEW),), "Too few to tell yet."),
        ((("a", FINE),), (("r", TOO_FEW),), "Nothing is over a limit."),
        ((("a", QUALITY),), (("r", FINE),), "a brings leads that are not good."),
        (
            (("a", QUALITY), ("b", QUALITY), ("c", BOTH)),
            (("r", HANDLING),),
            (
                "Two campaigns bring leads that are not good, c is bad on both counts and "
                "r lets leads down."
            ),
        ),
        (((NOBODY, HANDLING),), (), "One campaign is badly handled."),
    ],
)
def test_the_verdict_is_one_sentence(
    campaigns: tuple[tuple[str, str], ...], reps: tuple[tuple[str, str], ...], says: str
) -> None:
    found = Verdicts(
        tuple(judged(*one) for one in campaigns),
        tuple(judged(*one) for one in reps),
        shipped().scoreboard,
        0,
    )

    assert headline(found) == says
