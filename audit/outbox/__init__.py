"""Rows that must leave: queued with their cause, claimed, tried again, given up in time.

A row is queued in the transaction of its cause. A sender claims it until an instant, and alone may
note what became of it; a sender that dies lets its claim lapse. A `Queue` says all of one table:
its states, how long it is tried, and its policy (at least once, in order, never twice).

It knows rows and instants. It may not know what a row says or to whom, any rule of the apps above,
nor the task that sends: it wakes that one by its name.
"""
