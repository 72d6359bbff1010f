"""Finds a Chromium, installing Debian's as root, or Playwright's own otherwise; and, where
root may install them, a relay for calls (tests/browser/test_video.py) and a scanner of files
(tests/booking/exchange/test_documents.py).
"""

import os
import shutil
import subprocess
import sys

CANDIDATES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """Return the path of an installed Chromium, or None when Playwright's own is to be used."""
    for name in CANDIDATES:
        if path := shutil.which(name):
            return path
    return None


def main() -> None:
    wanted = [] if find_chromium() else ["chromium"]
    wanted += [] if shutil.which("turnserver") else ["coturn"]
    wanted += [] if shutil.which("clamd") else ["clamav-daemon"]
    if wanted and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {', '.join(wanted)} for the tests ...", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False, env=environment)
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted]
        subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL)
    if find_chromium():
        return
    done = subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if done.returncode:
        sys.exit("No Chromium for the browser tests: install the package 'chromium'.")


if __name__ == "__main__":
    main()
