"""The cards of verdicts: what is wrong is never left out for what is fine."""

from handlers.scoreboard.numbers.intervals import rate
from handlers.scoreboard.numbers.verdicts import FINE, HANDLING, TOO_FEW, Judged, Verdicts
from handlers.scoreboard.web.overview_page import headline
from handlers.scoreboard.web.verdicts_page import CARDS_MAX, rep_cards
from schemas.policy import shipped


def judged(name: str, verdict: str, handovers: int) -> Judged:
    share = rate(0, handovers)
    return Judged(name, verdict, f"{verdict}.", share, share, 0, share, share)


def reps(*all_: Judged) -> Verdicts:
    return Verdicts((), all_, shipped().scoreboard, 0)


def test_a_rep_with_few_leads_who_lets_them_down_stands_before_many_who_do_not() -> None:
    many = [judged(f"fine-{number}", FINE, 100 - number) for number in range(CARDS_MAX + 3)]
    found = reps(*many, judged("lazy", HANDLING, 21), judged("new", TOO_FEW, 3))

    cards = rep_cards(found)

    assert [card.name for card in cards][:3] == ["lazy", "fine-0", "fine-1"]
    assert len(cards) == CARDS_MAX
    assert "new" not in {card.name for card in cards}
    assert headline(found) == "lazy lets leads down."
