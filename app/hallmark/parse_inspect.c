/* What is signed, by whom, over what, what is not covered, and how long it lasts: in words. */
#include "parse_check.h"
#include "parse_trust.h"
#include "stamp_words.h"
#include "trust_file.h"

#include <base/cbor.h>

#include <string.h>

static const char *scheme_name(hm_scheme scheme) {
    switch (scheme) {
    case HM_SCHEME_ECDSA_SHA256:
        return "ECDSA with SHA-256";
    case HM_SCHEME_ECDSA_SHA384:
        return "ECDSA with SHA-384";
    case HM_SCHEME_ECDSA_SHA512:
        return "ECDSA with SHA-512";
    case HM_SCHEME_RSA_SHA256:
        return "RSA (PKCS#1 v1.5) with SHA-256";
    case HM_SCHEME_RSA_SHA384:
        return "RSA (PKCS#1 v1.5) with SHA-384";
    case HM_SCHEME_RSA_SHA512:
        return "RSA (PKCS#1 v1.5) with SHA-512";
    case HM_SCHEME_RSA_PSS_SHA256:
        return "RSA-PSS with SHA-256";
    case HM_SCHEME_ED25519:
        return "Ed25519";
    }
    return "an unknown algorithm";
}

static hm_err put_lifetime(const hm_cert_info *certificate, int64_t now, hm_buf *text) {
    char from[12], until[12];
    hm_date(certificate->not_before, from);
    hm_date(certificate->not_after, until);
    int64_t days = (certificate->not_after - now) / 86400;
    if (now > certificate->not_after) return hm_put_format(text, "%s to %s: EXPIRED", from, until);
    if (now < certificate->not_before) return hm_put_format(text, "%s to %s: NOT YET VALID", from, until);
    return hm_put_format(text, "%s to %s (%lld days left)", from, until, (long long)days);
}

static hm_err put_certificate(const hm_cert_info *c, int64_t now, hm_buf *text) {
    HM_TRY(hm_put_format(text, "    certificate: %s\n", c->subject));
    HM_TRY(hm_put_format(text, "      issued by: %s\n      serial: %s, key: %s%s\n      valid: ", c->issuer, c->serial,
                         c->key, c->code_signing ? ", for code signing" : ", NOT for code signing"));
    HM_TRY(put_lifetime(c, now, text));
    return hm_put_text(text, c->development  ? "\n      policy: development (not for production devices)\n"
                             : c->production ? "\n      policy: production\n"
                                             : "\n");
}

/* What it says, and whether it is about this signature; nobody's word is judged here. */
static hm_err read_stamp(const hm_signatures *signatures, size_t i, int64_t now, hm_stamp *stamp) {
    const hm_verify_rules rules = {.now = now};
    return hm_signed_stamp(signatures->signer[i].parsed, signatures->signer[i].index, &rules, stamp);
}

static hm_err put_signer(const hm_signatures *signatures, size_t i, int64_t now, hm_buf *text) {
    const hm_signer_info *info = signatures->signer[i].info;
    size_t number = i + 1, of = signatures->signers;
    hm_stamp stamp;
    HM_TRY(hm_put_format(text, "  signature %zu of %zu: ", number, of));
    if (!info->known) HM_TRY(hm_put_format(text, "cannot be verified: %s\n", info->why));
    if (info->known) HM_TRY(hm_put_format(text, "%s\n", scheme_name(info->scheme)));
    if (info->has_certificate)
        HM_TRY(put_certificate(&info->certificate, now, text));
    else
        HM_TRY(hm_put_text(text, "    certificate: not in the signature\n"));
    if (info->has_signing_time) {
        char date[12];
        hm_date(info->signing_time, date);
        HM_TRY(hm_put_format(text, "    signing time: %s (the signer's claim; it proves nothing)\n", date));
    }
    HM_TRY(read_stamp(signatures, i, now, &stamp));
    HM_TRY(hm_stamp_lines(&stamp, text));
    HM_TRY(hm_put_text(text, "    signature value: sha256 "));
    HM_TRY(hm_put_hex(text, HM_ARRAY(info->signature_hash)));
    return hm_put_text(text, "\n");
}

static hm_err put_digests(const hm_digests *digests, hm_buf *text) {
    for (size_t i = 0; i < digests->count; i++) {
        HM_TRY(
            hm_put_format(text, "  covered content, as it is now: %s ", hm_digest_name(digests->digest[i].algorithm)));
        HM_TRY(hm_put_hex(text, hm_digest_bytes(&digests->digest[i])));
        HM_TRY(hm_put_text(text, "\n"));
    }
    return HM_OK;
}

