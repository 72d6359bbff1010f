from django.db import migrations

OWN = "credential_id = partners_current_credential()"
OF_GRANT = (
    "appointment_id IN (SELECT id FROM booking_appointment"
    " WHERE agenda_id IN (SELECT partners_agendas_with('appointments:write')))"
)
UP = f"""
ALTER TABLE partners_ownidentifier ENABLE ROW LEVEL SECURITY;
CREATE POLICY partners_select ON partners_ownidentifier FOR SELECT TO doctolib_partner
    USING ({OWN});
CREATE POLICY partners_insert ON partners_ownidentifier FOR INSERT TO doctolib_partner
    WITH CHECK ({OWN} AND {OF_GRANT});
GRANT SELECT, INSERT ON partners_ownidentifier TO doctolib_partner;
-- Public knowledge: the directory shows it to everybody.
GRANT SELECT ON practitioners_specialty, practitioners_practitioner_specialties
    TO doctolib_partner;
"""
DOWN = """
REVOKE ALL ON practitioners_specialty, practitioners_practitioner_specialties
    FROM doctolib_partner;
REVOKE ALL ON partners_ownidentifier FROM doctolib_partner;
DROP POLICY partners_insert ON partners_ownidentifier;
DROP POLICY partners_select ON partners_ownidentifier;
ALTER TABLE partners_ownidentifier DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    """What the FHIR face reads and writes behind the partner walls."""

    dependencies = [("partners", "0010_own_identifier")]

    operations = [migrations.RunSQL(UP, DOWN)]
