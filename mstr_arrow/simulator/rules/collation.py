"""The server's comparison of texts and nulls, with switches for the ways in which real servers differ."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Collation:
    """The rules by which texts and nulls are compared.

    Texts are compared by code points, after the folding that the fields switch on. A condition on a null is neither
    true nor false, and neither is the condition's negation.
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
        """Return the texts that stand for these texts in comparisons."""
        if self.ignore_trailing_blanks:
            texts = texts.str.strip_chars_end(" ")
        if self.case_insensitive:
            texts = texts.str.to_lowercase()
        return pl.when(texts != "").then(texts) if self.empty_text_is_null else texts

    def fold_text(self, text: str) -> str | None:
        """Return the text that stands for this text in comparisons; None where the text counts as null."""
        found: str | None = pl.select(self.fold(pl.lit(text))).item()
        return found