static hm_err describe(const hm_opened *opened, const hm_signatures *signatures, const hm_digests *digests, int64_t now,
                       hm_buf *text) {
    const hm_format *format = opened->format;
    HM_TRY(hm_put_format(text, "%s: %s: %s\n", opened->job.shown, format->name, format->description));
    if (format->describe) {
        HM_BUF lines = HM_BUF_EMPTY;
        HM_TRY(format->describe(opened->subject, &lines));
        hm_reader reader = hm_reader_of(hm_buf_bytes(&lines));
        for (hm_bytes line; reader.rest.len;) {
            HM_TRY(hm_read_line(&reader, &line));
            HM_TRY(hm_put_format(text, "  %.*s\n", (int)line.len, (const char *)line.data));
        }
    }
    HM_TRY(put_digests(digests, text));
    if (!signatures->signers) HM_TRY(hm_put_text(text, "  not signed\n"));
    for (size_t i = 0; i < signatures->signers; i++) HM_TRY(put_signer(signatures, i, now, text));
    HM_TRY(hm_put_text(text, "  a signature of this format does not cover:\n"));
    for (size_t i = 0; format->uncovered[i]; i++) HM_TRY(hm_put_format(text, "    - %s\n", format->uncovered[i]));
    return hm_put_text(text, "  (inspect tells what is there; hallmark verify judges it)\n");
}

static hm_err json_signer(hm_json *json, const hm_signatures *signatures, size_t i, int64_t now) {
    const hm_signer_info *info = signatures->signer[i].info;
    hm_stamp stamp;
    HM_TRY(read_stamp(signatures, i, now, &stamp));
    hm_json_object(json, NULL);
    hm_json_bool(json, "known", info->known);
    if (!info->known) hm_json_string(json, "why", info->why);
    if (info->known) hm_json_string(json, "algorithm", scheme_name(info->scheme));
    hm_json_hex(json, "signature_sha256", HM_ARRAY(info->signature_hash));
    if (info->has_signing_time) hm_json_number(json, "claimed_signing_time", info->signing_time);
    hm_json_bool(json, "timestamped", info->has_timestamp);
    hm_stamp_json(json, &stamp);
    if (info->has_certificate) {
        hm_json_string(json, "subject", info->certificate.subject);
        hm_json_string(json, "issuer", info->certificate.issuer);
        hm_json_string(json, "serial", info->certificate.serial);
        hm_json_string(json, "key", info->certificate.key);
        hm_json_number(json, "not_before", info->certificate.not_before);
        hm_json_number(json, "not_after", info->certificate.not_after);
        hm_json_bool(json, "code_signing", info->certificate.code_signing);
        hm_json_bool(json, "development", info->certificate.development);
    }
    hm_json_close_object(json);
    return HM_OK;
}

static hm_err describe_json(const hm_opened *opened, const hm_signatures *signatures, const hm_digests *digests,
                            int64_t now, hm_buf *text) {
    HM_BUF object = HM_BUF_EMPTY;
    hm_json json = hm_json_plain(&object);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "format", opened->format->name);
    if (opened->format->describe_json) opened->format->describe_json(opened->subject, &json);
    hm_json_array(&json, "digests");
    for (size_t i = 0; i < digests->count; i++) hm_json_hex(&json, NULL, hm_digest_bytes(&digests->digest[i]));
    hm_json_close_array(&json);
    hm_json_array(&json, "signatures");
    for (size_t i = 0; i < signatures->signers; i++) HM_TRY(json_signer(&json, signatures, i, now));
    hm_json_close_array(&json);
    hm_json_array(&json, "uncovered");
    for (size_t i = 0; opened->format->uncovered[i]; i++) hm_json_string(&json, NULL, opened->format->uncovered[i]);
    hm_json_close_array(&json);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    hm_bytes inside;
    HM_TRY(hm_bytes_part(hm_buf_bytes(&object), 1, object.len - 2, &inside));
    return hm_put(text, inside);
}

/* An unsigned file is a fact to tell, not a fault; a catalogue that does not fit its folder is told line by line. */
static hm_err inspect_one(hm_parser *parser, const hm_check_orders *orders, hm_opened *opened,
                          hm_signatures *signatures) {
    HM_TRY(hm_signatures_parse(opened, signatures));
    hm_digests digests = {0};
    HM_TRY(hm_signatures_digests(signatures, &digests));
    if (!digests.count && !opened->job.folder) {
        digests.count = 1;
        digests.digest[0].algorithm = HM_SHA256;
    }
    hm_differences differences = {parser, &opened->job, HM_BUF_EMPTY, HM_OK};
    hm_err err = digests.count
                     ? opened->format->digest(opened->subject, &digests, NULL, NULL, hm_difference, &differences)
                     : HM_OK;
    hm_buf_clear(&differences.json);
    HM_TRY(err);
    HM_BUF text = HM_BUF_EMPTY;
    HM_TRY(parser->json ? describe_json(opened, signatures, &digests, orders->now, &text)
                        : describe(opened, signatures, &digests, orders->now, &text));
    hm_parser_report(parser, &opened->job, &text);
    return HM_OK;
}

