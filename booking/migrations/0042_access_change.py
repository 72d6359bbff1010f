"""What owners are told of, and may undo: the table, and the column by which a mail names it."""

import audit.ids
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('booking', '0041_proved_first'),
    ]

    operations = [
        migrations.AlterField(
            model_name='message',
            name='kind',
            field=models.CharField(choices=[('confirmation', 'confirmation'), ('change', 'déplacement'), ('cancellation', 'annulation'), ('reminder', 'rappel'), ('verify_email', 'vérification de l’adresse'), ('already_registered', 'compte existant'), ('email_change', 'vérification de la nouvelle adresse'), ('email_asked', 'nouvelle adresse demandée'), ('email_changed', 'nouvelle adresse'), ('email_left', 'ancienne adresse'), ('password_changed', 'mot de passe changé'), ('reset_password', 'mot de passe oublié'), ('factor_reset', 'second facteur à retirer'), ('factor_gone', 'second facteur retiré'), ('access_changed', 'changement d’accès'), ('invitation', 'invitation'), ('offer', 'créneau proposé'), ('handover', 'remise de dossier'), ('passkey', 'clé d’accès ajoutée'), ('document', 'document d’un cabinet'), ('reply', 'réponse d’un cabinet')], max_length=20),
        ),
        migrations.CreateModel(
            name='AccessChange',
            fields=[
                ('id', models.UUIDField(default=audit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('software', 'logiciel autorisé'), ('invitation', 'invitation'), ('last-day', 'fin d’accès d’un membre'), ('removal', 'membre retiré'), ('feed', 'flux de calendrier'), ('calendar', 'calendrier externe'), ('import', 'import de patients'), ('file', 'fichier téléchargé'), ('key', 'clé d’un logiciel'), ('webhook', 'adresse de livraison')], max_length=12, verbose_name='genre')),
                ('holder_id', models.UUIDField(verbose_name='cabinet ou éditeur')),
                ('object_id', models.UUIDField(verbose_name='objet')),
                ('made_by', models.UUIDField(null=True, verbose_name='par')),
                ('made_at', models.DateTimeField(verbose_name='le')),
                ('before', models.JSONField(default=dict, verbose_name='avant')),
                ('undone_at', models.DateTimeField(null=True, verbose_name='annulé le')),
                ('undone_by', models.UUIDField(null=True, verbose_name='annulé par')),
            ],
            options={
                'verbose_name': 'changement d’accès',
                'verbose_name_plural': 'changements d’accès',
                'indexes': [models.Index(fields=['holder_id', '-made_at'], name='access_change_of_holder')],
            },
        ),
        migrations.AddField(
            model_name='message',
            name='access_change',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='booking.accesschange', verbose_name='changement d’accès'),
        ),
    ]
