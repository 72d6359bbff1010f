from django.urls import URLPattern

app_name = "practitioners"
urlpatterns: list[URLPattern] = []
