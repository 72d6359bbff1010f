"""Django settings, one file per concern; every machine-dependent value comes from `environment`."""

from doctolib.settings.base import *
from doctolib.settings.database import *
from doctolib.settings.messages import *
from doctolib.settings.queue import *
from doctolib.settings.security import *
from doctolib.settings.vault import *
