/* A sentence for each reason. They take more room than the verifier: a product without a console leaves this file out.
 */
#include <hallmark/verify.h>

static const struct {
    hmv_reason reason;
    const char *text;
} texts[] = {
    {HMV_ACCEPTED, "accepted"},
    {HMV_UNDECIDED, "no decision was reached; the device was disturbed while it decided: try again"},
    {HMV_MORE, "the stream is not complete"},
    {HMV_TOO_LARGE, "something is larger than the format or the device's buffer allows: sign a smaller release"},
    {HMV_MALFORMED, "the bytes are not of this format, or were damaged or cut off: fetch or build the file again"},
    {HMV_UNKNOWN_VERSION, "it is of another version of the format: the device's software is too old for it"},
    {HMV_UNKNOWN_CRITICAL,
     "it has a field that must be understood and is not: the device's software is too old for it"},
    {HMV_NO_SIGNATURE,
     "none of its signatures is by a key that the trust list knows: sign with a listed key, or update the "
     "trust list"},
    {HMV_BAD_SIGNATURE, "a signature by a known key does not verify: the file was changed after it was signed"},
    {HMV_UNKNOWN_ALGORITHM, "a signature or digest is of an algorithm that this device does not have"},
    {HMV_SIGNERS_DIFFER, "the signatures are not those that the manifest names: one was taken away, added or moved"},
    {HMV_TOO_FEW_SIGNATURES, "fewer keys have signed than the trust list asks for"},
    {HMV_REVOKED_KEY, "it is signed with a revoked key, and is none of the releases that stay good"},
    {HMV_TWICE, "a key signs, or something is listed, twice"},
    {HMV_NO_RECEIPT, "the trust list asks for a receipt of the log for each signature, and one is missing"},
    {HMV_BAD_RECEIPT, "a receipt does not show this signature's intent and outcome in the log"},
    {HMV_UNKNOWN_PUBLISHER, "its publisher is not in the trust list"},
    {HMV_RETIRED_PUBLISHER, "its publisher is retired: nothing new of it is installed"},
    {HMV_OTHER_VENDOR, "it is for devices of another vendor"},
    {HMV_OTHER_CLASS, "it is for devices of another class, or its publisher may not sign for this class"},
    {HMV_KIND_NOT_ALLOWED, "its publisher may not sign this kind of component"},
    {HMV_DEVELOPMENT,
     "it is a development release for a production device, or its publisher may not sign for this purpose"},
    {HMV_OLD_SEQUENCE, "this release or a later one was installed before"},
    {HMV_OLD_SECURITY_VERSION,
     "its security version is lower than the device's counter: it has a fault that was mended"},
    {HMV_BELOW_MINIMUM, "its security version is lower than the trust list's minimum: it has a fault that was mended"},
    {HMV_OTHER_DEVICE, "it is an exception for another device"},
    {HMV_OLD_TRUST_LIST, "it needs a newer trust list than the device holds: update the trust list first"},
    {HMV_MISSING_DEPENDENCY, "a component that it depends on is missing or too old: install that first"},
    {HMV_STATE_FAULT, "the device could not read its own state or counter"},
    {HMV_UNKNOWN_ACT, "the caller asked neither to install nor to boot"},
    {HMV_READ_FAULT, "a payload could not be read"},
    {HMV_SHORT_PAYLOAD, "a payload is shorter than the manifest says"},
    {HMV_LONG_PAYLOAD, "a payload is longer than the manifest says"},
    {HMV_OTHER_PAYLOAD, "a payload is not the one that was signed"},
    {HMV_WRITE_FAULT, "a payload could not be written"},
    {HMV_OLD_LIST, "the trust list is older than the one in force"},
    {HMV_SAME_LIST, "the trust list is in force already"},
    {HMV_LIST_FORK, "two different trust lists of one version are signed: the roots' holders must be told"},
    {HMV_OTHER_ROOTS, "the trust list has other roots than the device holds"},
    {HMV_ROOTS_UNKNOWN, "too few of the device's roots have signed the trust list: give it the lists between first"},
    {HMV_NEW_ROOTS_SIGN_NOT, "too few of the trust list's new roots have signed it"},
};

const char *hmv_reason_text(hmv_reason reason) {
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].reason == reason) return texts[i].text;
    return "unknown reason";
}