/* Trust lists, bundles and packs are no signed files of a format, but somebody may hold one and ask what it is. */

enum { FIRST_TAG = 0xc0 }; /* of CBOR: no other file that is inspected begins so */

static bool begins_with_tag(const hm_source *content) {
    uint8_t first;
    return content->size && !hm_failed(hm_source_read(content, 0, &first, 1)) && first >= FIRST_TAG;
}

static bool is_list(const hm_source *content) {
    HM_BUF bytes = HM_BUF_EMPTY;
    HM_LIST_FILE file;
    hm_list_files files;
    memset(&file, 0, sizeof file);
    return content->size <= HM_BUNDLE_MAX && !hm_failed(hm_source_read_all(content, HM_BUNDLE_MAX, &bytes)) &&
           !hm_failed(hm_list_files_of(hm_buf_bytes(&bytes), &files)) &&
           !hm_failed(hm_list_file_open(files.list[0], &file));
}

/* The envelope that a pack begins with (docs/manifest.md): a view into HEAD. */
static hm_err cut_pack(const hm_source *content, hm_buf *head, hm_bytes *envelope, uint64_t *items) {
    size_t len = content->size < HM_COSE_ENVELOPE_MAX + 16 ? (size_t)content->size : HM_COSE_ENVELOPE_MAX + 16;
    uint64_t tag;
    HM_TRY(hm_buf_reserve(head, len));
    HM_TRY(hm_source_read(content, 0, head->data, len));
    head->len = len;
    hm_reader reader = hm_reader_of(hm_buf_bytes(head));
    HM_TRY(hm_cbor_get_tag(&reader, &tag));
    HM_TRY(hm_cbor_get_array(&reader, items));
    return hm_cbor_get_bytes(&reader, envelope);
}

static hm_err inspect_pack(hm_parser *parser, const hm_check_orders *orders, hm_opened *opened,
                           hm_signatures *signatures, bool *is_pack) {
    HM_BUF head = HM_BUF_EMPTY;
    hm_bytes envelope;
    uint64_t items;
    *is_pack = !hm_failed(cut_pack(&opened->job.content, &head, &envelope, &items)) && hm_cose_is_envelope(envelope);
    if (!*is_pack) return HM_OK;
    hm_input input = {.content = hm_source_of_memory(envelope)};
    opened->format = &hm_format_native;
    /* cppcheck-suppress returnDanglingLifetime ; an hm_err is a number, it keeps no address */
    HM_TRY(opened->format->open(&input, &opened->subject));
    HM_BUF line = HM_BUF_EMPTY;
    if (!parser->json) {
        HM_TRY(hm_put_format(&line,
                             "%s: a pack: an envelope and %llu payloads behind it (hallmark unpack verifies them)\n",
                             opened->job.shown, (unsigned long long)(items - 1)));
        hm_parser_print(parser, &opened->job, HM_STREAM_OUT, hm_buf_bytes(&line));
    }
    return inspect_one(parser, orders, opened, signatures);
}

/* *DONE: it was one of these, and has been told. */
static hm_err inspect_other(hm_parser *parser, const hm_check_orders *orders, hm_opened *opened,
                            hm_signatures *signatures, bool *done) {
    hm_job *job = &opened->job;
    *done = false;
    if (job->folder || orders->format || parser->detached) return HM_OK;
    HM_TRY(hm_source_of_file(job->fd, &job->content));
    if (!begins_with_tag(&job->content)) return HM_OK;
    if (!is_list(&job->content)) return inspect_pack(parser, orders, opened, signatures, done);
    static const hm_trust_orders nothing_held;
    *done = true;
    return hm_trust_show_job(parser, &nothing_held, job);
}

static hm_err inspect_job(hm_parser *parser, const hm_check_orders *orders, hm_job *job, hm_opened *opened,
                          hm_signatures *signatures) {
    bool done;
    memset(opened, 0, sizeof *opened);
    opened->job = *job;
    opened->signature_fd = opened->catalogue_fd = opened->walk.fd = opened->finder.fd = -1;
    HM_TRY(inspect_other(parser, orders, opened, signatures, &done));
    if (done) return HM_OK;
    HM_TRY(hm_opened_open(parser, job, orders->format, HM_OPEN_TO_CHECK, opened));
    return inspect_one(parser, orders, opened, signatures);
}

hm_err hm_parse_inspect(hm_parser *parser, void *context) {
    const hm_check_orders *orders = context;
    for (;;) {
        hm_job job;
        bool more;
        HM_TRY(hm_parser_next(parser, &job, &more));
        if (!more) return HM_OK;
        hm_opened opened;
        hm_signatures signatures = {0};
        hm_err err = inspect_job(parser, orders, &job, &opened, &signatures);
        err = hm_parser_finish(parser, &opened.job, err, false);
        hm_signatures_clear(&signatures);
        hm_opened_clear(&opened);
        HM_TRY(err);
    }
}
