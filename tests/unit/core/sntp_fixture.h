/* Packets of SNTP servers, right but for what a test asks. */
#ifndef HM_SNTP_FIXTURE_H
#define HM_SNTP_FIXTURE_H

#include "core_test.h"

#include "sntp.h"

#define WORKS(expression)                                                                                              \
    do {                                                                                                               \
        if (hm_failed(expression)) fail_msg("%s: %s", #expression, hm_err_sentence());                                 \
    } while (0)
#define REFUSED(words, expression)                                                                                     \
    do {                                                                                                               \
        assert_refused(expression);                                                                                    \
        assert_said(words);                                                                                            \
    } while (0)

static const uint8_t nonce[HM_SNTP_NONCE_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};
enum { SENT = 1000 }; /* seconds since 1970 */
static const uint64_t epoch = UINT64_C(2208988800);

typedef struct {
    uint8_t leap, version, mode, stratum;
    uint32_t root_delay, root_dispersion;
    double receive, transmit; /* seconds since 1970 */
} packet_plan;

static inline packet_plan good(void) {
    return (packet_plan){.version = 4, .mode = 4, .stratum = 2, .receive = SENT + 0.1, .transmit = SENT + 0.1};
}

static inline void put_time(uint8_t *at, double seconds) {
    uint64_t fixed = (uint64_t)((seconds + (double)epoch) * 65536.0) << 16;
    for (size_t i = 0; i < 8; i++) at[i] = (uint8_t)(fixed >> (56 - 8 * i));
}

static inline void put_packet(const packet_plan *plan, uint8_t packet[static HM_SNTP_LEN]) {
    memset(packet, 0, HM_SNTP_LEN);
    packet[0] = (uint8_t)(plan->leap << 6 | plan->version << 3 | plan->mode);
    packet[1] = plan->stratum;
    for (size_t i = 0; i < 4; i++) {
        packet[4 + i] = (uint8_t)(plan->root_delay >> (24 - 8 * i));
        packet[8 + i] = (uint8_t)(plan->root_dispersion >> (24 - 8 * i));
    }
    memcpy(packet + 12, "RATE", 4);
    memcpy(packet + 24, nonce, sizeof nonce);
    if (plan->receive > 0) put_time(packet + 32, plan->receive);
    if (plan->transmit > 0) put_time(packet + 40, plan->transmit);
}

#endif
