/* Answers about what is searched in the log. A search goes on over many rounds, so that it keeps nobody else waiting.
 */
#include "answer.h"
#include "search.h"

#include <time.h>

enum { TOLD_EVERY = 1000 };

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

hm_err hm_answer_log_search(hm_peer *peer, const hm_message *question) {
    const hm_wire_field *field = question->field;
    hm_search_query query = {.key = field[HM_LOG_SEARCH_KEY].bytes,
                             .principal = field[HM_LOG_SEARCH_PRINCIPAL].bytes,
                             .product = field[HM_LOG_SEARCH_PRODUCT].bytes,
                             .release = field[HM_LOG_SEARCH_RELEASE].bytes,
                             .digest = field[HM_LOG_SEARCH_DIGEST].bytes,
                             .type = field[HM_LOG_SEARCH_TYPE].bytes,
                             .since = (int64_t)field[HM_LOG_SEARCH_SINCE].number,
                             .until = (int64_t)field[HM_LOG_SEARCH_UNTIL].number};
    hm_search_how how = {.from = field[HM_LOG_SEARCH_FROM].number,
                         .limit = field[HM_LOG_SEARCH_LIMIT].number,
                         .complete = field[HM_LOG_SEARCH_COMPLETE].number};
    /* A page: who wants more asks for more. */
    if (peer->kind == HM_PEER_FRONT && !how.limit) how.limit = HM_SEARCH_LIMIT;
    HM_TRY(hm_search_begin(peer->office, &query, &how, &peer->search));
    peer->search_told = milliseconds();
    return HM_OK;
}

static hm_err send_hit(void *context, const hm_entry_row *entry) {
    hm_message message = {.type = HM_MSG_LOG_ENTRY};
    message.field[HM_LOG_ENTRY_INDEX].number = entry->index;
    message.field[HM_LOG_ENTRY_LEAF].bytes = entry->leaf;
    message.field[HM_LOG_ENTRY_SALT].bytes = entry->salt;
    message.field[HM_LOG_ENTRY_DETAILS].bytes = entry->details;
    return hm_peer_send(context, &message);
}

/* To who waits for it, and not for the whole answer. */
static hm_err tell_progress(hm_peer *peer) {
    hm_message message = {.type = HM_MSG_LOG_SEARCHING};
    int64_t now = milliseconds();
    if (peer->kind == HM_PEER_FRONT || now < peer->search_told + TOLD_EVERY) return HM_OK;
    peer->search_told = now;
    hm_search_progress(peer->search, &message.field[HM_LOG_SEARCHING_DONE].number,
                       &message.field[HM_LOG_SEARCHING_ALL].number);
    return hm_peer_send(peer, &message);
}

static hm_err send_result(hm_peer *peer, const hm_search_result *result) {
    hm_message message = {.type = HM_MSG_LOG_SEARCHED};
    message.field[HM_LOG_SEARCHED_NEXT].number = result->next;
    message.field[HM_LOG_SEARCHED_SIZE].number = result->size;
    message.field[HM_LOG_SEARCHED_COMPLETE].number = result->complete;
    message.field[HM_LOG_SEARCHED_FIRST].number = result->first;
    if (result->rooted) message.field[HM_LOG_SEARCHED_ROOT].bytes = HM_ARRAY(result->root);
    message.field[HM_LOG_SEARCHED_ERASED].number = result->erased;
    message.field[HM_LOG_SEARCHED_WHY].bytes = hm_text(result->why);
    HM_TRY(hm_peer_send(peer, &message));
    return hm_peer_send_done(peer);
}

static hm_err search_on(hm_peer *peer, bool *over) {
    HM_TRY(hm_search_step(peer->search, send_hit, peer, over));
    return *over ? send_result(peer, hm_search_result_of(peer->search)) : tell_progress(peer);
}

hm_err hm_peer_search_on(hm_peer *peer) {
    bool over = false;
    hm_err err = search_on(peer, &over);
    if (over || hm_failed(err)) hm_peer_search_end(peer);
    return err;
}

void hm_peer_search_end(hm_peer *peer) { hm_search_free(&peer->search); }

hm_err hm_answer_log_include(hm_peer *peer, const hm_message *question) {
    HM_BUF proof = HM_BUF_EMPTY;
    HM_TRY(hm_prove_entry(peer->office, question->field[HM_LOG_INCLUDE_INDEX].number, &proof));
    return hm_peer_send_bytes(peer, hm_buf_bytes(&proof));
}
