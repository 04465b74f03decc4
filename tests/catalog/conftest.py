import pyarrow as pa
import pytest

from tests.support.servers import connect_to


@pytest.fixture
def lagging():
    """A server whose index has not heard of the cube "Fresh" in the user's own folder."""
    from mstr_arrow.simulator import Simulator

    with Simulator(rows=50, index_lags=True) as server:
        with connect_to(server) as conn:
            conn.write("Fresh", pa.table({"a": ["x"], "b": [1.0]}))
        yield server
