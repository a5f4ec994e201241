/* A busy office's log. */
#include "busy_log.h"

#include <base/json.h>

#include <stdio.h>
#include <string.h>

enum { COMMIT = 65536, RELEASES = 500 };

void busy_log_matter(const busy_log *log, uint64_t n, busy_matter *m) {
    uint8_t random[HM_SHA256_LEN];
    hm_sha256(HM_BYTES(&n, sizeof n), random);
    m->principal = random[0] % BUSY_PRINCIPALS;
    m->product = &log->product[random[1] % BUSY_PRODUCTS];
    m->key = m->product->key[random[2] % BUSY_KEYS];
    m->release = (unsigned)(n / 1000 % RELEASES);
    m->time = log->began + (int64_t)((double)n * log->seconds);
    memcpy(m->plain, random, sizeof m->plain);
    hm_sha256(HM_ARRAY(random), m->signature);
}

static hm_err describe_intent(const busy_matter *m, hm_buf *details) {
    char text[64];
    hm_json json = hm_json_canonical(details);
    hm_json_object(&json, NULL);
    snprintf(text, sizeof text, "runner-%02u (workload)", m->principal);
    hm_json_string(&json, "actor", text);
    hm_json_string(&json, "algorithm", "es256");
    hm_json_string(&json, "certificate", "294f85e30ad9f11feab0cd4fe1f905369c6ef6b6345bb535495b85b326809374");
    hm_json_hex(&json, "content", HM_ARRAY(m->plain));
    hm_json_string(&json, "key", m->key);
    hm_json_string(&json, "name", "launcher-x86_64.exe");
    hm_json_hex(&json, "plain", HM_ARRAY(m->plain));
    hm_json_number(&json, "policy", 42);
    snprintf(text, sizeof text, "runner-%02u", m->principal);
    hm_json_string(&json, "principal", text);
    hm_json_string(&json, "product", m->product->name);
    snprintf(text, sizeof text, "2.%u.0", m->release);
    hm_json_string(&json, "release", text);
    hm_json_string(&json, "rule", "nightly");
    hm_json_number(&json, "size", 108032);
    hm_json_number(&json, "time", m->time);
    hm_json_string(&json, "token", "SoftHSM project / SoftHSM v2 / 83770f87bd053478");
    hm_json_close_object(&json);
    return hm_json_end(&json);
}

static hm_product class_of(const busy_matter *m) {
    hm_product product = {.id = 0};
    memcpy(product.class, m->product->class, sizeof product.class);
    return product;
}

static hm_err append_intent(hm_office *office, const busy_log *log, uint64_t n, uint64_t *index) {
    busy_matter m;
    HM_BUF details = HM_BUF_EMPTY;
    busy_log_matter(log, n, &m);
    hm_product product = class_of(&m);
    HM_TRY(describe_intent(&m, &details));
    hm_record record = {.type = HM_LEAF_INTENT,
                        .product = &product,
                        .format = 1,
                        .digest = HM_ARRAY(m.plain),
                        .details = hm_buf_bytes(&details)};
    return hm_log_append(office, &record, index);
}

static hm_err append_outcome(hm_office *office, const busy_log *log, uint64_t n, uint64_t intent) {
    busy_matter m;
    char text[64];
    uint64_t index;
    busy_log_matter(log, n, &m);
    hm_product product = class_of(&m);
    snprintf(text, sizeof text, "{\"time\":%lld}", (long long)m.time);
    hm_record record = {.type = HM_LEAF_OUTCOME,
                        .product = &product,
                        .format = 1,
                        .digest = HM_ARRAY(m.signature),
                        .has_intent = true,
                        .intent = intent,
                        .details = hm_text(text)};
    return hm_log_append(office, &record, &index);
}

static hm_err grow(hm_office *office, const busy_log *log, uint64_t from, uint64_t to) {
    for (uint64_t at = from; at < to; at += (uint64_t)2 * BUSY_BATCH) {
        uint64_t intent[BUSY_BATCH];
        for (uint64_t i = 0; i < BUSY_BATCH; i++) HM_TRY(append_intent(office, log, at / 2 + i, &intent[i]));
        for (uint64_t i = 0; i < BUSY_BATCH; i++) HM_TRY(append_outcome(office, log, at / 2 + i, intent[i]));
        if (at % COMMIT) continue;
        HM_TRY(hm_store_commit(office->store));
        HM_TRY(hm_store_begin(office->store));
    }
    return HM_OK;
}

hm_err busy_log_grow(hm_office *office, const busy_log *log, uint64_t from, uint64_t to) {
    HM_TRY(hm_store_begin(office->store));
    HM_TRY(grow(office, log, from, to));
    return hm_store_commit(office->store);
}
