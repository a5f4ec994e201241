#include "documents.h"

#include <base/cbor.h>
#include <base/readable.h>
#include <crypto/digest.h>

#include <string.h>

enum { ITEMS = 3 };

static const char *const kinds[] = {NULL, "sbom", "provenance"};
const char *hm_document_kind_name(unsigned kind) { return kind <= HM_DOCUMENT_KINDS ? kinds[kind] : NULL; }

static int compare(const hm_document *a, const hm_document *b) {
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    return hm_bytes_compare(a->sha256, b->sha256);
}

hm_err hm_documents_add(hm_documents *documents, const hm_document *document) {
    hm_document *list = documents->document;
    size_t at = 0;
    if (documents->count == HM_REQUEST_DOCUMENTS)
        return hm_refuse("at most %d SBOM and provenance files go with a release", HM_REQUEST_DOCUMENTS);
    while (at < documents->count && compare(&list[at], document) < 0) at++;
    if (at < documents->count && compare(&list[at], document) == 0)
        return hm_refuse("the same %s is named twice", hm_document_kind_name((unsigned)document->kind));
    memmove(&list[at + 1], &list[at], (documents->count - at) * sizeof *list);
    list[at] = *document;
    documents->count++;
    return HM_OK;
}

bool hm_documents_same(const hm_documents *a, const hm_documents *b) {
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++) same = compare(&a->document[i], &b->document[i]) == 0;
    return same;
}

bool hm_documents_have(const hm_documents *documents, hm_document_kind kind) {
    for (size_t i = 0; i < documents->count; i++)
        if (documents->document[i].kind == kind) return true;
    return false;
}

static hm_err put_all(const hm_documents *documents, hm_buf *cbor) {
    HM_TRY(hm_cbor_put_array(cbor, documents->count));
    for (size_t i = 0; i < documents->count; i++) {
        const hm_document *d = &documents->document[i];
        HM_TRY(hm_cbor_put_array(cbor, ITEMS));
        HM_TRY(hm_cbor_put_uint(cbor, (uint64_t)d->kind));
        HM_TRY(hm_cbor_put_text(cbor, d->name));
        HM_TRY(hm_cbor_put_bytes(cbor, d->sha256));
    }
    return HM_OK;
}

hm_err hm_documents_put(const hm_documents *documents, hm_buf *cbor) {
    HM_BUF fresh = HM_BUF_EMPTY;
    hm_documents again;
    if (!documents->count) return HM_OK;
    if (documents->count > HM_REQUEST_DOCUMENTS) return hm_refuse("there are too many documents");
    HM_TRY(put_all(documents, &fresh));
    HM_TRY(hm_documents_get(hm_buf_bytes(&fresh), &again));
    return hm_put(cbor, hm_buf_bytes(&fresh));
}

static hm_err read_one(hm_reader *reader, hm_document *d) {
    uint64_t items, kind;
    HM_TRY(hm_cbor_get_array(reader, &items));
    if (items != ITEMS) return hm_refuse("a document has %d items", ITEMS);
    HM_TRY(hm_cbor_get_uint(reader, &kind));
    if (!kind || kind > HM_DOCUMENT_KINDS) return hm_refuse("a document's kind is not known");
    d->kind = (hm_document_kind)kind;
    HM_TRY(hm_cbor_get_text(reader, &d->name));
    if (!d->name.len || d->name.len > HM_REQUEST_NAME_MAX || !hm_is_readable(d->name))
        return hm_refuse("a document's name has 1 to %d readable bytes", HM_REQUEST_NAME_MAX);
    HM_TRY(hm_cbor_get_bytes(reader, &d->sha256));
    return d->sha256.len == HM_SHA256_LEN ? HM_OK : hm_refuse("a document's digest is a SHA-256");
}

hm_err hm_documents_read(hm_reader *reader, hm_documents *documents) {
    uint64_t count;
    HM_TRY(hm_cbor_get_array(reader, &count));
    if (!count || count > HM_REQUEST_DOCUMENTS)
        return hm_refuse("there are 1 to %d documents, if there are any", HM_REQUEST_DOCUMENTS);
    for (documents->count = 0; documents->count < count; documents->count++) {
        size_t i = documents->count;
        HM_TRY(read_one(reader, &documents->document[i]));
        if (i && compare(&documents->document[i - 1], &documents->document[i]) >= 0)
            return hm_refuse("documents stand in the order of kind and digest, each once");
    }
    return HM_OK;
}

static hm_err get_all(hm_bytes cbor, hm_documents *documents) {
    hm_reader reader = hm_reader_of(cbor);
    HM_TRY(hm_documents_read(&reader, documents));
    return hm_read_end(&reader);
}

hm_err hm_documents_get(hm_bytes cbor, hm_documents *documents) {
    memset(documents, 0, sizeof *documents);
    hm_err err = cbor.len ? get_all(cbor, documents) : HM_OK;
    if (hm_failed(err)) memset(documents, 0, sizeof *documents);
    return err;
}
