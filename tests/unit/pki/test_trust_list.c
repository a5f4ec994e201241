/* The trust list's model: what is read, what is written, and what may be done to it. */
#include "trust_fixture.h"

static hm_trust_list *empty_list(void) {
    hm_trust_list *list;
    WORKS(hm_trust_list_new(&list));
    return list;
}

/* LIST as it is read; written again, that must be the same bytes. */
static hm_trust_list *written_and_read(const hm_trust_list *list) {
    HM_BUF first = HM_BUF_EMPTY, second = HM_BUF_EMPTY;
    hm_trust_list *again = empty_list();
    WORKS(hm_trust_list_put(list, &first));
    WORKS(hm_trust_list_read(hm_buf_bytes(&first), again));
    WORKS(hm_trust_list_put(again, &second));
    assert_true(hm_bytes_equal(hm_buf_bytes(&first), hm_buf_bytes(&second)));
    return again;
}

/* Encoding. */

static void what_was_written_is_read_and_written_the_same(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list();
    hm_list_log log = a_log();
    uint8_t digest[32] = {9};
    WORKS(hm_list_add_log(list, &log));
    revoke_but_keep(list, &list->publisher[0].key[1], digest);
    WORKS(hm_list_set_minimum(list, "Maker/main=7"));
    HM_TRUST_LIST *again = written_and_read(list);
    assert_int_equal(again->version, 5);
    assert_int_equal(again->publisher[0].keys, 2);
    assert_int_equal(again->minimum[0].security_version, 7);
    assert_memory_equal(again->digest[again->revoked_key[0].first_good], digest, sizeof digest);
}

static void notes_that_nobody_here_knows_stay(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list();
    static const uint8_t note[] = {0x20, 0x62, 'h', 'i'}; /* -1: "hi" */
    memcpy(list->note, note, sizeof note);
    list->notes = 1;
    list->notes_len = sizeof note;
    HM_TRUST_LIST *again = written_and_read(list);
    assert_int_equal(again->notes, 1);
    assert_memory_equal(again->note, note, sizeof note);
}

static void refuses_every_prefix_of_a_list(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list(), *into = empty_list();
    HM_BUF payload = HM_BUF_EMPTY;
    WORKS(hm_trust_list_put(list, &payload));
    for (size_t len = 0; len < payload.len; len++)
        assert_true(hm_failed(hm_trust_list_read(HM_BYTES(payload.data, len), into)));
}

static void refuses_bytes_behind_a_list(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list(), *into = empty_list();
    HM_BUF payload = HM_BUF_EMPTY;
    WORKS(hm_trust_list_put(list, &payload));
    WORKS(hm_put_u8(&payload, 0));
    FAILS(HM_REFUSED, "trust list", hm_trust_list_read(hm_buf_bytes(&payload), into));
}

static void writes_no_list_that_a_device_would_not_read(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list();
    HM_BUF payload = HM_BUF_EMPTY;
    list->threshold = 4;
    FAILS(HM_REFUSED, "not of this format", hm_trust_list_put(list, &payload));
    assert_int_equal(payload.len, 0);
    list->threshold = 0;
    FAILS(HM_REFUSED, "not of this format", hm_trust_list_put(list, &payload));
    list->threshold = 2;
    list->root[2] = list->root[1];
    FAILS(HM_REFUSED, "twice", hm_trust_list_put(list, &payload));
}

static void refuses_a_list_that_is_too_large(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list();
    HM_BUF payload = HM_BUF_EMPTY;
    for (unsigned i = 0; i < 121; i++) {
        char name[3] = {(char)('a' + i % 26), (char)('0' + i / 26), 0};
        hm_publisher_file *file = publisher_file(name, 30 + i, 1);
        hm_list_publisher *added;
        file->publisher.uuid[1] = (uint8_t)i;
        WORKS(hm_list_add_publisher(list, file, &added));
        free(file);
    }
    FAILS(HM_REFUSED, "larger than", hm_trust_list_put(list, &payload));
}

/* Keys and files. */

static void refuses_a_key_whose_kid_is_not_its_own(void **state) {
    (void)state;
    hm_list_key key = key_numbered(1), read;
    for (size_t i = 0; i < key.len; i++) {
        hm_list_key changed = key;
        changed.cose[i] ^= 1;
        assert_true(hm_failed(hm_list_key_read(HM_BYTES(changed.cose, changed.len), &read)));
    }
    FAILS(HM_REFUSED, "", hm_list_key_read(HM_BYTES(key.cose, key.len - 1), &read));
    key.cose[key.len] = 0;
    FAILS(HM_REFUSED, "", hm_list_key_read(HM_BYTES(key.cose, key.len + 1), &read));
}

