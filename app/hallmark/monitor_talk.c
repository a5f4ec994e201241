/* The words between judge and watcher: kind (1), a (8), b (8), length (4), text. */
#include "monitor.h"

#include <base/io.h>

enum { HEAD = 21 };

void hm_monitor_message_clear(hm_monitor_message *message) {
    hm_buf_clear(&message->text);
    *message = HM_MONITOR_MESSAGE_NONE;
}

hm_err hm_monitor_say(int socket, hm_monitor_word word, uint64_t a, uint64_t b, hm_bytes text) {
    HM_BUF message = HM_BUF_EMPTY;
    if (text.len > HM_MONITOR_TEXT_MAX) return hm_could_not("the monitor's message is too long");
    HM_TRY(hm_put_u8(&message, (uint8_t)word));
    HM_TRY(hm_put_u64be(&message, a));
    HM_TRY(hm_put_u64be(&message, b));
    HM_TRY(hm_put_u32be(&message, (uint32_t)text.len));
    HM_TRY(hm_put(&message, text));
    return hm_fd_write(socket, hm_buf_bytes(&message));
}

static hm_err read_head(int socket, hm_monitor_message *message, uint32_t *len) {
    uint8_t head[HEAD], word;
    HM_TRY(hm_fd_read(socket, head, sizeof head));
    hm_reader reader = hm_reader_of(HM_ARRAY(head));
    HM_TRY(hm_read_u8(&reader, &word));
    HM_TRY(hm_read_u64be(&reader, &message->a));
    HM_TRY(hm_read_u64be(&reader, &message->b));
    HM_TRY(hm_read_u32be(&reader, len));
    message->word = (hm_monitor_word)word;
    return *len <= HM_MONITOR_TEXT_MAX ? HM_OK : hm_could_not("the monitor's message is too long");
}

hm_err hm_monitor_hear(int socket, hm_monitor_message *message) {
    uint32_t len;
    message->text.len = 0;
    HM_TRY(read_head(socket, message, &len));
    HM_TRY(hm_put_zeros(&message->text, len));
    return hm_fd_read(socket, message->text.data, len);
}
