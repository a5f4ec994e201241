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

enum { FOUND_MAX = 16 };

/* The one whose id begins so, or those of a release; hm_each_key takes no context. */
static struct {
    const char *wanted; /* NULL: those of the release */
    bool over;          /* of the release those that were stated to be destroyed before */
    size_t found;
    struct {
        uint8_t id[ID_LEN];
        char product[HM_STATED_PRODUCT_MAX + 1];
    } key[FOUND_MAX];
} search;
static hm_key_state wanted_state;

static bool is_meant(const hm_options *options, const hm_message *key, const char *id) {
    if (search.wanted) return strncmp(id, search.wanted, strlen(search.wanted)) == 0;
    if (!hm_bytes_equal(key->field[HM_KEY_RELEASE].bytes, hm_text(options->release))) return false;
    /* What was destroyed, or became what is wanted before a command was cut off, is left out. */
    uint64_t state = key->field[HM_KEY_STATE].number;
    if (search.over) return state == HM_KEY_DESTROYED;
    return state != HM_KEY_DESTROYED && state != (uint64_t)wanted_state;
}

static hm_err look(const hm_options *options, const hm_message *key) {
    HM_BUF hex = HM_BUF_EMPTY;
    const char *id;
    HM_TRY(hm_put_hex(&hex, key->field[HM_KEY_TOKEN_ID].bytes));
    HM_TRY(hm_buf_string(&hex, &id));
    if (!is_meant(options, key, id) || search.found++ >= FOUND_MAX) return HM_OK;
    memcpy(search.key[search.found - 1].id, key->field[HM_KEY_TOKEN_ID].bytes.data, ID_LEN);
    hm_text_copy(search.key[search.found - 1].product, sizeof search.key[0].product, key->field[HM_KEY_PRODUCT].bytes);
    return HM_OK;
}

static hm_err find_of_release(const hm_options *options, hm_connection *office) {
    if (!options->product || !options->release)
        return hm_misuse("which key? (its id, of hallmark key list; or --product and --release, for a release's own)");
    HM_TRY(hm_each_key(options, office, options->product, look));
    /* A command may have been cut off between what is stated and what the token does: the office does what was left
     * before it refuses. */
    search.over = !search.found && wanted_state == HM_KEY_DESTROYED;
    if (search.over) HM_TRY(hm_each_key(options, office, options->product, look));
    if (search.found > FOUND_MAX)
        return hm_misuse("release %s has %zu keys (name them one by one)", options->release, search.found);
    return search.found ? HM_OK
                        : hm_refuse("release %s of %s has no key of its own of which that could be stated "
                                    "(hallmark key list)",
                                    options->release, options->product);
}

static hm_err find_keys(const hm_options *options, hm_connection *office) {
    search.wanted = options->operand_count ? options->operands[0] : NULL;
    search.found = 0;
    search.over = false;
    if (!search.wanted) return find_of_release(options, office);
    if (options->product || options->release)
        return hm_misuse("--product and --release name keys, and so does %s: one of both", search.wanted);
    if (strlen(search.wanted) < PREFIX_LEAST)
        return hm_misuse("%s: a key is named by its id, or the first %d digits of it at least (hallmark key list)",
                         search.wanted, PREFIX_LEAST);
    HM_TRY(hm_each_key(options, office, NULL, look));
    if (!search.found) return hm_refuse("there is no key %s (hallmark key list)", search.wanted);
    return search.found == 1 ? HM_OK
                             : hm_misuse("%s: %zu keys begin so (give more digits)", search.wanted, search.found);
}

hm_err hm_take_since(const char *text, int64_t *since) {
    if (strcmp(text, "always") == 0) return *since = HM_SINCE_ALWAYS, HM_OK;
    HM_TRY(hm_officer_past(text, since));
    return *since <= time(NULL) ? HM_OK : hm_misuse("--since %s: has not been yet", text);
}

/* Who stops a key should know which one signs instead of it. */
static struct {
    const uint8_t *stopped;
    uint64_t algorithm;
    bool is_signing;
    char product[HM_STATED_PRODUCT_MAX + 1], release[65], next[2 * ID_LEN + 1];
} successor;

