#include "glass.h"

#include "officer.h"

#include <stdio.h>
#include <time.h>

static hm_err warn(const hm_glass *glass) {
    HM_BUF line = HM_BUF_EMPTY;
    HM_TRY(hm_glass_describe(glass, &line));
    fflush(stdout);
    fprintf(stderr, "hallmark: warning: %.*s\n", (int)line.len, (const char *)line.data);
    return HM_OK;
}

hm_err hm_glass_warn(const hm_registry *registry) {
    hm_glass glass;
    for (size_t i = 0; hm_registry_glass(registry, i, time(NULL), &glass); i++) HM_TRY(warn(&glass));
    return HM_OK;
}

hm_err hm_glass_warn_of(const hm_registry *registry, const char *product) {
    hm_glass glass;
    return hm_registry_glass_of(registry, hm_text(product), time(NULL), &glass) ? warn(&glass) : HM_OK;
}

void hm_glass_json(hm_json *json, const hm_glass *glass) {
    hm_json_object(json, "break_glass");
    hm_json_text(json, "product", glass->product);
    hm_json_number(json, "since", glass->since);
    hm_json_number(json, "until", glass->until);
    hm_json_array(json, "by");
    for (size_t i = 0; i < glass->officers; i++) hm_json_text(json, NULL, glass->officer[i]);
    hm_json_close_array(json);
    hm_json_text(json, "reason", glass->reason);
    hm_json_close_object(json);
}

static hm_err print_json(const hm_registry *registry) {
    hm_glass glass;
    for (size_t i = 0; hm_registry_glass(registry, i, time(NULL), &glass); i++) {
        HM_BUF text = HM_BUF_EMPTY;
        hm_json json = hm_json_plain(&text);
        hm_json_object(&json, NULL);
        hm_glass_json(&json, &glass);
        hm_json_close_object(&json);
        HM_TRY(hm_json_end(&json));
        printf("%.*s\n", (int)text.len, (const char *)text.data);
    }
    return HM_OK;
}

hm_err hm_glass_tell(const hm_options *options, hm_connection *office) {
    HM_REGISTRY *registry = NULL;
    hm_message question = {.type = HM_MSG_STATEMENT_NEXT}, answer;
    HM_TRY(hm_ask(office, &question, &answer));
    if (answer.type != HM_MSG_STATEMENT_PLACE) return hm_could_not("the core answered something else");
    if (!answer.field[HM_STATEMENT_PLACE_GOVERNED].number) return HM_OK;
    HM_TRY(hm_officer_registry(office, &registry));
    return options->json ? print_json(registry) : hm_glass_warn(registry);
}
