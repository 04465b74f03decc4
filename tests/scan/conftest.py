"""The cube "Numbers" for the tests of this folder."""

from tests.support.numbers import coarse, no_session_stays, numbers, pages, simulator, small

__all__ = ["coarse", "no_session_stays", "numbers", "pages", "simulator", "small"]
