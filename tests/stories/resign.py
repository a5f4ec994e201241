"""For 03-logged-before-signed.sh: the signed attributes out of a detached CMS signature with ECDSA P-256, and another
signature value into it.

resign.py IN OUT ATTRIBUTES SIGNATURE attributes|embed"""
import sys


def read(data, at):
    """One DER element: its tag, where its content begins, and where it ends."""
    length, begin = data[at + 1], at + 2
    if length & 0x80:
        begin += length & 0x7f
        length = int.from_bytes(data[at + 2:begin], 'big')
    return data[at], begin, begin + length


def element(tag, content):
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8, 'big')
    return bytes([tag]) + length + content


def members(data, begin, end):
    while begin < end:
        tag, inner, stop = read(data, begin)
        yield tag, data[begin:stop], data[inner:stop]
        begin = stop


def integer(raw):
    value = raw.lstrip(b'\0') or b'\0'
    return element(2, (b'\0' if value[0] & 0x80 else b'') + value)


def replace_signature(data, raw):
    """ContentInfo, [0], SignedData, its last SET, SignerInfo, its OCTET STRING: from the inside out (RFC 5652 section 5)."""
    outer = list(members(data, *read(data, 0)[1:]))
    signed = list(members(outer[1][2], *read(outer[1][2], 0)[1:]))
    signer = list(members(signed[-1][2], *read(signed[-1][2], 0)[1:]))
    value = element(0x30, integer(raw[:32]) + integer(raw[32:]))
    new_signer = element(0x30, b''.join(element(4, value) if tag == 4 else whole for tag, whole, _ in signer))
    new_signed = element(0x30, b''.join(whole for _, whole, _ in signed[:-1]) + element(0x31, new_signer))
    attributes = next(content for tag, _, content in signer if tag == 0xa0)
    return element(0x31, attributes), element(0x30, outer[0][1] + element(0xa0, new_signed))


def main():
    source, target, attributes, signature, act = sys.argv[1:]
    with open(source, 'rb') as file:
        data = file.read()
    raw = bytes(64)
    if act == 'embed':
        with open(signature, 'rb') as file:
            raw = file.read()
    signed, result = replace_signature(data, raw)
    with open(attributes if act == 'attributes' else target, 'wb') as file:
        file.write(signed if act == 'attributes' else result)


if __name__ == '__main__':
    main()
