from django.apps import AppConfig


class DoctolibConfig(AppConfig):
    """Composition: the commands that need every app, and the demo."""

    name = "doctolib"

    def ready(self) -> None:
        # The record's actions and a check register themselves.
        from doctolib import actions, deployment  # noqa: F401
