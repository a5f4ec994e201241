/* Unpacking a file that another process changes meanwhile: what was verified is what is used. The file is changed
 * between two readings, which stand under this test's hand; the front is doctored. */
#include "app_test.h"

#include <front.h>
#include <parse_pack.h>

#include <base/io.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FILES = 4, ROOM = 4096 };
/* Tag, array and the head of 279 bytes; the payload with its head. */
enum { ENVELOPE_AT = 7, PAYLOAD = 21 };

typedef struct {
    size_t len;
    uint8_t bytes[ROOM];
} content;

static content trust_list, pack;
static const content *later; /* what stands in the file from the first reading on */
static int packed = -1;
static unsigned readings;
static struct {
    char name[FILES][64];
    int fd[FILES]; /* the parser's outputs: others of the same files */
    size_t count;
    bool asked;
    hm_class result;
    char sentence[256];
} front;

hm_err hm_already_reported(hm_class class) { return hm_raise_again(class, "reported"); }

static int memory_file(void) { return memfd_create("unpack", MFD_CLOEXEC); }

static void put_content(int fd, const content *c) {
    assert_int_equal(ftruncate(fd, (off_t)c->len), 0);
    assert_int_equal(pwrite(fd, c->bytes, c->len, 0), c->len);
}

hm_err __real_hm_source_read(const hm_source *source, uint64_t offset, void *to, size_t len);
hm_err __wrap_hm_source_read(const hm_source *source, uint64_t offset, void *to, size_t len);
hm_err __wrap_hm_source_read(const hm_source *source, uint64_t offset, void *to, size_t len) {
    hm_err err = __real_hm_source_read(source, offset, to, len);
    if (readings++ == 0) put_content(packed, later);
    return err;
}

/* One job; its outputs are files in memory. */
static hm_err answer(void *state, hm_post *post) {
    static const char names[] = "in.pack\0in.pack";
    (void)state;
    post->fd = -1;
    if (post->kind == HM_POST_NEXT) {
        hm_post_start(post, front.asked ? HM_POST_END : HM_POST_NEXT, 1, 0, 0);
        if (!front.asked) post->fd = dup(packed);
        hm_post_set_text(post, HM_BYTES(names, sizeof names - 1));
        front.asked = true;
    } else if (post->kind == HM_POST_MEMBER) {
        assert_true(front.count < FILES);
        snprintf(front.name[front.count], sizeof front.name[0], "%.*s", (int)post->text_len, (const char *)post->text);
        front.fd[front.count] = memory_file();
        post->fd = dup(front.fd[front.count++]);
        post->kind = HM_POST_OUTPUT;
    } else if (post->kind == HM_POST_RESULT) {
        front.result = post->a;
        snprintf(front.sentence, sizeof front.sentence, "%.*s", (int)post->text_len, (const char *)post->text);
    }
    return HM_OK;
}

static void unpack(const content *first, const content *second) {
    hm_parser parser = {.front = -1, .core = -1, .ask = answer};
    hm_unpack_orders orders = {.trust = HM_BYTES(trust_list.bytes, trust_list.len), .folder = "."};
    later = second;
    packed = memory_file();
    put_content(packed, first);
    assert_done(hm_parse_unpack(&parser, &orders));
    assert_true(readings > 0);
}

static void assert_output(const char *name, hm_bytes expected) {
    uint8_t bytes[ROOM];
    size_t at = 0;
    while (at < front.count && strcmp(front.name[at], name) != 0) at++;
    if (at == front.count) fail_msg("there is no output called %s", name);
    ssize_t len = pread(front.fd[at], bytes, sizeof bytes, 0);
    assert_true(len >= 0 && hm_bytes_equal(HM_BYTES(bytes, (size_t)len), expected));
}

/* The first place of TEXT in the release. */
static size_t place_of(const char *text) {
    size_t at = 0;
    while (at + strlen(text) < pack.len && memcmp(&pack.bytes[at], text, strlen(text)) != 0) at++;
    assert_true(at + strlen(text) < pack.len);
    return at;
}

static void next_unpack(void) {
    for (size_t i = 0; i < front.count; i++) close(front.fd[i]);
    close(packed);
    memset(&front, 0, sizeof front);
    readings = 0;
}

static void takes_what_does_not_change(void **state) {
    (void)state;
    unpack(&pack, &pack);
    assert_int_equal(front.result, HM_DONE);
    assert_int_equal(front.count, 2);
}

static void what_is_written_was_read_once(void **state) {
    (void)state;
    static content nothing;
    nothing = (content){.len = pack.len};
    unpack(&pack, &nothing);
    assert_int_equal(front.result, HM_DONE);
    assert_output("main", hm_text("firmware of the pump"));
    assert_output("ENVELOPE.cose", HM_BYTES(&pack.bytes[ENVELOPE_AT], pack.len - ENVELOPE_AT - PAYLOAD));
}

/* The release with another byte at AT, until after the first reading. */
static void assert_lie_refused(size_t at) {
    static content lie;
    lie = pack;
    lie.bytes[at] ^= 3;
    unpack(&lie, &pack);
    assert_int_equal(front.result, HM_REFUSED);
}

static void a_name_of_the_first_reading_is_not_verified_by_the_second(void **state) {
    (void)state;
    assert_lie_refused(place_of("main"));
}

static void a_version_of_the_first_reading_is_not_verified_by_the_second(void **state) {
    (void)state;
    assert_lie_refused(place_of("2026.1"));
}

static void a_signature_of_the_first_reading_is_not_verified_by_the_second(void **state) {
    (void)state;
    assert_lie_refused(pack.len - PAYLOAD - 1);
}

static void a_payload_of_the_first_reading_is_not_verified_by_the_second(void **state) {
    (void)state;
    assert_lie_refused(pack.len - 1);
}

static void a_file_of_another_length_is_no_release(void **state) {
    (void)state;
    static content cut, longer;
    cut = longer = pack;
    cut.len -= 1;
    longer.len += 1;
    unpack(&cut, &pack);
    assert_int_equal(front.result, HM_REFUSED);
    next_unpack();
    unpack(&longer, &pack);
    assert_int_equal(front.result, HM_REFUSED);
}

/* The files. */

static int load(const char *name, content *c) {
    char path[512];
    snprintf(path, sizeof path, "%s/tests/vectors/native/%s", HALLMARK_SOURCE, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, c->bytes, sizeof c->bytes);
    c->len = len > 0 ? (size_t)len : 0;
    close(fd);
    return len <= 0;
}

static int load_all(void **state) {
    (void)state;
    return load("plain.list", &trust_list) || load("plain.pack", &pack);
}

static int end(void **state) {
    (void)state;
    next_unpack();
    return 0;
}

#define CASE(name) cmocka_unit_test_teardown(name, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(takes_what_does_not_change),
        CASE(what_is_written_was_read_once),
        CASE(a_name_of_the_first_reading_is_not_verified_by_the_second),
        CASE(a_version_of_the_first_reading_is_not_verified_by_the_second),
        CASE(a_signature_of_the_first_reading_is_not_verified_by_the_second),
        CASE(a_payload_of_the_first_reading_is_not_verified_by_the_second),
        CASE(a_file_of_another_length_is_no_release),
    };
    return cmocka_run_group_tests(tests, load_all, NULL);
}
