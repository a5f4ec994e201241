/* What a process asks of OpenSSL before anything else does. The first call decides for the whole process; later ones
 * cost nothing.
 *
 * Always left out: the configuration file that the system or OPENSSL_CONF names (which can load code into a process
 * that holds keys, and change what is accepted), and sentences for error numbers. */
#ifndef HM_CRYPTO_PROCESS_H
#define HM_CRYPTO_PROCESS_H

#include <base/err.h>

/* For a process that loads no module. Whoever is about to call into OpenSSL calls this; nothing else is needed. Left
 * out too: tables of algorithms by name except SHA-256, SHA-384 and SHA-512, and tidying up at the end of the process.
 */
HM_MUST_USE hm_err hm_crypto_begin(void);

/* For a process that loads PKCS#11 modules, before it loads one: in the OpenSSL that they share with it they find by
 * name all digests, AES and triple DES (EVP_get_cipherbyname); what they fetch from a provider is not touched. */
HM_MUST_USE hm_err hm_crypto_begin_with_modules(void);

/* ERR, as what OpenSSL did came to, if it had the memory that it asked for. Where it lacks some it calls what it looks
 * at bad, or leaves out a part of it. So nothing is good for which memory was lacking in this thread since the last
 * call, and nothing is refused any more in a process in which it ever was: "out of memory" is said instead. Whatever
 * decides by what OpenSSL says of bytes ends with this; who asks whether it was good passes on what is neither
 * (hm_decided). */
HM_MUST_USE hm_err hm_crypto_settle(hm_err err);

#endif
