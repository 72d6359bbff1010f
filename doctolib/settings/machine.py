"""The environment of this process, read once."""

from doctolib.environment import read_environment

ENVIRONMENT = read_environment()
