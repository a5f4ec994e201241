/* A release into the free slot, in pieces as they come, verified as they come, and resumed after a power failure.
 *
 *     hma_download_open(&download, &device, HMB_FIRMWARE);
 *     while (answer == HMV_MORE) {
 *         size = receive(hma_download_offset(&download), data);      // of the packed stream
 *         answer = hma_download_feed(&download, data, size);
 *     }
 *     if (HMV_IS_ACCEPTED(answer)) hma_try(&device, 1 << HMB_FIRMWARE);
 *
 * Nothing is written before the envelope was accepted for installation. What was written is progress, not proof: the
 * first stage verifies all of it again. Erase blocks are erased as the download reaches them; each that is complete is
 * marked, and a download that is opened again goes on behind the last mark, having verified again what lies before. */
#ifndef HALLMARK_APP_DOWNLOAD_H
#define HALLMARK_APP_DOWNLOAD_H

#include "request.h"

typedef struct hma_download {
    const hma_device *device;
    size_t bank;
    uint32_t slot; /* the address */
    hmv_platform platform;
    hmv_config config;
    hmv_stream stream;
    uint64_t offset;    /* bytes of the stream that were taken */
    uint32_t replaying; /* what is fed comes from the slot itself */
    hmv_reason refused; /* why the bank does not take what the stream has; 0 */
    uint32_t unit_used; /* bytes in UNIT */
    uint32_t marks;     /* units used behind the header */
    uint8_t unit[HMB_UNIT_SIZE];
    uint8_t envelope[HMB_ENVELOPE_MAX];
} hma_download;

/* Begins, or goes on with what is in the free slot, whatever release that is. HMV_MORE: hma_download_feed goes on at
 * hma_download_offset. HMV_ACCEPTED: all of it is there already (it may be a release that was tried and has failed).
 * HMB_TRIAL_UNDER_WAY: there is no free slot. HMV_READ_FAULT: the flash fails. */
hmv_reason hma_download_open(hma_download *download, const hma_device *device, size_t bank);
uint64_t hma_download_offset(const hma_download *download);
/* The next SIZE bytes of the packed stream. HMV_MORE, HMV_ACCEPTED with the last byte, or the reason of the refusal.
 * What the first stage would refuse for the bank's sake (hmb_component_check) is refused before anything is written;
 * the slot is then to be forgotten with hma_download_forget before another release is fetched. */
hmv_reason hma_download_feed(hma_download *download, const uint8_t *data, size_t size);
/* The free slot is empty. */
hmv_verdict hma_download_forget(const hma_device *device, size_t bank);

#endif
