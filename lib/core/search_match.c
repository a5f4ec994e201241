/* What is asked for, and whether an entry is it. */
#include "search.h"

#include <base/json.h>
#include <pki/cose.h>

#include <string.h>

/* ---- what an entry says ---- */

static void take_fact(void *context, hm_bytes name, hm_bytes value) {
    hm_search_facts *facts = context;
    const struct {
        const char *name;
        hm_bytes *to;
    } taken[] = {{"key", &facts->key},
                 {"principal", &facts->who},
                 {"product", &facts->product},
                 {"release", &facts->release},
                 {"plain", &facts->plain},
                 {"certificate", &facts->certificate},
                 {"statement", &facts->statement},
                 /* Who decided about a request, whoever handed that in: it comes behind the others, and counts. */
                 {"who", &facts->who}};
    uint64_t time;
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (hm_bytes_equal(name, hm_text(taken[i].name))) *taken[i].to = value;
    if (hm_bytes_equal(name, hm_text("time")) && !hm_failed(hm_decimal_decode(value, &time)) && time <= INT64_MAX)
        facts->time = (int64_t)time;
}

/* "name (how he was known)" is who has no member of his own. */
static hm_bytes who_of_actor(hm_bytes actor) {
    hm_bytes name;
    size_t len = 0;
    while (len < actor.len && actor.data[len] != ' ') len++;
    return hm_failed(hm_bytes_part(actor, 0, len, &name)) ? HM_NO_BYTES : name;
}

static hm_err read_statement(hm_search_facts *facts) {
    static hm_cose_envelope read; /* one core per process; too large for a stack */
    HM_BUF envelope = HM_BUF_EMPTY, hex = HM_BUF_EMPTY;
    hm_statement statement;
    HM_TRY(hm_base64_decode(facts->statement, &envelope));
    HM_TRY(hm_cose_draft_get(hm_buf_bytes(&envelope), &read));
    HM_TRY(hm_statement_get(read.payload, &statement));
    if (!facts->product.len && statement.product.len < sizeof facts->stated_product) {
        if (statement.product.len) memcpy(facts->stated_product, statement.product.data, statement.product.len);
        facts->product = hm_text(facts->stated_product);
    }
    if (statement.act != HM_ACT_KEY) return HM_OK;
    HM_TRY(hm_put_hex(&hex, HM_ARRAY(statement.token_id)));
    memcpy(facts->stated_key, hex.data, hex.len);
    facts->key = hm_text(facts->stated_key);
    return HM_OK;
}

/* What officers state of a key, or for a product, names that in the statement alone, which is read where it stands: so
 * it is found whichever version of an office took the statement. One that cannot be read is about none. */
static hm_err take_statement(hm_search_facts *facts) {
    if (!facts->statement.len) return HM_OK;
    hm_err err = read_statement(facts);
    return err.class == HM_REFUSED ? HM_OK : err;
}

hm_err hm_search_facts_of(hm_bytes details, hm_search_facts *facts) {
    *facts = (hm_search_facts){.time = -1};
    hm_json_members(details, take_fact, facts);
    if (!facts->who.len) facts->who = who_of_actor(hm_json_text_of(details, "actor"));
    return take_statement(facts);
}

/* ---- what is asked for ---- */

static hm_err take_type(hm_bytes word, hm_leaf_type *type) {
    static const char *const words[] = {
        [HM_LEAF_INTENT] = "intent",          [HM_LEAF_OUTCOME] = "outcome", [HM_LEAF_REFUSAL] = "refusal",
        [HM_LEAF_CEREMONY] = "ceremony",      [HM_LEAF_FAILURE] = "failure", [HM_LEAF_REQUEST] = "request",
        [HM_LEAF_PUBLICATION] = "publication"};
    for (size_t i = HM_LEAF_INTENT; i < sizeof words / sizeof words[0]; i++)
        if (hm_bytes_equal(word, hm_text(words[i]))) return *type = (hm_leaf_type)i, HM_OK;
    return hm_misuse("there are no entries of the type %.*s (there are intent, outcome, refusal, ceremony, failure, "
                     "request and publication)",
                     (int)word.len, (const char *)word.data);
}

/* As the log's details have it: escaped, without quotes. */
static hm_err keep_text(hm_bytes text, hm_buf *storage, hm_bytes *kept) {
    HM_BUF value = HM_BUF_EMPTY;
    hm_json json = hm_json_canonical(&value);
    size_t at = storage->len;
    hm_json_text(&json, NULL, text);
    HM_TRY(hm_json_end(&json));
    HM_TRY(hm_put(storage, HM_BYTES(value.data + 1, value.len - 2)));
    *kept = HM_BYTES(storage->data + at, storage->len - at);
    return HM_OK;
}

