/* The office, its products and its keys. */
#include "store_test.h"

static void an_office_that_was_never_finished_is_a_fault(void **state) {
    fixture *f = *state;
    HM_BUF storage = HM_BUF_EMPTY;
    hm_office_row office;
    assert_could_not(hm_store_get_office(f->store, &storage, &office), "never finished");
}

static void gives_the_office_back(void **state) {
    fixture *f = *state;
    HM_BUF storage = HM_BUF_EMPTY;
    hm_office_row office;
    assert_done(hm_put_text(&storage, "what was there before"));
    assert_done(hm_store_put_office(f->store, &some_office));
    assert_done(hm_store_get_office(f->store, &storage, &office));
    assert_memory_equal(office.uuid, some_office.uuid, sizeof office.uuid);
    assert_string_equal(office.organization, "Example");
    assert_string_equal(office.token, "softhsm");
    assert_string_equal(office.pin_path, "");
    assert_string_equal(office.origin, "example.com/log");
    assert_true(office.development);
    assert_int_equal(office.created, 1790000000);
}

static void there_is_one_office_and_it_is_written_once(void **state) {
    fixture *f = *state;
    HM_BUF storage = HM_BUF_EMPTY;
    hm_office_row office, other = some_office;
    other.organization = "Another";
    assert_done(hm_store_put_office(f->store, &some_office));
    assert_could_not(hm_store_put_office(f->store, &other), "UNIQUE");
    assert_done(hm_store_get_office(f->store, &storage, &office));
    assert_string_equal(office.organization, "Example");
}

static void an_office_with_an_id_of_the_wrong_length_is_a_fault(void **state) {
    fixture *f = *state;
    HM_BUF storage = HM_BUF_EMPTY;
    hm_office_row office;
    uint64_t index;
    assert_done(hm_store_put_office(f->store, &some_office));
    sql(f, "UPDATE office SET uuid=x'0102'");
    assert_could_not(hm_store_get_office(f->store, &storage, &office), "wrong length");
    /* The fault holds on to nothing: another writes, and so can this one. */
    sql(f, "UPDATE office SET uuid=x'00112233445566778899aabbccddeeff'");
    assert_done(append(f->store, "leaf", &index));
    assert_done(hm_store_get_office(f->store, &storage, &office));
}

typedef struct {
    size_t count;
    char name[4][16];
    hm_product_row row;
} products;

static hm_err keep_product(void *context, const hm_product_row *product) {
    products *kept = context;
    kept->row = *product;
    snprintf(kept->name[kept->count++], sizeof kept->name[0], "%.*s", (int)product->name.len,
             (const char *)product->name.data);
    return HM_OK;
}

static void add_product(hm_store *store, const char *name, int64_t *id) {
    hm_product_row product = product_of(name);
    assert_done(hm_store_add_product(store, &product, id));
}

static void a_product_can_be_added_once(void **state) {
    fixture *f = *state;
    int64_t id;
    hm_product_row again = product_of("pump");
    add_product(f->store, "pump", &id);
    again.algorithms = 4;
    assert_could_not(hm_store_add_product(f->store, &again, &id), "UNIQUE");
    products kept = {0};
    size_t found;
    assert_done(hm_store_products(f->store, NULL, keep_product, &kept, &found));
    assert_int_equal(found, 1);
    assert_int_equal(kept.row.algorithms, 2);
}

static void finds_a_product_by_its_whole_name(void **state) {
    fixture *f = *state;
    static const char *const near[] = {"pum", "pumps", "Pump", "pump ", "%", "pump' OR '1'='1", "", "valv_"};
    int64_t pump, valve;
    size_t found;
    add_product(f->store, "pump", &pump);
    add_product(f->store, "valve", &valve);
    assert_true(pump > 0 && valve > 0 && pump != valve);
    for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
        products none = {0};
        hm_bytes name = hm_text(near[i]);
        assert_done(hm_store_products(f->store, &name, keep_product, &none, &found));
        if (found || none.count) fail_msg("found by \"%s\"", near[i]);
    }
    products kept = {0};
    hm_bytes name = LITERAL("valve");
    assert_done(hm_store_products(f->store, &name, keep_product, &kept, &found));
    assert_int_equal(found, 1);
    assert_int_equal(kept.row.id, valve);
    assert_memory_equal(kept.row.vendor, product_of("valve").vendor, 16);
    assert_memory_equal(kept.row.class, product_of("valve").class, 16);
    assert_int_equal(kept.row.created, 5);
}

static void lists_products_in_the_order_they_came(void **state) {
    fixture *f = *state;
    int64_t id;
    size_t found;
    products kept = {0};
    add_product(f->store, "z", &id);
    add_product(f->store, "a", &id);
    add_product(f->store, "m", &id);
    assert_done(hm_store_products(f->store, NULL, keep_product, &kept, &found));
    assert_int_equal(found, 3);
    assert_string_equal(kept.name[0], "z");
    assert_string_equal(kept.name[1], "a");
    assert_string_equal(kept.name[2], "m");
}

