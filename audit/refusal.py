"""What an act of the domain is refused with: one base for all that people or software are told."""

from typing import Any


class Refusal(Exception):
    """What was asked for is not done.

    A refusal is defined in the module that raises it, and says:

    - `text`: why, in words for people, translated when it is shown. Where there are several reasons
      the raising function gives the one that applies.
    - `code`: what software goes by (partners/api/problems.py); it never changes. Kinds of one
      family share the code of their base.
    - `status`: the HTTP status of an answer that says nothing else.

    Pages show it by booking/pages/refusals.py; the API turns it into a problem by itself.
    """

    text: Any = ""
    code: str = "refused"
    status: int = 409

    def __init__(self, text: object = None) -> None:
        if text is not None:
            self.text = text
        super().__init__(str(self.text))
