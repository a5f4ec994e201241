"""The rules of acceptance of docs/manifest.md and hallmark/verify.h a second time, to hold the C library against.

Where several rules are broken at once the documents leave open which is told; so a decision here is the set of all
reasons that may be given, and the empty set accepts. Two things are fixed: what is no envelope is told before any
signature, and no reason that only the manifest can tell is given before a signature over it was found good."""
import dataclasses

import cbor
import keys
import native
from keys import sha256
from reasons import (BAD_SIGNATURE, BELOW_MINIMUM, DEVELOPMENT, KIND_NOT_ALLOWED, LIST_FORK,
                     MISSING_DEPENDENCY, NEW_ROOTS_SIGN_NOT, NO_RECEIPT, NO_SIGNATURE, OLD_LIST, OLD_SECURITY_VERSION,
                     OLD_SEQUENCE, OLD_TRUST_LIST, OTHER_CLASS, OTHER_DEVICE, OTHER_ROOTS, OTHER_VENDOR,
                     RECEIPT_FAULTS, RETIRED_PUBLISHER, REVOKED_KEY, ROOTS_UNKNOWN, SAME_LIST, SIGNERS_DIFFER,
                     STATE_FAULT, TOO_FEW_SIGNATURES, UNKNOWN_ALGORITHM, UNKNOWN_PUBLISHER)
from shapes import Refused, demand, read_envelope, read_inclusion, read_leaf, read_list, read_manifest, read_receipt

INSTALL, BOOT = 'install', 'boot'
# Of a list that cannot be read the signatures may have been judged first: its roots are all that this asks for.
UNREAD_LIST = {NO_SIGNATURE, TOO_FEW_SIGNATURES, BAD_SIGNATURE, UNKNOWN_ALGORITHM}


@dataclasses.dataclass
class Device:
    vendor: bytes = native.VENDOR
    class_id: bytes = native.CLASS
    id: bytes = native.DEVICE
    development: bool = False
    state: dict = dataclasses.field(default_factory=dict)  # (publisher, component): (sequence, counter)
    broken: bool = False

    def of(self, publisher, component):
        return self.state.get((publisher, component), (0, 0))


# Receipts

def root_of(inclusion, entry):
    """RFC 9162 section 2.1.3.2; None where the path does not fit the place."""
    size, index, hashes = inclusion
    if index >= size:
        return None
    node, last, value = index, size - 1, sha256(b'\0', entry)
    for sibling in hashes:
        if last == 0:
            return None
        if node & 1 or node == last:
            value = sha256(b'\1', sibling, value)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            value = sha256(b'\1', value, sibling)
        node, last = node >> 1, last >> 1
    return value if last == 0 else None


def receipt_is_good(receipt, log, signature, manifest, product_class):
    office, key = log
    outcome, intent = map(read_leaf, receipt.entries)
    inclusions = [read_inclusion(one) for one in receipt.proofs]
    roots = [root_of(*pair) for pair in zip(inclusions, receipt.entries)]
    if None in roots or roots[0] != roots[1] or inclusions[0][0] != inclusions[1][0]:
        return False
    message = cbor.encode(['Signature1', receipt.protected, b'', roots[0]])
    return (outcome[1:6] == [native.OUTCOME, office, product_class, native.FORMAT, sha256(signature)]
            and intent[1:6] == [native.INTENT, office, product_class, native.FORMAT, sha256(manifest)]
            and outcome[7] == inclusions[1][1] and intent[7] is None
            and inclusions[1][1] < inclusions[0][1]
            and keys.verify(key, message, receipt.signature))


# Trust lists

def judge_signatures(envelope, known, aad):
    """(reasons, the kids that verified); KNOWN: pairs of kid and COSE_Key."""
    reasons, good = set(), set()
    for signature in envelope.signatures:
        entries = [key for kid, key in known if kid == signature.kid]
        key = next((key for key in entries if key[3] == signature.algorithm), None)
        if not entries:
            continue
        if key is None:
            reasons.add(UNKNOWN_ALGORITHM)
        elif not keys.verify(key, envelope.message(signature, aad), signature.value):
            reasons.add(BAD_SIGNATURE)
        else:
            good.add(signature.kid)
    return reasons, good


def trust_open(data, root_hash, least=0):
    """(Trust or None, reasons); LEAST: the least version that the device opens"""
    try:
        envelope = read_envelope(data, 16)
        trust = read_list(envelope.payload)
    except Refused as refusal:
        return None, refusal.reasons | UNREAD_LIST | {OTHER_ROOTS, OLD_LIST}
    reasons, good = judge_signatures(envelope, trust.roots.items(), native.TRUST_LIST)
    if trust.root_hash != root_hash:
        reasons.add(OTHER_ROOTS)
    if trust.version < least:
        reasons.add(OLD_LIST)
    if len(good) < trust.threshold:
        reasons.add(TOO_FEW_SIGNATURES)
        reasons |= set() if good else {NO_SIGNATURE}
    return (None, reasons) if reasons else (trust, reasons)


