"""What an act is refused with, where there is more than one reason."""


class Refusal(Exception):
    """What was asked for is not done; `text` says why, in the language of whoever reads it."""

    text: object

    def __init__(self, text: object) -> None:
        super().__init__(str(text))
        self.text = text
