#include "pending.h"

#include "office_access.h"

#include <base/file.h>

#include <sys/mman.h>

static void remove_pending(void *page) { hm_outfile_remove_pending(page); }

hm_err hm_connect_with_pending(const hm_options *options, hm_connection *office, char **page) {
    void *shared = mmap(NULL, HM_PENDING_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    hm_err err = shared == MAP_FAILED ? hm_no_memory() : hm_connect_office(options, remove_pending, shared, office);
    HM_TRY(err);
    *page = shared;
    hm_outfile_note_pending(shared);
    return HM_OK;
}
