/* Trust lists, as the parsing process makes, signs, shows and bundles them. */
#ifndef HM_APP_PARSE_TRUST_H
#define HM_APP_PARSE_TRUST_H

#include "options.h"
#include "parser.h"

/* One edit of the command line; FILE is the content of the file that VALUE names, where it names one. */
typedef struct {
    const char *name, *value;
    bool has_file;
    hm_buf file;
} hm_trust_edit;

typedef struct {
    size_t operands;
    const char *output; /* where the list goes, for the sentence about it */
    bool fresh;         /* --new: the operands are the keys of the first roots */
    bool has_old;
    hm_buf old; /* --old */
    const char *old_name;
    size_t edits;
    hm_trust_edit edit[HM_GIVEN_MAX];
} hm_trust_orders;

HM_MUST_USE hm_err hm_parse_trust_update(hm_parser *parser, void *orders);
/* Asks the core, which was narrowed to the file's hash, for the root's signature, and puts it in. */
HM_MUST_USE hm_err hm_parse_trust_sign(hm_parser *parser, void *orders);
/* Tell what stands in one list or bundle, whose content is ready to be read. */
HM_MUST_USE hm_err hm_trust_show_job(hm_parser *parser, const hm_trust_orders *orders, const hm_job *job);
HM_MUST_USE hm_err hm_parse_trust_show(hm_parser *parser, void *orders);
HM_MUST_USE hm_err hm_parse_trust_bundle(hm_parser *parser, void *orders);

#endif
