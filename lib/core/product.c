/* Products: name, identifiers, the algorithms their keys may have. */
#include "certificates.h"

#include <base/json.h>
#include <base/name.h>
#include <crypto/uuid.h>

#include <stdio.h>
#include <string.h>

enum { PRODUCT_NAME_MAX = 40 }; /* so that it fits a certificate's common name with what stands around it */

static hm_err check_algorithms(uint32_t algorithms) {
    uint32_t known = ((1u << (HM_KEY_ALGORITHMS + 1)) - 1) & ~1u;
    if (!algorithms || (algorithms & ~known)) return hm_refuse("core language: unknown key algorithms");
    return HM_OK;
}

static hm_err log_product(hm_office *office, const hm_product *product) {
    char class[HM_UUID_TEXT], vendor[HM_UUID_TEXT];
    hm_uuid_text(product->class, class);
    hm_uuid_text(product->vendor, vendor);
    HM_BUF details = HM_BUF_EMPTY;
    hm_json json = hm_log_act(office, "product added", &details);
    hm_json_array(&json, "algorithms");
    for (unsigned a = 1; a <= HM_KEY_ALGORITHMS; a++)
        if (product->algorithms >> a & 1) hm_json_string(&json, NULL, hm_key_algorithm_name((hm_key_algorithm)a));
    hm_json_close_array(&json);
    hm_json_string(&json, "class", class);
    hm_json_string(&json, "product", product->name);
    hm_json_number(&json, "time", hm_now());
    hm_json_string(&json, "vendor", vendor);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_record record = {.type = HM_LEAF_CEREMONY, .product = product, .details = hm_buf_bytes(&details)};
    uint64_t index;
    return hm_log_append(office, &record, &index);
}

static hm_err count_product(void *context, const hm_product_row *row) {
    (void)context;
    (void)row;
    return HM_OK;
}

static hm_err add_row(hm_office *office, hm_product *product) {
    hm_product_row row = {.name = hm_text(product->name), .algorithms = product->algorithms, .created = hm_now()};
    memcpy(row.vendor, product->vendor, sizeof row.vendor);
    memcpy(row.class, product->class, sizeof row.class);
    size_t found;
    HM_TRY(hm_store_products(office->store, &row.name, count_product, NULL, &found));
    if (found) return hm_refuse("there is a product %s already", product->name);
    HM_TRY(hm_store_add_product(office->store, &row, &product->id));
    return log_product(office, product);
}

/* A product whose authority nobody can certify would be half of one. */
static hm_err check_root(hm_office *office) {
    hm_ca root = {.key = NULL};
    hm_err err = hm_ceremony_ca(office, NULL, true, &root);
    hm_buf_clear(&root.certificate);
    return err;
}

hm_err hm_product_add(hm_office *office, hm_bytes name, uint32_t algorithms) {
    HM_TRY(hm_name_check(name, PRODUCT_NAME_MAX, "a product's name"));
    HM_TRY(check_algorithms(algorithms));
    HM_TRY(check_root(office));
    hm_product product = {.algorithms = algorithms};
    memcpy(product.name, name.data, name.len);
    /* RFC 9124 sections 3.3 and 3.4: the class lies in the vendor's namespace. */
    hm_uuid_of_name(hm_uuid_dns, hm_text(office->row.organization), product.vendor);
    hm_uuid_of_name(product.vendor, name, product.class);
    HM_TRY(hm_store_begin(office->store));
    hm_err err = add_row(office, &product);
    if (hm_failed(err)) {
        hm_store_rollback(office->store);
        return err;
    }
    HM_TRY(hm_store_commit(office->store));
    return hm_ceremony_product(office, &product);
}

static hm_err take_product(void *context, const hm_product_row *row) {
    hm_product *product = context;
    product->id = row->id;
    snprintf(product->name, sizeof product->name, "%.*s", (int)row->name.len, (const char *)row->name.data);
    memcpy(product->vendor, row->vendor, sizeof product->vendor);
    memcpy(product->class, row->class, sizeof product->class);
    product->algorithms = row->algorithms;
    return HM_OK;
}

hm_err hm_product_find(hm_office *office, hm_bytes name, hm_product *product) {
    size_t found;
    memset(product, 0, sizeof *product);
    HM_TRY(hm_store_products(office->store, &name, take_product, product, &found));
    if (!found)
        return hm_refuse("there is no product %.*s (hallmark product list shows them, hallmark product add makes one)",
                         (int)name.len, (const char *)name.data);
    return HM_OK;
}

static hm_err take_if_meant(void *context, const hm_product_row *row) {
    const hm_product *product = context;
    return row->id == product->id ? take_product(context, row) : HM_OK;
}

hm_err hm_product_of_row(hm_office *office, const hm_key_row *row, hm_product *product) {
    size_t found;
    *product = (hm_product){.id = row->product};
    return product->id ? hm_store_products(office->store, NULL, take_if_meant, product, &found) : HM_OK;
}
