"""Checks that the configuration is fit to deploy, as `manage.py check --deploy` sees it."""

import os

DEPLOYED = {
    "DOCTOLIB_MODE": "production",
    "DOCTOLIB_SECRET_KEY": "a-secret-key-for-the-check-only-" + "x9Kq" * 8,
    "DOCTOLIB_ROOT_KEYS": "a-root-key-for-the-check-only-b4Tz7Wm1",
    "DOCTOLIB_RECORD_KEY": "a-record-key-for-the-check-only-c8Rn2Lp5",
    "DOCTOLIB_INDEX_KEY": "an-index-key-for-the-check-only-d6Vk3Hs9",
    "DOCTOLIB_ALLOWED_HOSTS": "doctolib.example",
    "DOCTOLIB_BASE_URL": "https://doctolib.example",
    "DOCTOLIB_WITNESSES": (
        "witness.example/w1+7e136b5c+BAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
        " https://witness.example"
    ),
    "DATABASE_URL": "postgresql://doctolib@db/doctolib",
    "REDIS_URL": "redis://redis:6379/0",
}


def main() -> None:
    os.environ.update(DEPLOYED)
    os.environ["DJANGO_SETTINGS_MODULE"] = "doctolib.settings"
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", "check", "--deploy", "--fail-level", "WARNING"])


if __name__ == "__main__":
    main()