static hm_err check_key(hm_bytes key) {
    for (size_t i = 0; i < key.len; i++) {
        uint8_t c = key.data[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return hm_misuse("a key is named by the digits that its id begins with (hallmark key list)");
    }
    if (key.len < HM_SEARCH_KEY_LEAST || key.len > 2 * HM_KEY_ID_LEN)
        return hm_misuse("a key is named by its id, or the first %d digits of it at least (hallmark key list)",
                         HM_SEARCH_KEY_LEAST);
    return HM_OK;
}

static hm_err check_query(const hm_search_query *query) {
    size_t digest = query->digest.len;
    if (query->key.len) HM_TRY(check_key(query->key));
    if (digest && digest != 32 && digest != 48 && digest != 64)
        return hm_misuse("a digest has 32, 48 or 64 bytes, and not %zu", digest);
    if (query->since && query->until && query->since >= query->until)
        return hm_misuse("nothing lies between the two times: the first is not before the second");
    return HM_OK;
}

static hm_err find_class(hm_office *office, hm_search_terms *terms, hm_bytes name) {
    hm_product product;
    HM_TRY(hm_product_find(office, name, &product));
    memcpy(terms->product_class, product.class, sizeof terms->product_class);
    terms->has_product = true;
    return HM_OK;
}

hm_err hm_search_terms_make(hm_office *office, const hm_search_query *query, hm_search_terms *terms) {
    HM_TRY(check_query(query));
    if (query->type.len) HM_TRY(take_type(query->type, &terms->type));
    if (query->product.len) HM_TRY(find_class(office, terms, query->product));
    /* Six octets at most for one, so that views do not move. */
    HM_TRY(hm_buf_reserve(&terms->storage, 6 * (query->key.len + query->principal.len + query->product.len +
                                                query->release.len + query->digest.len + 1)));
    terms->query = (hm_search_query){.since = query->since, .until = query->until};
    HM_TRY(keep_text(query->key, &terms->storage, &terms->query.key));
    HM_TRY(keep_text(query->principal, &terms->storage, &terms->query.principal));
    HM_TRY(keep_text(query->product, &terms->storage, &terms->query.product));
    HM_TRY(keep_text(query->release, &terms->storage, &terms->query.release));
    size_t at = terms->storage.len;
    HM_TRY(hm_put(&terms->storage, query->digest));
    terms->query.digest = HM_BYTES(terms->storage.data + at, query->digest.len);
    return HM_OK;
}

/* ---- verdicts ---- */

static hm_search_verdict both(hm_search_verdict one, hm_search_verdict other) { return one < other ? one : other; }
static hm_search_verdict either(hm_search_verdict one, hm_search_verdict other) { return one > other ? one : other; }
static hm_search_verdict yes_if(bool holds) { return holds ? HM_SEARCH_YES : HM_SEARCH_NO; }

static bool is_hex_of(hm_bytes hex, hm_bytes digest) {
    static const char digits[] = "0123456789abcdef";
    if (hex.len != 2 * digest.len) return false;
    for (size_t i = 0; i < hex.len; i++) {
        unsigned nibble = i % 2 ? digest.data[i / 2] & 15u : digest.data[i / 2] >> 4;
        if (hex.data[i] != (uint8_t)digits[nibble]) return false;
    }
    return true;
}

static hm_search_verdict judge_digest(hm_bytes wanted, const hm_leaf *leaf, const hm_search_facts *facts) {
    if (!wanted.len || hm_bytes_equal(wanted, HM_BYTES(leaf->digest, leaf->digest_len))) return HM_SEARCH_YES;
    if (!facts) return HM_SEARCH_UNKNOWN;
    return yes_if(is_hex_of(facts->plain, wanted) || is_hex_of(facts->certificate, wanted));
}

/* What no detail can change, the leaf says. */
static hm_search_verdict judge_product(const hm_search_terms *terms, const hm_leaf *leaf,
                                       const hm_search_facts *facts) {
    if (!terms->has_product) return HM_SEARCH_YES;
    if (leaf->has_product)
        return yes_if(memcmp(leaf->product_class, terms->product_class, sizeof leaf->product_class) == 0);
    return facts ? yes_if(hm_bytes_equal(facts->product, terms->query.product)) : HM_SEARCH_UNKNOWN;
}

static bool begins_with(hm_bytes text, hm_bytes start) {
    hm_bytes part;
    return text.len >= start.len && !hm_failed(hm_bytes_part(text, 0, start.len, &part)) && hm_bytes_equal(part, start);
}

static hm_search_verdict judge_text(hm_bytes wanted, const hm_search_facts *facts, hm_bytes said) {
    if (!wanted.len) return HM_SEARCH_YES;
    return facts ? yes_if(hm_bytes_equal(wanted, said)) : HM_SEARCH_UNKNOWN;
}

hm_search_matter hm_search_judge(const hm_search_terms *terms, const hm_leaf *leaf, const hm_search_facts *facts) {
    const hm_search_query *q = &terms->query;
    hm_search_verdict rest = judge_product(terms, leaf, facts);
    if (q->key.len) rest = both(rest, facts ? yes_if(begins_with(facts->key, q->key)) : HM_SEARCH_UNKNOWN);
    rest = both(rest, judge_text(q->principal, facts, facts ? facts->who : HM_NO_BYTES));
    rest = both(rest, judge_text(q->release, facts, facts ? facts->release : HM_NO_BYTES));
    return (hm_search_matter){judge_digest(q->digest, leaf, facts), rest};
}

static hm_search_verdict judge_time(const hm_search_query *q, const hm_search_facts *facts) {
    if (!q->since && !q->until) return HM_SEARCH_YES;
    if (!facts) return HM_SEARCH_UNKNOWN;
    return yes_if(facts->time >= 0 && facts->time >= q->since && (!q->until || facts->time < q->until));
}

hm_search_verdict hm_search_conclude(const hm_search_terms *terms, const hm_leaf *leaf, const hm_search_facts *facts,
                                     hm_search_matter own, const hm_search_matter *intent) {
    if (terms->type && leaf->type != terms->type) return HM_SEARCH_NO;
    hm_search_matter matter = own;
    if (intent) matter = (hm_search_matter){either(own.digest, intent->digest), intent->rest};
    return both(judge_time(&terms->query, facts), both(matter.digest, matter.rest));
}
