"""Partitions are made with their owner's rights, so that the application's role needs none of them."""

from django.db import migrations

DEFINER = """
ALTER FUNCTION audit_create_partition(date) SECURITY DEFINER SET search_path = public, pg_temp;
"""
INVOKER = """
ALTER FUNCTION audit_create_partition(date) SECURITY INVOKER RESET search_path;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_merkle_tree")]
    operations = [migrations.RunSQL(DEFINER, INVOKER)]
