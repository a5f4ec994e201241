#include "core_test.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* narrow: product "pump", release "1.0", format 1, 3 signatures, sequence number 7, security
 * versions to 1, an envelope of one byte, no proofs, no documents; without the frame's length. */
#define NARROW                                                                                                             \
    "\x00\x0b\x00\x00\x00\x04pump\x00\x00\x00\x03\x31.0\x00\x00\x00\x00\x00\x00\x00\x02"                                   \
    "\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01\xa5" \
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

static const hm_wire_rule *rule_of(hm_message_type type) {
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++)
        if (rule->type == type) return rule;
    fail_msg("the table has no type %d", (int)type);
    return NULL;
}

/* A message of RULE whose fields are all as small (or as large) as they may be. BYTES holds what they view. */
static hm_message extreme_message(const hm_wire_rule *rule, bool largest, const uint8_t *bytes) {
    hm_message message = {.type = rule->type};
    for (size_t i = 0; i < HM_WIRE_FIELDS && rule->field[i].name; i++) {
        uint64_t size = largest ? rule->field[i].most : rule->field[i].least;
        if (rule->field[i].kind == HM_WIRE_NUMBER)
            message.field[i].number = size;
        else
            message.field[i].bytes = HM_BYTES(bytes, (size_t)size);
    }
    return message;
}

static uint8_t *letters(void) {
    uint8_t *bytes = malloc(HM_WIRE_FRAME_MAX + 1);
    assert_non_null(bytes);
    memset(bytes, 'x', HM_WIRE_FRAME_MAX + 1);
    return bytes;
}

static hm_message narrow_message(void) {
    hm_message message = {.type = HM_MSG_NARROW};
    message.field[HM_NARROW_PRODUCT].bytes = LITERAL("pump");
    message.field[HM_NARROW_RELEASE].bytes = LITERAL("1.0");
    message.field[HM_NARROW_FORMATS].number = 2;
    message.field[HM_NARROW_SIGNATURES].number = 3;
    message.field[HM_NARROW_SEQUENCE].number = 7;
    message.field[HM_NARROW_SECURITY_VERSION].number = 1;
    message.field[HM_NARROW_COSIGN].bytes = LITERAL("\xa5");
    return message;
}

static void writes_a_frame_byte_for_byte(void **state) {
    (void)state;
    HM_BUF frame = HM_BUF_EMPTY;
    hm_message message = narrow_message();
    assert_done(hm_wire_put(&message, &frame));
    assert_int_equal(frame.len, 4 + sizeof NARROW - 1);
    assert_memory_equal(frame.data, "\x00\x00\x00\x42" NARROW, frame.len);
}

static void appends_a_frame_to_those_that_are_there(void **state) {
    (void)state;
    HM_BUF frames = HM_BUF_EMPTY;
    hm_message message = narrow_message();
    assert_done(hm_wire_put(&message, &frames));
    assert_done(hm_wire_put(&(hm_message){.type = HM_MSG_DONE}, &frames));
    assert_int_equal(frames.len, 4 + sizeof NARROW - 1 + 6);
    assert_memory_equal(frames.data, "\x00\x00\x00\x42" NARROW "\x00\x00\x00\x02\x00\x04", frames.len);
}

static void reads_what_it_wrote(void **state) {
    (void)state;
    hm_message message;
    assert_done(hm_wire_get(LITERAL(NARROW), &message));
    assert_int_equal(message.type, HM_MSG_NARROW);
    assert_true(hm_bytes_equal(message.field[HM_NARROW_PRODUCT].bytes, LITERAL("pump")));
    assert_true(hm_bytes_equal(message.field[HM_NARROW_RELEASE].bytes, LITERAL("1.0")));
    assert_int_equal(message.field[HM_NARROW_SIGNATURES].number, 3);
    assert_int_equal(message.field[HM_NARROW_SEQUENCE].number, 7);
    assert_true(hm_bytes_equal(message.field[HM_NARROW_COSIGN].bytes, LITERAL("\xa5")));
}

static void carries_every_message_at_its_smallest_and_largest(void **state) {
    (void)state;
    uint8_t *bytes = letters();
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++) {
        for (int largest = 0; largest < 2; largest++) {
            HM_BUF frame = HM_BUF_EMPTY, again = HM_BUF_EMPTY;
            hm_message message = extreme_message(rule, largest, bytes), read;
            hm_bytes content;
            assert_done(hm_wire_put(&message, &frame));
            assert_done(hm_bytes_part(hm_buf_bytes(&frame), 4, frame.len - 4, &content));
            assert_true(content.len <= HM_WIRE_FRAME_MAX);
            assert_done(hm_wire_get(content, &read));
            assert_done(hm_wire_put(&read, &again));
            assert_true(hm_bytes_equal(hm_buf_bytes(&frame), hm_buf_bytes(&again)));
        }
    }
    free(bytes);
}

