"""Python reads this as it starts, in each process of a test run: it sets the suite's clock."""

import os

if "TEST_CLOCK_OFFSET_S" in os.environ:
    import time

    import time_machine

    time_machine.travel(time.time() + float(os.environ["TEST_CLOCK_OFFSET_S"]), tick=True).start()
