"""What stands after a label, as each language punctuates it."""

from django.utils.translation import gettext as _


def colon() -> str:
    """The colon after a label, with the no-break space before it that only French writes."""
    return _("\u00a0:") + " "


def labelled(label: str, text: object) -> str:
    """Say what a text is about: "analyse.pdf: Send a PDF ...", in the language that is active."""
    return f"{label}{colon()}{text}"
