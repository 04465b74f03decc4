"""How the server compares texts, and what it makes of nulls: the switches that real servers differ in."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Collation:
    """What two texts have to share to be equal, and which rows a negated condition keeps.

    ``case_insensitive`` and ``ignore_trailing_blanks`` hold for every comparison, pattern and sorting of texts;
    what is left is compared by code points. ``empty_text_is_null`` takes ``""`` for no value. A condition on a
    null is neither true nor false, its negation neither, unless ``nulls_in_negations`` counts it as false:
    then ``NotEqual``, ``NotIn`` and the like keep the row. ``id_text_operators`` allows ``Contains`` and its kin
    on ID forms, ``any_form`` conditions on other forms than ID and DESC, where they are not documented.
    """

    case_insensitive: bool = False
    ignore_trailing_blanks: bool = False
    empty_text_is_null: bool = False
    nulls_in_negations: bool = False
    id_text_operators: bool = True
    any_form: bool = True

    def compared(self, texts: pl.Expr) -> pl.Expr:
        """Give what texts are compared by."""
        if self.ignore_trailing_blanks:
            texts = texts.str.strip_chars_end(" ")
        if self.case_insensitive:
            texts = texts.str.to_lowercase()
        return pl.when(texts != "").then(texts) if self.empty_text_is_null else texts

    def compared_text(self, text: str) -> str | None:
        """Give what one text is compared by; None where it counts as null."""
        found: str | None = pl.select(self.compared(pl.lit(text))).item()
        return found
