/* The office's root of the trust list: made once, and never a party to a fork.
 *
 * A root that signs two different lists of one version lets whoever shows them choose what a device believes. So what
 * this root was asked to sign is remembered where it cannot be forgotten: in the log, before the token is asked. */
#include "office.h"

#include <base/file.h>
#include <base/json.h>
#include <core/wire.h>
#include <pki/cose.h>
#include <pki/trust_list.h>

#include <string.h>

/* As high as a number in JSON goes that everybody reads alike (RFC 8785 section 3.2.2.3). */
static const uint64_t version_max = UINT64_C(1) << 53;

typedef struct {
    hm_office *office;
    hm_office_key key;
    uint8_t kid[HM_KID_LEN];
    hm_cose_envelope *envelope;
    hm_trust_list *list;
    uint8_t digest[HM_SHA256_LEN]; /* of the list, without its signatures */
} signing;

static void signing_clear(signing *s) {
    hm_buf_clear(&s->key.spki);
    hm_trust_list_free(&s->list);
}
#define SIGNING __attribute__((cleanup(signing_clear))) signing

hm_err hm_public_key(hm_office *office, hm_key_role role, hm_buf *cose) {
    hm_office_key key = {.found = false};
    hm_err err = hm_ceremony_office_key(office, role, HM_KEY_ES256, true, &key);
    if (!hm_failed(err)) err = hm_cose_key_put(hm_buf_bytes(&key.spki), cose);
    hm_buf_clear(&key.spki);
    return err;
}

/* What was signed before. */

typedef struct {
    const signing *s;
    bool same;        /* this very list was */
    uint64_t highest; /* version that was, of whatever list */
} history;

static hm_err recall(void *context, const hm_entry_row *entry) {
    history *h = context;
    hm_leaf leaf;
    hm_bytes text;
    uint64_t version;
    bool found, erased;
    HM_TRY(hm_leaf_get(entry->leaf, &leaf));
    if (!hm_audit_is_list(&leaf)) return HM_OK;
    HM_TRY(hm_audit_details(&leaf, entry, &erased));
    hm_json_member(entry->details, "version", &text, &found);
    if (erased || !found || hm_failed(hm_decimal_decode(text, &version)))
        return hm_refuse("the details of entry %llu were erased: which lists this root signed cannot be told any more",
                         (unsigned long long)entry->index);
    if (version > h->highest) h->highest = version;
    if (hm_bytes_equal(HM_BYTES(leaf.digest, leaf.digest_len), HM_ARRAY(h->s->digest))) h->same = true;
    return HM_OK;
}

/* The same list again is no fork: a file that was lost, or an answer that never arrived. Every leaf is looked at: an
 * index, which no checkpoint covers, could have been made to forget one. */
static hm_err check_history(const signing *s) {
    history h = {.s = s};
    uint64_t size;
    HM_TRY(hm_store_log_size(s->office->store, &size));
    HM_TRY(hm_store_entries(s->office->store, 0, size, recall, &h));
    if (h.same || s->list->version > h.highest) return HM_OK;
    return hm_refuse(
        "this root was asked to sign another list of version %llu already, and signing this one of version %llu could fork "
        "the list (hallmark trust update makes one of version %llu from the newest)",
        (unsigned long long)h.highest, (unsigned long long)s->list->version, (unsigned long long)h.highest + 1);
}

/* Is it a list, and does this root have a say in it? */

static bool names_root(const hm_trust_list *list, const uint8_t kid[static HM_KID_LEN]) {
    for (size_t i = 0; i < list->roots; i++)
        if (memcmp(list->root[i].kid, kid, HM_KID_LEN) == 0) return true;
    return false;
}

/* Who vouches for the old list does not matter here: to a device that does not hold it the signature means nothing. */
static hm_err check_old(const signing *s, hm_bytes old) {
    hm_cose_envelope envelope;
    HM_TRUST_LIST *list = NULL;
    HM_TRY(hm_trust_list_new(&list));
    HM_TRY(hm_in(hm_cose_draft_get(old, &envelope), "the old list"));
    HM_TRY(hm_in(hm_trust_list_read(envelope.payload, list), "the old list"));
    if (list->version >= s->list->version)
        return hm_refuse("the old list is of version %llu, and this one of version %llu is not newer",
                         (unsigned long long)list->version, (unsigned long long)s->list->version);
    return names_root(list, s->kid) ? HM_OK
                                    : hm_refuse("this office's root key is neither in the list nor in the old one");
}

static hm_err find_root(signing *s) {
    HM_TRY(hm_ceremony_office_key(s->office, HM_KEY_ROLE_TRUST_ROOT, HM_KEY_ES256, false, &s->key));
    if (!s->key.found) return hm_refuse("this office has no root key (hallmark trust key makes one)");
    return hm_cose_kid(hm_buf_bytes(&s->key.spki), s->kid);
}

