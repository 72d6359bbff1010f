"""The mail that tells of recovery codes that are asked for no more: a choice alone, no column changes."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('booking', '0047_erased_told'),
    ]

    operations = [
        migrations.AlterField(
            model_name='message',
            name='kind',
            field=models.CharField(choices=[('confirmation', 'confirmation'), ('change', 'déplacement'), ('cancellation', 'annulation'), ('reminder', 'rappel'), ('verify_email', 'vérification de l’adresse'), ('already_registered', 'compte existant'), ('email_change', 'vérification de la nouvelle adresse'), ('email_asked', 'nouvelle adresse demandée'), ('email_changed', 'nouvelle adresse'), ('email_left', 'ancienne adresse'), ('password_changed', 'mot de passe changé'), ('reset_password', 'mot de passe oublié'), ('factor_reset', 'second facteur à retirer'), ('factor_gone', 'second facteur retiré'), ('factor_added', 'application de codes ajoutée'), ('codes_made', 'codes de secours refaits'), ('factor_removed', 'clé d’accès retirée'), ('codes_ended', 'codes de secours retirés'), ('code_used', 'code de secours utilisé'), ('account_erased', 'compte effacé'), ('access_changed', 'changement d’accès'), ('access_undone', 'changement d’accès annulé'), ('invitation', 'invitation'), ('offer', 'créneau proposé'), ('handover', 'remise de dossier'), ('passkey', 'clé d’accès ajoutée'), ('document', 'document d’un cabinet'), ('reply', 'réponse d’un cabinet')], max_length=20),
        ),
    ]
