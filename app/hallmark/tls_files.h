/* The files of HTTPS, as the command line and the environment name them. */
#ifndef HM_APP_TLS_FILES_H
#define HM_APP_TLS_FILES_H

#include "options.h"

/* NULL: not given. Views. */
typedef struct {
    const char *ca;                /* --ca, $HALLMARK_CA */
    const char *certificate, *key; /* $HALLMARK_CLIENT_CERT and _KEY, for a server that lets in nobody without */
} hm_tls_files;

HM_MUST_USE hm_err hm_tls_files_given(const hm_options *options, hm_tls_files *files);

#endif
