/* Signed structures that no honest writer makes: correct, and really signed, but for what a test asks. */
#ifndef HM_TEST_FORGERY_H
#define HM_TEST_FORGERY_H

#include "pki_fixture.h"

#include "algorithm_id.h"
#include "oid.h"
#include "signed_content.h"

#include <pki/der.h>

/* What may be odd. Elements are whole; an empty one stands for the honest one. */
typedef struct {
    hm_structure structure;
    uint8_t version, signer_version; /* 0: 1 */
    bool no_attributes, no_signers, twice;
    hm_bytes type, listed_digests, content, identifier, digest_algorithm, attributes, signature_algorithm, signature,
        unsigned_attributes, behind_signer, behind, certificates;
    const char *image; /* Authenticode: the text whose digest stands inside; NULL: "content" */
} forgery;

static const forgery cms = {.structure = HM_STRUCTURE_CMS}, spc = {.structure = HM_STRUCTURE_AUTHENTICODE_PE};

/* One office for all tests of a program: they only read it. */
extern test_office shared;
int make_shared(void **state);
int clear_shared(void **state);

/* Forge, parse, and verify the first signer over "content". */
void forge(const forgery *f, const test_office *office, hm_buf *der);
hm_err verify(const forgery *f);
hm_err verify_structure(const forgery *f, const test_office *office, hm_bytes der);

/* Attribute { type, SET { value } }. */
void put_attribute(hm_buf *der, hm_bytes type, hm_bytes value);
void put_oid_attribute(hm_buf *der, hm_bytes type, hm_bytes oid);
void put_digest_attribute(hm_buf *der, hm_bytes digest);
/* Content type and message digest, sorted. */
void put_attributes(hm_buf *der, hm_bytes type, hm_bytes digest);

#endif
