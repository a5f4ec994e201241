#include "documents.h"

#include <base/cbor.h>
#include <base/name.h>
#include <base/readable.h>
#include <crypto/digest.h>
#include <policy/policy.h>
#include <policy/statement.h>

#include <string.h>

enum { VERSION = 1, REQUIRED = 10, MEMBERS = 14, TO_PUBLISH = 2, ARTIFACT_ITEMS = 6 };

/* Seconds that a calendar has: to the end of the year 9999. */
static const uint64_t last_second = UINT64_C(253402300799);

/* Members stand in the order of their keys; 1 to 10 are always there. */
typedef hm_err (*member_put)(const hm_request *r, hm_buf *cbor);
typedef hm_err (*member_get)(hm_reader *reader, hm_request *r);
typedef bool (*member_is_there)(const hm_request *r);

static hm_err put_version(const hm_request *r, hm_buf *cbor) { return (void)r, hm_cbor_put_uint(cbor, VERSION); }
static hm_err put_office(const hm_request *r, hm_buf *cbor) { return hm_cbor_put_bytes(cbor, HM_ARRAY(r->office)); }
static hm_err put_requester(const hm_request *r, hm_buf *cbor) { return hm_cbor_put_text(cbor, r->requester); }
static hm_err put_product(const hm_request *r, hm_buf *cbor) { return hm_cbor_put_text(cbor, r->product); }
static hm_err put_release(const hm_request *r, hm_buf *cbor) { return hm_cbor_put_text(cbor, r->release); }
static hm_err put_rule(const hm_request *r, hm_buf *cbor) { return hm_cbor_put_text(cbor, r->rule); }
static hm_err put_time(const hm_request *r, hm_buf *cbor) { return hm_cbor_put_uint(cbor, (uint64_t)r->time); }
static hm_err put_expires(const hm_request *r, hm_buf *cbor) { return hm_cbor_put_uint(cbor, (uint64_t)r->expires); }
static hm_err put_statements(const hm_request *r, hm_buf *cbor) { return hm_cbor_put_uint(cbor, r->statements); }

static hm_err put_artifact(const hm_artifact *a, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_array(cbor, ARTIFACT_ITEMS));
    HM_TRY(hm_cbor_put_uint(cbor, a->format));
    HM_TRY(hm_cbor_put_uint(cbor, (uint64_t)a->algorithm));
    HM_TRY(hm_cbor_put_text(cbor, a->name));
    HM_TRY(hm_cbor_put_uint(cbor, a->size));
    HM_TRY(hm_cbor_put_bytes(cbor, a->plain));
    return hm_cbor_put_bytes(cbor, a->content);
}

static hm_err put_artifacts(const hm_request *r, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_array(cbor, r->artifacts));
    for (size_t i = 0; i < r->artifacts; i++) HM_TRY(put_artifact(&r->artifact[i], cbor));
    return HM_OK;
}

static hm_err get_version(hm_reader *reader, hm_request *r) {
    uint64_t version;
    (void)r;
    HM_TRY(hm_cbor_get_uint(reader, &version));
    return version == VERSION ? HM_OK : hm_refuse("version %llu is not known", (unsigned long long)version);
}

static hm_err get_office(hm_reader *reader, hm_request *r) {
    hm_bytes bytes;
    HM_TRY(hm_cbor_get_bytes(reader, &bytes));
    if (bytes.len != sizeof r->office) return hm_refuse("an office's id has 16 bytes");
    memcpy(r->office, bytes.data, sizeof r->office);
    return HM_OK;
}

static hm_err get_name(hm_reader *reader, hm_bytes *name, size_t most, const char *what) {
    HM_TRY(hm_cbor_get_text(reader, name));
    return hm_failed(hm_name_check(*name, most, what)) ? hm_refuse("%s", hm_err_sentence()) : HM_OK;
}

