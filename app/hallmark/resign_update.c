#include "resign_update.h"

#include "documents.h"
#include "self_run.h"

#include <crypto/digest.h>

#include <jansson.h>
#include <string.h>

void hm_update_words_clear(hm_update_words *words) {
    for (size_t i = 0; i < words->texts; i++) hm_buf_clear(&words->text[i]);
}

static hm_err add(hm_update_words *words, const char *word) {
    if (words->count == HM_UPDATE_WORDS) return hm_refuse("it has too many components");
    words->word[words->count++] = word;
    return HM_OK;
}

/* NAME and what is in the text that was begun last. */
static hm_err add_text(hm_update_words *words, const char *name) {
    const char *value;
    HM_TRY(hm_buf_string(&words->text[words->texts - 1], &value));
    HM_TRY(add(words, name));
    return add(words, value);
}

static hm_buf *begin_text(hm_update_words *words) { return &words->text[words->texts++]; }

/* ---- what its manifest says ---- */

static hm_err not_as_inspected(void) { return hm_could_not("hallmark inspect says what cannot be read"); }

static hm_err text_of(const json_t *object, const char *name, const char **text) {
    const json_t *value = json_object_get(object, name);
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
        return not_as_inspected();
    *text = json_string_value(value);
    return HM_OK;
}

static hm_err number_of(const json_t *object, const char *name, json_int_t *number) {
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value)) return not_as_inspected();
    *number = json_integer_value(value);
    return HM_OK;
}

/* What is not taken over must not be lost without a word. */
static hm_err check_members(json_t *object, const char *const *known) {
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        size_t i = 0;
        while (known[i] && strcmp(known[i], name) != 0) i++;
        if (!known[i])
            return hm_refuse("has %s, which only a description can say: sign it again by hand (hallmark sign --format "
                             "native --manifest FILE)",
                             name);
    }
    return HM_OK;
}

/* ---- a component ---- */

static hm_err check_payload(const json_t *component, const char *path) {
    const char *algorithm, *digest;
    HM_BUF wanted = HM_BUF_EMPTY;
    hm_digest have;
    HM_TRY(text_of(component, "digest_algorithm", &algorithm));
    HM_TRY(text_of(component, "digest", &digest));
    HM_TRY(hm_hex_decode(hm_text(digest), &wanted));
    hm_digest_algorithm a = HM_SHA256;
    while (a <= HM_SHA512 && strcmp(hm_digest_name(a), algorithm) != 0) a++;
    if (a > HM_SHA512) return not_as_inspected();
    HM_TRY(hm_hash_file_by(path, a, &have));
    return hm_bytes_equal(hm_digest_bytes(&have), hm_buf_bytes(&wanted))
               ? HM_OK
               : hm_refuse("%s: is not the payload that was signed (its digest is another)", path);
}

/* Payloads lie beside the envelope. */
static hm_err put_path(const char *envelope, const char *file, hm_buf *path) {
    const char *slash = strrchr(envelope, '/');
    HM_TRY(hm_put(path, HM_BYTES(envelope, slash ? (size_t)(slash + 1 - envelope) : 0)));
    return hm_put_text(path, file);
}

/* ID=FILE,NAME=VALUE...: commas are between them. */
static hm_err check_separators(const char *id, const char *path, const char *version, const char *to) {
    bool bad = strpbrk(id, ",=") || strchr(path, ',') || strchr(version, ',') || (to && strchr(to, ','));
    return bad ? hm_refuse(
                     "has a name with a comma, or an id with an equals sign: sign it again by hand (hallmark sign "
                     "--format native --manifest FILE)")
               : HM_OK;
}

static hm_err add_component(const char *envelope, json_t *component, hm_update_words *words) {
    static const char *const known[] = {
        "id", "kind", "size", "digest_algorithm", "digest", "version", "destination", "security_version", "file", NULL};
    const char *id, *kind, *version, *file, *to = NULL, *path_text;
    HM_BUF path = HM_BUF_EMPTY;
    json_int_t security_version;
    HM_TRY(check_members(component, known));
    if (!json_object_get(component, "file"))
        return hm_refuse("does not say which file component %s is of: sign its payloads again (hallmark sign --format "
                         "native)",
                         json_string_value(json_object_get(component, "id")));
    HM_TRY(text_of(component, "id", &id));
    HM_TRY(text_of(component, "kind", &kind));
    HM_TRY(text_of(component, "version", &version));
    HM_TRY(text_of(component, "file", &file));
    HM_TRY(number_of(component, "security_version", &security_version));
    if (json_object_get(component, "destination")) HM_TRY(text_of(component, "destination", &to));
    HM_TRY(put_path(envelope, file, &path));
    HM_TRY(hm_buf_string(&path, &path_text));
    HM_TRY(check_separators(id, path_text, version, to));
    HM_TRY(check_payload(component, path_text));
    hm_buf *text = begin_text(words);
    HM_TRY(hm_put_format(text, "%s=%s,kind=%s,version=%s,security-version=%lld", id, path_text, kind, version,
                         (long long)security_version));
    if (to) HM_TRY(hm_put_format(text, ",to=%s", to));
    return add_text(words, "--component");
}

