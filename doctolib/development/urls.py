from django.urls import path

from doctolib.development import views

app_name = "development"
urlpatterns = [
    path("comptes/", views.accounts, name="accounts"),
    path("courrier/", views.mails, name="mails"),
    path("courrier/<str:name>/", views.mail, name="mail"),
]