static hm_err get_requester(hm_reader *reader, hm_request *r) {
    return get_name(reader, &r->requester, HM_PRINCIPAL_NAME_MAX, "a principal's name");
}
static hm_err get_product(hm_reader *reader, hm_request *r) {
    return get_name(reader, &r->product, HM_STATED_PRODUCT_MAX, "a product's name");
}

static hm_err get_text(hm_reader *reader, hm_bytes *text, size_t most) {
    HM_TRY(hm_cbor_get_text(reader, text));
    return text->len <= most && hm_is_readable(*text) ? HM_OK : hm_refuse("a text is too long, or not readable");
}

static hm_err get_release(hm_reader *reader, hm_request *r) {
    return get_text(reader, &r->release, HM_REQUEST_RELEASE_MAX);
}
static hm_err get_rule(hm_reader *reader, hm_request *r) { return get_text(reader, &r->rule, HM_PRINCIPAL_NAME_MAX); }

static hm_err get_second(hm_reader *reader, int64_t *time) {
    uint64_t number;
    HM_TRY(hm_cbor_get_uint(reader, &number));
    *time = (int64_t)number;
    return number <= last_second ? HM_OK : hm_refuse("a time is out of range");
}

static hm_err get_time(hm_reader *reader, hm_request *r) { return get_second(reader, &r->time); }
static hm_err get_expires(hm_reader *reader, hm_request *r) {
    HM_TRY(get_second(reader, &r->expires));
    return r->expires > r->time ? HM_OK : hm_refuse("it expires before it begins");
}
static hm_err get_statements(hm_reader *reader, hm_request *r) { return hm_cbor_get_uint(reader, &r->statements); }

static hm_err get_digest(hm_reader *reader, hm_bytes *digest, bool plain) {
    HM_TRY(hm_cbor_get_bytes(reader, digest));
    bool fits = digest->len == 32 || (!plain && (digest->len == 48 || digest->len == 64));
    return fits ? HM_OK : hm_refuse("a digest has the wrong length");
}

static hm_err get_small(hm_reader *reader, unsigned most, unsigned *number) {
    uint64_t value;
    HM_TRY(hm_cbor_get_uint(reader, &value));
    *number = (unsigned)value;
    return value && value <= most ? HM_OK : hm_refuse("a format or an algorithm is not known");
}

static hm_err get_artifact(hm_reader *reader, hm_artifact *a) {
    uint64_t items;
    unsigned algorithm;
    HM_TRY(hm_cbor_get_array(reader, &items));
    if (items != ARTIFACT_ITEMS) return hm_refuse("an artifact has %d items", ARTIFACT_ITEMS);
    HM_TRY(get_small(reader, 255, &a->format));
    HM_TRY(get_small(reader, HM_KEY_ALGORITHMS, &algorithm));
    a->algorithm = (hm_key_algorithm)algorithm;
    HM_TRY(get_text(reader, &a->name, HM_REQUEST_NAME_MAX));
    HM_TRY(hm_cbor_get_uint(reader, &a->size));
    if (a->size > INT64_MAX) return hm_refuse("a size is out of range");
    HM_TRY(get_digest(reader, &a->plain, true));
    return get_digest(reader, &a->content, false);
}

static hm_err get_artifacts(hm_reader *reader, hm_request *r) {
    uint64_t count;
    HM_TRY(hm_cbor_get_array(reader, &count));
    if (!count || count > HM_REQUEST_ARTIFACTS) return hm_refuse("it has 1 to %d artifacts", HM_REQUEST_ARTIFACTS);
    for (r->artifacts = 0; r->artifacts < count; r->artifacts++)
        HM_TRY(get_artifact(reader, &r->artifact[r->artifacts]));
    return HM_OK;
}

static bool has_manifest(const hm_request *r) { return r->manifest.len != 0; }
static hm_err put_manifest(const hm_request *r, hm_buf *cbor) { return hm_cbor_put_bytes(cbor, r->manifest); }

