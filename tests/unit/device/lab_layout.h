/* The layout of the bench, where no port gives its own. */
#ifndef DEVICE_LAB_LAYOUT_H
#define DEVICE_LAB_LAYOUT_H

#include <layout.h>

static const hmb_layout port_layout = HMB_ROW(0, "main", 8192, "limits", 4096);

#endif
