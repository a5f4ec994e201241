/* layers: base crypto pki */
/* A CMS structure, parsed and verified. */
#include "fuzz_signed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_signed(HM_STRUCTURE_CMS, HM_BYTES(data, size));
    return 0;
}