/* What the artifacts say of the manifest is what it is. Whether it is one at all, the core asks the devices' reader. */
static hm_err get_manifest(hm_reader *reader, hm_request *r) {
    uint8_t digest[HM_SHA256_LEN];
    HM_TRY(hm_cbor_get_bytes(reader, &r->manifest));
    if (!r->manifest.len || r->manifest.len > HM_REQUEST_MANIFEST_MAX)
        return hm_refuse("a manifest has 1 to %d bytes", HM_REQUEST_MANIFEST_MAX);
    hm_sha256(r->manifest, digest);
    for (size_t i = 0; i < r->artifacts; i++) {
        const hm_artifact *a = &r->artifact[i];
        if (a->format != HM_POLICY_NATIVE || a->size != r->manifest.len ||
            !hm_bytes_equal(a->plain, HM_ARRAY(digest)) || !hm_bytes_equal(a->content, HM_ARRAY(digest)))
            return hm_refuse("an artifact is not its manifest");
    }
    return HM_OK;
}

static bool is_publish(const hm_request *r) { return r->publish; }
static hm_err put_act(const hm_request *r, hm_buf *cbor) { return (void)r, hm_cbor_put_uint(cbor, TO_PUBLISH); }
static hm_err get_act(hm_reader *reader, hm_request *r) {
    uint64_t act;
    HM_TRY(hm_cbor_get_uint(reader, &act));
    r->publish = act == TO_PUBLISH;
    if (!r->publish) return hm_refuse("there is no act %llu", (unsigned long long)act);
    return r->manifest.len ? hm_refuse("a manifest is not published, envelopes are") : HM_OK;
}
static hm_err put_by(const hm_request *r, hm_buf *cbor) { return hm_cbor_put_text(cbor, r->by); }
static hm_err get_by(hm_reader *reader, hm_request *r) {
    return get_name(reader, &r->by, HM_PRINCIPAL_NAME_MAX, "a principal's name");
}
static bool has_by(const hm_request *r) { return r->by.len != 0; }

static bool has_documents(const hm_request *r) { return r->documents.count != 0; }
static hm_err put_documents(const hm_request *r, hm_buf *cbor) { return hm_documents_put(&r->documents, cbor); }
static hm_err get_documents(hm_reader *reader, hm_request *r) {
    if (r->publish) return hm_refuse("SBOM and provenance are named when it is signed");
    return hm_documents_read(reader, &r->documents);
}

static const struct {
    member_put put;
    member_get get;
    member_is_there is_there; /* of those that need not be */
} members[MEMBERS] = {
    {put_version, get_version, NULL},
    {put_office, get_office, NULL},
    {put_requester, get_requester, NULL},
    {put_product, get_product, NULL},
    {put_release, get_release, NULL},
    {put_rule, get_rule, NULL},
    {put_time, get_time, NULL},
    {put_expires, get_expires, NULL},
    {put_statements, get_statements, NULL},
    {put_artifacts, get_artifacts, NULL},
    {put_manifest, get_manifest, has_manifest},
    {put_act, get_act, is_publish},
    {put_by, get_by, has_by},
    {put_documents, get_documents, has_documents},
};

bool hm_artifact_same(const hm_artifact *a, const hm_artifact *b) {
    return a->format == b->format && a->algorithm == b->algorithm && a->size == b->size &&
           hm_bytes_equal(a->plain, b->plain) && hm_bytes_equal(a->content, b->content);
}

static bool is_match(const hm_request *request, const hm_artifact *a, const hm_artifact *b) {
    return hm_artifact_same(a, b) && (!request->publish || hm_bytes_equal(a->name, b->name));
}

hm_err hm_request_match(const hm_request *request, const hm_artifact *artifact,
                        bool matched[static HM_REQUEST_ARTIFACTS]) {
    for (size_t i = 0; i < request->artifacts; i++) {
        if (!is_match(request, &request->artifact[i], artifact)) continue;
        if (matched[i]) return hm_refuse("is an artifact of the request that was named before");
        matched[i] = true;
        return HM_OK;
    }
    return hm_refuse("is not what the request asks for (another file, or it was changed)");
}

