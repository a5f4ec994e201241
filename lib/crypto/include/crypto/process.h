/* What a process that uses a token asks of OpenSSL before anything else does. */
#ifndef HM_CRYPTO_PROCESS_H
#define HM_CRYPTO_PROCESS_H

/* Leave out what OpenSSL would set up at the wish of a PKCS#11 module and nobody here uses: sentences for its error
 * numbers, and the configuration file that the system or OPENSSL_CONF names (which can load code into a process that
 * holds keys). The first call in a process decides, so it comes before a module is loaded. */
void hm_crypto_begin(void);

#endif
