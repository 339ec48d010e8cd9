"""One served board for every test that only looks at it."""

from collections.abc import Iterator

import pytest

from tests.scoreboard.web.served import Board, Served, played, serve


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A board of a played company."""
    board = Board(tmp_path_factory.mktemp("board") / "board.sqlite")
    board.tell(played())
    yield board
    board.close()


@pytest.fixture(scope="session")
def page(full: Board) -> Iterator[Served]:
    """Its page."""
    with serve(full) as served:
        yield served


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """An empty board that a test may fill."""
    board = Board(tmp_path_factory.mktemp("board") / "board.sqlite")
    yield board
    board.close()
