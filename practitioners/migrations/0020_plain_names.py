"""Names and labels refuse control characters and addresses of sites; no column changes."""

import audit.plain_text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('practitioners', '0019_never'),
    ]

    operations = [
        migrations.AlterField(
            model_name='absence',
            name='label',
            field=models.CharField(blank=True, max_length=80, validators=[audit.plain_text.check_name], verbose_name='libellé'),
        ),
        migrations.AlterField(
            model_name='openingtemplate',
            name='name',
            field=models.CharField(max_length=80, validators=[audit.plain_text.check_name], verbose_name='nom'),
        ),
        migrations.AlterField(
            model_name='practice',
            name='address',
            field=models.CharField(blank=True, max_length=200, validators=[audit.plain_text.check_name], verbose_name='adresse'),
        ),
        migrations.AlterField(
            model_name='practice',
            name='name',
            field=models.CharField(max_length=160, validators=[audit.plain_text.check_name], verbose_name='nom'),
        ),
        migrations.AlterField(
            model_name='practice',
            name='town',
            field=models.CharField(blank=True, max_length=80, validators=[audit.plain_text.check_name], verbose_name='commune'),
        ),
        migrations.AlterField(
            model_name='practitioner',
            name='first_name',
            field=models.CharField(max_length=80, validators=[audit.plain_text.check_name], verbose_name='prénom'),
        ),
        migrations.AlterField(
            model_name='practitioner',
            name='last_name',
            field=models.CharField(max_length=80, validators=[audit.plain_text.check_name], verbose_name='nom'),
        ),
        migrations.AlterField(
            model_name='practitioner',
            name='title',
            field=models.CharField(blank=True, max_length=20, validators=[audit.plain_text.check_name], verbose_name='civilité d’exercice'),
        ),
        migrations.AlterField(
            model_name='question',
            name='text',
            field=models.CharField(max_length=200, validators=[audit.plain_text.check_name], verbose_name='question'),
        ),
        migrations.AlterField(
            model_name='resource',
            name='name',
            field=models.CharField(max_length=80, validators=[audit.plain_text.check_name], verbose_name='nom'),
        ),
        migrations.AlterField(
            model_name='substitution',
            name='name',
            field=models.CharField(max_length=120, validators=[audit.plain_text.check_name], verbose_name='nom du remplaçant'),
        ),
        migrations.AlterField(
            model_name='visitreason',
            name='name',
            field=models.CharField(max_length=120, validators=[audit.plain_text.check_name], verbose_name='motif'),
        ),
    ]