/* Below the least and above the most, for each field of each message; neither is written. */
static void refuses_to_write_any_field_out_of_its_bounds(void **state) {
    (void)state;
    uint8_t *bytes = letters();
    size_t tried = 0;
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++) {
        for (size_t i = 0; i < HM_WIRE_FIELDS && rule->field[i].name; i++) {
            for (int above = 0; above < 2; above++) {
                const hm_wire_field_rule *field = &rule->field[i];
                if (above ? field->most == UINT64_MAX : field->least == 0) continue;
                uint64_t size = above ? field->most + 1 : field->least - 1;
                hm_message message = extreme_message(rule, false, bytes);
                if (field->kind == HM_WIRE_NUMBER)
                    message.field[i].number = size;
                else
                    message.field[i].bytes = HM_BYTES(bytes, (size_t)size);
                HM_BUF frame = HM_BUF_EMPTY;
                assert_refused(hm_wire_put(&message, &frame));
                assert_said(field->name);
                tried++;
            }
        }
    }
    free(bytes);
    assert_true(tried > 40);
}

/* The same on the reading side, where the bytes are somebody else's: the frame is made by hand. */
static void put_by_hand(const hm_wire_rule *rule, const hm_message *message, hm_buf *content) {
    assert_done(hm_put_u16be(content, (uint16_t)rule->type));
    for (size_t i = 0; i < HM_WIRE_FIELDS && rule->field[i].name; i++) {
        if (rule->field[i].kind == HM_WIRE_NUMBER) {
            assert_done(hm_put_u64be(content, message->field[i].number));
            continue;
        }
        assert_done(hm_put_u32be(content, (uint32_t)message->field[i].bytes.len));
        assert_done(hm_put(content, message->field[i].bytes));
    }
}

static void refuses_to_read_any_field_out_of_its_bounds(void **state) {
    (void)state;
    uint8_t *bytes = letters();
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++) {
        for (size_t i = 0; i < HM_WIRE_FIELDS && rule->field[i].name; i++) {
            for (int above = 0; above < 2; above++) {
                const hm_wire_field_rule *field = &rule->field[i];
                if (above ? field->most == UINT64_MAX : field->least == 0) continue;
                uint64_t size = above ? field->most + 1 : field->least - 1;
                hm_message message = extreme_message(rule, false, bytes), read;
                if (field->kind == HM_WIRE_NUMBER)
                    message.field[i].number = size;
                else
                    message.field[i].bytes = HM_BYTES(bytes, (size_t)size);
                HM_BUF content = HM_BUF_EMPTY;
                put_by_hand(rule, &message, &content);
                assert_refused(hm_wire_get(hm_buf_bytes(&content), &read));
                assert_said("out of bounds");
                assert_said(field->name);
            }
        }
    }
    free(bytes);
}

static void refuses_every_prefix_of_every_message(void **state) {
    (void)state;
    uint8_t *bytes = letters();
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++) {
        HM_BUF content = HM_BUF_EMPTY;
        hm_message message = extreme_message(rule, false, bytes), read;
        put_by_hand(rule, &message, &content);
        for (size_t len = 0; len < content.len; len++) assert_refused(hm_wire_get(HM_BYTES(content.data, len), &read));
    }
    free(bytes);
}

static void refuses_bytes_left_over(void **state) {
    (void)state;
    uint8_t *bytes = letters();
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++) {
        HM_BUF content = HM_BUF_EMPTY;
        hm_message message = extreme_message(rule, false, bytes), read;
        put_by_hand(rule, &message, &content);
        assert_done(hm_put_u8(&content, 0));
        assert_refused(hm_wire_get(hm_buf_bytes(&content), &read));
    }
    free(bytes);
}

static void refuses_every_type_that_is_not_in_the_table(void **state) {
    (void)state;
    unsigned known = 0;
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++) known++;
    for (unsigned type = 0; type <= UINT16_MAX; type++) {
        uint8_t content[2] = {(uint8_t)(type >> 8), (uint8_t)type};
        hm_message read;
        hm_err err = hm_wire_get(HM_ARRAY(content), &read);
        if (hm_failed(err) && strstr(hm_err_sentence(), "no message of type")) known++;
    }
    assert_int_equal(known, UINT16_MAX + 1);
}

static void refuses_to_write_a_type_that_is_not_in_the_table(void **state) {
    (void)state;
    HM_BUF frame = HM_BUF_EMPTY;
    assert_refused(hm_wire_put(&(hm_message){.type = (hm_message_type)3}, &frame));
    assert_refused(hm_wire_put(&(hm_message){.type = (hm_message_type)0}, &frame));
    assert_int_equal(frame.len, 0);
}

