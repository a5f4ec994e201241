/* OpenSSL's certificates, as the rest of lib/pki uses them. Private to lib/pki. */
#ifndef HM_PKI_X509_H
#define HM_PKI_X509_H

#include <pki/cert.h>

#include <openssl/x509.h>

static inline void hm_x509_clear(X509 **certificate) {
    X509_free(*certificate);
    *certificate = NULL;
}
#define HM_X509 __attribute__((cleanup(hm_x509_clear))) X509

/* Views of certificates that others own. */
static inline void hm_x509_stack_clear(STACK_OF(X509) * *stack) {
    sk_X509_free(*stack);
    *stack = NULL;
}
#define HM_X509_VIEWS __attribute__((cleanup(hm_x509_stack_clear))) STACK_OF(X509)

/* Decode exactly one certificate. Strict DER is the caller's to check. The error queue is left empty. */
HM_MUST_USE hm_err hm_x509_parse(hm_bytes der, X509 **certificate);
HM_MUST_USE hm_err hm_x509_describe(X509 *certificate, hm_cert_info *info);
/* The common name, else the whole subject: how faults name a certificate. Printable. */
void hm_x509_title(X509 *certificate, char *title, size_t size);

/* A name as one line, in RFC 2253's form. Printable; "" if it cannot be told. */
void hm_x509_name_text(const X509_NAME *name, char *text, size_t size);
/* The printable form of a name's only attribute of type NID; "" if there is none. */
void hm_x509_name_part(const X509_NAME *name, int nid, char *text, size_t size);
/* Does NAME have exactly one organizational unit, and is it OU? Compared in full, as UTF-8. */
bool hm_x509_name_has_unit(const X509_NAME *name, const char *unit);
HM_MUST_USE hm_err hm_x509_time(const ASN1_TIME *time, int64_t *unix_seconds);

#endif
