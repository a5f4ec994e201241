#include "gather.h"

#include <base/io.h>

#include <string.h>

static hm_err take_content(hm_job *job) {
    if (job->folder) return hm_misuse("%s is a folder", job->shown);
    return hm_source_of_file(job->fd, &job->content);
}

hm_err hm_gather(hm_parser *parser, size_t operands, hm_gathered *gathered, hm_err *err) {
    gathered->count = 0;
    *err = HM_OK;
    for (bool more = true;;) {
        hm_job job;
        HM_TRY(hm_parser_next(parser, &job, &more));
        if (!more) break;
        hm_err fault = gathered->count == HM_GATHER_MAX ? hm_misuse("more than %d files at once", HM_GATHER_MAX)
                                                        : take_content(&job);
        if (hm_failed(fault)) *err = fault;
        if (gathered->count < HM_GATHER_MAX)
            gathered->job[gathered->count++] = job;
        else
            HM_TRY(hm_parser_finish(parser, &job, fault, false));
    }
    if (!hm_failed(*err) && gathered->count < operands)
        *err = hm_could_not("another file cannot be read, so nothing was done");
    return HM_OK;
}

hm_err hm_gather_finish(hm_parser *parser, hm_gathered *gathered, hm_err err, bool commit) {
    /* The front may have said already why there is no first one. */
    for (size_t i = gathered->count; i-- > 0;) {
        bool first = i == 0;
        HM_TRY(hm_parser_finish(parser, &gathered->job[i], first ? err : HM_OK, first && commit));
    }
    return HM_OK;
}

hm_err hm_gather_do(hm_parser *parser, size_t operands, hm_gathered_work work, const void *orders) {
    hm_gathered gathered;
    hm_err err;
    HM_TRY(hm_gather(parser, operands, &gathered, &err));
    if (!hm_failed(err) && gathered.count) err = work(parser, orders, &gathered);
    return hm_gather_finish(parser, &gathered, err, true);
}

hm_err hm_job_read(const hm_job *job, size_t limit, hm_buf *content) {
    return hm_source_read_all(&job->content, limit, content);
}

hm_err hm_job_write(hm_parser *parser, const hm_job *job, hm_bytes content) {
    HM_FD fd = -1;
    HM_TRY(hm_parser_output(parser, job, HM_PART_CONTENT, &fd));
    return hm_fd_write(fd, content);
}
