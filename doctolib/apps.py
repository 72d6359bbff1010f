from django.apps import AppConfig


class DoctolibConfig(AppConfig):
    """Composition: the commands that need every app, and the demo."""

    name = "doctolib"

    def ready(self) -> None:
        from doctolib import deployment  # noqa: F401 - its check registers itself