/* Half a frame must not be sent with the next. */
static void leaves_the_frames_before_as_they_were_on_a_fault(void **state) {
    (void)state;
    HM_BUF frames = HM_BUF_EMPTY;
    hm_message good = narrow_message(), bad = narrow_message();
    bad.field[HM_NARROW_SIGNATURES].number = UINT64_MAX;
    assert_done(hm_wire_put(&good, &frames));
    size_t len = frames.len;
    assert_refused(hm_wire_put(&bad, &frames));
    assert_int_equal(frames.len, len);
    assert_memory_equal(frames.data, "\x00\x00\x00\x42" NARROW, len);
}

static void refuses_control_characters_in_text(void **state) {
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        char content[] = NARROW;
        content[7] = (char)c;
        hm_message message = narrow_message(), read;
        char product[] = "p_mp";
        product[1] = (char)c;
        message.field[HM_NARROW_PRODUCT].bytes = hm_text(product);
        HM_BUF frame = HM_BUF_EMPTY;
        hm_err put = hm_wire_put(&message, &frame), get = hm_wire_get(HM_BYTES(content, sizeof content - 1), &read);
        if (c >= 0x20 && c != 0x7f) {
            assert_done(put);
            assert_done(get);
            continue;
        }
        assert_refused(get);
        assert_said("control characters");
        if (c) assert_refused(put); /* a zero ends the string in C */
    }
}

static void leaves_control_characters_in_bytes_alone(void **state) {
    (void)state;
    hm_message read;
    assert_done(hm_wire_get(LITERAL("\x00\x08\x00\x00\x00\x03\x00\n\x7f"), &read));
    assert_true(hm_bytes_equal(read.field[HM_BYTES_CONTENT].bytes, LITERAL("\x00\n\x7f")));
}

static void refuses_a_length_that_reaches_beyond_the_frame(void **state) {
    (void)state;
    hm_message read;
    assert_refused(hm_wire_get(LITERAL("\x00\x08\x00\x00\x00\x04"
                                       "abc"),
                               &read));
    assert_refused(hm_wire_get(LITERAL("\x00\x08\xff\xff\xff\xff"
                                       "abc"),
                               &read));
}

static void clears_the_fields_that_a_message_does_not_have(void **state) {
    (void)state;
    hm_message read;
    memset(&read, 0xaa, sizeof read);
    assert_done(hm_wire_get(LITERAL("\x00\x04"), &read));
    for (size_t i = 0; i < HM_WIRE_FIELDS; i++) {
        assert_int_equal(read.field[i].bytes.len, 0);
        assert_null(read.field[i].bytes.data);
    }
}

/* Sending and receiving. */

static void open_pair(int pair[2]) { assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0); }

static void send_raw(int fd, const char *bytes, size_t len) { assert_int_equal(write(fd, bytes, len), len); }

static void receives_what_was_sent(void **state) {
    (void)state;
    int pair[2];
    open_pair(pair);
    hm_message message = narrow_message(), read;
    HM_BUF storage = HM_BUF_EMPTY;
    bool closed = true;
    assert_done(hm_wire_send(pair[0], &message));
    assert_done(hm_wire_send(pair[0], &(hm_message){.type = HM_MSG_LOG_AUDIT}));
    assert_done(hm_wire_receive(pair[1], &storage, &read, &closed));
    assert_false(closed);
    assert_int_equal(read.field[HM_NARROW_SIGNATURES].number, 3);
    assert_done(hm_wire_receive(pair[1], &storage, &read, &closed));
    assert_int_equal(read.type, HM_MSG_LOG_AUDIT);
    close(pair[0]);
    close(pair[1]);
}

static void sends_nothing_of_a_message_that_breaks_a_rule(void **state) {
    (void)state;
    int pair[2];
    open_pair(pair);
    hm_message message = narrow_message();
    message.field[HM_NARROW_SIGNATURES].number = UINT64_MAX;
    assert_refused(hm_wire_send(pair[0], &message));
    char byte;
    assert_int_equal(recv(pair[1], &byte, 1, MSG_DONTWAIT), -1);
    close(pair[0]);
    close(pair[1]);
}

