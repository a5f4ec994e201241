/* What the files of the first stage share; a port includes boot.h only. */
#ifndef HALLMARK_BOOT_PARTS_H
#define HALLMARK_BOOT_PARTS_H

#include "boot.h"

/* Is the release in SLOT of BANK one that may be installed or booted (ACT) under TRUST, and was the payload that now
 * lies in the bank's memory signed with it? PIN: the manifest that it must have; FOUND's own, if any will do. FOUND is
 * filled in; the answer is HMV_ACCEPTED or the first reason. */
hmv_reason hmb_slot_judge(hmb_boot *boot, size_t bank, uint32_t slot, hmv_act act, const hmv_trust *trust,
                          const uint8_t *pin, hmb_found *found);
/* HMV_ACCEPTED if and only if each of the answers is; else the first that is not. */
hmv_reason hmb_found_answer(const hmb_found *found);

/* The list that the state says is in force. HMB_LIST_LOST and others: list[in_force] is all zero. */
hmv_reason hmb_list_open(hmb_boot *boot);
/* An earlier list, in the other place. */
hmv_reason hmb_list_open_earlier(hmb_boot *boot, const hmb_list *list);
/* Are the lists in RAM, which every decision of this boot has read, what they were when they were opened? A fault may
 * have stored something in them after their signatures were verified. HMV_ACCEPTED if they are. */
hmv_reason hmb_lists_stand(const hmb_boot *boot);
/* The digest of the root set that LIST must have. */
const uint8_t *hmb_list_roots(const hmb_boot *boot, const hmb_list *list);
/* The list in the free area takes the place of the one in force, which was opened, if it may. */
hmv_reason hmb_list_take(hmb_boot *boot);

/* Judges what the mailbox holds and notes it in the record. */
void hmb_requests_take(hmb_boot *boot);
/* After the state was written: an emptier mailbox. */
void hmb_requests_clean(hmb_boot *boot);

/* Chooses for BANK: the trial, the confirmed release, the one before. HMV_ACCEPTED: found[bank] is it. */
hmv_reason hmb_bank_decide(hmb_boot *boot, size_t bank);
/* The release in SLOT as confirmed before: under the list in force, else under the earlier one. */
hmv_reason hmb_bank_judge_confirmed(hmb_boot *boot, size_t bank, uint32_t slot);
hmv_reason hmb_bank_judge_trial(hmb_boot *boot, size_t bank);
/* The counter of what is on trial there and has confirmed itself. HMV_BAD: there is no room for it. */
hmv_verdict hmb_bank_raise(hmb_boot *boot, size_t bank);
/* That, and what goes with it, becomes the confirmed release. */
void hmb_bank_promote(hmb_boot *boot, size_t bank);

/* The device's own word for HMV_GOOD: development. */
void hmb_set_life(hmb_boot *boot, uint32_t life);

int hmb_is_zero(const uint8_t *data, size_t size);

#endif
