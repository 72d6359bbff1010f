from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.ids import new_id
from audit.personal_data import Erased, ExportedBy, NotExported, PersonalData, When
from practitioners.models import Practitioner


class SignIn(models.Model):
    """A session of an account, as its owner recognises it: the kind of browser, and from where."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins"
    )
    # Never the key, which opens it: booking/session_store.py. The column keeps its former name, so
    # that the release before this one works on while the next is rolled out.
    session_digest = models.CharField(max_length=40, unique=True, db_column="session_key")
    # Under which the record knows the session, before it had this key
    # (booking/accounts/sessions/sign_ins.py).
    formerly = ArrayField(models.CharField(max_length=16), default=list, db_default=[])
    browser = models.CharField(max_length=60, blank=True)
    network = models.CharField(max_length=50, blank=True)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    # Where it was looked up: booking/accounts/sessions/device_bound.py.
    device_key: "DeviceKey | None" = None

    personal_data = PersonalData(
        account="account", erasing=Erased(When.AT_ONCE), export=ExportedBy("sessions")
    )

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")

    def __str__(self) -> str:
        return str(self.id)


class DeviceKey(models.Model):
    """The key of the device to which a session is bound.

    See booking/accounts/sessions/device_bound.py.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="device_keys"
    )
    session_digest = models.CharField(max_length=40, unique=True)
    # The public half, which proves nothing to anybody, as a JWK's canonical JSON (RFC 7638).
    public_key = models.CharField(max_length=1500)
    # Made with the application's secret: a row that something else wrote opens no session.
    stamp = models.CharField(max_length=64)
    challenge = models.CharField(max_length=64)
    challenged_at = models.DateTimeField()
    registered_at = models.DateTimeField()
    # When somebody last used the session's cookie, or another key, elsewhere.
    refused_at = models.DateTimeField(null=True)

    personal_data = PersonalData(
        account="account",
        erasing=Erased(When.AT_ONCE),
        export=NotExported("A public key of a session, which is exported."),
    )

    class Meta:
        verbose_name = _("clé d’appareil")
        verbose_name_plural = _("clés d’appareil")

    def __str__(self) -> str:
        return str(self.id)


class Favourite(models.Model):
    """A practitioner whom an account wants to find again."""

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="favourites"
    )
    practitioner = models.ForeignKey(Practitioner, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()

    personal_data = PersonalData(
        account="account", erasing=Erased(When.AT_ONCE), export=ExportedBy("favourites")
    )

    class Meta:
        verbose_name = _("favori")
        verbose_name_plural = _("favoris")
        constraints = [
            models.UniqueConstraint(fields=["account", "practitioner"], name="one_favourite")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.practitioner_id}"
