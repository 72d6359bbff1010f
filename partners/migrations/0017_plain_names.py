"""Names and labels refuse control characters and addresses of sites; no column changes."""

import audit.plain_text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('partners', '0016_entry_columns'),
    ]

    operations = [
        migrations.AlterField(
            model_name='calendarfeed',
            name='label',
            field=models.CharField(max_length=120, validators=[audit.plain_text.check_name], verbose_name='libellé'),
        ),
        migrations.AlterField(
            model_name='credential',
            name='label',
            field=models.CharField(max_length=120, validators=[audit.plain_text.check_name], verbose_name='libellé'),
        ),
        migrations.AlterField(
            model_name='importedcalendar',
            name='label',
            field=models.CharField(max_length=80, validators=[audit.plain_text.check_name], verbose_name='libellé'),
        ),
        migrations.AlterField(
            model_name='partner',
            name='name',
            field=models.CharField(max_length=120, unique=True, validators=[audit.plain_text.check_name], verbose_name='nom'),
        ),
    ]
