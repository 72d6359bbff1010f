#!/bin/sh
# phonenumbers (PyPI 9.0.43): a landline of Martinique, as France writes it, is a valid number of
# the mainland, in Fort de France; one of Guadeloupe is not valid.
#
# Belief: 0596 60 12 34 read with region FR is either the number in Martinique (+596 596 60 12 34)
# or no valid number, as 0590 20 00 00 of Guadeloupe, 0594 30 12 34 of Guyane and 0692 12 34 56 of
# La Réunion are none.
# Behaviour: it is valid, of region FR, +33 5 96 60 12 34, and the geocoder says "Fort de France".
# So are Mayotte's 0269 61 23 45 and Saint-Pierre-et-Miquelon's 0508 41 23 45, which read with its
# own region (PM) is not valid: only +508 41 23 45 is.
# What follows for us: a number's first four digits decide the region, not its validity, and 0508
# is made +508 by hand (practitioners/domain/telephone.py).
#
# Fails when the behaviour changes. Needs Python 3.11 or newer and the package index.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check phonenumbers==9.0.43
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import phonenumbers
from phonenumbers import geocoder

READ = (
    ("0596601234", "FR"), ("0596601234", "MQ"), ("0590200000", "FR"), ("0594301234", "FR"),
    ("0692123456", "FR"), ("0269612345", "FR"), ("0508412345", "FR"), ("0508412345", "PM"),
    ("+508412345", None),
)
for text, region in READ:
    number = phonenumbers.parse(text, region)
    print(
        text, region, phonenumbers.is_valid_number(number),
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        geocoder.description_for_number(number, "fr"),
    )
PYTHON
cat "$folder/seen"
sed 's/ *$//' "$folder/seen" > "$folder/trimmed"
diff "$folder/trimmed" - <<'EXPECTED'
0596601234 FR True +33596601234 Fort de France
0596601234 MQ True +596596601234 Martinique
0590200000 FR False +33590200000
0594301234 FR False +33594301234
0692123456 FR False +33692123456
0269612345 FR True +33269612345 France
0508412345 FR True +33508412345 France
0508412345 PM False +508508412345
+508412345 None True +508412345 Saint-Pierre-et-Miquelon
EXPECTED
echo "as described"
