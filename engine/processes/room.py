"""Whether this machine lets us start what a framework starts: so many threads at once.

Limits on processes and threads are many (of a user, of a container, of the machine), and the kernel names none where it
refuses. So it is tried, where a process has failed and the question is whether that was its own doing.
"""

import os
import threading
from typing import Final

from storage import shortages

THREADS_PER_CORE: Final = 2
MORE_THREADS: Final = 16
"""TensorFlow begins two pools of as many threads as there are cores and a few more, and others fewer."""


def is_crowded() -> bool:
    """Whether a framework could not start its threads now; a few milliseconds on a machine where it can."""
    leave = threading.Event()
    started: list[threading.Thread] = []
    try:
        for _ in range(THREADS_PER_CORE * (os.cpu_count() or 1) + MORE_THREADS):
            thread = threading.Thread(target=leave.wait, name="room", daemon=True)
            thread.start()
            started.append(thread)
    except RuntimeError as error:
        if str(error) != shortages.NO_THREAD:
            raise
        return True
    finally:
        leave.set()
        for thread in started:
            thread.join()
    return False
