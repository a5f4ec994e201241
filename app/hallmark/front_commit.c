/* Outputs get their names, many files at once: all contents are made durable, then all files are named, then each
 * folder is made durable once; only then is any of them said to be done (P9). */
#include "front_state.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* What carries a signature first, the signature that speaks of it last. */
static const hm_part order[HM_PARTS] = {HM_PART_CONTENT, HM_PART_CATALOGUE, HM_PART_SIGNATURE, HM_PART_PROOF};

typedef struct {
    hm_front_job *job;
    hm_fault fault; /* one of its outputs' */
} commitment;

/* A folder that was to be made durable. Not asked for twice: a second fsync may hide what the first one told. */
typedef struct {
    dev_t device;
    ino_t inode;
    bool failed;
} synced_folder;

typedef struct {
    commitment job[WHOLE_MAX];
    size_t jobs;
    synced_folder folder[WHOLE_MAX * HM_PARTS];
    size_t folders;
} commitments;

static hm_err start_content(commitments *all, hm_outfile *out) {
    (void)all;
    hm_outfile_start_sync(out);
    return HM_OK;
}

static hm_err await_content(commitments *all, hm_outfile *out) {
    (void)all;
    hm_outfile_await_sync(out);
    return HM_OK;
}

static hm_err sync_content(commitments *all, hm_outfile *out) {
    (void)all;
    return hm_outfile_sync(out);
}

static hm_err give_name(commitments *all, hm_outfile *out) {
    (void)all;
    return hm_outfile_name(out);
}

static hm_err sync_folder(commitments *all, hm_outfile *out) {
    struct stat st;
    if (fstat(out->dirfd, &st) != 0) return hm_could_not("%s: %s", out->path, strerror(errno));
    for (size_t i = 0; i < all->folders; i++) {
        const synced_folder *folder = &all->folder[i];
        if (folder->device != st.st_dev || folder->inode != st.st_ino) continue;
        return folder->failed ? hm_could_not("%s: its folder cannot be synced", out->path) : HM_OK;
    }
    hm_err err = hm_outfile_sync_folder(out);
    all->folder[all->folders++] = (synced_folder){st.st_dev, st.st_ino, hm_failed(err)};
    return err;
}

/* One step for the outputs of all jobs of which no step has failed. */
static void each_output(commitments *all, hm_err (*step)(commitments *all, hm_outfile *out)) {
    for (size_t i = 0; i < all->jobs; i++) {
        commitment *c = &all->job[i];
        for (size_t p = 0; p < HM_PARTS && c->fault.class == HM_DONE; p++) {
            hm_outfile *out = &c->job->out[order[p]];
            if (out->fd >= 0) c->fault = hm_fault_keep(step(all, out));
        }
    }
}

void hm_front_commit_waiting(hm_front_state *state) {
    static commitments all;
    all.folders = 0;
    all.jobs = state->wholes;
    for (size_t i = 0; i < all.jobs; i++)
        all.job[i] = (commitment){.job = state->jobs[state->whole[i]], .fault = {.class = HM_DONE}};
    state->wholes = 0;
    /* One alone has nobody to share the journal with. */
    if (all.jobs > 1) {
        each_output(&all, start_content);
        each_output(&all, await_content);
    }
    each_output(&all, sync_content);
    each_output(&all, give_name);
    each_output(&all, sync_folder);
    /* The jobs may be gone once they are finished and printed. */
    for (size_t i = 0; i < all.jobs; i++)
        hm_front_job_finish(state, all.job[i].job, all.job[i].fault.class,
                            all.job[i].fault.class == HM_DONE ? "" : all.job[i].fault.sentence);
}

/* Is there nothing more to come that could be waited for? */
static bool all_are_whole(const hm_front_state *state) {
    if (state->next < state->count) return false;
    for (size_t i = state->printed; i < state->count; i++)
        if (state->jobs[i] && !state->jobs[i]->over && !state->jobs[i]->whole) return false;
    return true;
}

void hm_front_commit(hm_front_state *state, uint32_t number) {
    state->jobs[number]->whole = true;
    state->whole[state->wholes++] = number;
    if (state->wholes == WHOLE_MAX || all_are_whole(state)) hm_front_commit_waiting(state);
}
