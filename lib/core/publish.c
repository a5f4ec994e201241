/* Publishing: what was signed is let out, by who has that role, and as the product's policy wants it approved.
 *
 * A file is found in the log by its signature: intent and outcome, for this product and this release. Its bytes come
 * last, and must be those that were looked at; they are in the download area only when the entry is durable. */
#include "pair.h"
#include "publish_area.h"
#include "request_standing.h"

#include <base/io.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct hm_publishing {
    uint32_t operand[HM_REQUEST_ARTIFACTS];
    uint8_t signature[HM_REQUEST_ARTIFACTS][HM_SHA256_LEN];
    bool wanted; /* nothing is missing but the bytes: */
    size_t next; /* of this artifact */
    hm_area area;
} hm_publishing;

void hm_publish_end(hm_noting *noting) {
    if (noting->publishing) hm_area_clear(&noting->publishing->area);
    free(noting->publishing);
    noting->publishing = NULL;
}

static hm_err check_compared(const hm_noting *noted, hm_bytes request, const hm_message *message) {
    bool same = hm_bytes_equal(noted->request.product, message->field[HM_PUBLISH_BEGIN_PRODUCT].bytes) &&
                hm_bytes_equal(noted->request.release, message->field[HM_PUBLISH_BEGIN_RELEASE].bytes);
    return !request.len || same ? HM_OK : hm_refuse("the request is of another product or release");
}

static hm_err begin(hm_office *office, const hm_message *message) {
    hm_session *session = office->session;
    hm_bytes release = message->field[HM_PUBLISH_BEGIN_RELEASE].bytes,
             request = message->field[HM_PUBLISH_BEGIN_REQUEST].bytes;
    if (request.len && !session->noted->request.publish)
        return hm_refuse("the request is for signatures, and not for publishing");
    session->noted->publishing = calloc(1, sizeof *session->noted->publishing);
    if (!session->noted->publishing) return hm_no_memory();
    session->noted->publishing->area = HM_AREA_NONE;
    session->noted->request.publish = true;
    HM_TRY(check_compared(session->noted, request, message));
    HM_TRY(hm_product_find(office, message->field[HM_PUBLISH_BEGIN_PRODUCT].bytes, &session->product));
    snprintf(session->release, sizeof session->release, "%.*s", (int)release.len, (const char *)release.data);
    session->narrowed = true;
    return HM_OK;
}

hm_err hm_publish_begin(hm_office *office, const hm_message *message) {
    hm_session *session = office->session;
    if (session->narrowed || session->noted) return hm_refuse("core language: a session is for one publication");
    HM_TRY(hm_area_check_name(message->field[HM_PUBLISH_BEGIN_RELEASE].bytes, "a release"));
    HM_TRY(hm_requests_begin(office, message->field[HM_PUBLISH_BEGIN_REQUEST].bytes));
    hm_fault fault = hm_fault_keep(begin(office, message));
    /* What did not begin leaves nothing that another act could go on with. */
    if (fault.class != HM_DONE) hm_requests_end(session);
    return hm_fault_raise(&fault);
}

/* ---- the log's word ---- */

/* Does the intent itself name this SHA-256, as the file's or a payload's? */
static hm_err check_content(const hm_pair *pair, hm_bytes plain) {
    HM_BUF needle = HM_BUF_EMPTY;
    hm_bytes details = hm_buf_bytes(pair->details), manifest = hm_json_text_of(details, "manifest");
    HM_TRY(hm_put_text(&needle, "\"digest\":\""));
    HM_TRY(hm_put_hex(&needle, plain));
    HM_TRY(hm_put_text(&needle, "\""));
    if (manifest.len && memmem(manifest.data, manifest.len, needle.data, needle.len)) return HM_OK;
    needle.len = 0;
    HM_TRY(hm_put_hex(&needle, plain));
    return !manifest.len && hm_bytes_equal(hm_json_text_of(details, "plain"), hm_buf_bytes(&needle))
               ? HM_OK
               : hm_refuse("is not what was signed: its SHA-256 is not in the intent");
}

