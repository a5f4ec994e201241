/* The command line: commands, their options, their operands. */
#ifndef HM_APP_OPTIONS_H
#define HM_APP_OPTIONS_H

#include <base/err.h>

#include <stddef.h>
#include <stdint.h>

/* An option that may be given again, or whose place among others counts. */
typedef struct {
    const char *name, *value;
} hm_given;
enum { HM_GIVEN_MAX = 512 };

typedef struct {
    const char *office; /* DIR; resolved by hm_office_directory */
    const char *product, *release, *format, *output, *trust, *tsa_trust, *signature, *proof;
    const char *organization, *token, *pin_file, *algorithm, *count;
    const char *time_source, *max_offset;
    const char *until, *unix_user, *oidc, *reason, *since, *limit;
    bool json, debug, replace, require_log, digest_only, wait, withdraw, list;
    const char *old_list, *folder;
    bool new_list, sign_list, keep_chain;
    const char *state, *interval, *max_age, *known, *on_alarm, *log_key, *ca, *as;
    bool once, whole_log;
    const char *against;
    bool with_token;
    bool end, open, complete;
    bool cosign, no_receipt, no_chain, envelope_only;
    const char *days, *within, *profile;
    bool renew, der, crl_required, in_doubt, superseded, rehearse, imported;
    hm_given given[HM_GIVEN_MAX]; /* in the order of the command line */
    size_t given_count;
    uint32_t algorithms; /* bit n: key algorithm n, from repeated --algorithm */
    const char *const *operands;
    size_t operand_count;
} hm_options;

typedef struct {
    const char *name;     /* "log check" */
    const char *operands; /* "FILE..." */
    const char *summary;
    const char
        *options; /* the option letters and names this command takes, space separated; "*": all words are operands */
    size_t least, most; /* operands */
    hm_err (*run)(const hm_options *options);
} hm_command;

extern const hm_command hm_commands[]; /* ended by one without a name */

/* Which command do the first words name, and what are its options? *COMMAND is NULL if help was printed. */
HM_MUST_USE hm_err hm_options_parse(int count, char **words, const hm_command **command, hm_options *options);

/* A command that has printed what failed itself ends with this. */
HM_MUST_USE hm_err hm_already_reported(hm_class class);
bool hm_is_already_reported(void);

#endif
