"""How the server compares texts, and what it makes of nulls: the switches that real servers differ in."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Collation:
    """How texts and nulls are compared.

    What is left of a text is compared by code points. A condition on a null is neither true nor false, and neither
    is its negation.
    """

    case_insensitive: bool = False
    """Upper and lower case are the same, in every comparison, pattern and sorting of texts."""

    ignore_trailing_blanks: bool = False
    """Blanks at the end of a text do not count, in the same places."""

    empty_text_is_null: bool = False
    """An empty text is no value."""

    nulls_in_negations: bool = False
    """A condition on a null counts as false, so that ``NotEqual``, ``NotIn`` and the like keep the row."""

    id_text_operators: bool = True
    """``Contains`` and its kin are allowed on ID forms."""

    any_form: bool = True
    """Conditions are allowed on other forms than ID and DESC, which is not documented."""

    def fold(self, texts: pl.Expr) -> pl.Expr:
        """Give what texts are compared by."""
        if self.ignore_trailing_blanks:
            texts = texts.str.strip_chars_end(" ")
        if self.case_insensitive:
            texts = texts.str.to_lowercase()
        return pl.when(texts != "").then(texts) if self.empty_text_is_null else texts

    def fold_text(self, text: str) -> str | None:
        """Give what one text is compared by; None where it counts as null."""
        found: str | None = pl.select(self.fold(pl.lit(text))).item()
        return found
