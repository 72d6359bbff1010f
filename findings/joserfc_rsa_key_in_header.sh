#!/bin/sh
# joserfc (PyPI 1.8.0, with cryptography 50.0.2): a JWT that names an RSA key of 2048 bits in its
# header is written by jwt.encode() and refused by jwt.decode(), as too long.
#
# Belief: decode() reads what encode() writes, and the proofs of RFC 9449 (DPoP), which carry their
# public key in the header (section 4.2, "jwk"), may be signed by any key that RFC 7518 allows.
# Behaviour: a header of more than 512 bytes raises ExceededSizeError, from decode() and from
# jws.extract_compact() alike, and one with the public key of an RSA key of 2048 bits has 536 or so.
# The same proof by an EC key of P-256 is read.
# What follows for us: a vendor whose DPoP key is RSA was told that its proof is no JWT; proofs that
# name their key are read with a registry that takes longer headers (audit/named_key.py).
#
# Fails when the behaviour changes. Needs Python 3.11 or newer and the package index.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check joserfc==1.8.0 cryptography==50.0.2
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
from joserfc import jwt
from joserfc.errors import ExceededSizeError
from joserfc.jwk import ECKey, RSAKey

for alg, key in (("ES256", ECKey.generate_key("P-256")), ("PS256", RSAKey.generate_key(2048))):
    header = {"typ": "dpop+jwt", "alg": alg, "jwk": key.as_dict(private=False)}
    text = jwt.encode(header, {"jti": "1"}, key, algorithms=[alg])
    try:
        print(alg, jwt.decode(text, key, algorithms=[alg]).claims)
    except ExceededSizeError as error:
        print(alg, error)
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
ES256 {'jti': '1'}
PS256 exceeded_size: Header size exceeds 512 bytes.
EXPECTED
echo "as described"
