/* The token of fixture.h behind fake_module.c, which fails when it is told to. */
#ifndef HM_TESTS_KEYS_FAKE_FIXTURE_H
#define HM_TESTS_KEYS_FAKE_FIXTURE_H

#include "fixture.h"

/* What the token does from now on (see fake_module.c). */
static inline void order(const fixture *f, const char *faults) {
    char path[120];
    snprintf(path, sizeof path, "%s/faults", f->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(faults, file);
    assert_int_equal(fclose(file), 0);
    setenv("HALLMARK_FAKE_FAULTS", path, 1);
}

static inline int fake_new(void **state) {
    if (fixture_new(state) != 0) return -1;
    ((fixture *)*state)->selector.module_path = FAKE_MODULE;
    return 0;
}

#endif
