#!/usr/bin/env bash
# Makes the certificates of the tests: an authority, and two certificates for `kit.test` that it has signed.
set -euo pipefail
cd "$(dirname "$0")"

days=36500
key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

key authority.key
openssl req -x509 -new -key authority.key -days $days -subj '/CN=authority of the tests' -out authority.pem
for name in first second; do
  key $name.key
  openssl req -new -key $name.key -subj "/CN=$name" |
    openssl x509 -req -CA authority.pem -CAkey authority.key -days $days \
      -extfile <(printf 'subjectAltName=DNS:kit.test\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n') \
      -out $name.pem
done
rm authority.key
