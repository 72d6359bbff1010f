"""Assigning the bookings of one session slot to places so that as many as possible fit.

Sessions that share visit reasons form a bipartite graph, with visit reasons on one side and
sessions with their places on the other. A maximum flow from bookings to places (augmenting paths,
Ford and Fulkerson 1956) gives the greatest number of bookings; a greedy assignment would offer
places that do not exist.
"""

import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

Reason = uuid.UUID
Room = uuid.UUID


@dataclass(frozen=True)
class Step:
    """One booking of `reason` gets a place in session `into` and leaves `out_of` (None if it is
    new).
    """

    reason: Reason
    out_of: Room | None
    into: Room


@dataclass
class Seating:
    """The assignment at one slot: `free` places by session, and how many bookings of each reason
    it has.
    """

    serves: Mapping[Room, frozenset[Reason]]
    free: dict[Room, int]
    seated: dict[tuple[Reason, Room], int] = field(default_factory=dict)

    def sit(self, reason: Reason, room: Room) -> None:
        """Count a booking that already has its place."""
        self.seated[reason, room] = self.seated.get((reason, room), 0) + 1
        self.free[room] -= 1

    def add(self, reason: Reason, *, at_most: int) -> tuple[int, list[Step]]:
        """Find places for up to `at_most` more bookings of a reason, moving others where that
        helps.

        A booking with a place never loses it. Returns the number that found one, and the steps of
        the last augmenting path, in an order in which each step goes to a place that is free by
        then.
        """
        done = 0
        steps: list[Step] = []
        while done < at_most:
            path = self._augmenting_path(reason)
            if path is None:
                break
            amount = min(
                [at_most - done, self.free[path[-1].into]]
                + [self.seated[s.reason, s.out_of] for s in path if s.out_of is not None]
            )
            for step in path:
                if step.out_of is not None:
                    self.seated[step.reason, step.out_of] -= amount
                key = (step.reason, step.into)
                self.seated[key] = self.seated.get(key, 0) + amount
            self.free[path[-1].into] -= amount
            done += amount
            steps = path[::-1]
        return done, steps

    def _augmenting_path(self, newcomer: Reason) -> list[Step] | None:
        """Find the shortest chain of moves that ends at a free seat, breadth first."""
        came_by: dict[Room, Step] = {}
        queue: deque[tuple[Reason, Room | None]] = deque([(newcomer, None)])
        asked: set[tuple[Reason, Room | None]] = {(newcomer, None)}
        while queue:
            reason, out_of = queue.popleft()
            for room, reasons in self.serves.items():
                if reason not in reasons or room in came_by or room == out_of:
                    continue
                came_by[room] = Step(reason, out_of, room)
                if self.free[room] > 0:
                    return self._chain(came_by, room)
                for (other, where), count in self.seated.items():
                    if where == room and count and (other, room) not in asked:
                        asked.add((other, room))
                        queue.append((other, room))
        return None

    @staticmethod
    def _chain(came_by: Mapping[Room, Step], room: Room) -> list[Step]:
        chain = [came_by[room]]
        while (previous := chain[-1].out_of) is not None:
            chain.append(came_by[previous])
        return chain[::-1]
