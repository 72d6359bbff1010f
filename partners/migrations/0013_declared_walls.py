from django.db import migrations

OWN = "credential_id = partners_current_credential()"
WRITABLE = "agenda_id IN (SELECT partners_agendas_with('agendas:write'))"
UP = f"""
ALTER TABLE partners_declaredschedule ENABLE ROW LEVEL SECURITY;
CREATE POLICY partners_select ON partners_declaredschedule FOR SELECT TO doctolib_partner
    USING ({OWN});
CREATE POLICY partners_insert ON partners_declaredschedule FOR INSERT TO doctolib_partner
    WITH CHECK ({OWN} AND {WRITABLE});
CREATE POLICY partners_update ON partners_declaredschedule FOR UPDATE TO doctolib_partner
    USING ({OWN} AND {WRITABLE}) WITH CHECK ({OWN} AND {WRITABLE});
CREATE POLICY partners_delete ON partners_declaredschedule FOR DELETE TO doctolib_partner
    USING ({OWN} AND {WRITABLE});
GRANT SELECT, INSERT, UPDATE, DELETE ON partners_declaredschedule TO doctolib_partner;
"""
DOWN = """
REVOKE ALL ON partners_declaredschedule FROM doctolib_partner;
DROP POLICY partners_delete ON partners_declaredschedule;
DROP POLICY partners_update ON partners_declaredschedule;
DROP POLICY partners_insert ON partners_declaredschedule;
DROP POLICY partners_select ON partners_declaredschedule;
ALTER TABLE partners_declaredschedule DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    """What software declares is its own, and only where it may still write."""

    dependencies = [("partners", "0012_declared_schedule")]

    operations = [migrations.RunSQL(UP, DOWN)]
