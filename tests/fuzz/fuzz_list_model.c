/* layers: base crypto pki */
/* Trust lists and the small files that go with them: what is read is written again as the same bytes, differs from
 * itself in nothing, and after an edit is still a list that devices read. */
#include <pki/trust_compare.h>
#include <pki/trust_edit.h>

#include <stdlib.h>

static void must(bool holds) {
    if (!holds) abort();
}

static hm_err no_difference(void *context, const char *sentence) {
    (void)context;
    (void)sentence;
    abort();
}

/* The first publisher's last key is revoked. */
static void edit(hm_trust_list *list) {
    hm_list_revoked *revoked;
    HM_BUF kid = HM_BUF_EMPTY, payload = HM_BUF_EMPTY;
    const char *text;
    if (!list->publishers || !list->publisher[0].keys) return;
    must(!hm_failed(hm_put_hex(&kid, HM_ARRAY(list->publisher[0].key[list->publisher[0].keys - 1].kid))));
    must(!hm_failed(hm_buf_string(&kid, &text)));
    if (hm_failed(hm_list_revoke(list, text, &revoked))) return;
    hm_err err = hm_trust_list_put(list, &payload);
    must(!hm_failed(err) || payload.len == 0);
    if (!hm_failed(err)) must(!hm_failed(hm_trust_list_read(hm_buf_bytes(&payload), list)));
}

static void try_list(hm_bytes data) {
    HM_TRUST_LIST *list = NULL;
    HM_BUF again = HM_BUF_EMPTY;
    must(!hm_failed(hm_trust_list_new(&list)));
    if (hm_failed(hm_trust_list_read(data, list))) return;
    must(!hm_failed(hm_trust_list_put(list, &again)));
    must(hm_bytes_equal(data, hm_buf_bytes(&again)));
    must(!hm_failed(hm_trust_list_compare(list, list, no_difference, NULL)));
    (void)!hm_failed(hm_trust_list_check(list));
    edit(list);
}

static void try_files(hm_bytes data) {
    static hm_publisher_file publisher;
    hm_list_log log;
    hm_list_key key;
    HM_BUF again = HM_BUF_EMPTY;
    if (!hm_failed(hm_publisher_file_read(data, &publisher)))
        must(!hm_failed(hm_publisher_file_put(&publisher, &again)));
    else if (!hm_failed(hm_log_file_read(data, &log)))
        must(!hm_failed(hm_log_file_put(&log, &again)));
    else if (!hm_failed(hm_root_file_read(data, &key)))
        must(!hm_failed(hm_root_file_put(&key, &again)));
    else if (!hm_failed(hm_list_key_read(data, &key)))
        must(!hm_failed(hm_put(&again, HM_BYTES(key.cose, key.len))));
    else
        return;
    must(hm_bytes_equal(data, hm_buf_bytes(&again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    try_list(HM_BYTES(data, size));
    try_files(HM_BYTES(data, size));
    return 0;
}
