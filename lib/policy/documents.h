/* Documents amid a request. */
#ifndef HM_POLICY_DOCUMENTS_H
#define HM_POLICY_DOCUMENTS_H

#include <policy/request.h>

/* Take an array of 1 to HM_REQUEST_DOCUMENTS off READER: views. */
HM_MUST_USE hm_err hm_documents_read(hm_reader *reader, hm_documents *documents);

#endif
