/* policy break-glass: another policy for some hours, when what the product's own one wants cannot be waited for. */
#include "commands.h"
#include "office_access.h"
#include "officer.h"

#include <base/file.h>
#include <policy/policy.h>

#include <fcntl.h>
#include <string.h>
#include <time.h>

static hm_policy policy; /* about 38 KiB; too large for a stack */

static hm_err begin(const hm_options *options, hm_connection *office) {
    HM_BUF text = HM_BUF_EMPTY;
    hm_statement statement = {.act = HM_ACT_POLICY,
                              .product = hm_text(options->product),
                              .temporary = true,
                              .reason = hm_text(options->reason)};
    HM_TRY(hm_officer_time(options->until, time(NULL), &statement.until));
    HM_TRY(hm_file_read(AT_FDCWD, options->operands[0], HM_POLICY_TEXT_MAX, &text));
    HM_TRY(hm_in(hm_policy_read(hm_buf_bytes(&text), &policy), "%s", options->operands[0]));
    statement.policy = hm_buf_bytes(&text);
    return hm_officer_state(options, office, &statement);
}

static hm_err end(const hm_options *options, hm_connection *office) {
    hm_statement statement = {.act = HM_ACT_POLICY, .product = hm_text(options->product), .temporary = true};
    return hm_officer_state(options, office, &statement);
}

static hm_err check_begin(const hm_options *options) {
    size_t keys = options->given_count; /* it takes no other option that is given more than once */
    if (!options->operand_count) return hm_misuse("FILE is missing: the policy that is to be in force meanwhile");
    if (!options->until) return hm_misuse("--until TIME is missing: 8h, 45m, or 2027-01-31T18:00Z; a day at most");
    if (!options->reason) return hm_misuse("--reason TEXT is missing: everybody who meets it is told");
    if (strlen(options->reason) > HM_STATED_REASON_MAX)
        return hm_misuse("--reason: it has at most %d bytes", HM_STATED_REASON_MAX);
    return keys < HM_GLASS_OFFICERS ? hm_misuse("--key FILE, twice at least: of two different officers") : HM_OK;
}

hm_err hm_command_policy_break_glass(const hm_options *options) {
    if (!options->product) return hm_misuse("--product NAME is missing: a policy is a product's");
    if (!options->end) HM_TRY(check_begin(options));
    if (!options->end) return hm_with_office(options, begin);
    if (options->operand_count || options->until || options->reason)
        return hm_misuse("--end takes neither FILE nor --until nor --reason");
    return hm_with_office(options, end);
}
