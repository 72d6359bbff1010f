"""Files that come in and go out: sealed while they arrive, opened part by part as they leave."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from audit.record.entries import Actor
from audit.vault.files import PART_BYTES, SealedFile
from audit.vault.reveal import Purpose, reveal
from booking.exchange import documents
from booking.models import Document

# No file is longer than a number of eighteen digits says.
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})$")


class SealedUpload(UploadedFile):  # type: ignore[type-arg]  # generic in the stubs alone
    """What a form gets of a file that was sealed as it came."""

    def __init__(self, sealed: SealedFile) -> None:
        super().__init__(name=sealed.name, size=sealed.size)
        self.sealed = sealed

    def close(self) -> None:
        self.sealed.close()


class SealedUploadHandler(FileUploadHandler):
    """Seals files as they arrive, and stops keeping what is too large; the form says so then."""

    chunk_size = PART_BYTES

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.sealed = SealedFile(self.file_name or "")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.sealed.size <= documents.LARGEST_BYTES:
            self.sealed.feed(raw_data)

    def file_complete(self, file_size: int) -> SealedUpload:
        self.sealed.finish()
        return SealedUpload(self.sealed)


View = Callable[..., HttpResponseBase]


def takes_files(view: View) -> View:
    """Let a view's uploads be sealed as they come.

    The handler must be there before anything reads the form, the check against forgery too; so
    that is made here, inside.
    """
    checked = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.upload_handlers = [SealedUploadHandler(request)]
        return checked(request, *args, **kwargs)

    return guarded


def send(
    request: HttpRequest,
    document: Document,
    *,
    actor: Actor,
    purpose: Purpose,
    by_practice: bool,
) -> HttpResponseBase:
    """Answer with a document, or the range of it that is asked for (RFC 9110, section 14).

    Each answer is a reading on the record, written before the first byte is opened; the first one
    by the other side (`by_practice` says which side asks) is noted with the document. What opens
    nothing, such as HEAD, notes nothing.
    """
    headers = {"Accept-Ranges": "bytes", "ETag": f'"{document.pk}"'}
    if request.method == "HEAD":
        headers["Content-Length"] = str(document.size)
        return HttpResponse(content_type=document.media_type, headers=headers)
    asked = _range(request, document)
    if asked is not None and asked[0] >= document.size:
        headers["Content-Range"] = f"bytes */{document.size}"
        return HttpResponse(status=416, headers=headers)
    first, last = asked or (0, document.size - 1)
    with reveal(
        [(document, ("title", "content_key"))], actor=actor, purpose=purpose, object_id=document.pk
    ) as plain:
        title, key = plain.text(document, "title"), plain.text(document, "content_key")
    documents.opened(document=document, by_practice=by_practice, now=timezone.now())
    answer = StreamingHttpResponse(
        documents.read(document=document, key=key, first=first, last=last),
        status=200 if asked is None else 206,
        content_type=document.media_type,
        headers={**headers, "Content-Length": str(last - first + 1)},
    )
    if asked is not None:
        answer["Content-Range"] = f"bytes {first}-{last}/{document.size}"
    disposition = content_disposition_header("telecharger" in request.GET, title)
    answer["Content-Disposition"] = cast(str, disposition)
    return answer


def _range(request: HttpRequest, document: Document) -> tuple[int, int] | None:
    """First and last byte asked for; None for the whole, as for what is no single range."""
    condition = request.headers.get("If-Range")
    match = _RANGE.match(request.headers.get("Range", ""))
    if match is None or condition not in (None, f'"{document.pk}"'):
        return None
    first, last = match.groups()
    if first:
        end = min(int(last), document.size - 1) if last else document.size - 1
        return (int(first), end) if int(first) <= end or int(first) >= document.size else None
    if not last:
        return None
    # The last bytes of it; none of them is a range that cannot be.
    start = max(0, document.size - int(last)) if int(last) else document.size
    return start, document.size - 1


def given_text(n: int) -> str:
    """What is said once files are taken."""
    return ngettext("%(n)d document est transmis.", "%(n)d documents sont transmis.", n) % {"n": n}
