/* Backups: what is in one, what is not restored, and what a check finds. */
#include "office_fixture.h"

#include <base/file.h>
#include <core/backup.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned number;

/* An office with a signature, its backup, and a place for what is restored. */
typedef struct {
    office o, backup, restored;
    hm_backup made;
} fixture;

static void name_of(const char *what, office *place) {
    place->core = HM_CONNECTION_NONE;
    snprintf(place->directory, sizeof place->directory, "%.40s/%s-%u", office_group_folder(), what, number++);
}

static void make_copy(fixture *f) {
    uint64_t intent, outcome;
    uint8_t hash[HM_SHA256_LEN];
    office_copy(&f->o);
    sign_once(&f->o, &intent, &outcome, hash);
    name_of("backup", &f->backup);
    name_of("restored", &f->restored);
    WORKS(hm_office_backup(f->o.directory, f->backup.directory, false, &f->made));
}

static bool is_there(const office *place, const char *name) { return access(office_file(place, name), F_OK) == 0; }

static bool nothing_is_left(const office *place) {
    char part[128];
    snprintf(part, sizeof part, "%s.part", place->directory);
    return access(place->directory, F_OK) != 0 && access(part, F_OK) != 0;
}

static void clear_fixture(fixture *f) {
    office_clear(&f->o);
    if (access(f->backup.directory, F_OK) == 0) office_clear(&f->backup);
    if (access(f->restored.directory, F_OK) == 0) office_clear(&f->restored);
}
#define FIXTURE __attribute__((cleanup(clear_fixture))) fixture

static hm_err restore(fixture *f, hm_bytes against) {
    hm_backup restored;
    return hm_office_restore(f->backup.directory, f->restored.directory, against, &restored);
}

static void expect_not_restored(fixture *f, hm_bytes against, const char *words) {
    FAILS(HM_REFUSED, words, restore(f, against));
    assert_true(nothing_is_left(&f->restored));
}

static void read_checkpoint(const office *o, hm_buf *note) {
    note->len = 0;
    WORKS(hm_file_read(AT_FDCWD, office_file(o, "log/checkpoint"), 65536, note));
}

static void sign_more(office *o) {
    uint64_t intent, outcome;
    uint8_t hash[HM_SHA256_LEN];
    office_age_checkpoint(o);
    sign_once(o, &intent, &outcome, hash);
}

/* ---- what is in one ---- */

static void holds_the_log_and_no_token(void **state) {
    (void)state;
    FIXTURE f;
    make_copy(&f);
    assert_int_equal(entries_in(&f.backup), entries_in(&f.o));
    assert_true(f.made.published <= f.made.entries);
    assert_true(is_there(&f.backup, "MANIFEST"));
    assert_false(is_there(&f.backup, "token"));
    assert_false(is_there(&f.backup, "office.db-wal"));
}

static void has_the_checkpoint_of_the_copied_database_when_entries_wait_for_theirs(void **state) {
    (void)state;
    FIXTURE f;
    hm_note_key key;
    hm_checkpoint head;
    HM_BUF note = HM_BUF_EMPTY;
    office backup;
    hm_backup made;
    make_copy(&f);
    log_key(&f.o, &key);
    hm_leaf leaf = {.type = HM_LEAF_REFUSAL};
    (void)entry_forge(&f.o, &leaf);
    name_of("second", &backup);
    WORKS(hm_office_backup(f.o.directory, backup.directory, false, &made));
    read_checkpoint(&backup, &note);
    WORKS(hm_checkpoint_open(hm_buf_bytes(&note), &key, &head));
    assert_int_equal(head.size, made.published);
    assert_int_equal(made.entries, entries_in(&f.o));
    assert_true(head.size < made.entries);
    office_clear(&backup);
}

static void leaves_nothing_of_a_backup_that_fails(void **state) {
    (void)state;
    FIXTURE f;
    hm_backup made;
    office other;
    make_copy(&f);
    name_of("other", &other);
    office_sql(&f.o, "UPDATE head SET checkpoint=x'00'");
    assert_true(hm_failed(hm_office_backup(f.o.directory, other.directory, false, &made)));
    assert_true(nothing_is_left(&other));
}

