/* An office in memory, for tests: a root, a product's CA and its keys, that sign PE images through the format's own
 * steps. */
#ifndef HM_TEST_PE_SIGNING_H
#define HM_TEST_PE_SIGNING_H

#include <format/format.h>

typedef struct pe_office pe_office;

pe_office *pe_office_new(void);
void pe_office_free(pe_office *office);
/* PEM, for other tools. */
hm_bytes pe_office_root(const pe_office *office);
/* DER of the certificate of the CA below the root. */
hm_bytes pe_office_product(const pe_office *office);

/* Append to OUT the image with a signature by the office's key of ALGORITHM added (or in place of all that were there).
 */
void pe_office_sign(const pe_office *office, hm_key_algorithm algorithm, hm_bytes image, bool replace, hm_buf *out);
/* Every signature in the image, and there has to be one. SIGNERS counts them. */
HM_MUST_USE hm_err pe_office_verify(const pe_office *office, hm_bytes image, size_t *signers);

#endif
