/* Requests as they were met in the log: an act on one names it by its hash alone. */
#include "incident.h"

#include <base/json.h>
#include <policy/request.h>

#include <stdlib.h>
#include <string.h>

/* A log may have any number. */
enum { KEPT = 65536 };

struct hm_incident_request {
    uint64_t index;
    uint8_t sha256[HM_SHA256_LEN];
    hm_buf body;
};

void hm_incident_clear_requests(hm_incident *i) {
    for (size_t k = 0; k < i->requests; k++) hm_buf_clear(&i->request[k].body);
    free(i->request);
    i->request = NULL;
    i->requests = i->requests_room = 0;
}

/* They expire, so an act on one follows soon: one on an older one is told without its files. */
static void forget_older_half(hm_incident *i) {
    for (size_t k = 0; k < KEPT / 2; k++) hm_buf_clear(&i->request[k].body);
    memmove(i->request, &i->request[KEPT / 2], (KEPT - KEPT / 2) * sizeof *i->request);
    i->requests = KEPT - KEPT / 2;
}

hm_err hm_incident_note_request(hm_incident *i, uint64_t index, hm_bytes details) {
    HM_BUF body = HM_BUF_EMPTY;
    if (!hm_bytes_equal(hm_json_text_of(details, "act"), hm_text("request")) ||
        hm_failed(hm_base64_decode(hm_json_text_of(details, "request"), &body)))
        return HM_OK;
    if (i->requests == KEPT) forget_older_half(i);
    HM_TRY(hm_incident_grow(&i->request, sizeof *i->request, i->requests, &i->requests_room));
    struct hm_incident_request *request = &i->request[i->requests++];
    request->index = index;
    hm_sha256(hm_buf_bytes(&body), request->sha256);
    request->body = body;
    body = HM_BUF_EMPTY;
    return HM_OK;
}

/* What is let out names its request as a signature does, by the member that holds a request itself where one is made.
 */
static const struct hm_incident_request *find(const hm_incident *i, hm_leaf_type type, hm_bytes details) {
    HM_BUF sha256 = HM_BUF_EMPTY;
    hm_bytes hex = hm_json_text_of(details, type == HM_LEAF_PUBLICATION ? "request" : "request_hash");
    if (!hex.len || hm_failed(hm_hex_decode(hex, &sha256))) return NULL;
    for (size_t k = i->requests; k-- > 0;) /* what is decided was asked for a short while before */
        if (hm_bytes_equal(hm_buf_bytes(&sha256), HM_ARRAY(i->request[k].sha256))) return &i->request[k];
    return NULL;
}

static void put_files(hm_json *json, const hm_request *request) {
    hm_json_array(json, "files");
    for (size_t k = 0; k < request->artifacts; k++) {
        hm_json_object(json, NULL);
        hm_json_text(json, "name", request->artifact[k].name);
        hm_json_hex(json, "sha256", request->artifact[k].plain);
        hm_json_close_object(json);
    }
    hm_json_close_array(json);
}

hm_err hm_incident_put_request(const hm_incident *i, hm_leaf_type type, hm_bytes details, hm_incident_act *act,
                               FILE *acts) {
    static hm_request read; /* too large for a stack */
    const struct hm_incident_request *request = find(i, type, details);
    HM_BUF text = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&text);
    if (!request) return HM_OK;
    /* By another version, perhaps: its number is as good as ever, and no list is given up for it. */
    bool is_read = !hm_failed(hm_request_get(hm_buf_bytes(&request->body), &read));
    hm_json_object(&json, NULL);
    hm_json_number(&json, "request", (int64_t)request->index);
    if (is_read) put_files(&json, &read);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    /* Without its braces: these are members of a line. */
    fprintf(acts, ",%.*s", (int)text.len - 2, (const char *)text.data + 1);
    if (!act->what[0] && is_read)
        snprintf(act->what, sizeof act->what, "request %llu, %zu %s", (unsigned long long)request->index,
                 read.artifacts, read.artifacts == 1 ? "file" : "files");
    return HM_OK;
}