static void backs_up_no_office_whose_log_is_ahead_of_its_database(void **state) {
    (void)state;
    FIXTURE f;
    hm_backup made;
    office other;
    make_copy(&f);
    name_of("other", &other);
    office_sql(&f.o, "DELETE FROM entry WHERE idx=(SELECT max(idx) FROM entry)");
    FAILS(HM_COULD_NOT, "the log must not fork", hm_office_backup(f.o.directory, other.directory, false, &made));
    assert_true(nothing_is_left(&other));
}

static void backs_up_no_entries_that_were_changed(void **state) {
    (void)state;
    FIXTURE f;
    hm_backup made;
    office other;
    make_copy(&f);
    name_of("other", &other);
    office_sql(&f.o, "UPDATE entry SET leaf=(SELECT leaf FROM entry WHERE idx=1) WHERE idx=2");
    FAILS(HM_REFUSED, "not those that the checkpoint", hm_office_backup(f.o.directory, other.directory, false, &made));
    assert_true(nothing_is_left(&other));
}

static void copies_no_token_that_is_not_the_offices_own(void **state) {
    (void)state;
    FIXTURE f;
    hm_backup made;
    office other;
    make_copy(&f);
    name_of("other", &other);
    FAILS(HM_MISUSED, "no SoftHSM", hm_office_backup(f.o.directory, other.directory, true, &made));
    assert_true(nothing_is_left(&other));
}

static void puts_a_backup_over_nothing(void **state) {
    (void)state;
    FIXTURE f;
    hm_backup made;
    make_copy(&f);
    FAILS(HM_REFUSED, "nothing is put over it", hm_office_backup(f.o.directory, f.backup.directory, false, &made));
    FAILS(HM_REFUSED, "nothing is put over it",
          hm_office_backup(f.o.directory, office_file(&f.backup, "trust.pem"), false, &made));
    FAILS(HM_MISUSED, "a backup itself", hm_office_backup(f.backup.directory, "/nowhere/b", false, &made));
}

static void backs_up_nothing_that_is_no_office(void **state) {
    (void)state;
    hm_backup made;
    FAILS(HM_COULD_NOT, "there is no office here", hm_office_backup("/nowhere", "/nowhere/b", false, &made));
}

/* ---- restoring ---- */

static void restores_an_office_that_goes_on(void **state) {
    (void)state;
    FIXTURE f;
    HM_BUF note = HM_BUF_EMPTY;
    make_copy(&f);
    read_checkpoint(&f.o, &note);
    WORKS(restore(&f, hm_buf_bytes(&note)));
    assert_false(is_there(&f.restored, "MANIFEST"));
    uint64_t before = entries_in(&f.restored);
    sign_more(&f.restored);
    assert_int_equal(entries_in(&f.restored), before + 2);
}

static void restores_nothing_of_which_a_byte_was_changed(void **state) {
    (void)state;
    static const char *const names[] = {"office.db", "log/checkpoint", "trust.pem", "MANIFEST"};
    FIXTURE f;
    make_copy(&f);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct stat st;
        assert_int_equal(stat(office_file(&f.backup, names[i]), &st), 0);
        HM_FD fd = open(office_file(&f.backup, names[i]), O_RDWR | O_CLOEXEC);
        for (off_t at = 0; at < st.st_size; at += 1 + st.st_size / 40) {
            uint8_t byte;
            assert_int_equal(pread(fd, &byte, 1, at), 1);
            byte ^= 1;
            assert_int_equal(pwrite(fd, &byte, 1, at), 1);
            if (!hm_failed(restore(&f, HM_NO_BYTES))) fail_msg("%s at %ld", names[i], (long)at);
            assert_true(nothing_is_left(&f.restored));
            byte ^= 1;
            assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        }
    }
    WORKS(restore(&f, HM_NO_BYTES));
}

