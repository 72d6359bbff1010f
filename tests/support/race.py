"""Many clients that ask at the same moment, each over its own connection."""

import threading
from collections import Counter

from django.db import connection

from audit.refusal import Refusal


def race(jobs):
    """Run all jobs at once, each on a connection of its own; return how each ended."""
    barrier = threading.Barrier(len(jobs))
    outcomes = []

    def run(job):
        try:
            connection.ensure_connection()
            barrier.wait(30)
            job()
            outcomes.append("won")
        except Refusal as answer:
            outcomes.append(type(answer).__name__)
        except Exception as error:
            outcomes.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return Counter(outcomes)
