/* Keys that were made elsewhere. The office never has one in its hands: the maker's own tools put it into the token,
 * and here it is given the office's id, recorded as imported, and certified. */
#include "office.h"

typedef struct {
    hm_office *office;
    hm_bytes was, spki;
    bool is_ours;
} import;

static hm_err compare(void *context, const hm_key_row *row) {
    import *i = context;
    i->is_ours |= hm_bytes_equal(row->spki, i->spki);
    return HM_OK;
}

/* One key in two places would let a signature for one pass for the other; what was once destroyed is not brought back.
 * And whoever has another office's statements has its keys: they are not carried off from the same token. */
static hm_err may_take(void *context, hm_bytes spki) {
    import *i = context;
    size_t count;
    i->spki = spki;
    HM_TRY(hm_store_keys(i->office->store, -1, 0, 0, compare, i, &count));
    if (i->is_ours) return hm_refuse("this key is one of the office's already (hallmark key list)");
    return hm_key_id_is_governed(i->was) ? hm_refuse("by its id this key is one of another office with founders")
                                         : HM_OK;
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
import taken = {.office = office, .was = was };
    hm_adoption how = {.was = was, .may = may_take, .context = &taken};
    HM_TRY(check_terms(office, product));
    return hm_ceremony_adopt(office, product, algorithm, &how);
}