/* A file that carries a signature. Of a detached one the office knows every octet; of others the signature is somewhere
 * in it, and that is the parser's word. */
static hm_err check_carrier(const hm_pair *pair, hm_bytes plain) {
    HM_BUF hex = HM_BUF_EMPTY;
    bool detached = pair->leaf.format == HM_LOGGED_CMS || pair->leaf.format == HM_LOGGED_CATALOGUE;
    HM_TRY(hm_put_hex(&hex, plain));
    return !detached || hm_bytes_equal(hm_text(pair->structure), hm_buf_bytes(&hex))
               ? HM_OK
               : hm_refuse("is not what the office made: only its own signature, and no other with it, is published");
}

static hm_err take_by(hm_noting *noted, hm_bytes by) {
    hm_request *request = &noted->request;
    if (!by.len) by = hm_text("owner"); /* an office without founders has one principal, who has no name */
    if (request->artifacts && !hm_bytes_equal(request->by, by))
        return hm_refuse("was signed for %.*s, and others of these for %.*s (publish them apart)", (int)by.len,
                         (const char *)by.data, (int)request->by.len, (const char *)request->by.data);
    if (by.len >= sizeof noted->by) return hm_refuse("the name of who had it signed is too long");
    memcpy(noted->by, by.data, by.len);
    request->by = HM_BYTES(noted->by, by.len);
    return HM_OK;
}

static hm_err fill_artifact(const hm_message *message, const hm_pair *pair, hm_artifact *artifact) {
    char algorithm[16];
    hm_bytes word = hm_json_text_of(hm_buf_bytes(pair->details), "algorithm");
    snprintf(algorithm, sizeof algorithm, "%.*s", (int)word.len, (const char *)word.data);
    *artifact = (hm_artifact){.format = pair->leaf.format,
                              .name = message->field[HM_PUBLISH_FILE_NAME].bytes,
                              .size = message->field[HM_PUBLISH_FILE_SIZE].number,
                              .plain = message->field[HM_PUBLISH_FILE_PLAIN].bytes,
                              .content = message->field[HM_PUBLISH_FILE_CONTENT].bytes};
    return hm_key_algorithm_by_name(algorithm, &artifact->algorithm);
}

static hm_err check_file(hm_office *office, const hm_message *message, hm_artifact *artifact, hm_buf *details) {
    hm_pair pair = {.details = details};
    hm_bytes name = message->field[HM_PUBLISH_FILE_NAME].bytes;
    HM_TRY(hm_area_check_name(name, "a file"));
    if (hm_bytes_equal(name, hm_text(HM_AREA_SUMS)))
        return hm_refuse("%s is the download area's own (rename it)", HM_AREA_SUMS);
    HM_TRY(hm_pair_find(office, message->field[HM_PUBLISH_FILE_SIGNATURE].bytes,
                        message->field[HM_PUBLISH_FILE_CONTENT].bytes, &pair));
    HM_TRY(hm_pair_check_release(office, &pair));
    HM_TRY((message->field[HM_PUBLISH_FILE_CARRIES].number ? check_carrier : check_content)(
        &pair, message->field[HM_PUBLISH_FILE_PLAIN].bytes));
    return fill_artifact(message, &pair, artifact);
}

/* The same file, by another of its signatures: an update's payload that is signed by itself, too. */
static bool is_named(const hm_request *request, const hm_artifact *artifact) {
    for (size_t i = 0; i < request->artifacts; i++) {
        const hm_artifact *a = &request->artifact[i];
        if (hm_bytes_equal(a->name, artifact->name) && hm_bytes_equal(a->plain, artifact->plain) &&
            !hm_bytes_equal(a->content, artifact->content))
            return true;
    }
    return false;
}

