"""Sums of money are exact, whatever is added, and no currency is mixed with another."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from handlers.scoreboard.deals import money
from handlers.scoreboard.numbers.money import added, amount, shown

AMOUNTS = st.decimals(min_value=0, max_value=10**12, places=6).map(lambda one: format(one, "f"))


@given(st.lists(AMOUNTS, max_size=30))
def test_units_and_millionths_added_apart_are_the_sum(amounts: list[str]) -> None:
    pairs = [money(one) for one in amounts]

    total = amount(sum(units for units, _ in pairs), sum(parts for _, parts in pairs))

    assert total == sum((Decimal(one) for one in amounts), Decimal(0))


def test_what_float_would_round_is_kept() -> None:
    tenths = [money("0.1")] * 3

    total = amount(sum(units for units, _ in tenths), sum(parts for _, parts in tenths))

    assert shown({"EUR": total}) == (("EUR", "0.3"),)


def test_currencies_stay_apart_the_largest_first_and_nothing_is_left_out() -> None:
    amounts = {"EUR": Decimal(1000), "USD": Decimal("2000.50"), "CHF": Decimal(0), None: Decimal(7)}

    assert shown(amounts) == (("USD", "2000.5"), ("EUR", "1000"), ("?", "7"))


def test_each_currency_is_added_to_itself() -> None:
    total = added([{"EUR": Decimal(1)}, {"USD": Decimal(2)}, {"EUR": Decimal("0.000001")}])

    assert total == {"EUR": Decimal("1.000001"), "USD": Decimal(2)}
