from django.apps import AppConfig


class DoctolibConfig(AppConfig):
    """Composition: the commands that need every app, and the demo."""

    name = "doctolib"