hm_err hm_publish_file(hm_office *office, const hm_message *message) {
    hm_noting *noted = office->session->noted;
    hm_artifact artifact;
    HM_BUF details = HM_BUF_EMPTY;
    if (!noted || !noted->publishing || noted->publishing->wanted || office->session->noting == HM_NOTING_DONE)
        return hm_refuse("core language: publish-file comes behind publish-begin");
    size_t at = noted->request.artifacts;
    HM_TRY(check_file(office, message, &artifact, &details));
    if (is_named(&noted->request, &artifact)) return HM_OK;
    if (office->session->noting == HM_NOTING_COMPARED)
        return hm_request_match(&noted->request, &artifact, noted->matched);
    HM_TRY(take_by(noted, hm_json_text_of(hm_buf_bytes(&details), "principal")));
    HM_TRY(hm_request_keep(noted, &artifact));
    noted->publishing->operand[at] = (uint32_t)message->field[HM_PUBLISH_FILE_OPERAND].number;
    memcpy(noted->publishing->signature[at], message->field[HM_PUBLISH_FILE_SIGNATURE].bytes.data, HM_SHA256_LEN);
    return HM_OK;
}

/* ---- what is missing ---- */

hm_err hm_publish_close(hm_office *office, bool *needed, uint64_t *index, uint8_t hash[static HM_SHA256_LEN]) {
    hm_noting *noted = office->session->noted;
    hm_rule_answer answer;
    *needed = false;
    if (office->session->noting == HM_NOTING_COMPARED && noted->publishing)
        return hm_request_matched(&noted->request, noted->matched);
    if (office->session->noting != HM_NOTING_NEW || !noted->publishing || noted->publishing->wanted)
        return hm_refuse("core language: publish-close comes behind publish-file");
    if (!noted->request.artifacts) return hm_refuse("there is nothing to publish");
    noted->expires = UINT32_MAX;
    HM_TRY(hm_request_fill(office, noted));
    HM_TRY(hm_rule_decide_publish(office, &noted->request, true, &answer));
    memcpy(noted->rule, answer.rule, sizeof noted->rule);
    noted->expires = answer.expires ? answer.expires : 1;
    *needed = answer.needs_approvals && !answer.by_request;
    if (*needed) return hm_request_make(office, noted, index, hash);
    noted->publishing->wanted = true;
    return hm_area_begin(office, &noted->publishing->area);
}

hm_err hm_publish_wanted(hm_office *office, hm_err (*visit)(void *context, uint32_t operand, hm_bytes name),
                         void *context) {
    const hm_noting *noted = office->session->noted;
    if (!noted->publishing->wanted) return HM_OK;
    for (size_t i = 0; i < noted->request.artifacts; i++)
        HM_TRY(visit(context, noted->publishing->operand[i], noted->request.artifact[i].name));
    return HM_OK;
}

/* ---- the bytes ---- */

/* Files that have all their bytes end, and those without any begin and end. */
static hm_err end_files(hm_publishing *p, const hm_request *request) {
    for (; p->next < request->artifacts; p->next++) {
        const hm_artifact *a = &request->artifact[p->next];
        if (p->area.file_fd < 0) HM_TRY(hm_area_open(&p->area, a->name));
        if (p->area.written < a->size) return HM_OK;
        HM_TRY(hm_in(hm_area_close(&p->area, a->size, a->plain), "%.*s", (int)a->name.len, (const char *)a->name.data));
    }
    return HM_OK;
}

hm_err hm_publish_put(hm_office *office, hm_bytes bytes) {
    hm_noting *noted = office->session->noted;
    if (!noted || !noted->publishing || !noted->publishing->wanted)
        return hm_refuse("core language: publish-put comes behind publish-close");
    hm_publishing *p = noted->publishing;
    while (bytes.len) {
        HM_TRY(end_files(p, &noted->request));
        if (p->next == noted->request.artifacts) return hm_refuse("core language: more bytes than the files have");
        uint64_t room = noted->request.artifact[p->next].size - p->area.written;
        hm_bytes part = HM_BYTES(bytes.data, bytes.len < room ? bytes.len : (size_t)room);
        HM_TRY(hm_area_write(&p->area, part));
        HM_TRY(hm_bytes_part(bytes, part.len, bytes.len - part.len, &bytes));
    }
    return end_files(p, &noted->request);
}

