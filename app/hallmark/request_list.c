#include "request_list.h"

#include "native_words.h"
#include "office_access.h"
#include "officer.h"

#include <base/json.h>
#include <base/readable.h>
#include <format/release.h>
#include <pki/manifest.h>

#include <stdio.h>
#include <string.h>

hm_shown_request hm_shown;

void hm_text_copy(char *to, size_t size, hm_bytes text) {
    snprintf(to, size, "%.*s", (int)text.len, (const char *)text.data);
}

/* With the devices' own reader, which the core asked, too. */
static hm_err read_manifest(void) {
    static const hmv_digest *const digests[] = {&hmv_digest_sha256, &hmv_digest_sha384, &hmv_digest_sha512, NULL};
    hm_bytes manifest = hm_shown.request.manifest;
    memset(&hm_shown.release, 0, sizeof hm_shown.release);
    if (!manifest.len) return HM_OK;
    hmv_reason reason = hmv_manifest_read(digests, (hmv_bytes){manifest.data, manifest.len}, &hm_shown.release);
    return HMV_IS_ACCEPTED(reason) ? HM_OK : hm_refuse("the request's manifest: %s", hmv_reason_text(reason));
}

static hm_err take(const hm_message *answer) {
    hm_shown.body.len = 0;
    HM_TRY(hm_put(&hm_shown.body, answer->field[HM_REQUEST_BODY].bytes));
    HM_TRY(hm_request_get(hm_buf_bytes(&hm_shown.body), &hm_shown.request));
    HM_TRY(read_manifest());
    hm_shown.index = answer->field[HM_REQUEST_INDEX].number;
    hm_shown.signatures = answer->field[HM_REQUEST_SIGNATURES].number;
    hm_text_copy(hm_shown.state, sizeof hm_shown.state, answer->field[HM_REQUEST_STATE].bytes);
    hm_text_copy(hm_shown.closer, sizeof hm_shown.closer, answer->field[HM_REQUEST_CLOSER].bytes);
    hm_text_copy(hm_shown.approvers, sizeof hm_shown.approvers, answer->field[HM_REQUEST_APPROVERS].bytes);
    hm_text_copy(hm_shown.revoked, sizeof hm_shown.revoked, answer->field[HM_REQUEST_REVOKED].bytes);
    hm_text_copy(hm_shown.ended, sizeof hm_shown.ended, answer->field[HM_REQUEST_ENDED].bytes);
    hm_text_copy(hm_shown.awaits, sizeof hm_shown.awaits, answer->field[HM_REQUEST_AWAITS].bytes);
    return HM_OK;
}

hm_err hm_each_request(hm_connection *office, hm_err (*visit)(void *context), void *context) {
    hm_message question = {.type = HM_MSG_REQUEST_LIST}, answer;
    HM_TRY(hm_ask(office, &question, &answer));
    for (;;) {
        bool more;
        HM_TRY(hm_listen_until_done(&answer, HM_MSG_REQUEST, &more));
        if (!more) return HM_OK;
        HM_TRY(take(&answer));
        HM_TRY(visit(context));
        HM_TRY(hm_listen(office, &answer));
    }
}

bool hm_shown_is_open(void) { return strcmp(hm_shown.state, "open") == 0; }

/* Of names that the core separates by spaces the one that begins at AT; behind the last an empty one. */
static hm_bytes name_at(const char *at) { return HM_BYTES(at, strcspn(at, " ")); }
static const char *behind(const char *at, hm_bytes name) { return at + name.len + (at[name.len] == ' '); }

static bool print_names(const char *list, const char *mark, bool first) {
    for (hm_bytes name; (name = name_at(list)).len; list = behind(list, name), first = false)
        printf("%s%.*s%s", first ? ", approved by " : ", ", (int)name.len, (const char *)name.data, mark);
    return first;
}

