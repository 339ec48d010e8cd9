"""What an address asks for, and the clauses that come of it."""

import pytest
from sqlalchemy import select

from handlers.scoreboard.numbers.filters import NOBODY, FilterError, Filters
from handlers.scoreboard.tables import LEADS


def test_an_address_is_read_and_written_back() -> None:
    query = {"campaign": "spring-fair", "rep": " rep-anna ", "grade": "", "page": "2"}

    filters = Filters.from_query(query)

    assert filters == Filters(campaign="spring-fair", rep="rep-anna")
    assert filters.query() == {"campaign": "spring-fair", "rep": "rep-anna"}


def test_any_day_stands_for_its_week() -> None:
    filters = Filters.from_query({"since_week": "2026-03-05", "until_week": "2026-03-29"})

    assert filters == Filters(since_week="2026-03-02", until_week="2026-03-23")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"since_week": "last week"}, "since_week wants a day as YYYY-MM-DD"),
        ({"until_week": "0001-01-00"}, "until_week wants a day"),
        ({"since_week": "2026-03-09", "until_week": "2026-03-02"}, "exchange them"),
        ({"campaign": "a\nb"}, "campaign has characters"),
        ({"rep": "r" * 257}, "rep is longer than 256"),
    ],
)
def test_what_means_nothing_is_told_in_a_sentence(query: dict[str, str], says: str) -> None:
    with pytest.raises(FilterError, match=says):
        Filters.from_query(query)


def test_values_are_bound_and_never_part_of_the_statement() -> None:
    hostile = "x' OR 1=1 --"
    filters = Filters(campaign=hostile, source=NOBODY, since_week="2026-03-02")

    clauses = filters.where(
        campaign=LEADS.c.arrival_campaign, source=LEADS.c.arrival_source, week=LEADS.c.week
    )
    statement = str(select(LEADS.c.lead_id).where(*clauses))

    assert len(clauses) == 3
    assert hostile not in statement
    assert "leads.arrival_source IS NULL" in statement


def test_filters_that_a_page_does_not_know_are_named() -> None:
    filters = Filters(campaign="a", rep="b", until_week="2026-03-02")

    assert filters.unused("campaign", "week") == ("rep",)
    assert filters.unused("campaign") == ("rep", "until_week")
