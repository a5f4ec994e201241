#include "list_hold.h"

#include "trust_file.h"

/* "keys that the list does not know" would send the reader to the envelope: it is the list's own roots that did not
 * sign. */
static hm_err check_roots(const hm_list_file *file) {
    hm_tally tally;
    HM_TRY(hm_list_tally(file, file->list, &tally));
    if (hm_tally_is_enough(&tally)) return HM_OK;
    if (tally.wrong)
        return hm_refuse("damaged: %zu of its signatures %s not good", tally.wrong, tally.wrong == 1 ? "is" : "are");
    return hm_refuse("%s: %zu of %zu root%s signed, and %llu must (hallmark trust update LIST --sign)",
                     tally.good ? "not signed by enough" : "unsigned", tally.good, file->list->roots,
                     file->list->roots == 1 ? " has" : "s have", (unsigned long long)tally.threshold);
}

/* Whoever gives the file trusts the roots of its first list; the others must follow from it. */
static hm_err hold_first(hm_device_list *device, hm_bytes envelope) {
    HM_LIST_FILE file = {.list = NULL};
    HM_TRY(hm_list_file_open(envelope, &file));
    HM_TRY(check_roots(&file));
    return hm_device_hold(device, envelope, file.root_set);
}

static hm_err hold(hm_device_list *device, hm_bytes content) {
    hm_list_files files;
    HM_TRY(hm_list_files_of(content, &files));
    HM_TRY(hold_first(device, files.list[0]));
    for (size_t i = 1; i < files.count; i++) {
        hm_reason_text said;
        HM_TRY(hm_device_offer(device, files.list[i], &said));
        if (!said.accepted && !said.already) return hm_refuse("list %zu of the bundle: %s", i + 1, said.sentence);
    }
    return HM_OK;
}

hm_err hm_list_hold(hm_device_list *device, hm_bytes content, const char *name) {
    return hm_in(hold(device, content), "the trust list %s", name ? name : "");
}
