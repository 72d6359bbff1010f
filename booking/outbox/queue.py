"""The messages' queue: each leaves at least once, and is given up after six more attempts."""

from datetime import timedelta

from audit.outbox.policies import AtLeastOnce, BackOff
from audit.outbox.queue import Queue
from booking.models import Message
from booking.models.message import MessageState

MESSAGES = Queue[Message](
    model=Message,
    waiting=MessageState.OWED,
    left=MessageState.SENT,
    void=MessageState.VOID,
    given_up=MessageState.FAILED,
    policy=AtLeastOnce(),
    back_off=BackOff(waits=tuple(timedelta(minutes=each) for each in (1, 2, 5, 15, 60, 240))),
    claim_lasts=timedelta(seconds=60),
    batch=100,
    task="booking.send_owed_messages",
    # A little later, so that one worker takes what is owed within the same second.
    wake_after_s=0.2,
)
