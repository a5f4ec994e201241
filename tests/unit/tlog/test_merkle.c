#include "fixture.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* The eight entries and their roots that Certificate Transparency's implementations test with. */
static const char *const entries[] = {
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
static const char *const roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static hm_merkle_hash leaf_of_hex(const char *hex) {
    HM_BUF entry = HM_BUF_EMPTY;
    assert_ok(hm_hex_decode(hm_text(hex), &entry));
    return hm_merkle_leaf(hm_buf_bytes(&entry));
}

/* RFC 9162 section 2.1.1 over the entries [FROM, TO). */
static hm_merkle_hash root_over(size_t from, size_t to) {
    if (from == to) return hm_merkle_empty();
    if (to - from == 1) return leaf_of_hex(entries[from]);
    size_t k = 1;
    while (2 * k < to - from) k *= 2;
    hm_merkle_hash left = root_over(from, from + k), right = root_over(from + k, to);
    return hm_merkle_node(&left, &right);
}

static void gives_the_known_roots_of_eight_entries(void **state) {
    (void)state;
    for (size_t size = 0; size <= 8; size++) {
        hm_merkle_hash known = hash_of_hex(roots[size]), root = root_over(0, size);
        assert_same_hash(&root, &known);
    }
}

/* The path of INDEX in the tree over [FROM, TO), from the leaf up. */
static void path_over(size_t from, size_t to, size_t index, hm_merkle_proof *proof) {
    if (to - from <= 1) return;
    size_t k = 1;
    while (2 * k < to - from) k *= 2;
    bool left = index < from + k;
    path_over(left ? from : from + k, left ? from + k : to, index, proof);
    proof->hash[proof->count++] = left ? root_over(from + k, to) : root_over(from, from + k);
}

static void accepts_each_entry_only_at_its_own_index_and_size(void **state) {
    (void)state;
    for (size_t size = 1; size <= 8; size++)
        for (size_t index = 0; index < size; index++) {
            hm_merkle_proof proof = {.count = 0};
            hm_merkle_hash leaf = leaf_of_hex(entries[index]), root = hash_of_hex(roots[size]);
            path_over(0, size, index, &proof);
            assert_ok(hm_merkle_check_inclusion(&leaf, index, size, &proof, &root));
            for (size_t other = 0; other <= 9; other++) {
                if (other == index) continue;
                assert_refused(hm_merkle_check_inclusion(&leaf, other, size, &proof, &root), "");
            }
        }
}

static void refuses_a_proof_with_any_byte_changed(void **state) {
    (void)state;
    hm_merkle_proof proof = {.count = 0};
    hm_merkle_hash leaf = leaf_of_hex(entries[4]), root = hash_of_hex(roots[7]);
    path_over(0, 7, 4, &proof);
    for (size_t i = 0; i < proof.count; i++)
        for (size_t k = 0; k < HM_HASH_LEN; k++) {
            proof.hash[i].byte[k] ^= 0x40;
            assert_refused(hm_merkle_check_inclusion(&leaf, 4, 7, &proof, &root), "does not lead to the log's root");
            proof.hash[i].byte[k] ^= 0x40;
        }
    assert_ok(hm_merkle_check_inclusion(&leaf, 4, 7, &proof, &root));
}

static void refuses_a_proof_that_claims_more_hashes_than_it_can_hold(void **state) {
    (void)state;
    hm_merkle_proof proof = {.count = HM_PROOF_MAX + 1};
    hm_merkle_hash hash = hm_merkle_empty();
    assert_refused(hm_merkle_check_inclusion(&hash, 0, UINT64_MAX, &proof, &hash), "too long");
    assert_refused(hm_merkle_check_consistency(1, UINT64_MAX, &hash, &hash, &proof), "too long");
}

static void refuses_an_index_outside_the_tree(void **state) {
    (void)state;
    hm_merkle_proof proof = {.count = 0};
    hm_merkle_hash leaf = leaf_of_hex("");
    assert_ok(hm_merkle_check_inclusion(&leaf, 0, 1, &proof, &leaf));
    assert_refused(hm_merkle_check_inclusion(&leaf, 1, 1, &proof, &leaf), "outside the tree");
    assert_refused(hm_merkle_check_inclusion(&leaf, 0, 0, &proof, &leaf), "outside the tree");
    assert_refused(hm_merkle_check_inclusion(&leaf, UINT64_MAX, UINT64_MAX, &proof, &leaf), "outside the tree");
}

static void refuses_an_inner_node_in_the_place_of_a_leaf(void **state) {
    (void)state;
    hm_merkle_hash node = root_over(0, 2), right = root_over(2, 4), root = hash_of_hex(roots[4]);
    hm_merkle_proof proof = {.count = 1, .hash = {right}};
    assert_ok(hm_merkle_check_inclusion(&node, 0, 2, &proof, &root));
    assert_refused(hm_merkle_check_inclusion(&node, 0, 4, &proof, &root), "too short");
}

static void refuses_a_log_that_shrank_or_was_forked(void **state) {
    (void)state;
    hm_merkle_proof none = {.count = 0};
    hm_merkle_hash three = hash_of_hex(roots[3]), four = hash_of_hex(roots[4]), empty = hm_merkle_empty();
    assert_ok(hm_merkle_check_consistency(4, 4, &four, &four, &none));
    assert_ok(hm_merkle_check_consistency(0, 0, &empty, &empty, &none));
    assert_refused(hm_merkle_check_consistency(4, 3, &four, &three, &none), "shrunk");
    assert_refused(hm_merkle_check_consistency(4, 4, &four, &three, &none), "forked");
    assert_refused(hm_merkle_check_consistency(3, 4, &three, &four, &none), "empty");
    assert_refused(hm_merkle_check_consistency(0, 4, &empty, &four, &none), "nothing to check");
    assert_refused(hm_merkle_check_consistency(0, 0, &four, &four, &none), "another root");
}

/* In the published files a hash that plays no role is a short text; some hash stands for it here. */
static hm_merkle_hash hash_member(const json_t *value) {
    HM_BUF bytes = HM_BUF_EMPTY;
    hm_merkle_hash hash;
    assert_ok(hm_base64_decode(hm_text(json_string_value(value)), &bytes));
    if (bytes.len != HM_HASH_LEN) return hm_merkle_leaf(hm_buf_bytes(&bytes));
    memcpy(hash.byte, bytes.data, HM_HASH_LEN);
    return hash;
}

static void proof_member(const json_t *vector, hm_merkle_proof *proof) {
    const json_t *list = json_object_get(vector, "proof");
    proof->count = json_array_size(list);
    assert_true(proof->count <= HM_PROOF_MAX);
    for (size_t i = 0; i < proof->count; i++) proof->hash[i] = hash_member(json_array_get(list, i));
}

/* Read as a real number, because 2^64 - 1 occurs and is no integer to jansson. */
static uint64_t number_member(const json_t *vector, const char *name) {
    assert_true(json_is_real(json_object_get(vector, name)));
    double value = json_real_value(json_object_get(vector, name));
    return value >= 0x1p64 ? UINT64_MAX : (uint64_t)value;
}

/* An hm_merkle_hash cannot be empty, so the reader of such a proof refuses it before it comes to a check. */
static bool is_empty(const json_t *vector, const char *name) {
    return !json_string_length(json_object_get(vector, name));
}

static hm_err check_inclusion_vector(const json_t *vector) {
    hm_merkle_proof proof;
    if (is_empty(vector, "leafHash") || is_empty(vector, "root")) return hm_refuse("a hash is empty");
    hm_merkle_hash leaf = hash_member(json_object_get(vector, "leafHash"));
    hm_merkle_hash root = hash_member(json_object_get(vector, "root"));
    proof_member(vector, &proof);
    return hm_merkle_check_inclusion(&leaf, number_member(vector, "leafIdx"), number_member(vector, "treeSize"), &proof,
                                     &root);
}

static hm_err check_consistency_vector(const json_t *vector) {
    hm_merkle_proof proof;
    hm_merkle_hash old_root = hash_member(json_object_get(vector, "root1"));
    hm_merkle_hash new_root = hash_member(json_object_get(vector, "root2"));
    proof_member(vector, &proof);
    return hm_merkle_check_consistency(number_member(vector, "size1"), number_member(vector, "size2"), &old_root,
                                       &new_root, &proof);
}

typedef struct {
    hm_err (*check)(const json_t *vector);
    unsigned accepted, refused;
} vector_run;

static void run_file(const char *path, vector_run *run) {
    json_error_t error;
    json_t *vector = json_load_file(path, JSON_DECODE_INT_AS_REAL, &error);
    assert_non_null(vector);
    hm_err err = run->check(vector);
    bool wanted = !json_is_true(json_object_get(vector, "wantErr"));
    if (hm_failed(err) == wanted) fail_msg("%s: %s", path, hm_failed(err) ? hm_err_sentence() : "accepted");
    wanted ? run->accepted++ : run->refused++;
    json_decref(vector);
}

static void run_folder(const char *path, vector_run *run) {
    struct dirent **files;
    int count = scandir(path, &files, NULL, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        char below[4096];
        snprintf(below, sizeof below, "%s/%s", path, files[i]->d_name);
        if (files[i]->d_type == DT_DIR && files[i]->d_name[0] != '.') run_folder(below, run);
        if (strstr(files[i]->d_name, ".json")) run_file(below, run);
        free(files[i]);
    }
    free(files);
}

static void run_vectors(const char *name, vector_run *run) {
    char path[4096];
    snprintf(path, sizeof path, "%s/tlog/merkle/%s", vectors_folder(), name);
    run_folder(path, run);
    assert_true(run->accepted > 0 && run->refused > run->accepted);
}

static void agrees_with_the_published_inclusion_proofs(void **state) {
    (void)state;
    vector_run run = {check_inclusion_vector, 0, 0};
    run_vectors("inclusion", &run);
    assert_int_equal(run.accepted + run.refused, 98);
}

static void agrees_with_the_published_consistency_proofs(void **state) {
    (void)state;
    vector_run run = {check_consistency_vector, 0, 0};
    run_vectors("consistency", &run);
    assert_int_equal(run.accepted + run.refused, 98);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_known_roots_of_eight_entries),
        cmocka_unit_test(accepts_each_entry_only_at_its_own_index_and_size),
        cmocka_unit_test(refuses_a_proof_with_any_byte_changed),
        cmocka_unit_test(refuses_a_proof_that_claims_more_hashes_than_it_can_hold),
        cmocka_unit_test(refuses_an_index_outside_the_tree),
        cmocka_unit_test(refuses_an_inner_node_in_the_place_of_a_leaf),
        cmocka_unit_test(refuses_a_log_that_shrank_or_was_forked),
        cmocka_unit_test(agrees_with_the_published_inclusion_proofs),
        cmocka_unit_test(agrees_with_the_published_consistency_proofs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
