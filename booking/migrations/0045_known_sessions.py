"""The keys that a session had before: a new column with a default, which rewrites no table."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('booking', '0044_device_key'),
    ]

    operations = [
        migrations.AddField(
            model_name='signin',
            name='formerly',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), db_default=[], default=list, size=None),
        ),
    ]
