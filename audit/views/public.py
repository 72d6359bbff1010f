"""The record as everybody may see it: checkpoints, tiles of hashes, proofs of growth.

Addresses and formats of checkpoint and tiles are C2SP tlog-tiles'. Nothing here says anything
about a person: an entry's hash covers ids that cannot be guessed, and entries are not served.
"""

import re

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from audit.models import Checkpoint
from audit.record import health, proofs, tree, verify

# "x001/x234/067": groups of three digits, all but the last marked; then ".p/W" of a partial tile.
# No record has so many entries that a number has more groups.
_NUMBER = re.compile(
    r"(?P<groups>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?\Z"
)
FOREVER_S = 365 * 24 * 3600


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    checkpoint = Checkpoint.objects.order_by("-size").first()
    found = health.problems(now=timezone.now())
    context = {
        "problems": [health.SENTENCES[problem] for problem in found],
        "is_witnessed": bool(settings.RECORD_WITNESSES),
        "checkpoint": checkpoint,
        "note": proofs.newest_note(),
        "key": str(verify.public_key()),
        "cosignatures": checkpoint.cosignatures.order_by("witness") if checkpoint else [],
    }
    return render(request, "audit/record.html", context)


@require_safe
@cache_control(public=True, max_age=5)
def checkpoint(request: HttpRequest) -> HttpResponse:
    note = proofs.newest_note()
    if not note:
        raise Http404
    return HttpResponse(note, content_type="text/plain; charset=utf-8")


@require_safe
@cache_control(public=True, max_age=FOREVER_S, immutable=True)
def tile(request: HttpRequest, height: int, path: str) -> HttpResponse:
    found = _NUMBER.match(path)
    if found is None:
        raise Http404
    number = int(found["groups"].replace("x", "").replace("/", ""))
    width = int(found["width"]) if found["width"] else tree.TILE_WIDTH
    try:
        hashes = tree.tile(height=height, number=number, tree_size=tree.size(), width=width)
    except tree.NotInTree as error:
        raise Http404 from error
    return HttpResponse(b"".join(hashes), content_type="application/octet-stream")


@require_safe
@cache_control(public=True, max_age=FOREVER_S, immutable=True)
def consistency(request: HttpRequest, old: int, new: int) -> HttpResponse:
    try:
        growth = proofs.consistency(old=old, new=new)
    except tree.NotInTree as error:
        raise Http404 from error
    return JsonResponse(
        {"old": growth.old, "new": growth.new, "path": [step.hex() for step in growth.path]}
    )
