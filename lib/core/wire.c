#include <base/io.h>
#include <core/wire.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const hm_wire_rule *rule_of(unsigned type) {
    for (const hm_wire_rule *rule = hm_wire_rules; rule->name; rule++)
        if (rule->type == type) return rule;
    return NULL;
}

const char *hm_wire_name(hm_message_type type) {
    const hm_wire_rule *rule = rule_of(type);
    return rule ? rule->name : "?";
}

static bool is_text(hm_bytes text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) return false;
    return true;
}

static hm_err check_field(const hm_wire_rule *rule, const hm_wire_field_rule *field, const hm_wire_field *value) {
    uint64_t size = field->kind == HM_WIRE_NUMBER ? value->number : value->bytes.len;
    if (size < field->least || size > field->most)
        return hm_refuse("core language: %s of %s is out of bounds (%llu)", field->name, rule->name,
                         (unsigned long long)size);
    if (field->kind == HM_WIRE_TEXT && !is_text(value->bytes))
        return hm_refuse("core language: %s of %s holds control characters", field->name, rule->name);
    return HM_OK;
}

static hm_err put_frame(const hm_wire_rule *rule, const hm_message *message, hm_buf *frame) {
    size_t start = frame->len;
    HM_TRY(hm_put_u32be(frame, 0));
    HM_TRY(hm_put_u16be(frame, (uint16_t)message->type));
    for (size_t i = 0; i < HM_WIRE_FIELDS && rule->field[i].name; i++) {
        const hm_wire_field *value = &message->field[i];
        HM_TRY(check_field(rule, &rule->field[i], value));
        if (rule->field[i].kind == HM_WIRE_NUMBER) {
            HM_TRY(hm_put_u64be(frame, value->number));
        } else {
            HM_TRY(hm_put_u32be(frame, (uint32_t)value->bytes.len));
            HM_TRY(hm_put(frame, value->bytes));
        }
    }
    size_t len = frame->len - start - 4;
    if (len > HM_WIRE_FRAME_MAX) return hm_refuse("core language: a %s is too long", rule->name);
    for (size_t i = 0; i < 4; i++) frame->data[start + i] = (uint8_t)(len >> (24 - 8 * i));
    return HM_OK;
}

hm_err hm_wire_put(const hm_message *message, hm_buf *frame) {
    const hm_wire_rule *rule = rule_of(message->type);
    if (!rule) return hm_refuse("core language: no message of type %u", (unsigned)message->type);
    size_t start = frame->len;
    hm_err err = put_frame(rule, message, frame);
    /* Half a frame must not be sent with the next. */
    if (hm_failed(err)) frame->len = start;
    return err;
}

hm_err hm_wire_get(hm_bytes bytes, hm_message *message) {
    hm_reader reader = hm_reader_of(bytes);
    uint16_t type;
    HM_TRY(hm_read_u16be(&reader, &type));
    const hm_wire_rule *rule = rule_of(type);
    if (!rule) return hm_refuse("core language: no message of type %u", type);
    memset(message, 0, sizeof *message);
    message->type = rule->type;
    for (size_t i = 0; i < HM_WIRE_FIELDS && rule->field[i].name; i++) {
        hm_wire_field *value = &message->field[i];
        if (rule->field[i].kind == HM_WIRE_NUMBER) {
            HM_TRY(hm_read_u64be(&reader, &value->number));
        } else {
            uint32_t len;
            HM_TRY(hm_read_u32be(&reader, &len));
            HM_TRY(hm_read_bytes(&reader, len, &value->bytes));
        }
        HM_TRY(check_field(rule, &rule->field[i], value));
    }
    return hm_read_end(&reader);
}

hm_err hm_wire_raise(const hm_message *fault) {
    hm_bytes sentence = fault->field[HM_FAULT_SENTENCE].bytes;
    char text[HM_SENTENCE_MAX];
    snprintf(text, sizeof text, "%.*s", (int)sentence.len, (const char *)sentence.data);
    return hm_raise_again((hm_class)fault->field[HM_FAULT_CLASS].number, text);
}

/* After a fault amid a frame the two sides are out of step, and each would wait for the other: that direction ends. */
static hm_err end_if_failed(int fd, int direction, hm_err err) {
    if (hm_failed(err)) shutdown(fd, direction);
    return err;
}

hm_err hm_wire_send_frames(int fd, hm_bytes frames) {
    return end_if_failed(fd, SHUT_WR, hm_in(hm_fd_write(fd, frames), "core language"));
}

hm_err hm_wire_send(int fd, const hm_message *message) {
    HM_BUF frame = HM_BUF_EMPTY;
    HM_TRY(hm_wire_put(message, &frame));
    return hm_wire_send_frames(fd, hm_buf_bytes(&frame));
}

static hm_err receive_frame(int fd, hm_buf *storage, bool *closed) {
    uint8_t head[4];
    ssize_t n;
    do n = read(fd, head, sizeof head);
    while (n < 0 && errno == EINTR);
    *closed = n == 0 || (n < 0 && errno == ECONNRESET);
    if (*closed) return HM_OK;
    if (n < 0) return hm_could_not("cannot receive: %s", strerror(errno));
    HM_TRY(hm_fd_read(fd, head + n, sizeof head - (size_t)n));
    hm_reader reader = hm_reader_of(HM_ARRAY(head));
    uint32_t len;
    HM_TRY(hm_read_u32be(&reader, &len));
    if (len > HM_WIRE_FRAME_MAX) return hm_refuse("a frame of %u bytes is too long", len);
    storage->len = 0;
    HM_TRY(hm_buf_reserve(storage, len));
    HM_TRY(hm_fd_read(fd, storage->data, len));
    storage->len = len;
    return HM_OK;
}

hm_err hm_wire_receive(int fd, hm_buf *storage, hm_message *message, bool *closed) {
    HM_TRY(end_if_failed(fd, SHUT_RD, hm_in(receive_frame(fd, storage, closed), "core language")));
    return *closed ? HM_OK : hm_wire_get(hm_buf_bytes(storage), message);
}
