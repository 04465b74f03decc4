"""Tables as pandas frames; an extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mstr_arrow.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa


def require_pandas() -> None:
    """Refuse early where pandas is not installed; errors: UsageError."""
    try:
        import pandas as pd  # noqa: F401 - an extra, asked for only here
    except ImportError as error:
        raise UsageError("pandas is not installed.", hint="pip install 'mstr-arrow[pandas]'") from error


def to_frame(table: pa.Table) -> Any:
    """Make a pandas frame, with Arrow's types kept so that nulls leave integers integers."""
    import pandas as pd  # asked for only here

    return table.to_pandas(types_mapper=pd.ArrowDtype)
