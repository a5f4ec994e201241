/* What a process asks of OpenSSL before anything else does. The first call decides for the whole process; later ones
 * cost nothing.
 *
 * Always left out: the configuration file that the system or OPENSSL_CONF names (which can load code into a process
 * that holds keys, and change what is accepted), and sentences for error numbers. */
#ifndef HM_CRYPTO_PROCESS_H
#define HM_CRYPTO_PROCESS_H

#include <base/err.h>

#include <stdbool.h>

/* For a process that loads no module. Whoever is about to call into OpenSSL calls this; nothing else is needed. Left
 * out too: tables of algorithms by name except SHA-256, SHA-384 and SHA-512, and tidying up at the end of the process.
 */
HM_MUST_USE hm_err hm_crypto_begin(void);

/* For a process that loads PKCS#11 modules, before it loads one: in the OpenSSL that they share with it they find by
 * name all digests, AES and triple DES (EVP_get_cipherbyname); what they fetch from a provider is not touched. */
HM_MUST_USE hm_err hm_crypto_begin_with_modules(void);

/* ERR, as what OpenSSL did came to, if it had the memory that it asked for. Where it lacks some it calls what it looks
 * at bad, or leaves out a part of it, and a failure while it sets itself up is remembered: from the first one on
 * neither good nor refused is believed in this process, and "out of memory" is said instead. Whatever decides by what
 * OpenSSL says of bytes ends with this. */
HM_MUST_USE hm_err hm_crypto_settle(hm_err err);
/* Has it lacked memory? A process that goes on for long is better begun anew. */
bool hm_crypto_ran_out(void);

#endif
