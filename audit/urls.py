from django.urls import path

from audit.views import public

app_name = "audit"
urlpatterns = [
    path("", public.about, name="about"),
    path("checkpoint", public.checkpoint, name="checkpoint"),
    path("tile/<int:height>/<path:path>", public.tile, name="tile"),
    path("consistency/<int:old>/<int:new>", public.consistency, name="consistency"),
]
