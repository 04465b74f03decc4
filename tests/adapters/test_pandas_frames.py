import sys

import pyarrow as pa
import pytest

from mstr_arrow.adapters.pandas import require_pandas, to_frame
from mstr_arrow.errors import UsageError


def test_a_missing_pandas_is_told_before_anything_is_read(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match=r"pip install 'mstr-arrow\[pandas\]'"):
        require_pandas()


def test_nulls_leave_integers_integers():
    pandas = pytest.importorskip("pandas")
    require_pandas()
    frame = to_frame(pa.table({"Number": pa.array([2**63 - 1, None]), "Word": ["a", None]}))
    assert frame["Number"].dtype == pandas.ArrowDtype(pa.int64())
    assert frame["Number"][0] == 2**63 - 1
    assert frame["Number"].isna().tolist() == [False, True]
    assert frame["Word"].dtype == pandas.ArrowDtype(pa.string())
