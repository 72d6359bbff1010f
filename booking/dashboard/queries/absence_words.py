"""Where an absence's words stand in a column of the agenda, so that nothing covers them."""

from dataclasses import replace
from itertools import pairwise

from booking.dashboard.queries.blocks import Block

# A line of words is as high as ten minutes.
LINE_ROWS = 2


def place_words(blocks: list[Block]) -> list[Block]:
    """Return a column's blocks, each absence with the rows in which its words are seen.

    A visit that was kept in it lies over it, and so does an absence that is drawn later. Where
    these leave no line, the first visit says the words, or the absence on top (`during`).
    """
    placed = list(blocks)
    for n, block in enumerate(blocks):
        if block.kind != "absence":
            continue
        over = [
            m
            for m, other in enumerate(blocks)
            if (other.kind == "visit" or (other.kind == "absence" and m > n))
            and other.row < block.row + block.span
            and block.row < other.row + other.span
        ]
        lines = _left(block, [blocks[m] for m in over])
        if lines:
            row, span = lines[0]
            placed[n] = replace(placed[n], words_row=row, words_span=span)
        elif over:
            placed[n] = replace(placed[n], words_row=None)
            top = next((m for m in over if blocks[m].kind == "visit"), over[-1])
            # Two absences of one name are one to whoever reads it.
            if blocks[top].kind == "visit" or blocks[top].label != block.label:
                placed[top] = replace(placed[top], during=(*placed[top].during, block))
        else:
            placed[n] = replace(placed[n], words_row=block.row)
    return placed


def _left(block: Block, over: list[Block]) -> list[tuple[int, int]]:
    """The rows of a block that others leave, as (row, span), where a line has room; from above."""
    ends = block.row + block.span
    covered = sorted((each.row, each.row + each.span) for each in over)
    edges = [block.row]
    for begins, until in covered:
        edges += [max(edges[-1], min(begins, ends)), max(edges[-1], min(until, ends))]
    edges.append(ends)
    gaps = list(pairwise(edges))[::2]
    return [(first, last - first) for first, last in gaps if last - first >= LINE_ROWS]
