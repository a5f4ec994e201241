#include "trust_fixture.h"

hm_list_key key_numbered(unsigned number) {
    HM_BUF spki = HM_BUF_EMPTY, cose = HM_BUF_EMPTY;
    hm_list_key key;
    uint8_t point[32] = {(uint8_t)number, 1};
    WORKS(hm_spki_from_ed25519(HM_ARRAY(point), &spki));
    WORKS(hm_cose_key_put(hm_buf_bytes(&spki), &cose));
    WORKS(hm_list_key_read(hm_buf_bytes(&cose), &key));
    return key;
}

hm_list_log a_log(void) {
    /* The base point of P-256. */
    static const uint8_t point[] =
        "\x04\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96"
        "\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";
    HM_BUF spki = HM_BUF_EMPTY, cose = HM_BUF_EMPTY;
    hm_list_log log = {.office = "log's office...."};
    WORKS(hm_spki_from_ec_point(HM_KEY_ES256, HM_BYTES(point, 65), &spki));
    WORKS(hm_cose_key_put(hm_buf_bytes(&spki), &cose));
    WORKS(hm_list_key_read(hm_buf_bytes(&cose), &log.key));
    return log;
}

hm_publisher_file *publisher_file(const char *name, unsigned first_key, size_t keys) {
    hm_publisher_file *file = calloc(1, sizeof *file);
    assert_non_null(file);
    hm_list_publisher *p = &file->publisher;
    memset(p->uuid, name[0], sizeof p->uuid);
    snprintf(p->name, sizeof p->name, "%s", name);
    p->classes = 1;
    memset(p->class_id[0], 7, sizeof p->class_id[0]);
    p->kinds = 2;
    p->purposes = 1;
    p->threshold = 1;
    p->keys = keys;
    for (size_t i = 0; i < keys; i++) p->key[i] = key_numbered(first_key + (unsigned)i);
    return file;
}

static void add_publisher(hm_trust_list *list, const char *name, unsigned first_key, size_t keys) {
    hm_publisher_file *file = publisher_file(name, first_key, keys);
    hm_list_publisher *added;
    WORKS(hm_list_add_publisher(list, file, &added));
    free(file);
}

hm_trust_list *usual_list(void) {
    hm_trust_list *list;
    WORKS(hm_trust_list_new(&list));
    for (unsigned i = 1; i <= 3; i++) {
        hm_list_key key = key_numbered(i);
        WORKS(hm_list_add_root(list, &key));
    }
    WORKS(hm_list_set_threshold(list, 2));
    add_publisher(list, "Maker", 10, 2);
    add_publisher(list, "Hospital", 20, 1);
    list->version = 5;
    return list;
}

kid_text kid_of(const hm_list_key *key) {
    kid_text text;
    for (size_t i = 0; i < HM_LIST_KID_LEN; i++) snprintf(&text.text[2 * i], 3, "%02x", key->kid[i]);
    return text;
}

hm_list_revoked *revoke_but_keep(hm_trust_list *list, const hm_list_key *key, const uint8_t release[static 32]) {
    hm_list_revoked *revoked;
    WORKS(hm_list_revoke(list, kid_of(key).text, &revoked));
    WORKS(hm_list_keep(list, revoked, release));
    return revoked;
}
