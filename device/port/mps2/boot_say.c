/* The boot record as lines for a person. A product without a console leaves this file out. */
#include "port.h"

void boot_say(const hmb_boot *boot);

static void say_number(uint32_t number) {
    char text[11], *at = &text[10];
    *at = 0;
    do *--at = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    port_say(at);
}

static void say_hex(const uint8_t *data, size_t size) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        const char text[] = {digits[data[i] >> 4], digits[data[i] & 15], 0};
        port_say(text);
    }
}

static const char *const causes[] = {"?", "power on", "the application asked for it", "the watchdog"};
static const char *const names[HMB_BANKS] = {"firmware", "limits"};
static const char *const slots[HMB_SLOTS] = {"A", "B"};

static void say_head(const hmb_record *record) {
    port_say("boot ");
    say_number((uint32_t)record->entry.number);
    port_say(" (");
    port_say(causes[record->cause <= PORT_WATCHDOG ? record->cause : 0]);
    port_say(record->life == HMB_DEVELOPMENT ? "), development, trust list " : "), production, trust list ");
    say_number((uint32_t)record->list);
    port_say(" by roots ");
    say_hex(record->roots, 4);
    port_say("\n");
}

static const struct {
    uint32_t kind;
    const char *text;
} requests[] = {{HMB_TRY, "try what is in the free slot"},
                {HMB_CONFIRM, "confirm what is on trial"},
                {HMB_TAKE_LIST, "take a trust list"},
                {HMB_LEAVE_DEVELOPMENT, "leave development"}};

static void say_request(const hmb_request_record *request) {
    const char *text = "something unknown";
    if (request->reason == 0) return;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        if (requests[i].kind == request->kind) text = requests[i].text;
    port_say("  asked to ");
    port_say(text);
    port_say(request->reason == HMV_ACCEPTED ? ": done\n" : ": refused: ");
    if (request->reason == HMV_ACCEPTED) return;
    port_say(hmb_reason_text(request->reason));
    port_say("\n");
}

static void say_trial(const hmb_boot *boot, size_t number) {
    uint32_t attempts = boot->record.attempts;
    if (!boot->record.bank[number].trial) return;
    port_say(", on trial, ");
    if (attempts == 0 && number == HMB_FIRMWARE && boot->state.bank[number].active >= HMB_SLOTS) {
        port_say("again and again: there is no other");
        return;
    }
    say_number(attempts);
    port_say(attempts == 1 ? " more attempt" : " more attempts");
}

static void say_refused(const hmb_bank_record *bank, size_t number) {
    for (size_t slot = 0; slot < HMB_SLOTS; slot++) {
        uint32_t reason = bank->reason[slot];
        if (reason == HMV_ACCEPTED || reason == HMB_NOT_ASKED) continue;
        if (slot == bank->slot) {
            port_say("    under the list before, for now: ");
        } else {
            port_say("  refused ");
            port_say(names[number]);
            port_say(" in slot ");
            port_say(slots[slot]);
            port_say(": ");
        }
        port_say(hmb_reason_text(reason));
        port_say("\n");
    }
}

static void say_bank(const hmb_boot *boot, size_t number) {
    const hmb_bank_record *bank = &boot->record.bank[number];
    if (bank->slot < HMB_SLOTS) {
        port_say("  ");
        port_say(names[number]);
        port_say(" ");
        port_say(bank->version);
        port_say(" from slot ");
        port_say(slots[bank->slot]);
        port_say(", sequence ");
        say_number((uint32_t)bank->sequence);
        port_say(", security version ");
        say_number((uint32_t)bank->security_version);
        port_say(", signed by ");
        say_hex(bank->signer, 4);
        say_trial(boot, number);
        port_say("\n");
    }
    say_refused(bank, number);
}

static void say_reason(const char *what, uint32_t reason) {
    if (reason == 0) return;
    port_say(what);
    port_say(hmb_reason_text(reason));
    port_say("\n");
}

/* What a device knows that has a state. */
static void say_all(const hmb_boot *boot) {
    const hmb_record *record = &boot->record;
    say_head(record);
    say_reason("  the state: ", record->fault);
    for (size_t i = 0; i < HMB_REQUESTS_MAX; i++) say_request(&record->request[i]);
    for (size_t i = 0; i < HMB_BANKS; i++) say_bank(boot, i);
}

void boot_say(const hmb_boot *boot) {
    if (boot->state.entry.number != 0) say_all(boot);
    say_reason("  nothing to start: ", boot->record.undecided);
}
