#include "sntp.h"

#include <base/io.h>
#include <base/secret.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* 1 January 1970, in seconds since 1900; an era of 2^32 seconds does not matter, since differences are taken. */
static const uint64_t epoch = UINT64_C(2208988800);

enum { VERSION_AND_CLIENT = 4 << 3 | 3, SERVER = 4, UNSYNCHRONIZED = 3, STRATUM_MAX = 15, TRANSMIT_AT = 40 };

/* The fields of RFC 5905 figure 8 that matter here. */
typedef struct {
    uint8_t leap, version, mode, stratum;
    uint32_t root_delay, root_dispersion; /* seconds, 16 bits behind the point */
    hm_bytes reference, originate;
    uint64_t receive, transmit; /* seconds since 1900, 32 bits behind the point */
} fields;

static hm_err read_fields(hm_bytes packet, fields *f) {
    hm_reader reader = hm_reader_of(packet);
    uint8_t first;
    HM_TRY(hm_read_u8(&reader, &first));
    f->leap = first >> 6;
    f->version = first >> 3 & 7;
    f->mode = first & 7;
    HM_TRY(hm_read_u8(&reader, &f->stratum));
    HM_TRY(hm_read_skip(&reader, 2)); /* poll, precision */
    HM_TRY(hm_read_u32be(&reader, &f->root_delay));
    HM_TRY(hm_read_u32be(&reader, &f->root_dispersion));
    HM_TRY(hm_read_bytes(&reader, 4, &f->reference));
    HM_TRY(hm_read_skip(&reader, 8)); /* when its own clock was set */
    HM_TRY(hm_read_bytes(&reader, 8, &f->originate));
    HM_TRY(hm_read_u64be(&reader, &f->receive));
    return hm_read_u64be(&reader, &f->transmit); /* what may stand behind it is not looked at */
}

void hm_sntp_question(const uint8_t nonce[static HM_SNTP_NONCE_LEN], uint8_t packet[static HM_SNTP_LEN]) {
    memset(packet, 0, HM_SNTP_LEN);
    packet[0] = VERSION_AND_CLIENT;
    memcpy(packet + TRANSMIT_AT, nonce, HM_SNTP_NONCE_LEN);
}

bool hm_sntp_answers(hm_bytes packet, const uint8_t nonce[static HM_SNTP_NONCE_LEN]) {
    fields f;
    return !hm_failed(read_fields(packet, &f)) && hm_bytes_equal(f.originate, HM_BYTES(nonce, HM_SNTP_NONCE_LEN));
}

static int64_t microseconds_of(int64_t fixed) { return (int64_t)((__int128)fixed * 1000000 >> 32); }

static uint64_t fixed_of(int64_t microseconds) {
    uint64_t seconds = (uint64_t)(microseconds / 1000000), rest = (uint64_t)(microseconds % 1000000);
    return (seconds + epoch) << 32 | (rest << 32) / 1000000;
}

static int64_t short_microseconds(uint32_t fixed) { return (int64_t)(((uint64_t)fixed * 1000000) >> 16); }

/* A kiss code is four letters (RFC 5905 section 7.4); what else a packet has there is not repeated. */
static hm_err refuse_kiss(const fields *f) {
    char code[5] = {0};
    hm_reader reader = hm_reader_of(f->reference);
    HM_TRY(hm_read_copy(&reader, code, 4));
    for (size_t i = 0; i < 4; i++)
        if (code[i] <= ' ' || code[i] > '~') return hm_refuse("the time source does not want to be asked (no reason)");
    return hm_refuse("the time source does not want to be asked (%s)", code);
}

static hm_err check(const fields *f) {
    if (f->mode != SERVER) return hm_refuse("the time source is no server (mode %u)", f->mode);
    if (f->version < 3 || f->version > 4) return hm_refuse("the time source speaks version %u of NTP", f->version);
    if (f->leap == UNSYNCHRONIZED) return hm_refuse("the time source says that its own clock is not set");
    if (!f->stratum) return refuse_kiss(f);
    if (f->stratum > STRATUM_MAX) return hm_refuse("the time source says that it has no time (stratum %u)", f->stratum);
    return f->receive && f->transmit && (int64_t)(f->transmit - f->receive) >= 0
               ? HM_OK
               : hm_refuse("the time source contradicts itself");
}

hm_err hm_sntp_judge(hm_bytes packet, int64_t sent, int64_t took, hm_sntp_time *time) {
    fields f;
    HM_TRY(read_fields(packet, &f));
    HM_TRY(check(&f));
    /* Of four times the differences (RFC 5905 section 8), which no era divides. */
    int64_t there = microseconds_of((int64_t)(f.receive - fixed_of(sent))),
            back = microseconds_of((int64_t)(f.transmit - fixed_of(sent + took))),
            delay = took - microseconds_of((int64_t)(f.transmit - f.receive));
    *time = (hm_sntp_time){.offset = there / 2 + back / 2,
                           .distance = (delay > 0 ? delay : 0) / 2 + short_microseconds(f.root_delay) / 2 +
                                       short_microseconds(f.root_dispersion)};
    return HM_OK;
}

static int64_t microseconds_by(clockid_t which) {
    struct timespec now;
    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* What is no answer to this question is not looked at, whoever sent it. */
static hm_err receive(int fd, const uint8_t *nonce, int64_t until, uint8_t *packet, size_t size, size_t *len) {
    for (;;) {
        int64_t left = (until - microseconds_by(CLOCK_BOOTTIME)) / 1000;
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        int ready = left > 0 ? poll(&polled, 1, (int)left) : 0;
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return hm_could_not("the time source does not answer");
        ssize_t n = recv(fd, packet, size, MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN) return hm_could_not("the time source does not answer: %s", strerror(errno));
        if (n > 0 && hm_sntp_answers(HM_BYTES(packet, (size_t)n), nonce)) return *len = (size_t)n, HM_OK;
    }
}

hm_err hm_sntp_ask(const struct sockaddr *address, socklen_t len, int wait, hm_sntp_time *time) {
    uint8_t nonce[HM_SNTP_NONCE_LEN], question[HM_SNTP_LEN], answer[512];
    size_t answer_len;
    HM_TRY(hm_random(nonce, sizeof nonce));
    hm_sntp_question(nonce, question);
    HM_FD fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Connected, so that the kernel takes nobody else's answers. */
    if (fd < 0 || connect(fd, address, len) != 0)
        return hm_could_not("the time source cannot be asked: %s", strerror(errno));
    int64_t sent = microseconds_by(CLOCK_REALTIME), began = microseconds_by(CLOCK_BOOTTIME);
    if (send(fd, question, sizeof question, MSG_NOSIGNAL) != sizeof question)
        return hm_could_not("the time source cannot be asked: %s", strerror(errno));
    HM_TRY(receive(fd, nonce, began + (int64_t)wait * 1000, answer, sizeof answer, &answer_len));
    return hm_sntp_judge(HM_BYTES(answer, answer_len), sent, microseconds_by(CLOCK_BOOTTIME) - began, time);
}
