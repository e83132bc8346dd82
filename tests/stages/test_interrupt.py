import os
import signal
import subprocess
import sys

import pytest

from aha.errors import Interrupted
from aha.stages.interrupt import StopRequest


def test_a_signal_is_taken_at_the_next_check_and_handlers_come_back():
    before = signal.getsignal(signal.SIGTERM)
    with StopRequest() as stop:
        stop.check()
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Interrupted, match="Stopped on request"):
            stop.check_alone()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_second_signal_ends_the_process():
    script = (
        "import os, signal\nfrom aha.stages.interrupt import StopRequest\n"
        "with StopRequest():\n for _ in range(2): os.kill(os.getpid(), signal.SIGINT)\nprint('still here')"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (130, "")
