import pytest

pytest.importorskip("scipy", reason="the extra bench is not installed")
