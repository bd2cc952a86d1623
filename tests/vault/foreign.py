"""foreign.py seal KEY hex|base64 NONCE-BYTES TEXT | open KEY hex|base64 ENCRYPTED IV TAG: with Python's cryptography."""
import base64
import os
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

what, key, form, *rest = sys.argv[1:]
cipher = AESGCM(bytes.fromhex(key))


def to_text(data):
    return data.hex() if form == "hex" else base64.b64encode(data).decode()


def to_bytes(text):
    return bytes.fromhex(text) if form == "hex" else base64.b64decode(text)


if what == "seal":
    iv = os.urandom(int(rest[0]))
    sealed = cipher.encrypt(iv, rest[1].encode(), None)
    print(to_text(sealed[:-16]), to_text(iv), to_text(sealed[-16:]), sep="\n")
else:
    encrypted, iv, tag = map(to_bytes, rest)
    print(cipher.decrypt(iv, encrypted + tag, None).decode())
