#include "ahead.h"

#include <base/io.h>

/* After a fault the next answer could be the one to another question: nothing more is asked. */
static hm_err receive(hm_parser *parser, hm_post *post) {
    bool closed;
    hm_err err = hm_post_receive(parser->front, post, &closed);
    if (hm_failed(err) || closed) hm_fd_close(&parser->front);
    return !hm_failed(err) && closed ? hm_could_not("the front has ended") : err;
}

static void keep_answer(hm_ahead_question *question, const hm_post *post) {
    question->answered = true;
    question->fd = post->fd;
    if (post->kind == HM_POST_FAULT) question->fault = hm_fault_keep(hm_parser_raise(post));
    if (question->unwanted) hm_fd_close(&question->fd);
}

static void remove_question(hm_ahead *ahead, size_t at) {
    ahead->count--;
    for (size_t i = at; i < ahead->count; i++) ahead->asked[i] = ahead->asked[i + 1];
}

/* Receive answers as long as ahead->asked[LAST] has none. */
static hm_err settle_to(hm_parser *parser, size_t last) {
    static hm_post post;
    hm_ahead *ahead = parser->ahead;
    for (size_t i = 0; i <= last; i++) {
        if (ahead->asked[i].answered) continue;
        HM_TRY(receive(parser, &post));
        keep_answer(&ahead->asked[i], &post);
    }
    return HM_OK;
}

hm_err hm_ahead_settle(hm_parser *parser) {
    hm_ahead *ahead = parser->ahead;
    if (!ahead || !ahead->count) return HM_OK;
    HM_TRY(settle_to(parser, ahead->count - 1));
    for (size_t i = ahead->count; i-- > 0;)
        if (ahead->asked[i].unwanted) remove_question(ahead, i);
    return HM_OK;
}

hm_err hm_ahead_ask(hm_parser *parser, hm_post_kind kind, uint32_t job, hm_part part) {
    static hm_post post;
    hm_ahead *ahead = parser->ahead;
    if (!ahead || ahead->count == HM_AHEAD_ASKED) return HM_OK;
    hm_post_start(&post, kind, job, (uint32_t)part, 0);
    HM_TRY(hm_post_send(parser->front, &post));
    ahead->asked[ahead->count++] = (hm_ahead_question){.kind = kind, .job = job, .part = (uint32_t)part, .fd = -1};
    return HM_OK;
}

hm_err hm_ahead_take(hm_parser *parser, hm_post_kind kind, uint32_t job, hm_part part, bool *asked, int *fd) {
    hm_ahead *ahead = parser->ahead;
    size_t i = 0;
    while (ahead && i < ahead->count &&
           (ahead->asked[i].kind != kind || ahead->asked[i].job != job || ahead->asked[i].part != (uint32_t)part))
        i++;
    *asked = ahead && i < ahead->count;
    *fd = -1;
    if (!*asked) return HM_OK;
    HM_TRY(settle_to(parser, i));
    hm_ahead_question answered = ahead->asked[i];
    remove_question(ahead, i);
    *fd = answered.fd;
    return answered.fault.class == HM_DONE ? HM_OK : hm_fault_raise(&answered.fault);
}

void hm_ahead_forget(hm_parser *parser, uint32_t job) {
    hm_ahead *ahead = parser->ahead;
    for (size_t i = ahead ? ahead->count : 0; i-- > 0;) {
        hm_ahead_question *question = &ahead->asked[i];
        if (question->job != job) continue;
        hm_fd_close(&question->fd);
        question->unwanted = true;
        if (question->answered) remove_question(ahead, i);
    }
}

/* The front says "no more" as often as it is asked. */
static hm_err ask_for_files(hm_parser *parser) {
    static hm_post post;
    hm_ahead *ahead = parser->ahead;
    ahead->files = ahead->taken = 0;
    hm_post_start(&post, HM_POST_NEXT, 0, 0, 0);
    for (size_t i = 0; i < HM_AHEAD_FILES; i++) HM_TRY(hm_post_send(parser->front, &post));
    HM_TRY(hm_ahead_settle(parser));
    for (size_t i = 0; i < HM_AHEAD_FILES; i++) {
        bool more;
        HM_TRY(receive(parser, &post));
        if (post.kind == HM_POST_FAULT) return hm_parser_raise(&post);
        HM_TRY(hm_parser_take_job(&post, &ahead->file[ahead->files], &more));
        ahead->files += more;
        ahead->no_more = !more;
    }
    for (size_t i = 0; i < ahead->files; i++)
        if (!ahead->file[i].folder)
            HM_TRY(hm_ahead_ask(parser, HM_POST_COMPANION, ahead->file[i].number, HM_PART_SIGNATURE));
    return HM_OK;
}

hm_err hm_ahead_next(hm_parser *parser, hm_job *job, bool *more) {
    hm_ahead *ahead = parser->ahead;
    if (ahead->taken == ahead->files && !ahead->no_more) HM_TRY(ask_for_files(parser));
    *more = ahead->taken < ahead->files;
    if (*more) *job = ahead->file[ahead->taken++];
    return HM_OK;
}