static hm_err add_components(const char *envelope, const json_t *manifest, hm_update_words *words) {
    json_t *list = json_object_get(manifest, "components"), *first = json_array_get(list, 0);
    const char *algorithm;
    if (!json_array_size(list) || json_array_size(list) > HM_MANIFEST_COMPONENTS) return not_as_inspected();
    for (size_t i = 0; i < json_array_size(list); i++) HM_TRY(add_component(envelope, json_array_get(list, i), words));
    HM_TRY(text_of(first, "digest_algorithm", &algorithm));
    HM_TRY(hm_put_text(begin_text(words), algorithm));
    return add_text(words, "--digest");
}

/* ---- the whole ---- */

static hm_err check_signers(const json_t *manifest) {
    size_t signers = json_array_size(json_object_get(manifest, "signers"));
    return signers == 1
               ? HM_OK
               : hm_refuse("names %zu signers: sign it again by hand, and have the others do so (hallmark sign "
                           "--format native)",
                           signers);
}

static hm_err add_limits(const json_t *manifest, hm_update_words *words) {
    const char *device;
    json_int_t minimum;
    if (json_object_get(manifest, "device")) {
        HM_TRY(text_of(manifest, "device", &device));
        HM_TRY(hm_put_format(begin_text(words), "hex:%s", device));
        HM_TRY(add_text(words, "--device"));
    }
    if (!json_object_get(manifest, "minimum_list")) return HM_OK;
    HM_TRY(number_of(manifest, "minimum_list", &minimum));
    HM_TRY(hm_put_format(begin_text(words), "%lld", (long long)minimum));
    return add_text(words, "--minimum-list");
}

static hm_err take_manifest(const char *file, json_t *manifest, hm_update_words *words) {
    static const char *const known[] = {"publisher",    "vendor", "class",      "version", "sequence", "purpose",
                                        "minimum_list", "device", "components", "signers", NULL};
    HM_TRY(check_members(manifest, known));
    HM_TRY(check_signers(manifest));
    HM_TRY(add_limits(manifest, words));
    return add_components(file, manifest, words);
}

/* It was looked at some time ago: is it what was signed still? */
static hm_err check_manifest(const json_t *said, const uint8_t sha256[static HM_SHA256_LEN]) {
    const json_t *digest = json_array_get(json_object_get(said, "digests"), 0);
    HM_BUF hex = HM_BUF_EMPTY;
    HM_TRY(hm_put_hex(&hex, HM_BYTES(sha256, HM_SHA256_LEN)));
    return json_is_string(digest) && hm_bytes_equal(hm_text(json_string_value(digest)), hm_buf_bytes(&hex))
               ? HM_OK
               : hm_refuse("was changed since it was looked up in the log, and is not signed");
}

/* SAID: to be released, what `hallmark inspect` says of FILE, and its MANIFEST. */
static hm_err inspect(const char *file, json_t **said, json_t **manifest) {
    HM_BUF output = HM_BUF_EMPTY;
    int status;
    HM_TRY(hm_self_run((const char *const[]){"inspect", "--json", "--", file, NULL}, &output, &status));
    *said = json_loadb((const char *)output.data, output.len, JSON_DISABLE_EOF_CHECK, NULL);
    *manifest = json_object_get(*said, "manifest");
    if (!status && json_is_object(*manifest)) return HM_OK;
    json_decref(*said);
    return hm_refuse("is no update (hallmark inspect)");
}

hm_err hm_update_again(const char *file, const uint8_t sha256[static HM_SHA256_LEN], hm_update_words *words) {
    json_t *said, *manifest;
    HM_TRY(inspect(file, &said, &manifest));
    hm_err err = check_manifest(said, sha256);
    if (!hm_failed(err)) err = take_manifest(file, manifest, words);
    hm_fault fault = hm_fault_keep(err);
    json_decref(said);
    return hm_fault_raise(&fault);
}

hm_err hm_update_sequence(const char *file, uint64_t *sequence) {
    json_t *said, *manifest;
    json_int_t number = 0;
    HM_TRY(inspect(file, &said, &manifest));
    hm_fault fault = hm_fault_keep(number_of(manifest, "sequence", &number));
    json_decref(said);
    *sequence = (uint64_t)number;
    return hm_fault_raise(&fault);
}