static void a_name_with_quotes_is_a_name(void **state) {
    fixture *f = *state;
    int64_t id;
    size_t found;
    products kept = {0};
    hm_bytes name = LITERAL("'); DROP--");
    add_product(f->store, "'); DROP--", &id);
    assert_done(hm_store_products(f->store, &name, keep_product, &kept, &found));
    assert_int_equal(found, 1);
}

static void a_visitor_of_products_that_fails_leaves_the_store_usable(void **state) {
    fixture *f = *state;
    int64_t id;
    size_t found;
    counter first = {.fail_at = 2}, second = {0};
    uint64_t index;
    add_product(f->store, "pump", &id);
    add_product(f->store, "valve", &id);
    add_product(f->store, "drive", &id);
    assert_int_equal(hm_store_products(f->store, NULL, count_product, &first, &found).class, HM_REFUSED);
    assert_string_equal(hm_err_sentence(), "the visitor has seen enough");
    assert_int_equal(first.seen, 2);
    /* Nothing is held: another connection writes, and then this one. */
    sql(f, "DELETE FROM product WHERE name='drive'");
    assert_done(append(f->store, "leaf", &index));
    assert_done(hm_store_products(f->store, NULL, count_product, &second, &found));
    assert_int_equal(second.seen, 2);
}

static void a_product_with_an_id_of_the_wrong_length_is_a_fault(void **state) {
    fixture *f = *state;
    int64_t id;
    size_t found;
    counter count = {0};
    add_product(f->store, "pump", &id);
    sql(f, "UPDATE product SET class=x'01'");
    assert_could_not(hm_store_products(f->store, NULL, count_product, &count, &found), "wrong length");
    assert_int_equal(count.seen, 0);
}

static void add_key(hm_store *store, int64_t product, hm_key_role role, int algorithm, const char *name, int64_t *id) {
    hm_key_row key = key_of(product, role, algorithm, name);
    assert_done(hm_store_add_key(store, &key, id));
}

/* In the order in which they were added: the last one is the newest. */
static void a_key_may_follow_another_of_its_role_and_algorithm(void **state) {
    fixture *f = *state;
    int64_t first, second;
    counter count = {0};
    size_t found;
    add_key(f->store, 1, HM_KEY_ROLE_SIGNING, 1, "first", &first);
    add_key(f->store, 1, HM_KEY_ROLE_SIGNING, 1, "second", &second);
    assert_true(second > first);
    add_key(f->store, 1, HM_KEY_ROLE_SIGNING, 3, "other algorithm", &first);
    add_key(f->store, 1, HM_KEY_ROLE_PRODUCT_CA, 1, "other role", &first);
    add_key(f->store, 2, HM_KEY_ROLE_SIGNING, 1, "other product", &first);
    assert_done(hm_store_keys(f->store, 1, HM_KEY_ROLE_SIGNING, 1, count_key, &count, &found));
    assert_int_equal(found, 2);
}

/* One key in two roles would let a signature for one pass for the other. */
static void a_key_is_in_the_store_once(void **state) {
    fixture *f = *state;
    int64_t id;
    add_key(f->store, 1, HM_KEY_ROLE_SIGNING, 1, "first", &id);
    hm_key_row same_id = key_of(2, HM_KEY_ROLE_SIGNING, 1, "first"),
               same_spki = key_of(2, HM_KEY_ROLE_SIGNING, 1, "second");
    same_id.spki = LITERAL("another public key");
    same_spki.spki = LITERAL("first");
    assert_could_not(hm_store_add_key(f->store, &same_id, &id), "token_id");
    assert_could_not(hm_store_add_key(f->store, &same_spki, &id), "spki");
}

typedef struct {
    size_t count;
    hm_key_row row;
    char certificate[32], chain[32];
} keys;

static hm_err keep_key(void *context, const hm_key_row *key) {
    keys *kept = context;
    kept->count++;
    kept->row = *key;
    snprintf(kept->certificate, sizeof kept->certificate, "%.*s", (int)key->certificate.len,
             (const char *)key->certificate.data);
    snprintf(kept->chain, sizeof kept->chain, "%.*s", (int)key->chain.len, (const char *)key->chain.data);
    return HM_OK;
}

static size_t keys_of(hm_store *store, int64_t product, int role, int algorithm, keys *kept) {
    size_t found;
    memset(kept, 0, sizeof *kept);
    assert_done(hm_store_keys(store, product, role, algorithm, keep_key, kept, &found));
    assert_int_equal(found, kept->count);
    return found;
}