static void restores_neither_more_nor_less_than_was_copied(void **state) {
    (void)state;
    FIXTURE f;
    make_copy(&f);
    WORKS(hm_file_write(AT_FDCWD, office_file(&f.backup, "log/more"), LITERAL("x"), 0600));
    expect_not_restored(&f, HM_NO_BYTES, "log/more is in the backup's folder");
    assert_int_equal(unlink(office_file(&f.backup, "log/more")), 0);
    WORKS(hm_file_write(AT_FDCWD, office_file(&f.backup, "zzz"), LITERAL("x"), 0600));
    expect_not_restored(&f, HM_NO_BYTES, "zzz is in the backup's folder");
    assert_int_equal(unlink(office_file(&f.backup, "zzz")), 0);
    assert_int_equal(symlink("trust.pem", office_file(&f.backup, "link")), 0);
    expect_not_restored(&f, HM_NO_BYTES, "no file and no folder");
    assert_int_equal(unlink(office_file(&f.backup, "link")), 0);
    assert_int_equal(unlink(office_file(&f.backup, "trust.pem")), 0);
    expect_not_restored(&f, HM_NO_BYTES, "trust.pem is missing");
}

static void restores_nothing_without_its_sums(void **state) {
    (void)state;
    FIXTURE f;
    make_copy(&f);
    assert_int_equal(unlink(office_file(&f.backup, "MANIFEST")), 0);
    expect_not_restored(&f, HM_NO_BYTES, "is no finished backup");
    WORKS(hm_file_write(AT_FDCWD, office_file(&f.backup, "MANIFEST"), HM_NO_BYTES, 0600));
    expect_not_restored(&f, HM_NO_BYTES, "is in the backup's folder and not in its");
    WORKS(hm_file_write(AT_FDCWD, office_file(&f.backup, "MANIFEST"), LITERAL("nonsense\n"), 0600));
    expect_not_restored(&f, HM_NO_BYTES, "a line that is none");
}

static void restores_nothing_older_than_a_checkpoint_that_was_kept(void **state) {
    (void)state;
    FIXTURE f;
    HM_BUF note = HM_BUF_EMPTY;
    make_copy(&f);
    sign_more(&f.o);
    read_checkpoint(&f.o, &note);
    expect_not_restored(&f, hm_buf_bytes(&note), "the log would fork");
}

static void restores_nothing_that_a_kept_checkpoint_was_not_signed_over(void **state) {
    (void)state;
    FIXTURE f;
    HM_BUF note = HM_BUF_EMPTY;
    make_copy(&f);
    WORKS(restore(&f, HM_NO_BYTES));
    sign_more(&f.restored); /* goes on by itself, */
    read_checkpoint(&f.restored, &note);
    office_clear(&f.restored);
    sign_more(&f.o); /* and so does the one that was thought lost */
    office later;
    hm_backup made, restored;
    name_of("later", &later);
    WORKS(hm_office_backup(f.o.directory, later.directory, false, &made));
    FAILS(HM_REFUSED, "has forked",
          hm_office_restore(later.directory, f.restored.directory, hm_buf_bytes(&note), &restored));
    assert_true(nothing_is_left(&f.restored));
    office_clear(&later);
}

static void takes_no_word_that_is_not_the_logs(void **state) {
    (void)state;
    FIXTURE f;
    HM_BUF note = HM_BUF_EMPTY;
    make_copy(&f);
    read_checkpoint(&f.o, &note);
    note.data[note.len - 4] ^= 1;
    expect_not_restored(&f, hm_buf_bytes(&note), "the checkpoint that was kept");
    expect_not_restored(&f, LITERAL("no note at all"), "the checkpoint that was kept");
}

static void restores_over_nothing(void **state) {
    (void)state;
    FIXTURE f;
    make_copy(&f);
    assert_int_equal(mkdir(f.restored.directory, 0700), 0);
    WORKS(hm_file_write(AT_FDCWD, office_file(&f.restored, "thesis.txt"), LITERAL("mine"), 0600));
    FAILS(HM_REFUSED, "nothing is put over it", restore(&f, HM_NO_BYTES));
    assert_true(is_there(&f.restored, "thesis.txt"));
    assert_int_equal(unlink(office_file(&f.restored, "thesis.txt")), 0);
    WORKS(restore(&f, HM_NO_BYTES)); /* into an empty one */
}