static void print_approvers(void) {
    bool nobody = print_names(hm_shown.approvers, "", true);
    nobody = print_names(hm_shown.revoked, " (revoked since)", nobody);
    nobody = print_names(hm_shown.ended, " (role or key ended since)", nobody);
    if (nobody && hm_shown_is_open()) printf(", not approved yet");
}

hm_err hm_print_request(void) {
    const hm_request *r = &hm_shown.request;
    char until[16];
    HM_BUF release = HM_BUF_EMPTY;
    HM_TRY(hm_put_readable(&release, r->release));
    hm_officer_put_date(r->expires, until);
    printf("%llu: %s%s%s: %s%.*s %.*s, %zu %s, asked by %.*s until %s", hm_shown.index, hm_shown.state,
           hm_shown.closer[0] ? " by " : "", hm_shown.closer, r->publish ? "publish " : "", (int)r->product.len,
           (const char *)r->product.data, (int)release.len, (const char *)release.data, r->artifacts,
           r->artifacts == 1 ? "file" : "files", (int)r->requester.len, (const char *)r->requester.data, until);
    print_approvers();
    printf(hm_shown.signatures ? ", %llu %s\n" : "\n", (unsigned long long)hm_shown.signatures,
           r->publish ? "published" : "signed");
    if (hm_shown_is_open())
        printf("  %s\n", hm_shown.awaits[0] ? hm_shown.awaits
                         : r->publish       ? "approved: hallmark publish publishes it"
                                            : "approved: hallmark sign signs it");
    return HM_OK;
}

static hm_err print_component(const hmv_component *component) {
    HM_BUF line = HM_BUF_EMPTY;
    const char *kind = hm_component_kind_name(component->kind);
    HM_TRY(hm_put_format(&line, "  component %.*s: %s %.*s, security version %llu", (int)component->id.size,
                         (const char *)component->id.data, kind ? kind : "unknown", (int)component->version.size,
                         (const char *)component->version.data, (unsigned long long)component->security_version));
    if (component->destination.size)
        HM_TRY(hm_put_format(&line, ", to %.*s", (int)component->destination.size,
                             (const char *)component->destination.data));
    HM_TRY(hm_put_format(&line, ", %llu bytes, %s ", (unsigned long long)component->size,
                         hm_digest_name(hm_native_digest(component))));
    HM_TRY(hm_put_hex(&line, hm_native_bytes(component->digest)));
    printf("%.*s\n", (int)line.len, (const char *)line.data);
    return HM_OK;
}

static hm_err print_release(void) {
    const hmv_release *release = &hm_shown.release;
    HM_BUF line = HM_BUF_EMPTY;
    if (!release->components) return HM_OK;
    HM_TRY(hm_put_text(&line, "  "));
    HM_TRY(hm_put_release(&line, release));
    HM_TRY(
        hm_put_format(&line, ", for %s", release->purpose == HMV_PURPOSE_DEVELOPMENT ? "development" : "production"));
    if (release->minimum_list)
        HM_TRY(hm_put_format(&line, ", trust list at least %llu", (unsigned long long)release->minimum_list));
    if (release->dependencies.size) HM_TRY(hm_put_text(&line, ", with dependencies"));
    printf("%.*s\n", (int)line.len, (const char *)line.data);
    for (size_t i = 0; i < release->components; i++) HM_TRY(print_component(&release->component[i]));
    return HM_OK;
}

static hm_err print_document(const hm_document *document) {
    HM_BUF line = HM_BUF_EMPTY;
    HM_TRY(hm_put_hex(&line, document->sha256));
    HM_TRY(hm_put_format(&line, "  %s  ", hm_document_kind_name((unsigned)document->kind)));
    HM_TRY(hm_put_readable(&line, document->name));
    printf("  %.*s\n", (int)line.len, (const char *)line.data);
    return HM_OK;
}

