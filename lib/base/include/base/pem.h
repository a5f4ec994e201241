/* PEM (RFC 7468). What reads a file with several blocks and text around them is lib/pki's; this reads just one. */
#ifndef HM_BASE_PEM_H
#define HM_BASE_PEM_H

#include <base/bytes.h>

/* Append DER as a block: LABEL is "CERTIFICATE" ... Room is made once and nothing is copied on the way, so that for a
 * secret it is enough to wipe PEM. */
HM_MUST_USE hm_err hm_pem_put(hm_buf *pem, const char *label, hm_bytes der);

/* Text that is one block and nothing else, in the form that writers must use (section 3): no text before the block, no
 * headers in it, lines of 64 characters but for the last, canonical base64, nothing behind the end. Lines may end in
 * CR LF, and the last line need not end.
 *
 * First the label, a view of TEXT, so that what is of another kind can be refused as that, whatever is in it; then the
 * content, appended to DER (room is made once; DER is as it was on a fault). No fault quotes the text. */
HM_MUST_USE hm_err hm_pem_read_label(hm_reader *text, hm_bytes *label);
HM_MUST_USE hm_err hm_pem_read_content(hm_reader *text, hm_bytes label, hm_buf *der);

#endif
