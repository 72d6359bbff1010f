"""The forms of a page, filled in and sent as a browser would."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

WRITTEN = {"text", "email", "tel", "search"}


@dataclass
class Form:
    action: str = ""
    method: str = "get"
    values: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    options: dict[str, list[str]] = field(default_factory=dict)
    # The fields in which one writes.
    texts: list[str] = field(default_factory=list)

    def in_order(self):
        """Say who comes when, where a page asks: the people in the order in which it has them."""
        asked = [name for name in self.options if name.startswith("personne-")]
        for n, name in enumerate(asked):
            self.values[name] = [each for each in self.options[name] if each][n]
        return self


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms, self._select = [], ""

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
        if not self.forms:
            return
        form, name = self.forms[-1], given.get("name", "")
        kind = given.get("type", "text")
        if name and (tag == "textarea" or (tag == "input" and kind in WRITTEN)):
            form.texts.append(name)
        if tag == "input" and name and "disabled" not in given:
            if kind not in ("radio", "checkbox") or "checked" in given:
                default = "on" if kind in ("radio", "checkbox") else ""
                form.values[name] = given.get("value", default)
        elif tag == "select":
            self._select = name
        elif tag == "textarea":
            form.values[name] = ""
        elif tag == "option":
            form.options.setdefault(self._select, []).append(given.get("value", ""))
            if self._select not in form.values or "selected" in given:
                form.values[self._select] = given.get("value", "")
        elif tag == "button":
            form.buttons.append((name, given.get("value", "")))


def forms_of(answer):
    """Every form of a page."""
    reader = _Reader()
    reader.feed(answer.content.decode())
    return reader.forms


def form_with(answer, name):
    """The form of a page that has a field or a button of this name; fails where there is none."""
    found = [
        form
        for form in forms_of(answer)
        if name in form.values or (name in dict(form.buttons) and form.method == "post")
    ]
    assert found, f"no form with {name}: {answer.content.decode()[:2000]}"
    return found[0]


def send(client, form, address, **more):
    """Send a form from the page at this address, and stay at the answer."""
    data = form.values | {name: str(value) for name, value in more.items()}
    assert form.method == "post"
    return client.post(form.action or address, data)


def slots_of(answer):
    """What the buttons of a page's slots say."""
    return [value for form in forms_of(answer) for name, value in form.buttons if name == "debut"]