/* ---- the entry ---- */

static hm_err describe(const hm_office *office, const hm_noting *noted, const hm_rule_answer *answer, hm_bytes body,
                       hm_buf *details) {
    HM_BUF base64 = HM_BUF_EMPTY;
    HM_TRY(hm_put_base64(&base64, body));
    hm_json json = hm_log_act(office, noted ? "publish" : "withdraw", details);
    if (answer->break_glass) hm_json_bool(&json, "break_glass", true);
    if (noted) hm_json_number(&json, "files", (int64_t)noted->request.artifacts);
    hm_json_number(&json, "policy", (int64_t)hm_rule_version(office));
    if (office->session->principal[0]) hm_json_string(&json, "principal", office->session->principal);
    hm_json_string(&json, "product", office->session->product.name);
    if (noted) hm_json_text(&json, "publication", hm_buf_bytes(&base64));
    hm_json_string(&json, "release", office->session->release);
    if (noted && answer->by_request) hm_json_hex(&json, "request", HM_ARRAY(answer->request));
    if (noted && answer->rule[0]) hm_json_string(&json, "rule", answer->rule);
    if (noted) {
        hm_json_array(&json, "signatures");
        for (size_t i = 0; i < noted->request.artifacts; i++)
            hm_json_hex(&json, NULL, HM_ARRAY(noted->publishing->signature[i]));
        hm_json_close_array(&json);
    }
    hm_json_number(&json, "time", hm_now());
    hm_json_close_object(&json);
    return hm_json_end(&json);
}

static hm_err append(hm_office *office, const hm_noting *noted, const hm_rule_answer *answer, hm_bytes body,
                     uint64_t *index) {
    HM_BUF details = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    hm_sha256(body, hash);
    HM_TRY(describe(office, noted, answer, body, &details));
    hm_record record = {.type = HM_LEAF_PUBLICATION,
                        .product = &office->session->product,
                        .digest = noted ? HM_ARRAY(hash) : HM_NO_BYTES,
                        .details = hm_buf_bytes(&details),
                        .tag = HM_PUBLISHED_TAG};
    return hm_log_append(office, &record, index);
}

/* Role and approvals count as they are when the entry is made, and nobody else's use of them comes between. */
static hm_err enter(hm_office *office, hm_noting *noted, uint64_t *index) {
    HM_BUF body = HM_BUF_EMPTY;
    hm_rule_answer answer;
    HM_TRY(hm_request_fill(office, noted));
    HM_TRY(hm_rule_decide_publish(office, &noted->request, false, &answer));
    HM_TRY(hm_request_put(&noted->request, &body));
    return append(office, noted, &answer, hm_buf_bytes(&body), index);
}

static hm_err in_transaction(hm_office *office, hm_noting *noted, uint64_t *index) {
    hm_rule_answer none = {.by_request = false};
    HM_TRY(hm_store_begin(office->store));
    hm_err err = noted ? enter(office, noted, index) : append(office, NULL, &none, HM_NO_BYTES, index);
    if (!hm_failed(err)) return hm_store_commit(office->store);
    hm_fault fault = hm_fault_keep(err);
    hm_store_rollback(office->store);
    return hm_fault_raise(&fault);
}

