/* A slot: its header says how long the envelope is; everything else about it is the envelope's word. */
#include "parts.h"

#include <string.h>

static uint32_t address(const hmb_boot *boot, size_t bank, uint32_t slot) {
    return boot->board->layout->bank[bank].slot[slot];
}

static hmv_verdict read_flash(const hmb_boot *boot, uint32_t at, uint8_t *data, size_t size) {
    const hmb_flash *flash = boot->board->flash;
    return flash->read(flash->context, at, data, size);
}

/* The envelope, copied to RAM: nothing of it is looked at in flash. */
static hmv_bytes read_envelope(hmb_boot *boot, uint32_t at) {
    hmv_bytes none = {boot->envelope, 0}, envelope = none;
    uint32_t words[2];
    if (hmb_words_read(boot->board->flash, at, words) != HMV_GOOD || words[0] != HMB_SLOT_MAGIC) return none;
    if (words[1] == 0 || words[1] > sizeof boot->envelope) return none;
    envelope.size = words[1];
    return read_flash(boot, at + HMB_SLOT_ENVELOPE, boot->envelope, words[1]) == HMV_GOOD ? envelope : none;
}

hmv_reason hmb_component_check(const hmb_boot *boot, size_t bank, const hmv_release *release) {
    const hmb_bank *own = &boot->board->layout->bank[bank];
    const hmv_component *component = &release->component[0];
    volatile hmv_verdict same = HMV_BAD;
    if (release->components != 1) return HMB_SEVERAL_COMPONENTS;
    if (component->id.size != own->component.size) return HMB_OTHER_COMPONENT;
    same = hmb_same(component->id.data, own->component.data, own->component.size);
    if (same != HMV_GOOD) return HMB_OTHER_COMPONENT;
    if (component->kind != own->kind) return HMB_OTHER_KIND;
    if (component->size > own->payload_size || component->size > boot->board->memory[bank].size) return HMB_NO_ROOM;
    return same; /* HMV_GOOD is HMV_ACCEPTED */
}

/* Copied to where it will be used, and that copy hashed. */
static hmv_reason check_payload(hmb_boot *boot, size_t bank, uint32_t at, const hmv_component *component) {
    uint8_t *memory = boot->board->memory[bank].data;
    hmv_payload payload;
    if (boot->copied[bank] < component->size) boot->copied[bank] = (uint32_t)component->size;
    hmv_payload_init(&payload, component);
    if (read_flash(boot, at + HMB_SLOT_PAYLOAD, memory, (size_t)component->size) != HMV_GOOD) return HMV_READ_FAULT;
    hmv_payload_update(&payload, memory, (size_t)component->size);
    return hmv_payload_final(&payload);
}

static void copy_text(char text[HMB_VERSION_TEXT], hmv_bytes from) {
    size_t size = from.size < HMB_VERSION_TEXT ? from.size : HMB_VERSION_TEXT - 1;
    memcpy(text, from.data, size);
}

/* What outlives the envelope's buffer. The array of signers begins with its head and that of a string of 32 bytes. */
static void copy_facts(const hmv_release *release, hmb_found *found) {
    enum { HEADS = 3 };
    hmv_sha256 hash;
    hmv_sha256_init(&hash);
    hmv_sha256_update(&hash, release->manifest.data, release->manifest.size);
    hmv_sha256_final(&hash, found->manifest);
    memcpy(found->publisher, release->publisher.data, sizeof found->publisher);
    found->sequence = release->sequence;
    found->security_version = release->component[0].security_version;
    found->size = (uint32_t)release->component[0].size;
    copy_text(found->version, release->version);
    if (release->signer_ids.size >= HEADS + HMV_KID_SIZE)
        memcpy(found->signer, release->signer_ids.data + HEADS, HMV_KID_SIZE);
}

static hmv_reason first_refusal(const hmb_found *found) {
    for (size_t i = 0; i < HMB_ANSWERS; i++)
        if (found->answers[i] != HMV_ACCEPTED) return i == HMB_ANSWER_PIN ? HMB_OTHER_RELEASE : found->answers[i];
    return HMV_UNDECIDED;
}

hmv_reason hmb_found_answer(const hmb_found *found) {
    const volatile hmv_reason *answer = found->answers;
    hmv_reason all = answer[0] & answer[1] & answer[2] & answer[3] & answer[4];
    hmv_reason any = answer[4] | answer[3] | answer[2] | answer[1] | answer[0];
    return all == HMV_ACCEPTED && any == HMV_ACCEPTED ? all : first_refusal(found);
}

hmv_reason hmb_slot_judge(hmb_boot *boot, size_t bank, uint32_t slot, hmv_act act, const hmv_trust *trust,
                          const uint8_t *pin, hmb_found *found) {
    uint32_t at = address(boot, bank, slot);
    hmv_release release;
    memset(found, 0, sizeof *found);
    hmv_bytes envelope = read_envelope(boot, at);
    if (envelope.size == 0) return HMB_EMPTY;
    found->answers[HMB_ANSWER_RELEASE] = hmv_release_verify(&boot->config, trust, act, envelope, &release);
    if (found->answers[HMB_ANSWER_RELEASE] == HMV_STATE_FAULT) found->answers[HMB_ANSWER_RELEASE] = HMB_COUNTERS_FULL;
    if (!HMV_IS_ACCEPTED(found->answers[HMB_ANSWER_RELEASE])) return hmb_found_answer(found);
    copy_facts(&release, found);
    found->answers[HMB_ANSWER_COMPONENT] = hmb_component_check(boot, bank, &release);
    /* An answer of its own: written over another, a good one could hide a refusal. */
    found->answers[HMB_ANSWER_NEEDS] = hmb_dependencies_check(boot, bank, act, &release);
    found->answers[HMB_ANSWER_PIN] =
        hmb_same(found->manifest, pin, sizeof found->manifest); /* HMV_GOOD is HMV_ACCEPTED */
    if (!HMV_IS_ACCEPTED(found->answers[HMB_ANSWER_COMPONENT]) || !HMV_IS_ACCEPTED(found->answers[HMB_ANSWER_NEEDS]) ||
        !HMV_IS_ACCEPTED(found->answers[HMB_ANSWER_PIN]))
        return hmb_found_answer(found);
    found->answers[HMB_ANSWER_PAYLOAD] = check_payload(boot, bank, at, &release.component[0]);
    return hmb_found_answer(found);
}
