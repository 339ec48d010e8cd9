"""Who listens hears of every committed batch, however slow it is."""

import asyncio

import pytest

from handlers.scoreboard import news as module
from handlers.scoreboard.news import Change, News, TooManyListenersError


def change(facts: int, *leads: str, at: int = 0) -> Change:
    return Change(facts, frozenset(leads), at)


def test_of_what_waits_a_slow_listener_hears_all_as_one() -> None:
    async def listens() -> Change | None:
        news = News()
        async with news.listen() as listener:
            news.tell(change(2, "a", at=1))
            news.tell(change(3, "b", at=2))
            return await listener.get()

    heard = asyncio.run(listens())

    assert heard == change(5, "a", "b", at=2)


def test_after_it_has_heard_a_listener_waits_for_the_next() -> None:
    async def listens_twice() -> tuple[bool, Change | None]:
        news = News()
        async with news.listen() as listener:
            news.tell(change(1, "a"))
            await listener.get()
            second = asyncio.create_task(listener.get())
            await asyncio.sleep(0)
            waits = not second.done()
            news.tell(change(1, "b"))
            return waits, await second

    waits, heard = asyncio.run(listens_twice())

    assert waits
    assert heard == change(1, "b")


def test_news_about_too_many_leads_are_about_any() -> None:
    many = change(1, *(str(number) for number in range(module.LEADS_MAX)))

    both = many.and_then(change(1, "one more"))

    assert both.leads is None
    assert both.touches("anybody")
    assert not change(1, "a").touches("b")


def test_at_the_end_everybody_is_sent_home() -> None:
    async def listens_to_the_end() -> list[Change | None]:
        news = News()
        async with news.listen() as before:
            news.end()
            async with news.listen() as after:
                return [await before.get(), await before.get(), await after.get()]

    assert asyncio.run(listens_to_the_end()) == [None, None, None]


def test_one_listener_too_many_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def listens() -> None:
        news = News()
        async with news.listen():
            with pytest.raises(TooManyListenersError, match="1 pages listen already"):
                async with news.listen():
                    pass
        async with news.listen():
            pass

    monkeypatch.setattr(module, "LISTENERS_MAX", 1)

    asyncio.run(listens())
