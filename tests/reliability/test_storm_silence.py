"""What storms have shown of connections that go silent."""

import mstr_arrow as ma
from mstr_arrow.simulator import Fault, Simulator
from tests.support.servers import connect_to


def test_a_log_out_over_a_connection_that_went_silent_is_sent_again_over_another():
    waits = ma.Timeouts(connect=5, read=5, logout=4)
    with Simulator(rows=5) as sim:
        connection = connect_to(
            sim,
            settings=ma.Settings(timeouts=waits, retry=ma.Retry(attempts=3, wait_initial=0.01, wait_max=0.02)),
        )
        sim.fail(Fault.stalled().on("PUT", "/sessions"))  # answered without a body, after which nobody listens
        connection.put("sessions")
        connection.close()
        assert sim.open_sessions == 0
