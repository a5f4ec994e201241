/* What must be there beside a release. The verifier has asked the counters; but an exception leaves them above what
 * runs, so here it is asked once more, of what is used. The bytes are those that the verifier has found well-formed. */
#include "boot.h"

#include <string.h>

typedef struct dependency {
    hmv_bytes publisher, component;
    uint64_t security_version, sequence;
} dependency;

/* What a dependency can be met by. */
typedef struct installed {
    const uint8_t *publisher;
    uint64_t security_version, sequence;
} installed;

static uint8_t next_octet(hmv_bytes *left) {
    if (left->size == 0) return 0;
    left->size--;
    return *left->data++;
}

/* The argument of the next item's head (RFC 8949 section 3). */
static uint64_t next_number(hmv_bytes *left) {
    uint64_t number = next_octet(left) & 31;
    if (number < 24) return number;
    size_t octets = (size_t)1 << (number - 24 < 3 ? number - 24 : 3);
    for (number = 0; octets > 0; octets--) number = number << 8 | next_octet(left);
    return number;
}

static hmv_bytes next_string(hmv_bytes *left) {
    uint64_t size = next_number(left);
    hmv_bytes string = {left->data, size < left->size ? (size_t)size : left->size};
    left->data += string.size;
    left->size -= string.size;
    return string;
}

static dependency next_dependency(hmv_bytes *left) {
    dependency it;
    (void)next_number(left);
    it.publisher = next_string(left);
    it.component = next_string(left);
    it.security_version = next_number(left);
    it.sequence = next_number(left);
    return it;
}

static int is_same(hmv_bytes a, hmv_bytes b) { return a.size == b.size && memcmp(a.data, b.data, a.size) == 0; }

static int meets(const dependency *it, const installed *used) {
    return it->publisher.size == HMV_UUID_SIZE && memcmp(it->publisher.data, used->publisher, HMV_UUID_SIZE) == 0 &&
           used->security_version >= it->security_version && used->sequence >= it->sequence;
}

/* What BANK has when a release for ASKING is judged: parameters go with the firmware that was just chosen. */
static installed used_in(const hmb_boot *boot, size_t bank, size_t asking) {
    const hmb_bank_state *state = &boot->state.bank[bank];
    const hmb_found *found = &boot->found[bank];
    if (bank != asking && bank == HMB_FIRMWARE)
        return (installed){found->publisher, found->security_version, found->sequence};
    return (installed){state->publisher, state->security_version, state->sequence};
}

static int is_met(const hmb_boot *boot, size_t asking, const hmv_release *release, const dependency *it) {
    const installed own = {release->publisher.data, release->component[0].security_version, release->sequence};
    if (is_same(it->component, release->component[0].id) && meets(it, &own)) return 1;
    for (size_t bank = 0; bank < HMB_BANKS; bank++) {
        installed other = used_in(boot, bank, asking);
        if (is_same(it->component, boot->board->layout->bank[bank].component) && meets(it, &other)) return 1;
    }
    return 0;
}

/* Firmware that is confirmed boots whatever has become of the parameters: it must do what is safe without them (P7). */
hmv_reason hmb_dependencies_check(const hmb_boot *boot, size_t bank, hmv_act act, const hmv_release *release) {
    hmv_bytes left = release->dependencies;
    if (left.size == 0 || (bank == HMB_FIRMWARE && act == HMV_BOOT)) return HMV_ACCEPTED;
    for (uint64_t count = next_number(&left); count > 0; count--) {
        const dependency it = next_dependency(&left);
        if (!is_met(boot, bank, release, &it)) return HMV_MISSING_DEPENDENCY;
    }
    return HMV_ACCEPTED;
}
