"""How pages show what the domain refuses (audit/refusal.py): in a form, as a message, as JSON.

A view says which refusals it expects and where each is shown; what else is raised goes on.
"""

from collections.abc import Callable, Mapping
from types import TracebackType

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from audit.refusal import Refusal

# The field of a form that a kind of refusal is about; None for the whole form.
Fields = Mapping[type[Refusal], str | None]


class Shown:
    """A block whose refusals of some kinds are shown; the code after the block goes on then."""

    def __init__(self, kinds: tuple[type[Refusal], ...], show: Callable[[Refusal], object]) -> None:
        self._kinds, self._show = kinds, show

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        refused: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(refused, self._kinds):
            return False
        self._show(refused)
        return True


def shown_in(form: BaseForm, fields: Fields) -> Shown:
    """Show refusals in a form, each at its field: that of its nearest kind in the table."""

    def show(refused: Refusal) -> None:
        nearest = next(kind for kind in type(refused).__mro__ if kind in fields)
        form.add_error(fields[nearest], str(refused.text))

    return Shown(tuple(fields), show)


def shown_as_message(
    request: HttpRequest, *kinds: type[Refusal], level: int = messages.ERROR
) -> Shown:
    """Show refusals of these kinds above the next page."""
    return Shown(kinds, lambda refused: messages.add_message(request, level, str(refused.text)))


def as_json(refused: Refusal) -> JsonResponse:
    """A refusal for a script of ours."""
    return JsonResponse({"problem": str(refused.text)}, status=refused.status)


def broken_link(request: HttpRequest, refused: Refusal, **more: object) -> HttpResponse:
    """The page of a link that serves no more, or never did; `more`: what else the page shows."""
    context = {"problem": refused.text} | more
    return render(request, "booking/broken_link.html", context, status=refused.status)