static hm_err look_at_stopped(const hm_options *options, const hm_message *key) {
    (void)options;
    if (memcmp(key->field[HM_KEY_TOKEN_ID].bytes.data, successor.stopped, ID_LEN) != 0) return HM_OK;
    successor.algorithm = key->field[HM_KEY_ALGORITHM].number;
    successor.is_signing = strcmp(hm_key_role_word(key->field[HM_KEY_ROLE].number), "signing") == 0;
    hm_text_copy(successor.product, sizeof successor.product, key->field[HM_KEY_PRODUCT].bytes);
    hm_text_copy(successor.release, sizeof successor.release, key->field[HM_KEY_RELEASE].bytes);
    return HM_OK;
}

static hm_err look_for_successor(const hm_options *options, const hm_message *key) {
    HM_BUF hex = HM_BUF_EMPTY;
    (void)options;
    bool same = strcmp(hm_key_role_word(key->field[HM_KEY_ROLE].number), "signing") == 0 &&
                key->field[HM_KEY_ALGORITHM].number == successor.algorithm && key->field[HM_KEY_SIGNS].number &&
                hm_bytes_equal(key->field[HM_KEY_PRODUCT].bytes, hm_text(successor.product)) &&
                hm_bytes_equal(key->field[HM_KEY_RELEASE].bytes, hm_text(successor.release));
    if (!same || memcmp(key->field[HM_KEY_TOKEN_ID].bytes.data, successor.stopped, ID_LEN) == 0) return HM_OK;
    HM_TRY(hm_put_hex(&hex, key->field[HM_KEY_TOKEN_ID].bytes)); /* the last one is the newest */
    hm_text_copy(successor.next, sizeof successor.next, hm_buf_bytes(&hex));
    return HM_OK;
}

hm_err hm_key_tell_successor(const hm_options *options, hm_connection *office, const uint8_t id[static 16],
                             bool *there) {
    *there = false;
    successor.stopped = id;
    successor.is_signing = false;
    successor.next[0] = 0;
    HM_TRY(hm_each_key(options, office, NULL, look_at_stopped));
    if (!successor.is_signing) return HM_OK;
    HM_TRY(hm_each_key(options, office, successor.product, look_for_successor));
    *there = successor.next[0];
    if (*there)
        fprintf(
            stderr,
            "hallmark: note: key %s is active still, and signs %s now (stop it, too, if it lay where this one lay)\n",
            successor.next, successor.product);
    return HM_OK;
}

static hm_err change(const hm_options *options, hm_connection *office) {
    HM_TRY(find_keys(options, office));
    for (size_t i = 0; i < search.found; i++) {
        hm_statement statement = {.act = HM_ACT_KEY, .state = wanted_state};
        if (options->since) HM_TRY(hm_take_since(options->since, &statement.since));
        memcpy(statement.token_id, search.key[i].id, sizeof statement.token_id);
        statement.product = hm_text(search.key[i].product);
        if (options->reason) statement.reason = hm_text(options->reason);
        HM_TRY(hm_officer_state(options, office, &statement));
        bool there;
        if (wanted_state != HM_KEY_ACTIVE) HM_TRY(hm_key_tell_successor(options, office, statement.token_id, &there));
    }
    return HM_OK;
}

static hm_err change_to(const hm_options *options, hm_key_state state) {
    if (options->reason && strlen(options->reason) > HM_STATED_REASON_MAX)
        return hm_misuse("--reason: it has at most %d bytes", HM_STATED_REASON_MAX);
    /* What was stated once stands, so nobody leaves it out by mistake. */
    if (state == HM_KEY_COMPROMISED && !options->since)
        return hm_misuse("since when? (--since 8h, 2027-01-31T18:00Z, or always: since there is the key)");
    wanted_state = state;
    return hm_with_office(options, change);
}

hm_err hm_command_key_suspend(const hm_options *options) { return change_to(options, HM_KEY_SUSPENDED); }
hm_err hm_command_key_activate(const hm_options *options) { return change_to(options, HM_KEY_ACTIVE); }
hm_err hm_command_key_deactivate(const hm_options *options) { return change_to(options, HM_KEY_DEACTIVATED); }
hm_err hm_command_key_compromise(const hm_options *options) { return change_to(options, HM_KEY_COMPROMISED); }
hm_err hm_command_key_destroy(const hm_options *options) { return change_to(options, HM_KEY_DESTROYED); }
