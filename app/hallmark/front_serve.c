/* What a parser may ask of the front, and what it gets. */
#include "front_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static hm_err reply(hm_front_state *state, size_t parser, hm_post *post) {
    if (state->alone) {
        hm_post_copy(state->alone, post);
        return HM_OK;
    }
    return hm_post_answer(state->parser[parser].socket, post);
}

static hm_err reply_fault(hm_front_state *state, size_t parser, uint32_t job, hm_err err) {
    hm_post *post = &state->post;
    hm_post_start(post, HM_POST_FAULT, job, err.class, 0);
    hm_post_set_text(post, hm_text(hm_err_sentence()));
    return reply(state, parser, post);
}

/* The file's own name, a zero, and the name as the user wrote it. */
static hm_err set_names(hm_post *post, const char *name, const char *operand) {
    HM_BUF text = HM_BUF_EMPTY;
    HM_TRY(hm_put_text(&text, name));
    HM_TRY(hm_put_u8(&text, 0));
    HM_TRY(hm_put_text(&text, operand));
    hm_post_set_text(post, hm_buf_bytes(&text));
    return HM_OK;
}

/* The next operand that can be opened; those that cannot are over at once. */
static hm_err answer_next(hm_front_state *state, size_t parser) {
    while (state->next < state->count) {
        uint32_t number = (uint32_t)state->next++;
        hm_front_job *job = state->jobs[number] ? state->jobs[number] : hm_front_job_begin(state, number, parser);
        HM_FD fd = -1;
        if (!job) return hm_no_memory();
        hm_err err = HM_OK;
        if (job->opened_ahead) {
            fd = job->content_fd;
            job->content_fd = -1;
        } else {
            err = hm_front_open_operand(state, state->front->options->operands[number], job, &fd);
        }
        if (hm_failed(err)) {
            hm_front_job_finish(state, job, err.class, hm_err_sentence());
            continue;
        }
        state->progress.total += job->size;
        hm_post *post = &state->post;
        hm_post_start(post, HM_POST_NEXT, number, job->is_folder, 0);
        if (!job->is_folder) post->fd = fd;
        HM_TRY(set_names(post, hm_front_base_name(job->path), state->front->options->operands[number]));
        HM_TRY(reply(state, parser, post));
        /* The lock on a file that is being signed lasts until its outputs have their names. */
        if (state->front->signing) job->content_fd = fd;
        if (state->alone || state->front->signing) fd = -1;
        return HM_OK;
    }
    hm_post_start(&state->post, HM_POST_END, 0, 0, 0);
    return reply(state, parser, &state->post);
}

static hm_err answer_companion(hm_front_state *state, size_t parser, uint32_t number, hm_part part) {
    hm_front_job *job = state->jobs[number];
    HM_FD fd = -1;
    hm_err err = HM_OK;
    if (job->opened_ahead) {
        fd = job->companion_fd[part];
        job->companion_fd[part] = -1;
    } else {
        err = hm_front_open_companion(state, job, part, &fd);
    }
    if (hm_failed(err)) return reply_fault(state, parser, number, err);
    hm_post_start(&state->post, HM_POST_COMPANION, number, 0, 0);
    state->post.fd = fd;
    HM_TRY(reply(state, parser, &state->post));
    if (state->alone) fd = -1; /* it is the parser's now */
    return HM_OK;
}

static hm_err answer_output(hm_front_state *state, size_t parser, uint32_t number, hm_part part) {
    hm_front_job *job = state->jobs[number];
    hm_err err = hm_front_open_output(state, job, part);
    if (hm_failed(err)) return reply_fault(state, parser, number, err);
    hm_post_start(&state->post, HM_POST_OUTPUT, number, 0, 0);
    state->post.fd = job->out[part].fd;
    return reply(state, parser, &state->post);
}

static hm_err answer_sibling(hm_front_state *state, size_t parser, hm_post *asked) {
    uint32_t number = asked->job;
    HM_FD fd = -1;
    hm_err err = hm_front_open_sibling(state->front, state->jobs[number], HM_BYTES(asked->text, asked->text_len), &fd);
    if (hm_failed(err)) return reply_fault(state, parser, number, err);
    hm_post_start(&state->post, HM_POST_COMPANION, number, 0, 0);
    state->post.fd = fd;
    return reply(state, parser, &state->post);
}

static hm_err answer_member(hm_front_state *state, size_t parser, hm_post *asked) {
    uint32_t number = asked->job;
    int fd;
    hm_err err = hm_front_open_member(state, state->jobs[number], HM_BYTES(asked->text, asked->text_len), &fd);
    if (hm_failed(err)) return reply_fault(state, parser, number, err);
    hm_post_start(&state->post, HM_POST_OUTPUT, number, 0, 0);
    state->post.fd = fd;
    return reply(state, parser, &state->post);
}

