/* key rotate, suspend, activate, deactivate, compromise, destroy: the life of a key (NIST SP 800-57 Part 1, section 7).
 */
#include "commands.h"
#include "keys.h"
#include "office_access.h"
#include "officer.h"
#include "request_list.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ID_LEN = 16, PREFIX_LEAST = 8 };

/* The one whose id begins so; hm_each_key takes no context. */
static struct {
    const char *wanted;
    size_t found;
    uint8_t id[ID_LEN];
    char product[HM_STATED_PRODUCT_MAX + 1];
} search;

static hm_err look(const hm_options *options, const hm_message *key) {
    HM_BUF hex = HM_BUF_EMPTY;
    const char *id;
    (void)options;
    HM_TRY(hm_put_hex(&hex, key->field[HM_KEY_TOKEN_ID].bytes));
    HM_TRY(hm_buf_string(&hex, &id));
    if (strncmp(id, search.wanted, strlen(search.wanted)) != 0) return HM_OK;
    search.found++;
    memcpy(search.id, key->field[HM_KEY_TOKEN_ID].bytes.data, sizeof search.id);
    hm_text_copy(search.product, sizeof search.product, key->field[HM_KEY_PRODUCT].bytes);
    return HM_OK;
}

static hm_err find_key(const hm_options *options, hm_connection *office) {
    search.wanted = options->operands[0];
    search.found = 0;
    if (strlen(search.wanted) < PREFIX_LEAST)
        return hm_misuse("%s: a key is named by its id, or the first %d digits of it at least (hallmark key list)",
                         search.wanted, PREFIX_LEAST);
    HM_TRY(hm_each_key(options, office, NULL, look));
    if (!search.found) return hm_refuse("there is no key %s (hallmark key list)", search.wanted);
    return search.found == 1 ? HM_OK
                             : hm_misuse("%s: %zu keys begin so (give more digits)", search.wanted, search.found);
}

/* "8h" is eight hours ago. */
static hm_err take_since(const char *text, int64_t *since) {
    int64_t now = time(NULL), seconds;
    static const int64_t durations_end = INT64_C(10) * 366 * 86400; /* nobody means 1979 */
    HM_TRY(hm_officer_time(text, 0, &seconds));
    *since = seconds < durations_end ? now - seconds : seconds;
    return *since <= now ? HM_OK : hm_misuse("--since %s: has not been yet", text);
}

static hm_key_state wanted_state; /* hm_with_office takes no context */

static hm_err change(const hm_options *options, hm_connection *office) {
    hm_statement statement = {.act = HM_ACT_KEY, .state = wanted_state};
    if (options->since) HM_TRY(take_since(options->since, &statement.since));
    HM_TRY(find_key(options, office));
    memcpy(statement.token_id, search.id, sizeof statement.token_id);
    statement.product = hm_text(search.product);
    if (options->reason) statement.reason = hm_text(options->reason);
    return hm_officer_state(options, office, &statement);
}

static hm_err change_to(const hm_options *options, hm_key_state state) {
    if (options->reason && strlen(options->reason) > HM_STATED_REASON_MAX)
        return hm_misuse("--reason: it has at most %d bytes", HM_STATED_REASON_MAX);
    wanted_state = state;
    return hm_with_office(options, change);
}

hm_err hm_command_key_suspend(const hm_options *options) { return change_to(options, HM_KEY_SUSPENDED); }
hm_err hm_command_key_activate(const hm_options *options) { return change_to(options, HM_KEY_ACTIVE); }
hm_err hm_command_key_deactivate(const hm_options *options) { return change_to(options, HM_KEY_DEACTIVATED); }
hm_err hm_command_key_compromise(const hm_options *options) { return change_to(options, HM_KEY_COMPROMISED); }
hm_err hm_command_key_destroy(const hm_options *options) { return change_to(options, HM_KEY_DESTROYED); }
