from django.urls import path

from audit.views import incident_files, incidents

app_name = "incidents"
urlpatterns = [
    path("", incidents.register, name="register"),
    path("signaler/", incidents.report, name="report"),
    path("registre.csv", incident_files.register_csv, name="register-csv"),
    path("<int:number>/", incidents.incident, name="incident"),
    path("<int:number>/evaluer", incidents.assess, name="assess"),
    path("<int:number>/completer", incidents.answer, name="answer"),
    path("<int:number>/remettre", incidents.file_form, name="file"),
    path("<int:number>/demander/<slug:of>", incidents.ask, name="ask"),
    path("<int:number>/decider/<uuid:approval_id>", incidents.decide, name="decide"),
    path("<int:number>/envois", incidents.pause, name="pause"),
    path("<int:number>/notifie", incidents.notified, name="notified"),
    path("<int:number>/remarque", incidents.remark, name="remark"),
    path("<int:number>/trancher/<uuid:notice_id>", incidents.settle, name="settle"),
    path("<int:number>/apercu/<slug:kind>", incidents.preview, name="preview"),
    path("<int:number>/notification.pdf", incident_files.form_pdf, name="form-pdf"),
    path("<int:number>/notification.json", incident_files.form_json, name="form-json"),
    path("<int:number>/preuve/<uuid:entry_id>", incident_files.proof, name="proof"),
    path("<int:number>/preuves.jsonl", incident_files.bundle, name="bundle"),
    path("<int:number>/lectures.json", incident_files.exposure_json, name="exposure"),
]