/* The response, which nobody reads here, as a file without a name: it may be longer than a post. */
static hm_err fetch_stamp(hm_front_state *state, const hm_post *asked, int *fd) {
    HM_BUF response = HM_BUF_EMPTY;
    if (!state->front->stamp || state->stamps >= state->front->stamps)
        return hm_could_not("the parsing process asked for a timestamp that there is not");
    state->stamps++;
    HM_TRY(
        state->front->stamp(state->front->stamp_context, asked->a, HM_BYTES(asked->text, asked->text_len), &response));
    *fd = memfd_create("timestamp", MFD_CLOEXEC);
    if (*fd < 0) return hm_could_not("the timestamp cannot be kept: %s", strerror(errno));
    return hm_fd_write(*fd, hm_buf_bytes(&response));
}

static hm_err answer_stamp(hm_front_state *state, size_t parser, hm_post *asked) {
    uint32_t number = asked->job;
    HM_FD fd = -1;
    hm_err err = fetch_stamp(state, asked, &fd);
    if (hm_failed(err)) return reply_fault(state, parser, number, err);
    hm_post_start(&state->post, HM_POST_COMPANION, number, 0, 0);
    state->post.fd = fd;
    return reply(state, parser, &state->post);
}

/* An entry of a folder: kind and permissions in A and B; path, a zero, and a link's target in the text. */
static hm_err answer_entry(hm_front_state *state, size_t parser, uint32_t number) {
    hm_front_job *job = state->jobs[number];
    hm_entry entry;
    bool more = false;
    hm_err err = job->folder ? job->tree.next(job->tree.context, &entry, &more)
                             : hm_could_not("the parsing process asked for entries of a file");
    if (hm_failed(err)) return reply_fault(state, parser, number, err);
    hm_post *post = &state->post;
    hm_post_start(post, more ? HM_POST_ENTRY : HM_POST_END, number, 0, 0);
    if (more) {
        HM_BUF text = HM_BUF_EMPTY;
        HM_TRY(hm_put(&text, entry.path));
        HM_TRY(hm_put_u8(&text, 0));
        HM_TRY(hm_put(&text, entry.target));
        post->a = entry.kind;
        post->b = entry.mode;
        hm_post_set_text(post, hm_buf_bytes(&text));
        if (entry.kind == HM_ENTRY_FILE) post->fd = entry.content.fd;
    }
    return reply(state, parser, post);
}

/* Nothing that was not said in order is a success. */
static hm_err check_members(const hm_front_job *job) {
    return hm_front_members_are_own(hm_buf_bytes(&job->text[HM_STREAM_MEMBERS]))
               ? HM_OK
               : hm_could_not("the parsing process sent something malformed");
}

static void take_result(hm_front_state *state, hm_front_job *job, const hm_post *post) {
    hm_class class = post->a <= HM_DENIED ? (hm_class)post->a : HM_COULD_NOT;
    char sentence[701];
    snprintf(sentence, sizeof sentence, "%.*s", (int)post->text_len, (const char *)post->text);
    hm_err err = check_members(job);
    if (class != HM_DONE) err = hm_raise_again(class, sentence);
    if (!hm_failed(err) && post->b && state->front->into) err = hm_front_commit_members(job);
    if (!hm_failed(err) && post->b && state->front->outputs) {
        hm_front_commit(state, post->job);
        return;
    }
    hm_front_job_finish(state, job, err.class, hm_failed(err) ? hm_err_sentence() : "");
}

static void take_text(hm_front_job *job, const hm_post *post) {
    if (post->a >= HM_STREAMS) return;
    hm_buf *text = &job->text[post->a];
    if (text->len < TEXT_LIMIT && hm_failed(hm_put(text, HM_BYTES(post->text, post->text_len)))) text->len = 0;
}

/* Parts, streams and classes that there are. */
static bool is_possible(const hm_post *post) {
    switch (post->kind) {
    case HM_POST_COMPANION:
    case HM_POST_OUTPUT:
        return post->a < HM_PARTS;
    case HM_POST_TEXT:
        return post->a < HM_STREAMS;
    case HM_POST_RESULT:
        return post->a <= HM_DENIED;
    default:
        return true;
    }
}

/* One message of a parser. What it asks for must be its own job: a parser that was taken over gets no further. */
hm_err hm_front_serve(hm_front_state *state, size_t parser, hm_post *post) {
    if (post->kind == HM_POST_NEXT) return answer_next(state, parser);
    hm_front_job *job = post->job < state->count ? state->jobs[post->job] : NULL;
    if (!job || job->over || job->whole || job->parser != (int)parser || !is_possible(post))
        return hm_could_not("the parsing process sent something malformed");
    switch (post->kind) {
    case HM_POST_COMPANION:
        return answer_companion(state, parser, post->job, (hm_part)post->a);
    case HM_POST_SIBLING:
        return answer_sibling(state, parser, post);
    case HM_POST_OUTPUT:
        return answer_output(state, parser, post->job, (hm_part)post->a);
    case HM_POST_MEMBER:
        return answer_member(state, parser, post);
    case HM_POST_STAMP:
        return answer_stamp(state, parser, post);
    case HM_POST_ENTRY:
        return answer_entry(state, parser, post->job);
    case HM_POST_TEXT:
        take_text(job, post);
        return HM_OK;
    case HM_POST_RESULT:
        take_result(state, job, post);
        return HM_OK;
    default:
        return hm_could_not("the parsing process sent something malformed");
    }
}
