/* Keys that were made elsewhere. The office never has one in its hands: the maker's own tools put it into the token,
 * and here it is given the office's id, recorded as imported, and certified. */
#include "office.h"

#include <string.h>

typedef struct {
    hm_bytes was, spki;
    bool is_ours;
} ownership;

static hm_err compare(void *context, const hm_key_row *row) {
    ownership *o = context;
    o->is_ours |= o->spki.len ? hm_bytes_equal(row->spki, o->spki) : hm_bytes_equal(HM_ARRAY(row->token_id), o->was);
    return HM_OK;
}

/* One key in two places would let a signature for one pass for the other; what was once destroyed is not brought back.
 */
static hm_err check_strange(hm_office *office, ownership *o) {
    size_t count;
    HM_TRY(hm_store_keys(office->store, -1, 0, 0, compare, o, &count));
    return o->is_ours ? hm_refuse("this key is one of the office's already (hallmark key list)") : HM_OK;
}

static hm_err may_take(void *context, hm_bytes spki) {
    ownership o = {.spki = spki};
    return check_strange(context, &o);
}

static hm_err check_terms(hm_office *office, const hm_product *product) {
    hm_key_terms terms;
    HM_TRY(hm_key_terms_of(office, hm_text(product->name), &terms));
    if (terms.no_imported)
        return hm_refuse("the policy of %s says \"no imported keys\" (hallmark key generate makes one)", product->name);
    return terms.per_release ? hm_refuse("each release of %s has a key of its own, by its policy, and such a key is "
                                         "made for it",
                                         product->name)
                             : HM_OK;
}

hm_err hm_key_import(hm_office *office, const hm_product *product, hm_key_algorithm algorithm, hm_bytes was) {
    ownership by_id = {.was = was};
    hm_adoption how = {.was = was, .may = may_take, .context = office};
    HM_TRY(check_terms(office, product));
    HM_TRY(check_strange(office, &by_id));
    /* Whoever has the other office's statements has its keys: they are not carried off by another on the same token. */
    if (hm_key_id_is_governed(was)) return hm_refuse("this key is one of another office with founders, by its id");
    return hm_ceremony_adopt(office, product, algorithm, &how);
}