def trust_update(current, data):
    try:
        envelope = read_envelope(data, 16)
        trust = read_list(envelope.payload)
    except Refused as refusal:
        return None, refusal.reasons | UNREAD_LIST | {ROOTS_UNKNOWN}
    reasons = set()
    if trust.version <= current.version:
        same = SAME_LIST if trust.list == current.list else LIST_FORK
        reasons.add(OLD_LIST if trust.version < current.version else same)
    old_reasons, old = judge_signatures(envelope, current.roots.items(), native.TRUST_LIST)
    new_reasons, new = judge_signatures(envelope, trust.roots.items(), native.TRUST_LIST)
    reasons |= old_reasons | new_reasons
    if len(old) < current.threshold:
        reasons |= {ROOTS_UNKNOWN, TOO_FEW_SIGNATURES} | (set() if old else {NO_SIGNATURE})
    if len(new) < trust.threshold:
        reasons.add(NEW_ROOTS_SIGN_NOT)
    return (None, reasons) if reasons else (trust, reasons)


# Releases

def judge_publisher(trust, device, act, tree, publisher):
    reasons = set()
    if act == INSTALL and publisher.state == 2:
        reasons.add(RETIRED_PUBLISHER)
    if tree[3] != device.class_id or tree[3] not in publisher.classes:
        reasons.add(OTHER_CLASS)
    if not all(publisher.kinds >> one[1] & 1 for one in tree[8]):
        reasons.add(KIND_NOT_ALLOWED)
    if not publisher.purposes & tree[6] or tree[6] == 2 and not device.development:
        reasons.add(DEVELOPMENT)
    if tree[2] != device.vendor:
        reasons.add(OTHER_VENDOR)
    if tree.get(10, 0) > trust.version:
        reasons.add(OLD_TRUST_LIST)
    return reasons


def judge_counters(trust, device, act, tree):
    reasons, exception = set(), tree.get(11)
    if exception is not None and exception != device.id:
        reasons.add(OTHER_DEVICE)
    for one in tree[8]:
        sequence, counter = device.of(tree[1], one[0])
        if one[5] < trust.minimums.get((tree[1], one[0]), 0):
            reasons.add(BELOW_MINIMUM)
        if one[5] < counter and exception is None:
            reasons.add(OLD_SECURITY_VERSION)
        if act == INSTALL and tree[5] <= sequence or act == BOOT and exception is not None and tree[5] < sequence:
            reasons.add(OLD_SEQUENCE)
    return reasons


def judge_dependencies(device, act, tree):
    """Met by this release itself or by what is installed."""
    for publisher, name, version, sequence in tree.get(9, ()) if act == INSTALL else ():
        mine = [one for one in tree[8] if one[0] == name and publisher == tree[1]]
        installed_sequence, counter = device.of(publisher, name)
        by_release = mine and mine[0][5] >= version and tree[5] >= sequence
        if not by_release and not (counter >= version and installed_sequence >= sequence):
            return {MISSING_DEPENDENCY}
    return set()


def judge_receipts(trust, tree, publisher, envelope):
    """A receipt by a log that the list names must be good, whoever's signature it is for; of another the frame must be
    well-formed. What a publisher must have is one by its own office's log."""
    reasons = set()
    for signature in envelope.signatures:
        logged = False
        for data in signature.receipts:
            try:
                receipt = read_receipt(data)
                log = trust.logs.get(receipt.kid)
                if log is None:
                    continue
                if sha256(envelope.payload) not in trust.revoked.get(receipt.kid, {sha256(envelope.payload)}):
                    reasons.add(REVOKED_KEY)
                demand(receipt_is_good(receipt, log, signature.value, envelope.payload, tree[3]))
                logged = logged or log[0] == tree[1]
            except Refused:
                reasons |= RECEIPT_FAULTS
        if publisher.receipts and signature.kid in publisher.keys and not logged:
            reasons.add(NO_RECEIPT)
    return reasons


def release_verify(trust, device, act, data):
    """(summary or None, reasons)"""
    try:
        envelope = read_envelope(data, 4)
    except Refused as refusal:
        return None, refusal.reasons
    known = [pair for one in trust.publishers.values() for pair in one.keys.items()]
    reasons, good = judge_signatures(envelope, known, native.MANIFEST)
    kids = [one.kid for one in envelope.signatures]
    for kid in kids:  # Also one that no publisher has any more.
        if kid in trust.revoked and sha256(envelope.payload) not in trust.revoked[kid]:
            reasons.add(REVOKED_KEY)
    if not good:
        return None, reasons if reasons - {REVOKED_KEY} else reasons | {NO_SIGNATURE}
    if reasons - {REVOKED_KEY}:
        return None, reasons
    try:
        tree = read_manifest(envelope.payload)
    except Refused as refusal:
        return None, reasons | refusal.reasons
    if tree[7] != kids:
        reasons.add(SIGNERS_DIFFER)
    publisher = trust.publishers.get(tree[1])
    if publisher is None:
        return None, reasons | {UNKNOWN_PUBLISHER}
    own = {one.kid for one in envelope.signatures
           if one.kid in publisher.keys and publisher.keys[one.kid][3] == one.algorithm}
    if len(good & own) < publisher.threshold:
        reasons.add(TOO_FEW_SIGNATURES)
    reasons |= judge_receipts(trust, tree, publisher, envelope)
    reasons |= judge_publisher(trust, device, act, tree, publisher)
    reasons |= judge_counters(trust, device, act, tree)
    reasons |= judge_dependencies(device, act, tree)
    if device.broken:
        reasons.add(STATE_FAULT)
    if reasons:
        return None, reasons
    return {'sequence': tree[5], 'components': len(tree[8]), 'unknown': len(kids) - len(good), 'signers': len(kids)}, reasons