static void takes_up_nothing_that_another_left(void **state) {
    (void)state;
    FIXTURE f;
    char part[128];
    make_copy(&f);
    snprintf(part, sizeof part, "%s.part", f.restored.directory);
    assert_int_equal(mkdir(part, 0700), 0);
    FAILS(HM_REFUSED, "interrupted", restore(&f, HM_NO_BYTES));
    assert_int_equal(rmdir(part), 0);
}

/* ---- checking ---- */

typedef struct {
    const char *part;
    char wrong[32], sentence[HM_SENTENCE_MAX]; /* the first part that is wrong; what is said of PART */
    size_t parts, faults;
    bool part_is_wrong;
} said;

static void hear_part(void *context, const char *what, hm_err found, const char *sentence) {
    said *s = context;
    s->parts++;
    if (hm_failed(found) && !s->faults++) snprintf(s->wrong, sizeof s->wrong, "%s", what);
    if (strcmp(what, s->part) != 0) return;
    s->part_is_wrong = hm_failed(found);
    snprintf(s->sentence, sizeof s->sentence, "%s", sentence);
}

static void expect_wrong(const office *o, const char *part, const char *words) {
    said s = {.part = part};
    hm_checked_log log;
    hm_office_check(o->directory, hear_part, &s, &log);
    if (!s.part_is_wrong) fail_msg("%s: nothing is found", part);
    if (!strstr(s.sentence, words)) fail_msg("\"%s\" does not say \"%s\"", s.sentence, words);
}

static void expect_good(const office *o, size_t parts) {
    said s = {.part = ""};
    hm_checked_log log;
    hm_office_check(o->directory, hear_part, &s, &log);
    if (s.faults) fail_msg("%s is wrong", s.wrong);
    assert_int_equal(s.parts, parts);
    assert_true(log.known);
    assert_int_equal(log.entries, entries_in(o));
}

static void finds_nothing_in_an_honest_office_and_its_backup(void **state) {
    (void)state;
    FIXTURE f;
    make_copy(&f);
    expect_good(&f.o, 10);
    expect_good(&f.backup, 5);
}

static void finds_keys_that_are_not_in_the_token(void **state) {
    (void)state;
    FIXTURE f;
    make_copy(&f);
    office_sql(&f.o, "UPDATE key SET token_id=randomblob(16) WHERE id=(SELECT max(id) FROM key)");
    expect_wrong(&f.o, "keys", "");
}

static void finds_keys_that_are_others_than_the_database_says(void **state) {
    (void)state;
    FIXTURE f;
    make_copy(&f);
    office_sql(&f.o, "UPDATE key SET spki=zeroblob(91) WHERE role=4 AND id=(SELECT min(id) FROM key WHERE role=4)");
    expect_wrong(&f.o, "keys", "not the one that the database names");
}

static void finds_a_token_that_does_not_answer(void **state) {
    (void)state;
    FIXTURE f;
    make_copy(&f);
    office_sql(&f.o, "UPDATE office SET pin_path='/nowhere/pin'");
    expect_wrong(&f.o, "token", "/nowhere/pin");
    expect_wrong(&f.o, "keys", "without the token");
}

static void finds_certificates_that_expire_soon(void **state) {
    (void)state;
    FIXTURE f;
    make_copy(&f);
    office_sql(&f.o, "UPDATE key SET not_after=unixepoch()+86400*3+3600 WHERE role=4");
    expect_wrong(&f.o, "certificates", "the first in 3 (");
    office_sql(&f.o, "UPDATE key SET not_after=unixepoch()-86400*3 WHERE role=4");
    expect_wrong(&f.o, "certificates", "have expired or will");
}

static void finds_a_clock_that_was_put_back(void **state) {
    (void)state;
    FIXTURE f;
    make_copy(&f);
    office_sql(&f.o, "UPDATE office SET created=unixepoch()+100000");
    expect_wrong(&f.o, "clock", "behind the newest entries");
}

