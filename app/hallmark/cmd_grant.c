/* grant add, withdraw, list: which principal holds which role. A founder administers without a grant. */
#include "commands.h"
#include "office_access.h"
#include "officer.h"

#include <base/json.h>
#include <base/name.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { A_YEAR = 366 * 24 * 3600 };

static hm_err fill(const hm_options *options, hm_statement *statement) {
    statement->act = HM_ACT_GRANT;
    statement->name = hm_text(options->operands[0]);
    statement->product = hm_text(options->product ? options->product : "");
    HM_TRY(hm_name_check(statement->name, HM_PRINCIPAL_NAME_MAX, "a principal's name"));
    return hm_role_by_name(hm_text(options->operands[1]), &statement->role);
}

static hm_err add(const hm_options *options, hm_connection *office) {
    hm_statement statement = {.until = time(NULL) + A_YEAR};
    HM_TRY(fill(options, &statement));
    if (options->until) HM_TRY(hm_officer_date(options->until, &statement.until));
    return hm_officer_state(options, office, &statement);
}

static hm_err withdraw(const hm_options *options, hm_connection *office) {
    hm_statement statement = {.until = 0};
    HM_TRY(fill(options, &statement));
    return hm_officer_state(options, office, &statement);
}

static hm_err print_grant(const hm_options *options, const hm_grant *grant, bool over) {
    char until[16];
    HM_BUF text = HM_BUF_EMPTY;
    hm_officer_put_date(grant->until, until);
    hm_bytes product = grant->product.len ? grant->product : hm_text("everything");
    if (!options->json) {
        printf("%.*s: %s of %.*s until %s%s\n", (int)grant->name.len, (const char *)grant->name.data,
               hm_role_name(grant->role), (int)product.len, (const char *)product.data, until, over ? " (over)" : "");
        return HM_OK;
    }
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_text(&json, "principal", grant->name);
    hm_json_string(&json, "role", hm_role_name(grant->role));
    if (grant->product.len) hm_json_text(&json, "product", grant->product);
    hm_json_number(&json, "until", grant->until);
    hm_json_bool(&json, "over", over);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

static hm_err list(const hm_options *options, hm_connection *office) {
    HM_REGISTRY *registry = NULL;
    hm_grant grant;
    size_t shown = 0;
    HM_TRY(hm_officer_registry(office, &registry));
    if (options->product) HM_TRY(hm_officer_product(office, options->product));
    for (size_t i = 0; hm_registry_grant(registry, i, &grant); i++) {
        bool of_product =
            !options->product || !grant.product.len || hm_bytes_equal(grant.product, hm_text(options->product));
        if (!grant.until || !of_product) continue;
        HM_TRY(print_grant(options, &grant, grant.until <= time(NULL)));
        shown++;
    }
    if (!shown && !options->json)
        printf("no grants%s%s (hallmark grant add PRINCIPAL ROLE)\n", options->product ? " of " : "",
               options->product ? options->product : "");
    return HM_OK;
}

hm_err hm_command_grant_add(const hm_options *options) { return hm_with_office(options, add); }
hm_err hm_command_grant_withdraw(const hm_options *options) { return hm_with_office(options, withdraw); }
hm_err hm_command_grant_list(const hm_options *options) { return hm_with_office(options, list); }