static void tells_a_peer_that_closed_between_frames_from_one_that_broke_off(void **state) {
    (void)state;
    const struct {
        const char *bytes;
        size_t len;
    } broken[] = {{"\x00", 1}, {"\x00\x00\x00", 3}, {"\x00\x00\x00\x02", 4}, {"\x00\x00\x00\x02\x00", 5}};
    int pair[2];
    hm_message read;
    HM_BUF storage = HM_BUF_EMPTY;
    bool closed = false;
    open_pair(pair);
    close(pair[0]);
    assert_done(hm_wire_receive(pair[1], &storage, &read, &closed));
    assert_true(closed);
    close(pair[1]);
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        open_pair(pair);
        send_raw(pair[0], broken[i].bytes, broken[i].len);
        close(pair[0]);
        assert_true(hm_failed(hm_wire_receive(pair[1], &storage, &read, &closed)));
        assert_false(closed);
        close(pair[1]);
    }
}

/* Refused by its length alone: nothing is read or allocated for it. */
static void refuses_a_frame_that_is_too_long(void **state) {
    (void)state;
    static const char *const lengths[] = {"\x00\x10\x00\x01", "\x7f\xff\xff\xff", "\xff\xff\xff\xff"};
    for (size_t i = 0; i < 3; i++) {
        int pair[2];
        hm_message read;
        HM_BUF storage = HM_BUF_EMPTY;
        bool closed;
        open_pair(pair);
        send_raw(pair[0], lengths[i], 4);
        assert_refused(hm_wire_receive(pair[1], &storage, &read, &closed));
        assert_said("too long");
        assert_null(storage.data);
        close(pair[0]);
        close(pair[1]);
    }
}

static void refuses_a_frame_without_a_type(void **state) {
    (void)state;
    int pair[2];
    hm_message read;
    HM_BUF storage = HM_BUF_EMPTY;
    bool closed;
    open_pair(pair);
    send_raw(pair[0], "\x00\x00\x00\x00", 4);
    assert_refused(hm_wire_receive(pair[1], &storage, &read, &closed));
    close(pair[0]);
    close(pair[1]);
}

static hm_message fault_message(uint64_t class, hm_bytes sentence) {
    hm_message message = {.type = HM_MSG_FAULT};
    message.field[HM_FAULT_CLASS].number = class;
    message.field[HM_FAULT_SENTENCE].bytes = sentence;
    return message;
}

static void raises_the_fault_that_was_told(void **state) {
    (void)state;
    hm_message message = fault_message(HM_REFUSED, LITERAL("the product has no such key"));
    assert_refused(hm_wire_raise(&message));
    assert_string_equal(hm_err_sentence(), "the product has no such key");
    message = fault_message(HM_DENIED, LITERAL("no"));
    assert_int_equal(hm_wire_raise(&message).class, HM_DENIED);
}

static void never_takes_a_fault_for_success(void **state) {
    (void)state;
    hm_message message = fault_message(HM_DONE, LITERAL("all is well"));
    assert_could_not(hm_wire_raise(&message));
}

static void the_rule_of_a_field_names_a_possible_range(void **state) {
    (void)state;
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++) {
        assert_ptr_equal(rule_of(rule->type), rule); /* no type twice */
        for (size_t i = 0; i < HM_WIRE_FIELDS && rule->field[i].name; i++)
            assert_true(rule->field[i].least <= rule->field[i].most);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_frame_byte_for_byte),
        cmocka_unit_test(appends_a_frame_to_those_that_are_there),
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(carries_every_message_at_its_smallest_and_largest),
        cmocka_unit_test(refuses_to_write_any_field_out_of_its_bounds),
        cmocka_unit_test(refuses_to_read_any_field_out_of_its_bounds),
        cmocka_unit_test(refuses_every_prefix_of_every_message),
        cmocka_unit_test(refuses_bytes_left_over),
        cmocka_unit_test(refuses_every_type_that_is_not_in_the_table),
        cmocka_unit_test(refuses_to_write_a_type_that_is_not_in_the_table),
        cmocka_unit_test(leaves_the_frames_before_as_they_were_on_a_fault),
        cmocka_unit_test(refuses_control_characters_in_text),
        cmocka_unit_test(leaves_control_characters_in_bytes_alone),
        cmocka_unit_test(refuses_a_length_that_reaches_beyond_the_frame),
        cmocka_unit_test(clears_the_fields_that_a_message_does_not_have),
        cmocka_unit_test(receives_what_was_sent),
        cmocka_unit_test(sends_nothing_of_a_message_that_breaks_a_rule),
        cmocka_unit_test(tells_a_peer_that_closed_between_frames_from_one_that_broke_off),
        cmocka_unit_test(refuses_a_frame_that_is_too_long),
        cmocka_unit_test(refuses_a_frame_without_a_type),
        cmocka_unit_test(raises_the_fault_that_was_told),
        cmocka_unit_test(never_takes_a_fault_for_success),
        cmocka_unit_test(the_rule_of_a_field_names_a_possible_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
