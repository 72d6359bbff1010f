"""Collected static files: compressed, under hashed names, with imports that follow these names."""

from typing import Any, ClassVar

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

OWN_SCRIPTS = "js/*.js"
_IMPORT = r"""(?P<matched>\b(?P<word>from|import)\s*["'](?P<url>\.{1,2}/[^"']+\.js)["'];)"""
_HASHED = '%(word)s "%(url)s";'


class ModulesStorage(CompressedManifestStaticFilesStorage):
    """Rewrites the imports of our own ES modules, and leaves libraries as they are.

    Django rewrites those of every script or of none (`support_js_module_import_aggregation`).
    A changed module has another name, and so have all modules that import it: a page never runs
    modules of two versions.
    """

    # Each pass follows one import further; Django's five are for style sheets.
    max_post_process_passes = 20
    patterns: ClassVar[Any] = (*HashedFilesMixin.patterns, (OWN_SCRIPTS, ((_IMPORT, _HASHED),)))