static hm_err examine(signing *s, hm_bytes list, hm_bytes old) {
    HM_TRY(hm_cose_draft_get(list, s->envelope));
    HM_TRY(hm_trust_list_new(&s->list));
    HM_TRY(hm_trust_list_read(s->envelope->payload, s->list));
    if (s->list->version > version_max) return hm_refuse("its version is too high to be kept on record");
    hm_sha256(s->envelope->payload, s->digest);
    HM_TRY(find_root(s));
    if (names_root(s->list, s->kid)) return HM_OK;
    if (!old.len)
        return hm_refuse("this office's root key is not in the list (a root that leaves it signs with --old OLDLIST)");
    return check_old(s, old);
}

/* Intent and outcome (P1), as for every signature. */

static hm_err log_intent(const signing *s, uint64_t *index) {
    HM_BUF details = HM_BUF_EMPTY;
    hm_json json = hm_json_canonical(&details);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "actor", s->office->session->actor);
    hm_json_hex(&json, "content", HM_ARRAY(s->digest));
    hm_json_hex(&json, "key", HM_ARRAY(s->key.token_id));
    hm_json_hex(&json, "kid", HM_ARRAY(s->kid));
    hm_json_string(&json, "purpose", "trust list");
    hm_json_number(&json, "time", hm_now());
    hm_json_string(&json, "token", s->office->token_name);
    hm_json_number(&json, "version", (int64_t)s->list->version);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_record record = {.type = HM_LEAF_INTENT,
                        .format = HM_LOGGED_TRUST_LIST,
                        .digest = HM_ARRAY(s->digest),
                        .details = hm_buf_bytes(&details),
                        .tag = HM_LISTS_TAG};
    return hm_log_now(s->office, &record, index);
}

static hm_err sign_logged(const signing *s, hm_buf *signature) {
    HM_BUF fresh = HM_BUF_EMPTY;
    uint8_t hash[HM_SHA256_LEN];
    uint64_t intent;
    hm_signer signer = hm_key_signer(s->key.key);
    HM_TRY(log_intent(s, &intent));
    hm_err err = hm_cose_sign(HM_COSE_TRUST_LIST, s->envelope->payload, NULL, &signer, &fresh, hash);
    hm_fault fault = hm_fault_keep(err);
    hm_record outcome = {.format = HM_LOGGED_TRUST_LIST, .digest = HM_ARRAY(hash), .intent = intent};
    HM_TRY(hm_log_result(s->office, &outcome, err));
    return hm_failed(err) ? hm_fault_raise(&fault) : hm_put(signature, hm_buf_bytes(&fresh));
}

hm_err hm_trust_root_narrow(hm_office *office, const hm_message *message) {
    if (office->session->narrowed) return hm_refuse("this session is narrowed already");
    memcpy(office->session->list_sha256, message->field[HM_NARROW_LIST_FILE].bytes.data,
           sizeof office->session->list_sha256);
    memcpy(office->session->old_list_sha256, message->field[HM_NARROW_LIST_OLD].bytes.data,
           sizeof office->session->old_list_sha256);
    office->session->narrowed = office->session->for_list = office->session->list_left = true;
    return HM_OK;
}

static bool has_hash(hm_bytes bytes, const uint8_t expected[static HM_SHA256_LEN]) {
    uint8_t hash[HM_SHA256_LEN];
    hm_sha256(bytes, hash);
    return memcmp(hash, expected, sizeof hash) == 0;
}

/* The list that the user named, against the old one that the user named, and it once. The old list is what lets a root
 * sign that leaves: a parser that chose it could have a list signed in which this root has no say. */
static hm_err use_up(hm_office *office, hm_bytes list, hm_bytes old) {
    if (!office->session->list_left) return hm_refuse("core language: trust-sign comes after narrow-list, and once");
    if (!has_hash(list, office->session->list_sha256))
        return hm_refuse("this session may have another file signed, and only that (was the list changed meanwhile?)");
    if (!has_hash(old, office->session->old_list_sha256))
        return hm_refuse("this session is for another old list, or for none (was that changed meanwhile?)");
    office->session->list_left = false;
    return HM_OK;
}

hm_err hm_trust_root_sign(hm_office *office, const hm_message *question, hm_buf *signature) {
    static hm_cose_envelope envelope; /* one core per process; too large for a stack */
    SIGNING s = {.office = office, .envelope = &envelope};
    hm_bytes list = question->field[HM_TRUST_SIGN_LIST].bytes, old = question->field[HM_TRUST_SIGN_OLD].bytes;
    HM_FD lock = -1;
    HM_TRY(use_up(office, list, old));
    HM_TRY(examine(&s, list, old));
    /* Two that ask at once must not each find that nothing was signed. */
    HM_TRY(hm_office_lock(office, "ceremony.lock", &lock));
    HM_TRY(check_history(&s));
    return sign_logged(&s, signature);
}
