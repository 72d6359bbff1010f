from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION partners_current_practices() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT practice_id FROM practitioners_agenda
    WHERE id IN (SELECT partners_current_agendas())
$$;
"""
DROP_FUNCTIONS = "DROP FUNCTION partners_current_practices();"

OWN = "practice_id IN (SELECT partners_current_practices())"
# When a practice's rooms are in use, and nothing of whom: its slots depend on all of them.
OF_RESOURCE = f"resource_id IN (SELECT id FROM practitioners_resource WHERE {OWN})"
# A wall of taken time already says whose it is.
OF_TAKEN = (
    "taken_id IN (SELECT id FROM practitioners_taken"
    " WHERE agenda_id IN (SELECT partners_agendas_with('appointments:write')))"
)
POLICIES = [
    ("practitioners_resource", "SELECT", OWN),
    ("practitioners_resourceuse", "SELECT", OF_RESOURCE),
    ("practitioners_resourceuse", "INSERT", f"{OF_RESOURCE} AND {OF_TAKEN}"),
    ("practitioners_resourceuse", "UPDATE", OF_TAKEN),
]


def walls() -> tuple[str, str]:
    up, down = [FUNCTIONS], []
    for table in ("practitioners_resource", "practitioners_resourceuse"):
        up.append(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;")
    for table, command, condition in POLICIES:
        name = f"partners_{command.lower()}"
        using = "" if command == "INSERT" else f" USING ({condition})"
        check = "" if command == "SELECT" else f" WITH CHECK ({condition})"
        up.append(
            f"CREATE POLICY {name} ON {table} FOR {command} TO doctolib_partner{using}{check};"
            f"GRANT {command} ON {table} TO doctolib_partner;"
        )
        down.append(
            f"REVOKE {command} ON {table} FROM doctolib_partner; DROP POLICY {name} ON {table};"
        )
    for table in ("practitioners_resource", "practitioners_resourceuse"):
        down.append(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;")
    return "\n".join(up), "\n".join([*down, DROP_FUNCTIONS])


class Migration(migrations.Migration):
    """Short exclusive locks on new tables."""

    dependencies = [("partners", "0014_used_statement"), ("practitioners", "0011_resources")]

    operations = [migrations.RunSQL(*walls())]
