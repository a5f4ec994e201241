#include "base_test.h"

#include <base/closest.h>

static const char *const names[] = {"es256", "es384", "rsa3072", "rsa4096", "ed25519"};

static const char *nearest(const char *word) {
    hm_closest closest = hm_closest_begin(hm_text(word));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) hm_closest_try(&closest, names[i]);
    return closest.name ? closest.name : "none";
}

static void finds_the_name_that_one_slip_was_made_in(void **state) {
    (void)state;
    assert_string_equal(nearest("es38"), "es384");
    assert_string_equal(nearest("es3844"), "es384");
    assert_string_equal(nearest("es385"), "es384");
    assert_string_equal(nearest("es348"), "es384");
    assert_string_equal(nearest("se256"), "es256");
    assert_string_equal(nearest("s384"), "es384");
    assert_string_equal(nearest("es384"), "es384");
}

static void two_slips_need_a_longer_word(void **state) {
    (void)state;
    assert_string_equal(nearest("ed25591"), "ed25519");
    assert_string_equal(nearest("rsa3702"), "rsa3072");
    assert_string_equal(nearest("ras3702"), "rsa3072");
    assert_string_equal(nearest("es265x"), "es256");
    assert_string_equal(nearest("se348"), "none");
}

static void of_two_as_near_the_first_counts(void **state) {
    (void)state;
    hm_closest closest = hm_closest_begin(LITERAL("cat"));
    hm_closest_try(&closest, "car");
    hm_closest_try(&closest, "bat");
    assert_string_equal(closest.name, "car");
}

static void says_nothing_of_what_is_not_near(void **state) {
    (void)state;
    static const char *const words[] = {"", "e", "es", "x", "rsa", "p-256", "dilithium", "rsa30729", "ed25519ed25519"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (i != 7) assert_string_equal(nearest(words[i]), "none");
    assert_string_equal(nearest(words[7]), "rsa3072");
}

static void leaves_words_alone_that_are_longer_than_any_name(void **state) {
    (void)state;
    char word[HM_CLOSEST_MAX + 2];
    memset(word, 'a', sizeof word);
    word[HM_CLOSEST_MAX + 1] = 0;
    hm_closest closest = hm_closest_begin(hm_text(word));
    hm_closest_try(&closest, word);
    assert_null(closest.name);
    closest = hm_closest_begin(HM_BYTES(word, HM_CLOSEST_MAX));
    hm_closest_try(&closest, word);
    assert_null(closest.name);
    word[HM_CLOSEST_MAX] = 0;
    hm_closest_try(&closest, word);
    assert_ptr_equal(closest.name, word);
}

static void the_hint_is_a_question_or_empty(void **state) {
    (void)state;
    char text[HM_HINT_MAX];
    hm_closest closest = hm_closest_begin(LITERAL("es348"));
    assert_string_equal(hm_closest_hint(&closest, text), "");
    hm_closest_try(&closest, "es384");
    assert_string_equal(hm_closest_hint(&closest, text), " (did you mean es384?)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_name_that_one_slip_was_made_in),
        cmocka_unit_test(two_slips_need_a_longer_word),
        cmocka_unit_test(of_two_as_near_the_first_counts),
        cmocka_unit_test(says_nothing_of_what_is_not_near),
        cmocka_unit_test(leaves_words_alone_that_are_longer_than_any_name),
        cmocka_unit_test(the_hint_is_a_question_or_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
