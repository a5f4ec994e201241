/* The payloads that belong to an envelope: those that the user named beside it, by their names and then by their order;
 * for the others the file whose name the signer noted, in the envelope's own folder. */
#include "parser.h"

#include <base/readable.h>

#include <string.h>

static hm_bytes last_part(hm_bytes path) {
    const uint8_t *slash = path.len ? memrchr(path.data, '/', path.len) : NULL;
    hm_bytes part = path;
    size_t from = slash ? (size_t)(slash - path.data) + 1 : 0;
    return hm_failed(hm_bytes_part(path, from, path.len - from, &part)) ? path : part;
}

/* As the job's own name was made readable. */
static bool is_called(const hm_job *job, hm_bytes file) {
    HM_BUF readable = HM_BUF_EMPTY;
    return file.len && !hm_failed(hm_put_readable(&readable, last_part(file))) &&
           hm_bytes_equal(hm_buf_bytes(&readable), hm_text(job->name));
}

static const hm_job *named_so(const hm_parser *parser, hm_bytes file, size_t *at) {
    for (*at = 0; *at < parser->named_count; ++*at)
        if (is_called(&parser->named[*at], file)) return &parser->named[*at];
    return NULL;
}

static bool has_name_of_some(const hm_job *job, const hm_bytes *files, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (is_called(job, files[i])) return true;
    return false;
}

/* Component INDEX is the N-th that none is called after: it takes the N-th file that is called after none. */
static const hm_job *named_in_order(const hm_parser *parser, const hm_bytes *files, size_t count, size_t index,
                                    size_t *at) {
    size_t before = 0, ignored;
    for (size_t i = 0; i < index; i++) before += named_so(parser, files[i], &ignored) == NULL;
    for (*at = 0; *at < parser->named_count; ++*at) {
        if (has_name_of_some(&parser->named[*at], files, count)) continue;
        if (!before--) return &parser->named[*at];
    }
    return NULL;
}

static hm_err find_beside(hm_payload_finder *finder, hm_bytes file, hm_source *content, bool *found) {
    hm_fd_close(&finder->fd);
    *found = false;
    if (!file.len) return HM_OK;
    HM_TRY(hm_parser_sibling(finder->parser, finder->job, file, &finder->fd));
    *found = finder->fd >= 0;
    return *found ? hm_source_of_file(finder->fd, content) : HM_OK;
}

static hm_err find(void *context, const hm_bytes *files, size_t count, size_t index, hm_source *content,
                   const char **named, bool *found) {
    hm_payload_finder *finder = context;
    size_t ignored;
    const hm_job *job = named_so(finder->parser, files[index], &ignored);
    *named = NULL;
    if (!job) {
        job = named_in_order(finder->parser, files, count, index, &ignored);
        if (job) *named = job->shown;
    }
    if (!job) return find_beside(finder, files[index], content, found);
    *found = true;
    *content = job->content;
    return HM_OK;
}

static hm_err check(void *context, const hm_bytes *files, size_t count) {
    const hm_parser *parser = ((const hm_payload_finder *)context)->parser;
    bool used[HM_NAMED_MAX] = {false};
    size_t at;
    for (size_t i = 0; i < count; i++)
        if (named_so(parser, files[i], &at) || named_in_order(parser, files, count, i, &at)) used[at] = true;
    for (size_t i = 0; i < parser->named_count; i++)
        if (!used[i]) return hm_refuse("%s is none of its payloads", parser->named[i].shown);
    return HM_OK;
}

hm_payloads hm_payloads_of(hm_payload_finder *finder, hm_parser *parser, const hm_job *job) {
    *finder = (hm_payload_finder){.parser = parser, .job = job, .fd = -1};
    return (hm_payloads){.context = finder, .check = check, .find = find};
}

void hm_payload_finder_clear(hm_payload_finder *finder) { hm_fd_close(&finder->fd); }
