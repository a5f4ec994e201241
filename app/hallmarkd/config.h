/* What hallmarkd is told: a small text, a word and its value on a line, '#' begins a comment.
 *
 *     office /var/lib/hallmark            the office's folder
 *     listen 0.0.0.0:8443                 HTTPS; without it the office is served to this machine alone
 *     certificate /etc/hallmark/tls.pem   the server's, with its chain
 *     key /etc/hallmark/tls.key
 *     clients /etc/hallmark/clients.pem   only clients with a certificate of these authorities are let in at all
 *     issuers /etc/hallmark/issuers       whose tokens are taken (identity/issuers.h)
 *     authorities /etc/hallmark/ca.pem    that issuers' keys are fetched under, instead of the system's
 *     metrics 127.0.0.1:9464              /metrics and /healthz, plain HTTP
 *     tsa public                          timestamps for whoever asks, at /tsa; otherwise (principals) for who is known
 *     tsa-rate 120                        so many of them in a minute, and a quarter of that from one address
 *     tsa-listen 127.0.0.1:3161           /tsa in plain HTTP, and nothing else
 *     drain 10                            seconds that what is under way has when the server ends; between two calls of
 *                                         what was begun before a reload
 */
#ifndef HM_HALLMARKD_CONFIG_H
#define HM_HALLMARKD_CONFIG_H

#include <base/bytes.h>

enum { HM_CONFIG_VALUE_MAX = 1024 };
typedef char hm_config_value[HM_CONFIG_VALUE_MAX + 1];
typedef struct {
    hm_config_value office, listen, certificate, key, clients, issuers, authorities, metrics, drain;
    hm_config_value tsa, tsa_rate, tsa_listen;
    unsigned drain_seconds;
    unsigned strangers_stamps; /* in a minute; 0: none for who is not known */
} hm_config;

/* Read TEXT; what it does not say keeps its value in CONFIG. A refusal "line N: ..." for whatever is not exactly that.
 */
HM_MUST_USE hm_err hm_config_read(hm_bytes text, hm_config *config);
/* Does what was said go together? */
HM_MUST_USE hm_err hm_config_check(hm_config *config);
/* The two parts of "HOST:PORT" or "[HOST]:PORT"; HOST is a numeric address. */
HM_MUST_USE hm_err hm_config_address(const char *text, char host[static 64], uint16_t *port);

#endif