hm_err hm_publish_commit(hm_office *office, uint64_t *index) {
    HM_FD lock = -1;
    hm_noting *noted = office->session->noted;
    if (!noted || !noted->publishing || !noted->publishing->wanted)
        return hm_refuse("core language: publish-commit comes behind publish-put");
    hm_publishing *p = noted->publishing;
    HM_TRY(end_files(p, &noted->request));
    if (p->next < noted->request.artifacts) return hm_refuse("core language: a file's bytes are missing");
    HM_TRY(hm_office_lock(office, "published.lock", &lock));
    HM_TRY(hm_area_take_over(&p->area, office->session->product.name, office->session->release));
    HM_TRY(hm_area_finish(&p->area));
    HM_TRY(in_transaction(office, noted, index));
    office->session->noting = HM_NOTING_DONE;
    hm_err err = hm_area_show(&p->area, office->session->product.name, office->session->release);
    hm_fault fault = hm_fault_keep(err);
    hm_area_clear(&p->area);
    p->wanted = false;
    return hm_fault_raise(&fault);
}

/* ---- what is published ---- */

typedef struct {
    hm_bytes product; /* empty: all */
    hm_published_visit visit;
    void *context;
} published_listing;

static hm_err list_one(void *context, const hm_entry_row *entry) {
    const published_listing *listing = context;
    hm_leaf leaf;
    HM_BUF body = HM_BUF_EMPTY;
    uint64_t time = 0;
    bool erased;
    HM_TRY(hm_in(hm_leaf_get(entry->leaf, &leaf), "entry %llu", (unsigned long long)entry->index));
    HM_TRY(hm_audit_details(&leaf, entry, &erased));
    if (erased || leaf.type != HM_LEAF_PUBLICATION) return HM_OK;
    hm_published published = {.index = entry->index,
                              .product = hm_json_text_of(entry->details, "product"),
                              .release = hm_json_text_of(entry->details, "release"),
                              .actor = hm_json_text_of(entry->details, "actor")};
    if (listing->product.len && !hm_bytes_equal(listing->product, published.product)) return HM_OK;
    HM_TRY(hm_base64_decode(hm_json_text_of(entry->details, "publication"), &body));
    (void)!hm_failed(hm_decimal_decode(hm_json_text_of(entry->details, "time"), &time));
    published.time = (int64_t)time;
    published.body = hm_buf_bytes(&body);
    return listing->visit(listing->context, &published);
}

hm_err hm_publish_list(hm_office *office, hm_bytes product, hm_published_visit visit, void *context) {
    published_listing listing = {product, visit, context};
    return hm_store_entries_tagged(office->store, HM_PUBLISHED_TAG, list_one, &listing);
}

typedef struct {
    hm_bytes release;
    bool is;
} published_search;

static hm_err find_release(void *context, const hm_published *published) {
    published_search *search = context;
    if (hm_bytes_equal(published->release, search->release)) search->is = published->body.len != 0;
    return HM_OK;
}

static hm_err withdraw(hm_office *office, hm_bytes product, hm_bytes release, uint64_t *index) {
    HM_FD lock = -1;
    published_search search = {.release = release};
    hm_session *session = office->session;
    HM_TRY(hm_area_check_name(release, "a release"));
    HM_TRY(hm_product_find(office, product, &session->product));
    snprintf(session->release, sizeof session->release, "%.*s", (int)release.len, (const char *)release.data);
    HM_TRY(hm_office_lock(office, "published.lock", &lock));
    HM_TRY(hm_publish_list(office, product, find_release, &search));
    if (!search.is)
        return hm_refuse("release %s of %s is not published (hallmark publish --list)", session->release,
                         session->product.name);
    /* First it is gone, then it is said to be: who finds it gone without an entry withdraws it again. */
    HM_TRY(hm_area_remove(office, session->product.name, session->release));
    return in_transaction(office, NULL, index);
}

hm_err hm_publish_withdraw(hm_office *office, hm_bytes product, hm_bytes release, uint64_t *index) {
    hm_session *session = office->session;
    if (session->narrowed || session->noted) return hm_refuse("core language: publish-withdraw stands by itself");
    hm_fault fault = hm_fault_keep(withdraw(office, product, release, index));
    /* The session is for no product by this. */
    session->product.id = 0;
    session->release[0] = 0;
    return hm_fault_raise(&fault);
}
