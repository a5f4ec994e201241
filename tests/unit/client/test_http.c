/* The HTTPS client against servers on loopback (http_server.py), most of which are bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <base/file.h>
#include <client/http.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The servers, which end when this process does. */
static char folder[64], ports[1024];
static pid_t server;
static int to_server = -1;

#define WORKS(expression) works((expression), __LINE__)
static void works(hm_err err, int line) {
    if (hm_failed(err)) fail_msg("line %d: %s", line, hm_err_sentence());
}

#define FAILS(class, words, expression) fails((class), (words), (expression), __LINE__)
static void fails(hm_class class, const char *words, hm_err err, int line) {
    if (err.class != class || !strstr(hm_err_sentence(), words))
        fail_msg("line %d: status %d: %s", line, (int)err.class, hm_err_sentence());
}

static pid_t run(char *const *words, int input, int output) {
    posix_spawn_file_actions_t actions;
    pid_t pid;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    posix_spawn_file_actions_adddup2(&actions, input, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    assert_int_equal(posix_spawnp(&pid, words[0], &actions, NULL, words, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static int start_servers(void **state) {
    (void)state;
    int in[2], out[2];
    char python[] = "/usr/bin/python3", program[] = HTTP_SERVER;
    snprintf(folder, sizeof folder, "/tmp/hallmark-http-XXXXXX");
    if (!mkdtemp(folder) || pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) return -1;
    char *const words[] = {python, program, folder, NULL};
    server = run(words, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    to_server = in[1];
    FILE *said = fdopen(out[0], "r");
    bool ready = said && fgets(ports, sizeof ports, said);
    if (said) fclose(said);
    return ready ? 0 : -1;
}

static int stop_servers(void **state) {
    (void)state;
    char *const words[] = {(char[]){"rm"}, (char[]){"-rf"}, folder, NULL};
    close(to_server);
    waitpid(server, NULL, 0);
    waitpid(run(words, 0, 2), NULL, 0);
    return 0;
}

static const char *file(const char *name) {
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static const char *url_of(const char *scheme, const char *name) {
    static char url[128];
    char word[32];
    snprintf(word, sizeof word, "%s=", name);
    const char *at = strstr(ports, word);
    assert_non_null(at);
    at += strlen(word);
    snprintf(url, sizeof url, "%s://127.0.0.1:%.*s", scheme, (int)strspn(at, "0123456789"), at);
    return url;
}

static hm_http_options usual(void) {
    return (hm_http_options){.ca_file = file("ca.pem"), .tls13 = true, .connect_ms = 5000, .total_ms = 10000};
}

static hm_http *client_of(const char *name) {
    hm_http_options options = usual();
    hm_http *http;
    WORKS(hm_http_open(url_of("https", name), &options, &http));
    return http;
}

static hm_err get_from(const char *name, const hm_http_options *options, const char *path) {
    HM_HTTP *http = NULL;
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    WORKS(hm_http_open(url_of("https", name), options, &http));
    hm_err err = hm_http_get(http, path, &answer);
    if (hm_failed(err)) assert_int_equal(answer.status + answer.body.len, 0);
    return err;
}

static void expect_body(const hm_http_answer *answer, const char *text) {
    assert_true(hm_bytes_equal(hm_buf_bytes(&answer->body), hm_text(text)));
}

static void gets_what_is_there_and_what_is_not(void **state) {
    (void)state;
    HM_HTTP *http = client_of("good");
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    WORKS(hm_http_get(http, "small", &answer));
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.content_type, "text/plain");
    assert_int_equal(answer.retry_after, 0);
    expect_body(&answer, "hello");
    WORKS(hm_http_get(http, "not/there?a=b", &answer));
    assert_int_equal(answer.status, 404);
    expect_body(&answer, "/not/there?a=b");
    WORKS(hm_http_get(http, "chunks", &answer));
    expect_body(&answer, "hello");
    WORKS(hm_http_get(http, "busy", &answer));
    assert_int_equal(answer.status, 503);
    assert_int_equal(answer.retry_after, 7);
}

static void a_path_of_the_base_comes_first(void **state) {
    (void)state;
    char base[256];
    hm_http_options options = usual();
    HM_HTTP *http = NULL;
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    snprintf(base, sizeof base, "%s/below/", url_of("https", "good"));
    WORKS(hm_http_open(base, &options, &http));
    WORKS(hm_http_get(http, "small", &answer));
    expect_body(&answer, "hello");
    WORKS(hm_http_get(http, "other", &answer));
    expect_body(&answer, "/below/other");
}

static void posts_json_with_headers(void **state) {
    (void)state;
    static const char *const headers[] = {"X-Probe: one two"};
    HM_HTTP *http = client_of("good");
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    WORKS(hm_http_post(http, "echo", hm_text("{\"a\":1}"), headers, 1, &answer));
    expect_body(&answer, "application/json|one two|None|hallmark|{\"a\":1}");
    WORKS(hm_http_post(http, "echo", HM_NO_BYTES, NULL, 0, &answer));
    expect_body(&answer, "application/json|None|None|hallmark|");
    WORKS(hm_http_post_octets(http, "echo", hm_text("{\"a\":1}"), &answer));
    expect_body(&answer, "application/octet-stream|None|None|hallmark|{\"a\":1}");
    WORKS(hm_http_post_as(http, "echo", hm_text("{\"a\":1}"), "application/timestamp-query", &answer));
    expect_body(&answer, "application/timestamp-query|None|None|hallmark|{\"a\":1}");
    FAILS(HM_MISUSED, "header is not of the form", hm_http_post_as(http, "echo", HM_NO_BYTES, "a\r\nB: c", &answer));
    WORKS(hm_http_get(http, "small", &answer)); /* nothing of the last request is left */
    expect_body(&answer, "hello");
}

static void a_connection_is_kept_until_it_is_closed(void **state) {
    (void)state;
    HM_HTTP *http = client_of("good");
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    static const char *const paths[] = {"small", "long", "nothing", "close", "small", "small"};
    static const uint64_t connections[] = {1, 1, 1, 1, 2, 2};
    for (size_t i = 0; i < 6; i++) {
        WORKS(hm_http_get(http, paths[i], &answer));
        assert_int_equal(answer.connection, connections[i]);
    }
}

/* Over a connection that is kept as over a new one. */
static void what_may_have_been_done_is_not_posted_again(void **state) {
    (void)state;
    HM_HTTP *http = client_of("good");
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    WORKS(hm_http_get(http, "small", &answer));
    FAILS(HM_COULD_NOT, "hung up", hm_http_post(http, "vanish", hm_text("kept "), NULL, 0, &answer));
    FAILS(HM_COULD_NOT, "hung up", hm_http_post(http, "vanish", hm_text("new"), NULL, 0, &answer));
    WORKS(hm_http_get(http, "vanished", &answer));
    expect_body(&answer, "kept new");
}

static void plain_http_is_for_loopback_and_only_where_it_is_allowed(void **state) {
    (void)state;
    static const char *const others[] = {"http://localhost:80/", "http://127.0.0.1.example.com/", "http://128.0.0.1/",
                                         "http://[::2]/",        "http://example.com/",           "http://127.1/",
                                         "http://0x7f000001/"};
    hm_http_options options = {.plain_loopback = true, .total_ms = 10000};
    HM_HTTP *http = NULL;
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    WORKS(hm_http_open(url_of("http", "plain"), &options, &http));
    WORKS(hm_http_get(http, "small", &answer));
    expect_body(&answer, "hello");
    hm_http_close(&http);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        FAILS(HM_MISUSED, "loopback addresses only", hm_http_open(others[i], &options, &http));
    options.plain_loopback = false;
    FAILS(HM_MISUSED, "use https", hm_http_open("http://127.0.0.1/", &options, &http));
    assert_null(http);
    options.plain = true; /* for what proves itself */
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        WORKS(hm_http_open(others[i], &options, &http));
        hm_http_close(&http);
    }
    FAILS(HM_MISUSED, "does not begin with https", hm_http_open("ftp://127.0.0.1/", &options, &http));
}

static void refuses_urls_that_say_more_or_less_than_a_server(void **state) {
    (void)state;
    static const char *const urls[] = {"",
                                       "example.com",
                                       "ftp://example.com/",
                                       "file:///etc/passwd",
                                       "https://",
                                       "https:///path",
                                       "https://user@example.com/",
                                       "https://user:word@example.com/",
                                       "https://example.com/?a=b",
                                       "https://example.com/#a",
                                       "https://example.com:0/",
                                       "https://example.com:65536/",
                                       "https://example.com:/",
                                       "https://example.com:1x/",
                                       "https://[::1/",
                                       "https://[::1]x/",
                                       "https://[]/",
                                       "https://exa mple.com/",
                                       "https://ex\xc3\xa4mple.com/",
                                       "https://example.com/a b",
                                       "https://example.com/\r\nX: y",
                                       "HTTPS://example.com/\\",
                                       "https://[::1%25lo]/"};
    hm_http_options options = usual();
    HM_HTTP *http = NULL;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        FAILS(HM_MISUSED, "", hm_http_open(urls[i], &options, &http));
        assert_null(http);
    }
}

static void refuses_paths_and_headers_that_could_become_others(void **state) {
    (void)state;
    static const char *const paths[] = {"/absolute", "a b", "a\r\nX: y", "a#b", "\xc3\xa4", "a?b#c", "a?b c", "a\\b"};
    static const char *const headers[] = {"X-Probe",    "X-Probe:",           "X-Probe:x",      ": x",
                                          "X Probe: x", "X-Probe: a\r\nY: b", "X-Probe: a\x7f", "X-Probe: \xc3\xa4"};
    HM_HTTP *http = client_of("good");
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        FAILS(HM_MISUSED, "path", hm_http_get(http, paths[i], &answer));
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        FAILS(HM_MISUSED, "header", hm_http_post(http, "echo", hm_text("{}"), &headers[i], 1, &answer));
    assert_int_equal(answer.status, 0);
}

static void refuses_a_certificate_that_nobody_trusted_issued(void **state) {
    (void)state;
    hm_http_options options = usual();
    options.ca_file = file("other-ca.pem");
    FAILS(HM_REFUSED, "other-ca.pem did not issue it", get_from("good", &options, "small"));
    options.ca_file = NULL;
    FAILS(HM_REFUSED, "is not trusted (give --ca FILE", get_from("good", &options, "small"));
    options.ca_file = file("nowhere.pem");
    FAILS(HM_COULD_NOT, "nowhere.pem: No such file", get_from("good", &options, "small"));
    options.ca_file = file("client-key.pem");
    FAILS(HM_COULD_NOT, "client-key.pem cannot be used", get_from("good", &options, "small"));
}

static void refuses_a_certificate_for_another_name(void **state) {
    (void)state;
    hm_http_options options = usual();
    FAILS(HM_REFUSED, "for another host name", get_from("wrong-name", &options, "small"));
    FAILS(HM_REFUSED, "for another host name", get_from("no-name", &options, "small"));
}

static void refuses_a_certificate_outside_its_time(void **state) {
    (void)state;
    hm_http_options options = usual();
    FAILS(HM_REFUSED, "has expired", get_from("expired", &options, "small"));
    FAILS(HM_REFUSED, "not valid yet", get_from("early", &options, "small"));
}

static void refuses_an_old_tls_if_1_3_is_wanted(void **state) {
    (void)state;
    hm_http_options options = usual();
    FAILS(HM_REFUSED, "no secure connection", get_from("tls12", &options, "small"));
    options.tls13 = false;
    WORKS(get_from("tls12", &options, "small"));
}

static void shows_its_own_certificate_where_it_has_one(void **state) {
    (void)state;
    hm_http_options options = usual();
    HM_HTTP *http = NULL;
    FAILS(HM_COULD_NOT, "HALLMARK_CLIENT_CERT", get_from("mutual", &options, "small"));
    options.certificate_file = file("client.pem");
    FAILS(HM_MISUSED, "together", hm_http_open("https://127.0.0.1/", &options, &http));
    options.key_file = file("client-key.pem");
    WORKS(get_from("mutual", &options, "small"));
    options.key_file = file("other-key.pem");
    FAILS(HM_COULD_NOT, "this client's certificate or key cannot be used", get_from("mutual", &options, "small"));
    options.key_file = file("nowhere.pem");
    FAILS(HM_COULD_NOT, "nowhere.pem: No such file", get_from("mutual", &options, "small"));
}

static void an_answer_that_is_too_long_is_a_fault_and_not_cut_short(void **state) {
    (void)state;
    hm_http_options options = usual();
    options.answer_max = 999;
    FAILS(HM_REFUSED, "longer than 999 bytes", get_from("good", &options, "long"));
    FAILS(HM_REFUSED, "longer than 999 bytes", get_from("good", &options, "chunks-long"));
    options.answer_max = 1000;
    WORKS(get_from("good", &options, "long"));
}

static void an_answer_that_is_cut_off_is_a_fault(void **state) {
    (void)state;
    hm_http_options options = usual();
    FAILS(HM_COULD_NOT, "", get_from("good", &options, "cut"));
    FAILS(HM_COULD_NOT, "", get_from("good", &options, "chunks-cut"));
    FAILS(HM_COULD_NOT, "does not say how long", get_from("good", &options, "no-length"));
    FAILS(HM_COULD_NOT, "", get_from("good", &options, "wrong-length"));
}

static void a_redirect_is_not_followed(void **state) {
    (void)state;
    hm_http_options options = usual();
    FAILS(HM_REFUSED, "sends us elsewhere", get_from("good", &options, "redirect"));
}

static void keeps_no_cookie_and_asks_for_no_compression(void **state) {
    (void)state;
    HM_HTTP *http = client_of("good");
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    for (unsigned i = 0; i < 2; i++) {
        WORKS(hm_http_get(http, "cookie", &answer));
        expect_body(&answer, "None");
    }
    WORKS(hm_http_get(http, "compressed", &answer));
    expect_body(&answer, "None");
}

static void the_environment_sets_no_proxy(void **state) {
    (void)state;
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    hm_http_options options = usual();
    for (size_t i = 0; i < 4; i++) setenv(names[i], "http://127.0.0.1:1", 1);
    hm_err err = get_from("good", &options, "small");
    for (size_t i = 0; i < 4; i++) unsetenv(names[i]);
    WORKS(err);
}

static void what_is_no_web_server_is_not_believed(void **state) {
    (void)state;
    static const char *const servers[] = {"garbage", "nothing", "status", "old"};
    hm_http_options options = {.plain_loopback = true, .total_ms = 10000};
    for (size_t i = 0; i < 4; i++) {
        HM_HTTP *http = NULL;
        HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
        WORKS(hm_http_open(url_of("http", servers[i]), &options, &http));
        FAILS(HM_COULD_NOT, i == 1 ? "hung up" : "no web server", hm_http_get(http, "small", &answer));
        hm_http_options secure = usual();
        if (i == 1)
            FAILS(HM_COULD_NOT, "cut", get_from(servers[i], &secure, "small"));
        else
            FAILS(HM_REFUSED, "no secure connection", get_from(servers[i], &secure, "small"));
    }
}

static void says_that_nobody_listens_or_that_it_took_too_long(void **state) {
    (void)state;
    hm_http_options options = usual();
    FAILS(HM_COULD_NOT, "could not connect", get_from("closed", &options, "small"));
    options.connect_ms = 300;
    FAILS(HM_COULD_NOT, "timed out (no connection)", get_from("silent", &options, "small"));
    options = usual();
    options.total_ms = 700;
    FAILS(HM_COULD_NOT, "timed out (the server was too slow", get_from("good", &options, "slow"));
    HM_HTTP *http = NULL;
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    WORKS(hm_http_open("https://nowhere.invalid/", &options, &http));
    FAILS(HM_COULD_NOT, "", hm_http_get(http, "small", &answer));
}

static volatile sig_atomic_t stopped;
static void stop_now(int number) {
    (void)number;
    stopped = 1;
}

static void a_request_ends_when_it_is_to_stop(void **state) {
    (void)state;
    hm_http_options options = usual();
    options.stop = &stopped;
    signal(SIGALRM, stop_now);
    alarm(1);
    FAILS(HM_COULD_NOT, "stopped", get_from("good", &options, "slow"));
    stopped = 0;
}

static void after_a_fault_the_next_request_works(void **state) {
    (void)state;
    hm_http_options options = usual();
    HM_HTTP *http = NULL;
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    options.answer_max = 100;
    WORKS(hm_http_open(url_of("https", "good"), &options, &http));
    static const char *const bad[] = {"long", "cut", "redirect", "no-length"};
    for (size_t i = 0; i < 4; i++) {
        assert_true(hm_failed(hm_http_get(http, bad[i], &answer)));
        WORKS(hm_http_get(http, "small", &answer));
        expect_body(&answer, "hello");
    }
}

static void the_exporter_is_of_the_connection(void **state) {
    (void)state;
    hm_http_options options = usual();
    uint8_t first[32], same[32], other[32], label[32];
    static const uint8_t none[32];
    HM_HTTP *http = NULL;
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    options.exporter_label = "EXPORTER-hallmark-test";
    WORKS(hm_http_open(url_of("https", "good"), &options, &http));
    FAILS(HM_COULD_NOT, "no TLS exporter", hm_http_exporter(http, first));
    WORKS(hm_http_get(http, "small", &answer));
    WORKS(hm_http_exporter(http, first));
    assert_memory_not_equal(first, none, 32);
    WORKS(hm_http_post(http, "echo", hm_text("{}"), NULL, 0, &answer));
    WORKS(hm_http_exporter(http, same));
    assert_memory_equal(first, same, 32);
    WORKS(hm_http_get(http, "close", &answer));
    WORKS(hm_http_get(http, "small", &answer));
    assert_int_equal(answer.connection, 2);
    WORKS(hm_http_exporter(http, other));
    assert_memory_not_equal(first, other, 32);
    assert_true(hm_failed(hm_http_get(http, "cut", &answer)));
    FAILS(HM_COULD_NOT, "no TLS exporter", hm_http_exporter(http, label));
    assert_memory_equal(label, none, 32);
    hm_http_close(&http);
    http = client_of("good");
    WORKS(hm_http_get(http, "small", &answer));
    FAILS(HM_COULD_NOT, "no TLS exporter", hm_http_exporter(http, label)); /* no label was given */
}

/* The other side of the connection says what it is. */
static void the_exporter_is_what_openssl_says(void **state) {
    (void)state;
    static const char answer_file[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    char port[16], port_line[64], said[8192] = "", *material = NULL;
    int in[2], out[2];
    WORKS(hm_file_write(AT_FDCWD, file("answer"), HM_BYTES(answer_file, sizeof answer_file - 1), 0600));
    assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
    char command[512];
    snprintf(command, sizeof command,
             "cd %s && mkfifo in && exec 3<>in && openssl s_server -accept 127.0.0.1:0 -cert good.pem -keymatexport "
             "EXPORTER-hallmark-test -keymatexportlen 32 -naccept 1 <in 2>&1 | while read line; do echo \"$line\"; "
             "case $line in *GET*) cat answer >&3; break ;; esac; done",
             folder);
    char *const words[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    pid_t pid = run(words, in[0], out[1]);
    close(out[1]);
    FILE *lines = fdopen(out[0], "r");
    assert_non_null(lines);
    while (fgets(port_line, sizeof port_line, lines) && !strstr(port_line, "ACCEPT 127.0.0.1:")) continue;
    const char *at = strstr(port_line, "ACCEPT 127.0.0.1:");
    assert_non_null(at);
    snprintf(port, sizeof port, "%.*s", (int)strspn(at + 17, "0123456789"), at + 17);
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%s", port);
    hm_http_options options = usual();
    options.exporter_label = "EXPORTER-hallmark-test";
    HM_HTTP *http = NULL;
    HM_HTTP_ANSWER answer = HM_HTTP_ANSWER_NONE;
    uint8_t ours[32];
    WORKS(hm_http_open(url, &options, &http));
    WORKS(hm_http_get(http, "answer", &answer));
    WORKS(hm_http_exporter(http, ours));
    hm_http_close(&http);
    while (!material && fgets(said, sizeof said, lines)) material = strstr(said, "Keying material: ");
    assert_non_null(material);
    for (size_t i = 0; i < 32; i++) {
        char hex[3];
        snprintf(hex, sizeof hex, "%02X", ours[i]);
        assert_memory_equal(hex, material + 17 + 2 * i, 2);
    }
    fclose(lines);
    waitpid(pid, NULL, 0);
    close(in[0]);
    close(in[1]);
}

/* First of all tests: before one opens a client. */
static void the_library_is_loaded_by_the_first_client_only(void **state) {
    (void)state;
    hm_http_options options = usual();
    HM_HTTP *http = NULL;
    assert_null(dlopen("libcurl.so.4", RTLD_NOW | RTLD_NOLOAD));
    FAILS(HM_MISUSED, "", hm_http_open("nonsense", &options, &http));
    assert_null(dlopen("libcurl.so.4", RTLD_NOW | RTLD_NOLOAD));
    WORKS(hm_http_open("https://127.0.0.1:1/", &options, &http));
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_NOLOAD);
    assert_non_null(library);
    dlclose(library);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_is_loaded_by_the_first_client_only),
        cmocka_unit_test(gets_what_is_there_and_what_is_not),
        cmocka_unit_test(a_path_of_the_base_comes_first),
        cmocka_unit_test(posts_json_with_headers),
        cmocka_unit_test(a_connection_is_kept_until_it_is_closed),
        cmocka_unit_test(what_may_have_been_done_is_not_posted_again),
        cmocka_unit_test(plain_http_is_for_loopback_and_only_where_it_is_allowed),
        cmocka_unit_test(refuses_urls_that_say_more_or_less_than_a_server),
        cmocka_unit_test(refuses_paths_and_headers_that_could_become_others),
        cmocka_unit_test(refuses_a_certificate_that_nobody_trusted_issued),
        cmocka_unit_test(refuses_a_certificate_for_another_name),
        cmocka_unit_test(refuses_a_certificate_outside_its_time),
        cmocka_unit_test(refuses_an_old_tls_if_1_3_is_wanted),
        cmocka_unit_test(shows_its_own_certificate_where_it_has_one),
        cmocka_unit_test(an_answer_that_is_too_long_is_a_fault_and_not_cut_short),
        cmocka_unit_test(an_answer_that_is_cut_off_is_a_fault),
        cmocka_unit_test(a_redirect_is_not_followed),
        cmocka_unit_test(keeps_no_cookie_and_asks_for_no_compression),
        cmocka_unit_test(the_environment_sets_no_proxy),
        cmocka_unit_test(what_is_no_web_server_is_not_believed),
        cmocka_unit_test(says_that_nobody_listens_or_that_it_took_too_long),
        cmocka_unit_test(a_request_ends_when_it_is_to_stop),
        cmocka_unit_test(after_a_fault_the_next_request_works),
        cmocka_unit_test(the_exporter_is_of_the_connection),
        cmocka_unit_test(the_exporter_is_what_openssl_says),
    };
    return cmocka_run_group_tests(tests, start_servers, stop_servers);
}
