"""Ctrl-C, as a test presses it."""

import _thread


def interrupt_once():
    """Give a function for ``on_progress`` that presses Ctrl-C once: a second press would meet the log-out."""
    pressed = []

    def press(_):
        if not pressed:
            pressed.append(True)
            _thread.interrupt_main()

    return press
