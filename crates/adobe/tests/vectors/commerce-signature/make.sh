#!/bin/sh
# Makes the vectors of Commerce's webhook signature anew, with keys that nobody keeps. What Commerce signs is the base64
# text of the body. Run it in this folder; the tests read what it leaves.
set -eu

keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
for name in commerce other; do
    openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$keys/$name.pem"
    openssl pkey -in "$keys/$name.pem" -pubout -out "$name.public.pem"
done
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:1024 | openssl pkey -pubout -out short.public.pem
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | openssl pkey -pubout -out curve.public.pem
openssl rsa -in "$keys/commerce.pem" -RSAPublicKey_out -out pkcs1.public.pem 2>/dev/null

printf '{"data":{"cart_id":"c-1","items":[{"item_id":"1","sku":"Größe 42/µ","qty":2}]}}\n' >cart.json

sign() { # key, digest, further options; the text to sign on stdin
    key=$1 digest=$2
    shift 2
    openssl dgst "-$digest" -sign "$keys/$key.pem" "$@" | base64 -w 0
}

base64 -w 0 cart.json | sign commerce sha256 >cart.signature
printf '' | sign commerce sha256 >empty.signature
base64 -w 0 cart.json | sign other sha256 >cart.other-key.signature
sign commerce sha256 <cart.json >cart.raw-body.signature
base64 cart.json | sign commerce sha256 >cart.wrapped.signature
base64 -w 0 cart.json | sign commerce sha1 >cart.sha1.signature
base64 -w 0 cart.json | sign commerce sha256 -sigopt rsa_padding_mode:pss >cart.pss.signature