static void a_publishers_file_comes_back_as_it_was(void **state) {
    (void)state;
    HM_BUF bytes = HM_BUF_EMPTY;
    hm_publisher_file *file = publisher_file("Maker", 10, 2), *again = calloc(1, sizeof *again);
    file->logs = 1;
    file->log[0] = a_log();
    WORKS(hm_publisher_file_put(file, &bytes));
    WORKS(hm_publisher_file_read(hm_buf_bytes(&bytes), again));
    assert_memory_equal(file, again, sizeof *file);
    for (size_t len = 0; len < bytes.len; len++)
        assert_true(hm_failed(hm_publisher_file_read(HM_BYTES(bytes.data, len), again)));
    free(file);
    free(again);
}

static void tells_the_small_files_apart(void **state) {
    (void)state;
    HM_BUF publisher_bytes = HM_BUF_EMPTY, log_bytes = HM_BUF_EMPTY;
    hm_publisher_file *file = publisher_file("Maker", 10, 1);
    hm_list_log log = a_log(), read;
    hm_list_key key;
    WORKS(hm_publisher_file_put(file, &publisher_bytes));
    WORKS(hm_log_file_put(&log, &log_bytes));
    HM_BUF root_bytes = HM_BUF_EMPTY;
    WORKS(hm_root_file_put(&log.key, &root_bytes));
    WORKS(hm_root_file_read(hm_buf_bytes(&root_bytes), &key));
    assert_memory_equal(key.kid, log.key.kid, sizeof key.kid);
    for (size_t len = 0; len < root_bytes.len; len++)
        assert_true(hm_failed(hm_root_file_read(HM_BYTES(root_bytes.data, len), &key)));
    FAILS(HM_REFUSED, "hallmark trust key", hm_root_file_read(hm_buf_bytes(&log_bytes), &key));
    FAILS(HM_REFUSED, "hallmark trust key", hm_root_file_read(HM_BYTES(log.key.cose, log.key.len), &key));
    FAILS(HM_REFUSED, "hallmark log key", hm_log_file_read(hm_buf_bytes(&root_bytes), &read));
    FAILS(HM_REFUSED, "COSE key", hm_list_key_read(hm_buf_bytes(&root_bytes), &key));
    WORKS(hm_log_file_read(hm_buf_bytes(&log_bytes), &read));
    FAILS(HM_REFUSED, "hallmark trust publisher", hm_publisher_file_read(hm_buf_bytes(&log_bytes), file));
    FAILS(HM_REFUSED, "hallmark log key", hm_log_file_read(hm_buf_bytes(&publisher_bytes), &log));
    FAILS(HM_REFUSED, "COSE key", hm_list_key_read(hm_buf_bytes(&log_bytes), &key));
    free(file);
}

/* Roots. */

static void refuses_roots_beyond_what_there_can_be(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list();
    hm_list_key key = key_numbered(1);
    FAILS(HM_MISUSED, "a root already", hm_list_add_root(list, &key));
    key = key_numbered(10);
    FAILS(HM_MISUSED, "Maker's already", hm_list_add_root(list, &key));
    for (unsigned i = 4; i <= 8; i++) {
        key = key_numbered(100 + i);
        WORKS(hm_list_add_root(list, &key));
    }
    key = key_numbered(200);
    FAILS(HM_MISUSED, "at most 8", hm_list_add_root(list, &key));
    FAILS(HM_MISUSED, "from 1 to 8", hm_list_set_threshold(list, 0));
    FAILS(HM_MISUSED, "from 1 to 8", hm_list_set_threshold(list, 9));
    assert_int_equal(list->roots, 8);
    assert_int_equal(list->threshold, 2);
}