static void finds_keys_by_product_role_and_algorithm(void **state) {
    fixture *f = *state;
    int64_t id, log;
    keys kept;
    add_key(f->store, 0, HM_KEY_ROLE_LOG, 5, "log", &log);
    add_key(f->store, 0, HM_KEY_ROLE_ROOT, 3, "root", &id);
    add_key(f->store, 1, HM_KEY_ROLE_SIGNING, 1, "signing", &id);
    add_key(f->store, 1, HM_KEY_ROLE_SIGNING, 3, "signing too", &id);
    assert_int_equal(keys_of(f->store, -1, 0, 0, &kept), 4);
    assert_int_equal(keys_of(f->store, 0, 0, 0, &kept), 2);
    assert_int_equal(keys_of(f->store, 1, HM_KEY_ROLE_SIGNING, 0, &kept), 2);
    assert_int_equal(keys_of(f->store, 1, HM_KEY_ROLE_SIGNING, 2, &kept), 0);
    assert_int_equal(keys_of(f->store, 2, 0, 0, &kept), 0);
    assert_int_equal(keys_of(f->store, 0, HM_KEY_ROLE_LOG, 0, &kept), 1);
    assert_int_equal(kept.row.id, log);
    assert_int_equal(kept.row.role, HM_KEY_ROLE_LOG);
    assert_int_equal(kept.row.algorithm, 5);
    assert_int_equal(kept.row.created, 9);
    assert_string_equal((const char *)kept.row.token_id, "log");
}

static void a_key_begins_without_a_certificate_and_has_the_newest(void **state) {
    fixture *f = *state;
    int64_t id, other;
    keys kept;
    add_key(f->store, 1, HM_KEY_ROLE_SIGNING, 1, "signing", &id);
    add_key(f->store, 1, HM_KEY_ROLE_SIGNING, 3, "another", &other);
    keys_of(f->store, 1, HM_KEY_ROLE_SIGNING, 1, &kept);
    assert_string_equal(kept.certificate, "");
    assert_int_equal(kept.row.not_after, 0);
    assert_done(hm_store_set_certificate(f->store, id, LITERAL("old"), LITERAL("old chain"), true, 7));
    assert_done(hm_store_set_certificate(f->store, id, LITERAL("new"), HM_NO_BYTES, false, 8));
    keys_of(f->store, 1, HM_KEY_ROLE_SIGNING, 1, &kept);
    assert_string_equal(kept.certificate, "new");
    assert_string_equal(kept.chain, "");
    assert_false(kept.row.imported_chain);
    assert_int_equal(kept.row.not_after, 8);
    keys_of(f->store, 1, HM_KEY_ROLE_SIGNING, 3, &kept);
    assert_string_equal(kept.certificate, "");
}

static void a_certificate_for_a_key_that_is_not_there_is_a_fault(void **state) {
    fixture *f = *state;
    assert_could_not(hm_store_set_certificate(f->store, 12, LITERAL("certificate"), HM_NO_BYTES, false, 8),
                     "no key 12");
}

static void a_visitor_of_keys_that_fails_leaves_the_store_usable(void **state) {
    fixture *f = *state;
    int64_t id;
    size_t found;
    counter count = {.fail_at = 1};
    uint64_t index;
    keys kept;
    add_key(f->store, 1, HM_KEY_ROLE_SIGNING, 1, "first", &id);
    add_key(f->store, 1, HM_KEY_ROLE_SIGNING, 3, "second", &id);
    assert_int_equal(hm_store_keys(f->store, -1, 0, 0, count_key, &count, &found).class, HM_REFUSED);
    assert_int_equal(count.seen, 1);
    sql(f, "UPDATE key SET not_after=77");
    assert_done(append(f->store, "leaf", &index));
    assert_int_equal(keys_of(f->store, -1, 0, 0, &kept), 2);
    assert_int_equal(kept.row.not_after, 77);
}

static void a_key_with_an_id_of_the_wrong_length_is_a_fault(void **state) {
    fixture *f = *state;
    int64_t id;
    size_t found;
    counter count = {0};
    add_key(f->store, 1, HM_KEY_ROLE_SIGNING, 1, "first", &id);
    sql(f, "UPDATE key SET token_id=x''");
    assert_could_not(hm_store_keys(f->store, -1, 0, 0, count_key, &count, &found), "wrong length");
    assert_int_equal(count.seen, 0);
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, make_store, remove_store)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_STORE(an_office_that_was_never_finished_is_a_fault),
        WITH_STORE(gives_the_office_back),
        WITH_STORE(there_is_one_office_and_it_is_written_once),
        WITH_STORE(an_office_with_an_id_of_the_wrong_length_is_a_fault),
        WITH_STORE(a_product_can_be_added_once),
        WITH_STORE(finds_a_product_by_its_whole_name),
        WITH_STORE(lists_products_in_the_order_they_came),
        WITH_STORE(a_name_with_quotes_is_a_name),
        WITH_STORE(a_visitor_of_products_that_fails_leaves_the_store_usable),
        WITH_STORE(a_product_with_an_id_of_the_wrong_length_is_a_fault),
        WITH_STORE(a_key_may_follow_another_of_its_role_and_algorithm),
        WITH_STORE(a_key_is_in_the_store_once),
        WITH_STORE(finds_keys_by_product_role_and_algorithm),
        WITH_STORE(a_key_begins_without_a_certificate_and_has_the_newest),
        WITH_STORE(a_certificate_for_a_key_that_is_not_there_is_a_fault),
        WITH_STORE(a_visitor_of_keys_that_fails_leaves_the_store_usable),
        WITH_STORE(a_key_with_an_id_of_the_wrong_length_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
