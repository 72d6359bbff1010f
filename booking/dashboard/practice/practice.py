"""What the practice tells its patients, and when it reminds them."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit.forms.shown import in_turn
from booking.accounts.accounts import site_url
from booking.pages.access import desk_context, membership_of, practice_actor, practice_member
from booking.pages.forms.dashboard import PracticeForm
from practitioners.domain.settings import save_practice


@never_cache
@practice_member("booking.change_practice")
@require_http_methods(["GET", "HEAD", "POST"])
def practice_settings(request: HttpRequest, practice_id: uuid.UUID) -> HttpResponse:
    membership = membership_of(request)
    with in_turn(request):
        # Read again: somebody may have changed it while this form waited for its turn.
        membership.practice.refresh_from_db()
        form = PracticeForm(request.POST or None, instance=membership.practice)
        if request.method == "POST" and form.is_valid() and not form.is_overtaken():
            save_practice(practice=form.instance, actor=practice_actor(request))
            messages.success(request, _("C’est noté."))
            return redirect("booking:practice-settings", practice_id)
    context = desk_context(request, current="practice") | {
        "form": form,
        "snippet": f'<script src="{site_url(reverse("practitioners:widget-script"))}"'
        f' data-practice="{practice_id}" async></script>',
    }
    status = 409 if form.newer else 200
    return render(request, "dashboard/practice_settings.html", context, status=status)