static void put_documents(hm_json *json, const hm_documents *documents) {
    if (!documents->count) return;
    hm_json_array(json, "documents");
    for (size_t i = 0; i < documents->count; i++) {
        const hm_document *document = &documents->document[i];
        hm_json_object(json, NULL);
        hm_json_string(json, "kind", hm_document_kind_name((unsigned)document->kind));
        hm_json_text(json, "name", document->name);
        hm_json_hex(json, "sha256", document->sha256);
        hm_json_close_object(json);
    }
    hm_json_close_array(json);
}

hm_err hm_print_requested(void) {
    HM_TRY(print_release());
    for (size_t i = 0; i < hm_shown.request.documents.count; i++)
        HM_TRY(print_document(&hm_shown.request.documents.document[i]));
    for (size_t i = 0; i < hm_shown.request.artifacts; i++) {
        const hm_artifact *a = &hm_shown.request.artifact[i];
        HM_BUF line = HM_BUF_EMPTY;
        HM_TRY(hm_put_hex(&line, a->plain));
        HM_TRY(hm_put_format(&line, "  %llu bytes, %s  ", (unsigned long long)a->size,
                             hm_key_algorithm_name(a->algorithm)));
        HM_TRY(hm_put_readable(&line, a->name));
        printf("  %.*s\n", (int)line.len, (const char *)line.data);
    }
    return HM_OK;
}

static void put_names(hm_json *json, const char *key, const char *list) {
    hm_json_array(json, key);
    for (hm_bytes name; (name = name_at(list)).len; list = behind(list, name)) hm_json_text(json, NULL, name);
    hm_json_close_array(json);
}

hm_err hm_print_request_json(void) {
    const hm_request *r = &hm_shown.request;
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    hm_json_object(&json, NULL);
    hm_json_number(&json, "request", (int64_t)hm_shown.index);
    hm_json_string(&json, "act", r->publish ? "publish" : "sign");
    hm_json_string(&json, "state", hm_shown.state);
    hm_json_text(&json, "product", r->product);
    hm_json_text(&json, "release", r->release);
    hm_json_text(&json, "requester", r->requester);
    hm_json_number(&json, "expires", r->expires);
    put_names(&json, "approvers", hm_shown.approvers);
    if (hm_shown.revoked[0]) put_names(&json, "approvers_revoked", hm_shown.revoked);
    if (hm_shown.ended[0]) put_names(&json, "approvers_ended", hm_shown.ended);
    if (hm_shown.closer[0]) hm_json_string(&json, "closed_by", hm_shown.closer);
    hm_json_number(&json, "signed", (int64_t)hm_shown.signatures);
    hm_json_string(&json, "awaits", hm_shown.awaits);
    hm_json_array(&json, "artifacts");
    for (size_t i = 0; i < r->artifacts; i++) {
        hm_json_object(&json, NULL);
        hm_json_text(&json, "name", r->artifact[i].name);
        hm_json_number(&json, "size", (int64_t)r->artifact[i].size);
        hm_json_hex(&json, "sha256", r->artifact[i].plain);
        hm_json_close_object(&json);
    }
    hm_json_close_array(&json);
    put_documents(&json, &r->documents);
    if (hm_shown.release.components) {
        hm_json_object(&json, "manifest");
        hm_release_json(&json, &hm_shown.release);
        hm_json_close_object(&json);
    }
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    printf("%.*s\n", (int)text.len, (const char *)text.data);
    return HM_OK;
}

hm_err hm_no_request(unsigned long long number) {
    return hm_refuse("there is no request %llu (hallmark status lists them)", number);
}

hm_err hm_fetch_request(hm_connection *office, unsigned long long number) {
    hm_message question = {.type = HM_MSG_REQUEST_LIST}, answer;
    bool found = false;
    HM_TRY(hm_ask(office, &question, &answer));
    for (;;) {
        bool more;
        HM_TRY(hm_listen_until_done(&answer, HM_MSG_REQUEST, &more));
        if (!more) return found ? HM_OK : hm_no_request(number);
        if (answer.field[HM_REQUEST_INDEX].number == number) {
            HM_TRY(take(&answer));
            found = true;
        }
        HM_TRY(hm_listen(office, &answer));
    }
}