static void a_root_is_named_by_its_kid_or_a_beginning(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list();
    kid_text kid = kid_of(&list->root[1]);
    FAILS(HM_MISUSED, "no kid", hm_list_remove_root(list, ""));
    FAILS(HM_MISUSED, "no kid", hm_list_remove_root(list, "abcdefg"));
    FAILS(HM_MISUSED, "no kid", hm_list_remove_root(list, "ABCDEF0123"));
    FAILS(HM_MISUSED, "has no key", hm_list_remove_root(list, "0123456789"));
    kid.text[10] = 0;
    WORKS(hm_list_remove_root(list, kid.text));
    assert_int_equal(list->roots, 2);
    FAILS(HM_MISUSED, "has no key", hm_list_remove_root(list, kid.text));
}

static void a_beginning_of_several_kids_names_none(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list();
    memcpy(list->root[1].kid, list->root[0].kid, 6);
    kid_text kid = kid_of(&list->root[0]);
    kid.text[12] = 0;
    FAILS(HM_MISUSED, "several keys", hm_list_remove_root(list, kid.text));
    assert_int_equal(list->roots, 3);
}

static void a_list_that_cannot_work_is_said_so(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list();
    WORKS(hm_trust_list_check(list));
    list->roots = 1;
    FAILS(HM_MISUSED, "has 1 roots, and 2 must sign", hm_trust_list_check(list));
    list->threshold = 0;
    FAILS(HM_MISUSED, "how many", hm_trust_list_check(list));
    list->roots = 0;
    FAILS(HM_MISUSED, "no root", hm_trust_list_check(list));
    list->roots = list->threshold = 1;
    list->publisher[0].threshold = 3;
    FAILS(HM_MISUSED, "3 of its 2 keys", hm_trust_list_check(list));
    list->publisher[0].threshold = 1;
    list->publisher[0].receipts = true;
    FAILS(HM_MISUSED, "names no log", hm_trust_list_check(list));
    list->publisher[0].retired = true;
    WORKS(hm_trust_list_check(list));
    list->publisher[1].classes = 0;
    FAILS(HM_MISUSED, "no class left", hm_trust_list_check(list));
    list->publisher[1].keys = 0;
    FAILS(HM_MISUSED, "no key left", hm_trust_list_check(list));
}

/* Publishers. */

static void a_publisher_is_found_by_name_or_uuid(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list();
    hm_list_publisher *found;
    WORKS(hm_list_find_publisher(list, "Hospital", &found));
    assert_ptr_equal(found, &list->publisher[1]);
    WORKS(hm_list_find_publisher(list, "48484848-4848-4848-4848-484848484848", &found));
    assert_ptr_equal(found, &list->publisher[1]);
    FAILS(HM_MISUSED, "no publisher", hm_list_find_publisher(list, "48484848-4848-4848-4848-484848484849", &found));
    FAILS(HM_MISUSED, "no publisher", hm_list_find_publisher(list, "hospital", &found));
    memcpy(list->publisher[0].name, "Hospital", 9);
    FAILS(HM_MISUSED, "several", hm_list_find_publisher(list, "Hospital", &found));
}

static void a_publisher_that_is_there_gets_what_it_lacks(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list();
    hm_publisher_file *file = publisher_file("Maker", 11, 2);
    hm_list_publisher *publisher;
    FAILS(HM_MISUSED, "already",
          hm_list_add_publisher(list, &(hm_publisher_file){.publisher = list->publisher[0]}, &publisher));
    WORKS(hm_list_add_publisher(list, file, &publisher));
    assert_int_equal(list->publishers, 2);
    assert_int_equal(publisher->keys, 3);
    WORKS(hm_list_retire(publisher));
    FAILS(HM_MISUSED, "retired already", hm_list_retire(publisher));
    file->publisher.key[0] = key_numbered(40);
    FAILS(HM_MISUSED, "stays so", hm_list_add_publisher(list, file, &publisher));
    free(file);
}

static void a_key_belongs_to_one(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list();
    hm_list_key root = key_numbered(1), makers = key_numbered(10), hospitals = key_numbered(20);
    FAILS(HM_MISUSED, "a root of this list", hm_list_add_key(list, &list->publisher[0], &root));
    FAILS(HM_MISUSED, "Maker has that key already", hm_list_add_key(list, &list->publisher[0], &makers));
    FAILS(HM_MISUSED, "Hospital's already", hm_list_add_key(list, &list->publisher[0], &hospitals));
    hm_publisher_file *file = publisher_file("Stranger", 20, 1);
    hm_list_publisher *publisher;
    FAILS(HM_MISUSED, "Hospital's already", hm_list_add_publisher(list, file, &publisher));
    assert_int_equal(list->publishers, 2);
    free(file);
}

