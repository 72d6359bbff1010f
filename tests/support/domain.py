"""The files of the domain: the packages that know no page, address, form or task."""

import tomllib
from pathlib import Path

from django.conf import settings

CONTRACT = "The domain knows no boundary"


def domain_files(app: str) -> list[Path]:
    """Return an app's files of the domain, as the contract in pyproject.toml names them."""
    project = Path(settings.PROJECT_DIR)
    rules = tomllib.loads((project / "pyproject.toml").read_text())["tool"]["importlinter"]
    contract = next(each for each in rules["contracts"] if each["name"] == CONTRACT)
    packages = [each for each in contract["source_modules"] if each.split(".")[0] == app]
    return sorted(
        path for package in packages for path in (project / package.replace(".", "/")).rglob("*.py")
    )
