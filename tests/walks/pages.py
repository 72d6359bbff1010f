"""What a page offers: its links and its forms, read as a browser without scripts reads them."""

from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import lxml.html
from lxml.html import HtmlElement

SITE = "http://localhost:8000"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One control of a form; `options` are the values of a choice, the empty one too."""

    name: str
    kind: str
    value: str = ""
    options: tuple[str, ...] = ()
    is_checked: bool = False
    is_required: bool = False


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form, with the buttons that send it: (name, value, text)."""

    method: str
    action: str
    encoding: str
    fields: tuple[Field, ...]
    buttons: tuple[tuple[str, str, str], ...]
    is_in_main: bool

    def has(self, *names: str) -> bool:
        """Whether the form asks for all of these."""
        return set(names) <= {each.name for each in self.fields}


@dataclass(kw_only=True)
class Page:
    """What came back for an address: where it ended after redirects, and what it offers."""

    address: str
    status: int
    text: str
    is_html: bool
    redirects: int = 0
    links: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    main_links: list[str] = field(default_factory=list)

    @property
    def path(self) -> str:
        return urlsplit(self.address).path

    @property
    def has_way_forward(self) -> bool:
        """Whether the page's own part, not only its frame, leads somewhere else."""
        elsewhere = [each for each in self.main_links if urlsplit(each).path != self.path]
        return bool(elsewhere) or any(form.is_in_main for form in self.forms)


def read_page(*, address: str, status: int, text: str, content_type: str, redirects: int) -> Page:
    """Read a response: its links on this site, without fragments, and its forms."""
    page = Page(
        address=address, status=status, text=text, redirects=redirects,
        is_html=content_type.startswith("text/html"),
    )  # fmt: skip
    if not page.is_html or not text.strip():
        return page
    root = lxml.html.fromstring(text)
    for element in root.iter("a"):
        target = _on_site(element.get("href"), address)
        if target is not None:
            page.links.append(target)
            if _is_in_main(element):
                page.main_links.append(target)
    page.forms = [_form(each, address) for each in root.iter("form")]
    return page


def _on_site(href: str | None, address: str) -> str | None:
    if not href or href.startswith(("#", "mailto:", "tel:", "sms:", "geo:", "javascript:")):
        return None
    target = urlsplit(urljoin(SITE + address, href))
    if f"{target.scheme}://{target.netloc}" != SITE:
        return None
    return target.path + (f"?{target.query}" if target.query else "")


def _is_in_main(element: HtmlElement) -> bool:
    return any(parent.tag == "main" for parent in element.iterancestors())


def _form(element: HtmlElement, address: str) -> Form:
    fields, buttons = [], []
    for control in element.iter("input", "select", "textarea", "button"):
        default = "submit" if control.tag == "button" else control.tag
        name, kind = control.get("name") or "", control.get("type") or default
        if control.get("disabled") is not None:
            continue
        if control.tag == "button" or kind in ("submit", "image"):
            if kind not in ("button", "reset"):
                text = " ".join(control.text_content().split())
                buttons.append((name, control.get("value") or "", text))
        elif name:
            fields.append(_field(control, name, kind))
    action = _on_site(element.get("action") or address, address)
    return Form(
        method=(element.get("method") or "get").lower(),
        action=action or "",
        encoding=element.get("enctype") or "application/x-www-form-urlencoded",
        fields=tuple(fields),
        buttons=tuple(buttons) or (("", "", ""),),
        is_in_main=_is_in_main(element),
    )


def _field(control: HtmlElement, name: str, kind: str) -> Field:
    options: tuple[str, ...] = ()
    value = control.get("value") or ""
    if control.tag == "select":
        kind = "select"
        options = tuple(each.get("value", each.text or "") for each in control.iter("option"))
        chosen = [
            each.get("value", each.text or "")
            for each in control.iter("option")
            if each.get("selected") is not None
        ]
        value = chosen[0] if chosen else (options[0] if options else "")
    elif control.tag == "textarea":
        kind, value = "textarea", control.text or ""
    elif kind == "checkbox" or kind == "radio":
        value = control.get("value") or "on"
    elif kind == "input":
        kind = "text"
    return Field(
        name=name, kind=kind, value=value, options=options,
        is_checked=control.get("checked") is not None,
        is_required=control.get("required") is not None,
    )  # fmt: skip
