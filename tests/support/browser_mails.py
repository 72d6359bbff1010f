"""Links of mails, as a reader of them follows them."""

import re


def link_in(mail) -> str:
    return re.search(r"http://\S+", mail.get_body(("plain",)).get_content())[0]
