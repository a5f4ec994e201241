/* The revocation lists that a verification is to judge by. They are read here and parsed behind the sandbox. */
#ifndef HM_APP_REVOCATION_FILES_H
#define HM_APP_REVOCATION_FILES_H

#include "options.h"

#include <base/bytes.h>

/* Each --crl FILE; and where the local office's own roots are trusted, the lists of its folder. Appends u32 BE length
 * and content of each file. LIST: a trust list judges, which says itself what is revoked, so none may be given. */
HM_MUST_USE hm_err hm_revocation_files(const hm_options *options, bool list, hm_buf *files);

#endif