hm_err hm_request_matched(const hm_request *request, const bool matched[static HM_REQUEST_ARTIFACTS]) {
    for (size_t i = 0; i < request->artifacts; i++)
        if (!matched[i])
            return hm_refuse("%.*s is in the request, too, and was not looked at", (int)request->artifact[i].name.len,
                             (const char *)request->artifact[i].name.data);
    return HM_OK;
}

static bool is_twice(const hm_request *r, size_t i, size_t k) {
    const hm_artifact *a = &r->artifact[i], *b = &r->artifact[k];
    return r->publish ? hm_bytes_equal(a->name, b->name) : hm_artifact_same(a, b);
}

static hm_err check_whole(const hm_request *r) {
    for (size_t i = 0; i < r->artifacts; i++)
        for (size_t k = 0; k < i; k++)
            if (is_twice(r, i, k)) return hm_refuse("it names an artifact twice");
    if (r->publish != has_by(r)) return hm_refuse("who had it signed is named of what is published, and only of that");
    /* Nobody approves the digest of a manifest that he cannot see. */
    for (size_t i = 0; i < r->artifacts && !r->manifest.len && !r->publish; i++)
        if (r->artifact[i].format == HM_POLICY_NATIVE) return hm_refuse("a native release comes with its manifest");
    return HM_OK;
}

static hm_err get_all(hm_bytes cbor, hm_request *r) {
    hm_reader reader = hm_reader_of(cbor);
    hm_bytes previous = HM_NO_BYTES;
    uint64_t pairs;
    if (cbor.len > HM_REQUEST_MAX) return hm_refuse("it is larger than %d bytes", HM_REQUEST_MAX);
    HM_TRY(hm_cbor_get_map(&reader, &pairs));
    int next = 1;
    for (uint64_t i = 0; i < pairs; i++) {
        int64_t key;
        HM_TRY(hm_cbor_get_key(&reader, &previous, &key));
        if (key < next || key > MEMBERS || (next <= REQUIRED && key != next))
            return hm_refuse("its members are 1 to %d, and some of those up to %d", REQUIRED, MEMBERS);
        HM_TRY(members[key - 1].get(&reader, r));
        next = (int)key + 1;
    }
    if (next <= REQUIRED) return hm_refuse("it has at least %d members", REQUIRED);
    HM_TRY(check_whole(r));
    return hm_read_end(&reader);
}

hm_err hm_request_get(hm_bytes cbor, hm_request *request) {
    memset(request, 0, sizeof *request);
    hm_err err = hm_in(get_all(cbor, request), "a request");
    if (hm_failed(err)) memset(request, 0, sizeof *request);
    return err;
}

static bool is_there(const hm_request *r, int member) {
    return !members[member].is_there || members[member].is_there(r);
}

static hm_err put_all(const hm_request *request, hm_buf *cbor) {
    uint64_t pairs = 0;
    for (int i = 0; i < MEMBERS; i++) pairs += is_there(request, i);
    HM_TRY(hm_cbor_put_map(cbor, pairs));
    for (int i = 0; i < MEMBERS; i++) {
        if (!is_there(request, i)) continue;
        HM_TRY(hm_cbor_put_uint(cbor, (uint64_t)i + 1));
        HM_TRY(members[i].put(request, cbor));
    }
    return HM_OK;
}

hm_err hm_request_put(const hm_request *request, hm_buf *cbor) {
    static _Thread_local hm_request again; /* too large for a stack */
    HM_BUF fresh = HM_BUF_EMPTY;
    if (request->artifacts > HM_REQUEST_ARTIFACTS)
        return hm_refuse("a request has at most %d artifacts", HM_REQUEST_ARTIFACTS);
    if (request->time < 0 || request->expires < 0) return hm_refuse("a request: a time is out of range");
    HM_TRY(put_all(request, &fresh));
    HM_TRY(hm_request_get(hm_buf_bytes(&fresh), &again));
    return hm_put(cbor, hm_buf_bytes(&fresh));
}