static void classes_are_uuids_each_once(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list();
    hm_list_publisher *p = &list->publisher[0];
    static const char *const wrong[] = {"",
                                        "0",
                                        "00000000-0000-0000-0000-00000000000",
                                        "00000000_0000-0000-0000-000000000000",
                                        "g0000000-0000-0000-0000-000000000000",
                                        "00000000-0000-0000-0000-0000000000000"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        FAILS(HM_MISUSED, "no UUID", hm_list_add_class(p, wrong[i]));
    FAILS(HM_MISUSED, "already", hm_list_add_class(p, "07070707-0707-0707-0707-070707070707"));
    WORKS(hm_list_add_class(p, "0A0A0A0A-0707-0707-0707-070707070707"));
    FAILS(HM_MISUSED, "already", hm_list_add_class(p, "0a0a0a0a-0707-0707-0707-070707070707"));
    WORKS(hm_list_remove_class(p, "07070707-0707-0707-0707-070707070707"));
    FAILS(HM_MISUSED, "no class", hm_list_remove_class(p, "07070707-0707-0707-0707-070707070707"));
    assert_int_equal(p->classes, 1);
    assert_int_equal(p->class_id[0][0], 10);
}

static void kinds_and_purposes_are_words(void **state) {
    (void)state;
    uint64_t set = 77;
    FAILS(HM_MISUSED, "there is no kind", hm_list_kinds_read("firmwares", &set));
    FAILS(HM_MISUSED, "there is no kind", hm_list_kinds_read("", &set));
    FAILS(HM_MISUSED, "there is no kind", hm_list_kinds_read("?", &set));
    FAILS(HM_MISUSED, "there is no kind", hm_list_kinds_read("firmware,", &set));
    FAILS(HM_MISUSED, "production, development", hm_list_purposes_read("testing", &set));
    WORKS(hm_list_kinds_read("trust-list,firmware", &set));
    assert_int_equal(set, 1u << 7 | 1u << 1);
    HM_BUF words = HM_BUF_EMPTY;
    WORKS(hm_list_kinds_put(set | UINT64_C(1) << 40, &words));
    assert_true(hm_bytes_equal(hm_buf_bytes(&words), hm_text("firmware,trust-list,40")));
    WORKS(hm_list_purposes_read("development,production", &set));
    assert_int_equal(set, 3);
}

/* Revocation, minimums, logs. */

static void a_revoked_key_stays_revoked(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list();
    hm_list_revoked *revoked, *again;
    hm_list_key key = list->publisher[0].key[0];
    FAILS(HM_MISUSED, "no publisher has", hm_list_revoke(list, "0123456789", &revoked));
    FAILS(HM_MISUSED, "is a root", hm_list_revoke(list, kid_of(&list->root[0]).text, &revoked));
    WORKS(hm_list_revoke(list, kid_of(&key).text, &revoked));
    WORKS(hm_list_revoke(list, kid_of(&key).text, &again));
    assert_ptr_equal(revoked, again);
    assert_int_equal(list->revoked, 1);
    WORKS(hm_list_remove_key(&list->publisher[0], kid_of(&key).text));
    FAILS(HM_MISUSED, "revoked, and stays so", hm_list_add_key(list, &list->publisher[0], &key));
    FAILS(HM_MISUSED, "revoked, and stays so", hm_list_add_root(list, &key));
    hm_list_key unknown = key_numbered(99);
    WORKS(hm_list_revoke(list, kid_of(&unknown).text, &revoked));
}

/* The digests of all revoked keys stand behind one another: one more in the middle moves the others. */
static void releases_stay_good_of_the_key_that_signed_them(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list();
    uint8_t a[32] = {1}, b[32] = {2}, c[32] = {3};
    hm_list_revoked *first = revoke_but_keep(list, &list->publisher[0].key[0], a);
    revoke_but_keep(list, &list->publisher[0].key[1], b);
    WORKS(hm_list_keep(list, first, c));
    FAILS(HM_MISUSED, "already", hm_list_keep(list, first, c));
    HM_TRUST_LIST *again = written_and_read(list);
    assert_int_equal(again->revoked_key[0].good, 2);
    assert_int_equal(again->revoked_key[1].good, 1);
    assert_memory_equal(again->digest[again->revoked_key[0].first_good + 1], c, sizeof c);
    assert_memory_equal(again->digest[again->revoked_key[1].first_good], b, sizeof b);
}

static void refuses_more_releases_than_there_is_room_for(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list();
    hm_list_revoked *revoked;
    uint8_t digest[32] = {0};
    WORKS(hm_list_revoke(list, kid_of(&list->publisher[0].key[0]).text, &revoked));
    for (unsigned i = 0; i < HM_LIST_GOOD_MAX; i++) {
        digest[0] = (uint8_t)i;
        digest[1] = (uint8_t)(i >> 8);
        WORKS(hm_list_keep(list, revoked, digest));
    }
    digest[2] = 1;
    FAILS(HM_MISUSED, "no room", hm_list_keep(list, revoked, digest));
}

static void a_minimum_only_rises(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list();
    static const char *const wrong[] = {"",
                                        "Maker",
                                        "Maker/main",
                                        "Maker/main=",
                                        "Maker/main=-1",
                                        "Maker/main=x",
                                        "/main=1",
                                        "Maker/=1",
                                        "Maker=1/main",
                                        "Maker/012345678901234567890123456789012=1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        FAILS(HM_MISUSED, "PUBLISHER/COMPONENT=N", hm_list_set_minimum(list, wrong[i]));
    FAILS(HM_MISUSED, "no publisher", hm_list_set_minimum(list, "Nobody/main=1"));
    FAILS(HM_MISUSED, "says nothing", hm_list_set_minimum(list, "Maker/main=0"));
    WORKS(hm_list_set_minimum(list, "Maker/main=3"));
    FAILS(HM_MISUSED, "only ever rises", hm_list_set_minimum(list, "Maker/main=2"));
    FAILS(HM_MISUSED, "only ever rises", hm_list_set_minimum(list, "Maker/main=3"));
    WORKS(hm_list_set_minimum(list, "Maker/main=18446744073709551615"));
    WORKS(hm_list_set_minimum(list, "Hospital/main=1"));
    WORKS(hm_list_set_minimum(list, "Maker/a/b=1"));
    assert_int_equal(list->minimums, 3);
}

static void a_log_signs_receipts_with_p256(void **state) {
    (void)state;
    HM_TRUST_LIST *list = usual_list();
    hm_list_log log = a_log(), other = {.key = key_numbered(50)};
    FAILS(HM_MISUSED, "P-256", hm_list_add_log(list, &other));
    WORKS(hm_list_add_log(list, &log));
    FAILS(HM_MISUSED, "already", hm_list_add_log(list, &log));
    FAILS(HM_MISUSED, "no log has", hm_list_remove_log(list, "0123456789"));
    WORKS(hm_list_remove_log(list, kid_of(&log.key).text));
    assert_int_equal(list->logs, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_and_written_the_same),
        cmocka_unit_test(notes_that_nobody_here_knows_stay),
        cmocka_unit_test(refuses_every_prefix_of_a_list),
        cmocka_unit_test(refuses_bytes_behind_a_list),
        cmocka_unit_test(writes_no_list_that_a_device_would_not_read),
        cmocka_unit_test(refuses_a_list_that_is_too_large),
        cmocka_unit_test(refuses_a_key_whose_kid_is_not_its_own),
        cmocka_unit_test(a_publishers_file_comes_back_as_it_was),
        cmocka_unit_test(tells_the_small_files_apart),
        cmocka_unit_test(refuses_roots_beyond_what_there_can_be),
        cmocka_unit_test(a_root_is_named_by_its_kid_or_a_beginning),
        cmocka_unit_test(a_beginning_of_several_kids_names_none),
        cmocka_unit_test(a_list_that_cannot_work_is_said_so),
        cmocka_unit_test(a_publisher_is_found_by_name_or_uuid),
        cmocka_unit_test(a_publisher_that_is_there_gets_what_it_lacks),
        cmocka_unit_test(a_key_belongs_to_one),
        cmocka_unit_test(classes_are_uuids_each_once),
        cmocka_unit_test(kinds_and_purposes_are_words),
        cmocka_unit_test(a_revoked_key_stays_revoked),
        cmocka_unit_test(releases_stay_good_of_the_key_that_signed_them),
        cmocka_unit_test(refuses_more_releases_than_there_is_room_for),
        cmocka_unit_test(a_minimum_only_rises),
        cmocka_unit_test(a_log_signs_receipts_with_p256),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
