/* FILE.p7s: one CMS structure (RFC 5652) in a file of its own.
 *
 * A detached file holds one structure. The structure may have several signers when another tool made it, and lib/pki
 * judges them all; we never add a signer to a structure that somebody else signed, so signing again replaces the file.
 */
#ifndef HM_FORMAT_DETACHED_H
#define HM_FORMAT_DETACHED_H

#include <base/io.h>

enum { HM_DETACHED_MAX = 1024 * 1024 };

/* Append the structure's DER. Read are DER as it is, and PEM with the label CMS or PKCS7, which some tools write. Not
 * looked into: hm_signed_parse does that. DER is unchanged on failure. */
HM_MUST_USE hm_err hm_detached_read(const hm_source *file, hm_buf *der);

/* Write SIGNATURE as the whole content of the detached file. Whether one that is there may be replaced is for the
 * caller to judge, who knows whose it is. */
HM_MUST_USE hm_err hm_detached_write(hm_bytes signature, hm_sink *sink);

#endif
