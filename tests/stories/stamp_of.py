"""stamp_of.py FILE.p7s TOKEN SIGNATURE: writes the timestamp's token and the signature value of a structure's first signer, for
openssl ts -verify."""

import sys


def elements(octets):
    """(tag, content, whole) of each element."""
    while octets:
        length, at = octets[1], 2
        if length & 0x80:
            at += length & 0x7F
            length = int.from_bytes(octets[2:at], "big")
        yield octets[0], octets[at : at + length], octets[: at + length]
        octets = octets[at + length :]


STAMP = bytes.fromhex("060b2a864886f70d010910020e")

with open(sys.argv[1], "rb") as file:
    content_info = list(elements(next(elements(file.read()))[1]))
signed_data = list(elements(next(elements(content_info[1][1]))[1]))
signer = list(elements(next(elements(signed_data[-1][1]))[1]))
signature = [content for tag, content, _ in signer if tag == 0x04][0]
attributes = [content for tag, content, _ in signer if tag == 0xA1]
tokens = [
    next(elements(list(elements(attribute))[1][1]))[2]
    for _, attribute, _ in (elements(attributes[0]) if attributes else [])
    if attribute.startswith(STAMP)
]
with open(sys.argv[2], "wb") as file:
    file.write(tokens[0] if tokens else b"")
with open(sys.argv[3], "wb") as file:
    file.write(signature)
