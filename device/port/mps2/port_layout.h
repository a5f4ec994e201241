/* Where things lie in this board's flash: what a port says of its own first. device/layout.py reads it too: it checks
 * it, runs the device's tests over it, and makes and shows flash images for it. */
#ifndef HALLMARK_MPS2_PORT_LAYOUT_H
#define HALLMARK_MPS2_PORT_LAYOUT_H

#include "layout.h"

enum {
    PORT_FIRMWARE_MAX = 0x40000, /* 256 KiB */
    PORT_PARAMETERS_MAX = 0x1000,
    PORT_FLASH_SIZE = HMB_ROW_END(0, PORT_FIRMWARE_MAX, PORT_PARAMETERS_MAX) /* the model's is as large as is needed */
};

/* What trust lists, releases and receipts may use. */
#define PORT_ALGORITHMS &hmv_esp256
#define PORT_DIGESTS &hmv_digest_sha256

static const hmb_layout port_layout = HMB_ROW(0, "main", PORT_FIRMWARE_MAX, "limits", PORT_PARAMETERS_MAX);

#endif
