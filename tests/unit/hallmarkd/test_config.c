/* hallmarkd's configuration: what is not exactly that is refused, with its line. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static hm_err read_text(const char *text, hm_config *config) {
    memset(config, 0, sizeof *config);
    return hm_config_read(hm_text(text), config);
}

static void refused(hm_err err, const char *words) {
    assert_int_equal(err.class, HM_MISUSED);
    if (!strstr(hm_err_sentence(), words)) fail_msg("does not say '%s': %s", words, hm_err_sentence());
}

static void reads_words_and_values_and_passes_over_comments(void **state) {
    (void)state;
    hm_config config;
    hm_err err = read_text("# an office\n\n  office   /var/lib/hallmark \nlisten [::1]:8443\ndrain 3\n", &config);
    assert_false(hm_failed(err));
    assert_string_equal(config.office, "/var/lib/hallmark");
    assert_string_equal(config.listen, "[::1]:8443");
    assert_string_equal(config.certificate, "");
}

static void what_is_no_line_of_it_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *words;
    } wrong[] = {
        {"office /a\nofice /b\n", "line 2: \"ofice\""},
        {"office /a\noffice /b\n", "line 2: \"office\" stands above"},
        {"office\n", "has no value"},
        {"office /a", "line 1: has no end"},
        {"office /a\tb\n", "control character"},
        {"office /a\r\n", "control character"},
        {"listen", "has no end"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        hm_config config;
        refused(read_text(wrong[i].text, &config), wrong[i].words);
    }
}

static void a_value_that_is_too_long_is_refused(void **state) {
    (void)state;
    hm_config config;
    char text[HM_CONFIG_VALUE_MAX + 32];
    memset(text, 'a', sizeof text);
    memcpy(text, "office ", 7);
    text[7 + HM_CONFIG_VALUE_MAX] = '\n';
    text[8 + HM_CONFIG_VALUE_MAX] = 0;
    assert_false(hm_failed(read_text(text, &config)));
    assert_int_equal(strlen(config.office), HM_CONFIG_VALUE_MAX);
    text[7 + HM_CONFIG_VALUE_MAX] = 'a';
    text[8 + HM_CONFIG_VALUE_MAX] = '\n';
    text[9 + HM_CONFIG_VALUE_MAX] = 0;
    refused(read_text(text, &config), "too long");
}

static void what_does_not_go_together_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *words;
    } wrong[] = {
        {"listen 127.0.0.1:1\ncertificate a\nkey b\n", "which office"},
        {"office /a\nlisten 127.0.0.1:1\n", "takes a certificate"},
        {"office /a\nlisten 127.0.0.1:1\ncertificate a\n", "takes a certificate"},
        {"office /a\ncertificate a\nkey b\n", "are for HTTPS"},
        {"office /a\nissuers a\n", "are for HTTPS"},
        {"office /a\nlisten 127.0.0.1\ncertificate a\nkey b\n", "no address and port"},
        {"office /a\nlisten 127.0.0.1:65536\ncertificate a\nkey b\n", "no address and port"},
        {"office /a\nlisten :80\ncertificate a\nkey b\n", "no address before the port"},
        {"office /a\nmetrics here\n", "no address and port"},
        {"office /a\nlisten localhost:1\ncertificate a\nkey b\n", "localhost: is no address"},
        {"office /a\nlisten [localhost]:1\ncertificate a\nkey b\n", "localhost: is no address"},
        {"office /a\nmetrics localhost:9100\n", "localhost: is no address"},
        {"office /a\ndrain -1\n", "drain"},
        {"office /a\ndrain 3601\n", "drain"},
        {"office /a\ndrain soon\n", "drain"},
        {"office /a\ntsa yes\n", "tsa: is public or principals"},
        {"office /a\ntsa public\n", "tsa is for HTTPS"},
        {"office /a\ntsa-rate 3\n", "are for strangers"},
        {"office /a\ntsa principals\ntsa-listen 127.0.0.1:1\n", "are for strangers"},
        {"office /a\nlisten 127.0.0.1:1\ncertificate a\nkey b\ntsa public\ntsa-listen here:1\n", "is no address"},
        {"office /a\nlisten 127.0.0.1:1\ncertificate a\nkey b\ntsa public\ntsa-rate 0\n", "tsa-rate"},
        {"office /a\nlisten 127.0.0.1:1\ncertificate a\nkey b\ntsa public\ntsa-rate many\n", "tsa-rate"},
        {"office /a\nlisten 127.0.0.1:1\ncertificate a\nkey b\ntsa public\ntsa-rate 100001\n", "tsa-rate"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        hm_config config;
        assert_false(hm_failed(read_text(wrong[i].text, &config)));
        refused(hm_config_check(&config), wrong[i].words);
    }
}

static void an_office_alone_is_enough(void **state) {
    (void)state;
    hm_config config;
    assert_false(hm_failed(read_text("office /a\n", &config)));
    assert_false(hm_failed(hm_config_check(&config)));
    assert_int_equal(config.drain_seconds, 10);
}

static void strangers_get_timestamps_only_if_it_says_so(void **state) {
    (void)state;
    static const struct {
        const char *more;
        unsigned stamps;
    } texts[] = {{"", 0}, {"tsa principals\n", 0}, {"tsa public\n", 120}, {"tsa public\ntsa-rate 7\n", 7}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        hm_config config;
        char text[200];
        snprintf(text, sizeof text, "office /a\nlisten 127.0.0.1:1\ncertificate a\nkey b\n%s", texts[i].more);
        assert_false(hm_failed(read_text(text, &config)));
        assert_false(hm_failed(hm_config_check(&config)));
        assert_int_equal(config.strangers_stamps, texts[i].stamps);
    }
}

static void addresses_are_taken_apart(void **state) {
    (void)state;
    char host[64];
    uint16_t port;
    assert_false(hm_failed(hm_config_address("127.0.0.1:8443", host, &port)));
    assert_string_equal(host, "127.0.0.1");
    assert_int_equal(port, 8443);
    assert_false(hm_failed(hm_config_address("[2001:db8::1]:443", host, &port)));
    assert_string_equal(host, "2001:db8::1");
    assert_true(hm_failed(hm_config_address("[]:443", host, &port)) || !strcmp(host, "[]"));
    assert_true(hm_failed(hm_config_address("", host, &port)));
    assert_true(hm_failed(
        hm_config_address("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:1", host, &port)));
}

/* A name would be found to be none only when it is listened on. */
static void an_address_is_a_number_and_not_a_name(void **state) {
    (void)state;
    static const char *const wrong[] = {"localhost:1",
                                        "sign.example:443",
                                        "127.0.0.1.:1",
                                        "127.0.0:1",
                                        "127.0.0.1.1:1",
                                        "127.0.0.256:1",
                                        "0x7f.0.0.1:1",
                                        " 127.0.0.1:1",
                                        "127.0.0.1/8:1",
                                        "[::1%lo]:1",
                                        "[::g]:1",
                                        "[]:1",
                                        "[127.0.0.1.]:1",
                                        "*:1",
                                        "-:1"};
    static const char *const right[] = {"0.0.0.0:1", "[::]:65535", "10.1.2.3:443", "[fe80::1]:443",
                                        "[::ffff:10.0.0.1]:443"};
    char host[64];
    uint16_t port;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refused(hm_config_address(wrong[i], host, &port), "no address");
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        assert_false(hm_failed(hm_config_address(right[i], host, &port)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_words_and_values_and_passes_over_comments),
        cmocka_unit_test(what_is_no_line_of_it_is_refused),
        cmocka_unit_test(a_value_that_is_too_long_is_refused),
        cmocka_unit_test(what_does_not_go_together_is_refused),
        cmocka_unit_test(an_office_alone_is_enough),
        cmocka_unit_test(strangers_get_timestamps_only_if_it_says_so),
        cmocka_unit_test(addresses_are_taken_apart),
        cmocka_unit_test(an_address_is_a_number_and_not_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