static void finds_files_that_others_may_read_or_write(void **state) {
    (void)state;
    FIXTURE f;
    make_copy(&f);
    assert_int_equal(chmod(office_file(&f.o, "log"), 0777), 0);
    expect_wrong(&f.o, "office", "others can write"); /* it is not even opened */
    assert_int_equal(chmod(office_file(&f.o, "log"), 0755), 0);
    assert_int_equal(chmod(office_file(&f.o, "log/checkpoint"), 0666), 0);
    expect_wrong(&f.o, "files", "log/checkpoint: others can write");
    assert_int_equal(chmod(office_file(&f.o, "log/checkpoint"), 0644), 0);
    assert_int_equal(chmod(office_file(&f.o, "office.db"), 0640), 0);
    expect_wrong(&f.o, "files", "office.db: others can read");
    assert_int_equal(chmod(office_file(&f.o, "office.db"), 0600), 0);
    assert_int_equal(symlink("/etc/passwd", office_file(&f.o, "log/link")), 0);
    expect_wrong(&f.o, "files", "no file and no folder");
}

static void finds_another_offices_trust(void **state) {
    (void)state;
    FIXTURE f;
    make_copy(&f);
    WORKS(hm_file_write(AT_FDCWD, office_file(&f.o, "trust.pem"), LITERAL("# nobody's\n"), 0644));
    expect_wrong(&f.o, "trust", "not this office's");
}

static void finds_an_entry_that_was_changed(void **state) {
    (void)state;
    FIXTURE f;
    make_copy(&f);
    office_sql(&f.o, "UPDATE entry SET details=x'7b7d' WHERE idx=1");
    expect_wrong(&f.o, "log", "entry 1: its details were changed");
}

static void says_that_there_is_no_office(void **state) {
    (void)state;
    said s = {.part = "office"};
    hm_checked_log log;
    hm_office_check("/nowhere", hear_part, &s, &log);
    assert_true(s.part_is_wrong);
    assert_int_equal(s.parts, 1);
    assert_false(log.known);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        OFFICE_TEST(holds_the_log_and_no_token),
        OFFICE_TEST(has_the_checkpoint_of_the_copied_database_when_entries_wait_for_theirs),
        OFFICE_TEST(leaves_nothing_of_a_backup_that_fails),
        OFFICE_TEST(backs_up_no_office_whose_log_is_ahead_of_its_database),
        OFFICE_TEST(backs_up_no_entries_that_were_changed),
        OFFICE_TEST(copies_no_token_that_is_not_the_offices_own),
        OFFICE_TEST(puts_a_backup_over_nothing),
        OFFICE_TEST(backs_up_nothing_that_is_no_office),
        OFFICE_TEST(restores_an_office_that_goes_on),
        OFFICE_TEST(restores_nothing_of_which_a_byte_was_changed),
        OFFICE_TEST(restores_neither_more_nor_less_than_was_copied),
        OFFICE_TEST(restores_nothing_without_its_sums),
        OFFICE_TEST(restores_nothing_older_than_a_checkpoint_that_was_kept),
        OFFICE_TEST(restores_nothing_that_a_kept_checkpoint_was_not_signed_over),
        OFFICE_TEST(takes_no_word_that_is_not_the_logs),
        OFFICE_TEST(restores_over_nothing),
        OFFICE_TEST(takes_up_nothing_that_another_left),
        OFFICE_TEST(finds_nothing_in_an_honest_office_and_its_backup),
        OFFICE_TEST(finds_keys_that_are_not_in_the_token),
        OFFICE_TEST(finds_keys_that_are_others_than_the_database_says),
        OFFICE_TEST(finds_a_token_that_does_not_answer),
        OFFICE_TEST(finds_certificates_that_expire_soon),
        OFFICE_TEST(finds_a_clock_that_was_put_back),
        OFFICE_TEST(finds_files_that_others_may_read_or_write),
        OFFICE_TEST(finds_another_offices_trust),
        OFFICE_TEST(finds_an_entry_that_was_changed),
        OFFICE_TEST(says_that_there_is_no_office),
    };
    return RUN_WITH_OFFICE(tests);
}
