from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.personal_data import Erased, Exported, PersonalData, When
from partners.models.credential import Partner


class PartnerMember(models.Model):
    """An account that acts for a vendor on its pages."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="members")
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="partner_memberships"
    )
    created_at = models.DateTimeField()

    personal_data = PersonalData(
        account="account",
        erasing=Erased(When.AT_ONCE),
        export=Exported(
            section="vendors",
            fields={"vendor": "partner.name", "since": "created_at"},
            order=("created_at", "pk"),
        ),
    )

    class Meta:
        verbose_name = _("membre d’un éditeur")
        verbose_name_plural = _("membres d’éditeurs")
        constraints = [
            models.UniqueConstraint(fields=["partner", "account"], name="member_of_partner_once")
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.account_id}"
