"""Seals where somebody goes on who proves an address: it may be a link that opens something."""

from django.db import migrations

import audit.vault.kept_fields

FIELDS = ("target", "hold_key")


def seal(apps, schema_editor):
    """Few rows: those of a few days (address_checks.KEPT_DAYS)."""
    rows = apps.get_model("booking", "AddressCheck")
    for pk, target, hold_key in _stored(schema_editor):
        # Saved as a text, it is sealed on its way.
        rows.objects.filter(pk=pk).update(target=target, hold_key=hold_key)


def open_again(apps, schema_editor):
    rows = apps.get_model("booking", "AddressCheck")
    opened = rows.objects.exclude(target="", hold_key="").values_list("pk", *FIELDS)
    with schema_editor.connection.cursor() as cursor:
        for pk, target, hold_key in list(opened):
            cursor.execute(
                "UPDATE booking_addresscheck SET target = %s, hold_key = %s WHERE id = %s",
                [target, hold_key, pk],
            )


def _stored(schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, target, hold_key FROM booking_addresscheck"
            " WHERE target <> '' OR hold_key <> ''"
        )
        return cursor.fetchall()


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0038_move_factors"),
    ]

    operations = [
        migrations.AlterField(
            model_name="addresscheck",
            name=name,
            field=audit.vault.kept_fields.KeptSecretField(blank=True, default="", use=use),
        )
        for name, use in (("hold_key", "hold of a sign-up"), ("target", "target of a sign-up"))
    ] + [migrations.RunPython(seal, open_again)]
