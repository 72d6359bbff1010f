"""A passkey as it is stored, without a device."""

from django_otp_webauthn.models import WebAuthnCredential


def make_passkey(account, *, number=1):
    return WebAuthnCredential.objects.create(
        user=account, name="Chrome, Linux", credential_id=bytes([number]) * 16, public_key=b"k",
        sign_count=0, aaguid="00000000-0000-0000-0000-000000000000",
        credential_id_sha256=f"{number:064d}",
    )  # fmt: skip
