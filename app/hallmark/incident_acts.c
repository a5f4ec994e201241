/* What a principal did himself: asked for, approved, stated, published, and tried. */
#include "incident.h"

#include <base/json.h>

#include <stdlib.h>
#include <string.h>

/* A request that he approved, as the log names it. */
struct hm_incident_approval {
    char request[2 * HM_SHA256_LEN + 1];
    bool in_doubt;
};

/* "name (how he was known)": who has no member of his own. */
static bool is_actor(hm_bytes actor, const char *name) {
    size_t len = strlen(name);
    return actor.len >= len && memcmp(actor.data, name, len) == 0 && (actor.len == len || actor.data[len] == ' ');
}

bool hm_incident_is_his(const hm_incident *i, hm_bytes details) {
    hm_bytes principal = hm_json_text_of(details, "principal");
    return principal.len ? hm_bytes_equal(principal, hm_text(i->subject))
                         : is_actor(hm_json_text_of(details, "actor"), i->subject);
}

struct hm_incident_stated {
    uint64_t index;
    uint8_t sha256[HM_SHA256_LEN]; /* of the envelope */
};

hm_err hm_incident_note_statement(hm_incident *i, uint64_t index, hm_bytes envelope) {
    HM_TRY(hm_incident_grow(&i->stated, sizeof *i->stated, i->stated_count, &i->stated_room));
    struct hm_incident_stated *stated = &i->stated[i->stated_count];
    if (i->stated_count && index <= stated[-1].index)
        return hm_refuse("the office's statements are not in their order");
    stated->index = index;
    hm_sha256(envelope, stated->sha256);
    i->stated_count++;
    return HM_OK;
}

void hm_incident_forget_statements(hm_incident *i) { i->stated_count = 0; }

static int compare_stated(const void *a, const void *b) {
    uint64_t left = ((const struct hm_incident_stated *)a)->index,
             right = ((const struct hm_incident_stated *)b)->index;
    return (left > right) - (left < right);
}

/* The office has said so of this number: the entry must hold that statement. */
static bool is_signed(hm_incident *i, uint64_t index, hm_bytes details) {
    const struct hm_incident_stated wanted = {.index = index}, *stated = NULL;
    HM_BUF envelope = HM_BUF_EMPTY;
    uint8_t sha256[HM_SHA256_LEN];
    if (i->stated_count) stated = bsearch(&wanted, i->stated, i->stated_count, sizeof wanted, compare_stated);
    if (!stated || hm_failed(hm_base64_decode(hm_json_text_of(details, "statement"), &envelope))) return false;
    hm_sha256(hm_buf_bytes(&envelope), sha256);
    bool same = memcmp(sha256, stated->sha256, sizeof sha256) == 0;
    i->stated_found += same;
    return same;
}

/* The first approval whose request is not below this one; they are in order. */
static size_t place_of(const hm_incident *i, const char *request) {
    size_t low = 0, high = i->approvals;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(i->approval[middle].request, request) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static hm_err note_approval(hm_incident *i, hm_bytes details, bool in_doubt) {
    struct hm_incident_approval approval = {.in_doubt = in_doubt};
    if (!hm_bytes_equal(hm_json_text_of(details, "act"), hm_text("approve"))) return HM_OK;
    hm_incident_copy(approval.request, sizeof approval.request, hm_json_text_of(details, "request_hash"));
    HM_TRY(hm_incident_grow(&i->approval, sizeof *i->approval, i->approvals, &i->approvals_room));
    size_t place = place_of(i, approval.request);
    memmove(&i->approval[place + 1], &i->approval[place], (i->approvals++ - place) * sizeof approval);
    i->approval[place] = approval;
    return HM_OK;
}

bool hm_incident_is_approved(const hm_incident *i, hm_bytes details, bool *in_doubt) {
    char request[2 * HM_SHA256_LEN + 1];
    hm_incident_copy(request, sizeof request, hm_json_text_of(details, "request"));
    size_t place = place_of(i, request);
    if (!request[0] || place == i->approvals || strcmp(i->approval[place].request, request) != 0) return false;
    *in_doubt = i->approval[place].in_doubt;
    return true;
}

static hm_err keep_act(hm_incident *i, const hm_incident_act *act) {
    if (!act->in_doubt || i->acts_shown == HM_INCIDENT_SHOWN) return HM_OK;
    if (!i->act) i->act = calloc(HM_INCIDENT_SHOWN, sizeof *i->act);
    if (!i->act) return hm_no_memory();
    i->act[i->acts_shown++] = *act;
    return HM_OK;
}

static const char *type_word(hm_leaf_type type) {
    switch (type) {
    case HM_LEAF_REFUSAL:
        return "refusal";
    case HM_LEAF_REQUEST:
        return "request";
    case HM_LEAF_PUBLICATION:
        return "publication";
    default:
        return "ceremony";
    }
}

static hm_err put_act(const hm_incident *i, hm_incident_act *act, hm_leaf_type type, bool is_signer, hm_bytes details,
                      FILE *acts) {
    static const char *const members[] = {"act", "product", "release", "request_hash", "what", "name", "reason"};
    fprintf(acts, "{\"in_doubt\":%s,\"time\":%lld,\"index\":%llu,\"type\":\"%s\"", act->in_doubt ? "true" : "false",
            (long long)act->time, (unsigned long long)act->index, type_word(type));
    if (is_signer) fprintf(acts, ",\"signed\":true");
    for (size_t m = 0; m < sizeof members / sizeof members[0]; m++) hm_incident_put_member(acts, details, members[m]);
    HM_TRY(hm_incident_put_request(i, type, details, act, acts));
    fprintf(acts, "}\n");
    return HM_OK;
}

/* The first of these that it has says most. */
static hm_bytes what_of(hm_bytes details) {
    static const char *const members[] = {"what", "reason", "name", "role"};
    for (size_t m = 0; m < sizeof members / sizeof members[0]; m++) {
        hm_bytes text = hm_json_text_of(details, members[m]);
        if (text.len) return text;
    }
    return HM_NO_BYTES;
}

hm_err hm_incident_take_act(hm_incident *i, uint64_t index, hm_leaf_type type, hm_bytes details, FILE *acts) {
    bool is_signer = is_signed(i, index, details),
         own = is_signer || hm_incident_is_his(i, details) ||
               hm_bytes_equal(hm_json_text_of(details, "who"), hm_text(i->subject));
    hm_incident_act act = {.index = index, .in_doubt = hm_incident_is_late(i, index)};
    HM_TRY(hm_incident_note_request(i, index, details));
    /* What others let out is in doubt by when it was approved. */
    if (!own && (type != HM_LEAF_PUBLICATION || !hm_incident_is_approved(i, details, &act.in_doubt))) return HM_OK;
    uint64_t time = 0;
    (void)!hm_failed(hm_decimal_decode(hm_json_text_of(details, "time"), &time));
    act.time = (int64_t)time;
    hm_bytes said = hm_json_text_of(details, "act");
    hm_incident_copy(act.act, sizeof act.act, said.len ? said : hm_text(type_word(type)));
    hm_incident_copy(act.product, sizeof act.product, hm_json_text_of(details, "product"));
    hm_incident_copy(act.release, sizeof act.release, hm_json_text_of(details, "release"));
    hm_incident_copy(act.what, sizeof act.what, what_of(details));
    i->acts++;
    i->acts_in_doubt += act.in_doubt;
    HM_TRY(put_act(i, &act, type, is_signer, details, acts));
    HM_TRY(note_approval(i, details, act.in_doubt));
    return keep_act(i, &act);
}
