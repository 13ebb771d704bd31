#!/usr/bin/env python3
"""Makes the vectors beside this file with Python's hmac module and OpenSSL, which share no code with the crate.

Run it as `python3 crates/schemes/tests/vectors/make.py`; it writes the same files every time. With
`tokens` it writes `tokens.json` instead, with new keys: ECDSA signatures differ each time anyway.
"""
import base64
import hashlib
import hmac
import json
import pathlib
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).parent
AT = 1767225600
BODIES = {
    "event": b'{"data":{"uid":"1","event":"be-observer.catalog_product_update","value":{"sku":"A-1"}}}',
    "empty": b"",
    "spaces": b' {"a" : 1}\r\n',
    "binary": bytes(range(256)),
    "umlaut": '{"name":"Gr\u00fc\u00dfe \u2713"}'.encode(),
}
SECRET = "a shared secret of thirty bytes"
OLD_SECRET = "the secret that was used before it"


def whsec(text):
    return "whsec_" + base64.b64encode(text.encode()).decode()


def mac(secret, text):
    return hmac.new(secret.encode(), text, hashlib.sha256).digest()


def ed25519_by_openssl(seed, text):
    # RFC 8410: the seed in a PKCS#8 document.
    der = bytes.fromhex("302e020100300506032b657004220420") + seed
    with tempfile.TemporaryDirectory() as folder:
        key, data = pathlib.Path(folder, "key.der"), pathlib.Path(folder, "text")
        key.write_bytes(der)
        data.write_bytes(text)
        command = ["openssl", "pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", key, "-in", data]
        signature = subprocess.run(command, check=True, capture_output=True).stdout
        public = ["openssl", "pkey", "-inform", "DER", "-in", key, "-pubout", "-outform", "DER"]
        return signature, subprocess.run(public, check=True, capture_output=True).stdout[-32:]


def vector(name, scheme, secrets, headers, body):
    return {"name": name, "scheme": scheme, "at": AT, "secrets": secrets, "headers": headers,
            "body": base64.b64encode(body).decode()}


def base64_of(data):
    return base64.b64encode(data).decode()


def standard(body_name, body):
    identifier, time = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", str(AT)
    text = f"{identifier}.{time}.".encode() + body
    headers = {"webhook-id": identifier, "webhook-timestamp": time}
    new, old = base64_of(mac(SECRET, text)), base64_of(mac(OLD_SECRET, text))
    seed = hashlib.sha256(b"seed").digest()
    signature, public = ed25519_by_openssl(seed, text)
    key = "whpk_" + base64_of(public)
    yield vector(f"{body_name}", "standard-webhooks", [whsec(SECRET)], headers | {"webhook-signature": f"v1,{new}"}, body)
    both = headers | {"webhook-signature": f"v1,{old} v2,later v1,{new}"}
    yield vector(f"{body_name} signed by two secrets", "standard-webhooks", [whsec(SECRET)], both, body)
    yield vector(f"{body_name} by a secret that goes", "standard-webhooks", [whsec(SECRET), whsec(OLD_SECRET)],
                 headers | {"webhook-signature": f"v1,{old}"}, body)
    yield vector(f"{body_name} by ed25519", "standard-webhooks", [key],
                 headers | {"webhook-signature": f"v1a,{base64_of(signature)}"}, body)


def port(body_name, body):
    signature = base64_of(mac(SECRET, f"{AT}.".encode() + body))
    headers = {"x-port-timestamp": str(AT), "x-port-signature": f"v1,{signature}"}
    yield vector(body_name, "port", [SECRET], headers, body)
    yield vector(f"{body_name} by a secret that goes", "port", ["new", SECRET], headers, body)


def of_body(body_name, body):
    digest = mac(SECRET, body)
    yield vector(body_name, "shopify", [SECRET], {"x-shopify-hmac-sha256": base64_of(digest)}, body)
    yield vector(body_name, "github", [SECRET], {"x-hub-signature-256": f"sha256={digest.hex()}"}, body)


