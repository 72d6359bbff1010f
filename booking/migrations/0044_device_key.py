"""The keys of devices to which sessions are bound: a table of its own, empty at first."""

import audit.ids
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('booking', '0043_factor_told'),
    ]

    operations = [
        migrations.CreateModel(
            name='DeviceKey',
            fields=[
                ('id', models.UUIDField(default=audit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('session_digest', models.CharField(max_length=40, unique=True)),
                ('public_key', models.CharField(max_length=1500)),
                ('stamp', models.CharField(max_length=64)),
                ('challenge', models.CharField(max_length=64)),
                ('challenged_at', models.DateTimeField()),
                ('registered_at', models.DateTimeField()),
                ('refused_at', models.DateTimeField(null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='device_keys', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'clé d’appareil',
                'verbose_name_plural': 'clés d’appareil',
            },
        ),
    ]
