/* layers: description */
/* The description of an update (sign --manifest): whatever it says, the manifest that comes of it is refused, or one
 * that its writer takes. */
#include <native_json.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    hm_description *description = NULL;
    HM_BUF cbor = HM_BUF_EMPTY;
    hm_manifest manifest = {.version = hm_text("1"), .sequence = 1, .purpose = HM_PURPOSE_DEVELOPMENT, .signers = 1};
    bool has_sequence = size % 2;
    if (!hm_failed(hm_description_read(HM_BYTES(data, size), &has_sequence, &description, &manifest))) {
        if (manifest.components > HM_MANIFEST_COMPONENTS || manifest.notes > HM_MANIFEST_NOTES) abort();
        for (size_t i = 0; i < manifest.components; i++)
            hm_digest_of(HM_SHA256, manifest.component[i].file, &manifest.component[i].digest);
        (void)!hm_failed(hm_manifest_put(&manifest, &cbor));
    }
    hm_description_free(&description);
    return 0;
}
