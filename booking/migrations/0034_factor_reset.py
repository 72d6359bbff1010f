"""Resetting the second factors of an account, by two of the team and a day later."""

import audit.ids
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('booking', '0033_former_start'),
    ]

    operations = [
        migrations.AlterField(
            model_name='message',
            name='kind',
            field=models.CharField(choices=[('confirmation', 'confirmation'), ('change', 'déplacement'), ('cancellation', 'annulation'), ('reminder', 'rappel'), ('verify_email', 'vérification de l’adresse'), ('already_registered', 'compte existant'), ('email_change', 'vérification de la nouvelle adresse'), ('email_asked', 'nouvelle adresse demandée'), ('email_changed', 'nouvelle adresse'), ('email_left', 'ancienne adresse'), ('password_changed', 'mot de passe changé'), ('reset_password', 'mot de passe oublié'), ('factor_reset', 'second facteur à retirer'), ('factor_gone', 'second facteur retiré'), ('invitation', 'invitation'), ('offer', 'créneau proposé'), ('handover', 'remise de dossier'), ('passkey', 'clé d’accès ajoutée'), ('document', 'document d’un cabinet'), ('reply', 'réponse d’un cabinet')], max_length=20),
        ),
        migrations.CreateModel(
            name='FactorReset',
            fields=[
                ('id', models.UUIDField(default=audit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('proof', models.CharField(choices=[('called-back', 'rappel au numéro connu'), ('vouched', 'confirmé par le responsable du cabinet'), ('papers', 'pièce d’identité montrée')], max_length=12, verbose_name='vérification')),
                ('asked_by', models.UUIDField(verbose_name='demandée par')),
                ('asked_at', models.DateTimeField(verbose_name='demandée le')),
                ('approved_by', models.UUIDField(null=True, verbose_name='approuvée par')),
                ('approved_at', models.DateTimeField(null=True, verbose_name='approuvée le')),
                ('due_at', models.DateTimeField(null=True, verbose_name='à faire le')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='close le')),
                ('outcome', models.CharField(blank=True, choices=[('declined', 'refusée'), ('stopped', 'arrêtée par le titulaire'), ('done', 'faite')], default='', max_length=8, verbose_name='issue')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='factor_resets', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'réinitialisation du second facteur',
                'verbose_name_plural': 'réinitialisations du second facteur',
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('account',), name='one_open_factor_reset'), models.CheckConstraint(condition=models.Q(('approved_by__isnull', True), models.Q(('approved_by', models.F('asked_by')), _negated=True), _connector='OR'), name='factor_reset_by_two')],
            },
        ),
    ]
