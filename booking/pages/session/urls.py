"""Addresses by which a browser's device is bound to a session."""

from django.urls import path

from booking.pages.session import device

urlpatterns = [
    path("connexion/appareil/", device.register, name="register-device"),
    path("connexion/appareil/suite/", device.renew, name="renew-device"),
]
