/* One SignerInfo. Private to lib/pki. */
#ifndef HM_PKI_SIGNER_PARSE_H
#define HM_PKI_SIGNER_PARSE_H

#include "signed_content.h"
#include "signed_parsed.h"

/* One Attribute: its type (content octets of the OID) and a reader of its values. */
HM_MUST_USE hm_err hm_attribute_read(hm_reader *attributes, hm_bytes *type, hm_reader *values);

/* The next SignerInfo (RFC 5652 section 5.3) over content of CONTENT_TYPE. SIGNER must be zero; its certificate is not
 * looked for. UNSIGNED_ATTRIBUTES is empty if there are none. */
HM_MUST_USE hm_err hm_signer_parse(hm_reader *signer_infos, hm_bytes content_type, hm_parsed_signer *signer,
                                   hm_reader *unsigned_attributes);
/* Authenticode: bind the signer to SpcIndirectDataContent (whole element and content octets). */
HM_MUST_USE hm_err hm_signer_take_indirect_data(hm_parsed_signer *signer, hm_bytes whole, hm_bytes content);
/* Note the attributes of TYPE, which hold RFC 3161 tokens. */
HM_MUST_USE hm_err hm_signer_find_timestamp(hm_reader unsigned_attributes, hm_bytes type, hm_parsed_signer *signer);

#endif
