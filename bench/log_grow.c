/* Grows the log of a real office, for measuring what is done with a long one: log_grow OFFICE FROM TO
 *
 * Entries FROM to TO of a busy log (busy_log.h), of the office's first products and their two newest signing keys, then
 * a checkpoint. Nothing is signed but that. */
#include "bench.h"
#include "busy_log.h"

#include <string.h>
#include <unistd.h>

static hm_office office;
static hm_session session;
static busy_log log_of;
static unsigned products;

static hm_err take_key(void *context, const hm_key_row *row) {
    busy_product *product = context;
    memcpy(product->key[1], product->key[0], sizeof product->key[1]);
    for (size_t i = 0; i < sizeof row->token_id; i++) snprintf(&product->key[0][2 * i], 3, "%02x", row->token_id[i]);
    return HM_OK;
}

static hm_err take_product(void *context, const hm_product_row *row) {
    size_t found;
    (void)context;
    if (products == BUSY_PRODUCTS) return HM_OK;
    busy_product *product = &log_of.product[products++];
    snprintf(product->name, sizeof product->name, "%.*s", (int)row->name.len, (const char *)row->name.data);
    memcpy(product->class, row->class, sizeof product->class);
    HM_TRY(hm_store_keys(office.store, row->id, HM_KEY_ROLE_SIGNING, 0, take_key, product, &found));
    return found < BUSY_KEYS ? hm_refuse("product %s has %zu signing keys: two are needed", product->name, found)
                             : HM_OK;
}

int main(int argc, char **argv) {
    uint64_t from, to;
    size_t found;
    if (argc != 4 || hm_failed(hm_decimal_decode(hm_text(argv[2]), &from)) ||
        hm_failed(hm_decimal_decode(hm_text(argv[3]), &to)) || from % (2 * BUSY_BATCH) || to % (2 * BUSY_BATCH)) {
        fprintf(stderr, "log_grow: usage: log_grow OFFICE FROM TO (in sixteens)\n");
        return HM_MISUSED;
    }
    hm_session_init(&session, (uint32_t)geteuid());
    must(hm_office_open(argv[1], &session, &office));
    must(hm_store_products(office.store, NULL, take_product, NULL, &found));
    if (products < BUSY_PRODUCTS) must(hm_refuse("the office has %u products: %d are needed", products, BUSY_PRODUCTS));
    log_of.began = hm_now();
    must(busy_log_grow(&office, &log_of, from, to));
    must(hm_log_publish(&office, NULL));
    hm_office_close(&office);
    hm_session_clear(&session);
    return HM_DONE;
}
