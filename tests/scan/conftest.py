"""The cube "Numbers" for the tests of this folder."""

from tests.support.numbers import no_session_stays, numbers, pages, simulator, small

__all__ = ["no_session_stays", "numbers", "pages", "simulator", "small"]
