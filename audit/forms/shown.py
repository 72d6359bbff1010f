"""Forms whose page may be out of date: nothing is overwritten that its sender has not seen.

The page sends back what it showed (Django's hidden initial values). Where a value was changed
after the page was opened and the form would replace it, the form is refused once: it shows the
newer value, keeps what was typed, and takes over what its sender had left alone. Sent again, it
is saved. A form that says nothing of what it was shown (a script's own) is taken as it is.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms.boundfield import BoundField
from django.http import HttpRequest, QueryDict
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _

from audit.advisory_lock import wait_for

# Where a form says what its page showed, as one word.
SEEN = "vu"


@dataclass(frozen=True, kw_only=True)
class Newer:
    """A value that was changed after the page was opened: under which label, and what it is now."""

    label: str
    text: str


class ShownField(BoundField):
    """A field that sends what it showed, also where a template draws its choices one by one."""

    def initial_input(self) -> str:
        """The hidden input with the value that the page shows."""
        return self.as_hidden(only_initial=True)


class ShownForm(forms.BaseForm):
    """A mixin: a form over values that others may change while its page is open.

    It is built over the values as they are now, by `instance` or `initial`.
    """

    bound_field_class = ShownField
    newer: tuple[Newer, ...] = ()

    def __getitem__(self, name: str) -> BoundField:
        found = super().__getitem__(name)
        found.field.show_hidden_initial = True
        return found

    def is_overtaken(self) -> bool:
        """Whether saving would undo a change that the page did not show; call after is_valid().

        If so the form speaks of it (`newer`), and is up to date from now on.
        """
        fields = [self[name] for name in self.fields]
        if not any(field.html_initial_name in self.data for field in fields):
            return False
        moved = [field for field in fields if _differs(field, field.initial, self._shown(field))]
        self.newer = tuple(
            Newer(label=str(field.label), text=_in_words(field))
            for field in moved
            if _differs(field, field.initial, field.data)
        )
        if self.newer:
            self._catch_up(fields)
        return bool(self.newer)

    def _shown(self, field: BoundField) -> Any:
        widget = field.field.hidden_widget()
        return widget.value_from_datadict(self.data, self.files, field.html_initial_name)

    def _is_untouched(self, field: BoundField) -> bool:
        """Whether the sender left the field as the page showed it."""
        return not _differs(field, self._shown(field), field.data)

    def _catch_up(self, fields: list[BoundField]) -> None:
        """Show the values of now: as what the page has seen, and where nothing was typed."""
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        for field in fields:
            now = field.field.prepare_value(field.initial)
            if self._is_untouched(field):
                _put(data, field.html_name, _as_sent(field.field.widget, now))
            _put(data, field.html_initial_name, _as_sent(field.field.hidden_widget(), now))
        self.data = data


def _put(data: Any, name: str, values: list[str]) -> None:
    data.pop(name, None)
    if values:
        data.setlist(name, values)


def _as_sent(widget: forms.Widget, value: Any) -> list[str]:
    """Return a value as a page with this widget sends it."""
    if isinstance(widget, forms.CheckboxInput):
        return ["on"] if value else []
    sent: Any = widget.format_value(value)
    if isinstance(sent, list | tuple):
        return [str(each) for each in sent]
    return ["" if sent is None else str(sent)]


def _differs(field: BoundField, one: Any, other: Any) -> bool:
    """Whether a value of a field, typed or sent, is another one than what was sent.

    A browser's line ends make no difference.
    """
    value, sent = _plain(field.field.prepare_value(one)), _plain(other)
    try:
        value = field.field.to_python(value) if isinstance(value, str | list) else value
    except ValidationError:
        return bool(value != sent)
    return field.field.has_changed(value, sent)


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [each for each in value if each != ""]
    return "\n".join(value.strip().splitlines()) if isinstance(value, str) else value


def _in_words(field: BoundField) -> str:
    """Return the value that stands now, as people read it."""
    value = field.field.prepare_value(field.initial)
    if isinstance(field.field, forms.BooleanField):
        return _("oui") if value else _("non")
    choices = getattr(field.field, "choices", None)
    if choices is not None:
        chosen = {str(each) for each in value} if isinstance(value, list | tuple) else {str(value)}
        return ", ".join(str(words) for key, words in choices if str(key) in chosen) or "—"
    if isinstance(value, date):
        return date_format(value)
    if isinstance(value, time):
        return time_format(value)
    return str(value) if value not in (None, "") else "—"


@contextmanager
def in_turn(request: HttpRequest) -> Iterator[None]:
    """Let forms that are sent to one address at once be carried out one after the other.

    Around reading the rows, checking the form and saving: the second sees what the first changed.
    """
    if request.method != "POST":
        yield
        return
    with transaction.atomic():
        wait_for(f"form {request.path}")
        yield


def state_of(values: object) -> str:
    """Return a word for what a page shows, to be sent back by its form as SEEN.

    For what is shown as a whole: where the sealed bytes of a text are the value, nothing opens.
    """
    return hashlib.sha256(repr(values).encode()).hexdigest()[:32]


def is_newer(given: QueryDict, state: str) -> bool:
    """Whether what a form said that it showed is no longer so; one that says nothing passes."""
    return given.get(SEEN, state) != state
