/* What happens to a device over many boots, told as a list of steps that whoever looks after it works through: from
 * wherever it is, until all are done. So a story can be broken off anywhere and goes on at the next boot. */
#ifndef DEVICE_STORIES_H
#define DEVICE_STORIES_H

#include "lab.h"

typedef enum step_kind {
    STEP_END,
    STEP_FIRMWARE,   /* download and try until FILE's release runs confirmed */
    STEP_PARAMETERS, /* likewise */
    STEP_FAILING,    /* download and try once: a release that will not confirm itself */
    STEP_FORCED,     /* write to the free slot unverified and try once: it will be refused */
    STEP_LIST,       /* until the list's version is in force */
    STEP_PRODUCTION  /* until the device has left development */
} step_kind;

typedef struct story_step {
    step_kind kind;
    const char *file;
    const char *version; /* of the release, as the boot record tells it */
    uint64_t list;
} story_step;

enum { STEPS_MAX = 8 };
typedef struct story {
    const char *name;
    story_step steps[STEPS_MAX];
    const char *running, *dose; /* when all is done */
    uint64_t counter, list;
} story;

extern const story stories[];
extern const size_t story_count;

/* What whoever looks after the device remembers. */
typedef struct caretaker {
    int tried[STEPS_MAX];
} caretaker;

/* What the running application does in this life. 1: it resets; 0: all is done. */
int story_live(const story *self, lab *device, caretaker *memory);

#endif
