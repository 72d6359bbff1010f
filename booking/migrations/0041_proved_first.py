"""A sign-up has no password before its address is proved, and a forgotten one is a check as well."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("booking", "0040_import_is_calendar")]

    operations = [
        migrations.RemoveField(model_name="addresscheck", name="password"),
        migrations.AddField(
            model_name="addresscheck",
            name="language",
            field=models.CharField(blank=True, db_default="", default="", max_length=5),
        ),
        migrations.AlterField(
            model_name="addresscheck",
            name="kind",
            field=models.CharField(
                choices=[
                    ("sign_up", "nouveau compte"),
                    ("change", "nouvelle adresse"),
                    ("reset", "mot de passe oublié"),
                ],
                max_length=7,
            ),
        ),
    ]
