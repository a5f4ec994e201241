/* SBOM and provenance files (--sbom, --provenance): what goes with a release, named by its digest. They are hashed
 * here, and nobody parses them. */
#ifndef HM_APP_DOCUMENTS_H
#define HM_APP_DOCUMENTS_H

#include "options.h"

#include <core/wire.h>
#include <policy/request.h>

/* Is this option one of them? */
bool hm_is_document_option(const char *name);
/* Those that the command line names, hashed: views that last until the next call. */
HM_MUST_USE hm_err hm_documents_given(const hm_options *options, hm_documents *documents);
/* The same as CBOR, for `narrow`. */
HM_MUST_USE hm_err hm_documents_narrow(const hm_options *options, hm_buf *cbor);
/* Hold those that the command line names against WANTED, of a request. *ALL: each of WANTED was there; which was not is
 * told on standard error. A refusal if one is none of them. */
HM_MUST_USE hm_err hm_documents_compare(const hm_options *options, const hm_documents *wanted, bool *all);

HM_MUST_USE hm_err hm_hash_file_by(const char *path, hm_digest_algorithm algorithm, hm_digest *digest);
/* SHA-256 of the file PATH. */
HM_MUST_USE hm_err hm_hash_file(const char *path, uint8_t sha256[static 32]);

#endif