def stripe(body_name, body):
    digest = mac(SECRET, f"{AT}.".encode() + body).hex()
    old = mac(OLD_SECRET, f"{AT}.".encode() + body).hex()
    yield vector(body_name, "stripe", [SECRET], {"stripe-signature": f"t={AT},v1={digest}"}, body)
    yield vector(f"{body_name} signed by two secrets", "stripe", [SECRET],
                 {"stripe-signature": f"t={AT},v1={old},v1={digest},v0={'00' * 32}"}, body)


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*arguments, text=b""):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, input=text).stdout


def fixed(der, width):
    """The two numbers of an ECDSA signature, each in `width` bytes, out of their DER."""
    numbers, at = [], 2
    for _ in range(2):
        length = der[at + 1]
        numbers.append(int.from_bytes(der[at + 2:at + 2 + length], "big").to_bytes(width, "big"))
        at += 2 + length
    return b"".join(numbers)


def public_numbers(path):
    """Modulus of an RSA key, or the point of another, out of what OpenSSL prints."""
    lines = openssl("pkey", "-in", path, "-noout", "-text_pub").decode().splitlines()
    wanted = ("Modulus:", "pub:")
    start = next(number for number, line in enumerate(lines) if line.strip() in wanted)
    digits = ""
    for line in lines[start + 1:]:
        if not line.startswith("    "):
            break
        digits += line.strip().replace(":", "")
    return bytes.fromhex(digits)


KINDS = {
    "RS256": (["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], ["-sha256"]),
    "PS384": (["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
              ["-sha384", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:48"]),
    "ES256": (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], ["-sha256"]),
    "ES384": (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], ["-sha384"]),
    "EdDSA": (["-algorithm", "ED25519"], None),
}


def jwk(algorithm, path):
    numbers = public_numbers(path)
    common = {"kid": f"key of {algorithm}", "use": "sig", "alg": algorithm}
    if algorithm[0] in "RP":
        return common | {"kty": "RSA", "n": encoded(numbers.lstrip(b"\0")), "e": "AQAB"}
    if algorithm == "EdDSA":
        return common | {"kty": "OKP", "crv": "Ed25519", "x": encoded(numbers)}
    half = len(numbers[1:]) // 2
    curve = {"ES256": "P-256", "ES384": "P-384"}[algorithm]
    return common | {"kty": "EC", "crv": curve, "x": encoded(numbers[1:1 + half]), "y": encoded(numbers[1 + half:])}


def token(algorithm, path, folder, claims):
    head = {"alg": algorithm, "typ": "JWT", "kid": f"key of {algorithm}"}
    text = ".".join(encoded(json.dumps(part).encode()) for part in (head, claims)).encode()
    data = pathlib.Path(folder, "text")
    data.write_bytes(text)
    options = KINDS[algorithm][1]
    if options is None:
        signature = openssl("pkeyutl", "-sign", "-rawin", "-inkey", path, "-in", data)
    else:
        signature = openssl("dgst", "-sign", path, *options, data)
    if algorithm.startswith("ES"):
        signature = fixed(signature, int(algorithm[2:]) // 8)
    return text.decode() + "." + encoded(signature)


def tokens():
    """New keys each time: `make.py tokens` asks for it."""
    claims = {"iss": "https://issuer.example.com/", "aud": ["kit", "another"],
              "sub": "erp", "iat": AT, "nbf": AT, "exp": AT + 3600}
    made = []
    with tempfile.TemporaryDirectory() as folder:
        for algorithm, (options, _) in KINDS.items():
            path = pathlib.Path(folder, f"{algorithm}.pem")
            openssl("genpkey", *options, "-out", path)
            made.append({
                "algorithm": algorithm,
                "jwk": jwk(algorithm, path),
                "pem": openssl("pkey", "-in", path, "-pubout").decode(),
                "token": token(algorithm, path, folder, claims),
            })
    (FOLDER / "tokens.json").write_text(json.dumps({"at": AT, "tokens": made}, indent=1) + "\n")


def main():
    if sys.argv[1:] == ["tokens"]:
        return tokens()
    for file, make in {"standard-webhooks": standard, "port": port, "of-body": of_body, "stripe": stripe}.items():
        vectors = [made for name, body in BODIES.items() for made in make(name, body)]
        text = json.dumps(vectors, indent=1, ensure_ascii=True) + "\n"
        (FOLDER / f"{file}.json").write_text(text)


main()
