/* Copies of an office, and whether an office or a copy is in order.
 *
 * A backup is a folder that is an office but for its token (docs/server.md): a database copied at one moment, the tiles
 * and the checkpoint that belong to that database, made anew out of it, trust.pem, what was published, and MANIFEST,
 * the SHA-256 of every file. It is made while the office is in use and while a server runs; no core is asked, since who
 * may read the office's folder may copy it. No function here parses what strangers wrote, but SQLite reads the
 * database; and none asks a token to sign. */
#ifndef HM_CORE_BACKUP_H
#define HM_CORE_BACKUP_H

#include <base/bytes.h>

typedef struct {
    uint64_t entries, published; /* of the log; of them under the checkpoint */
    uint64_t files;
    bool token;    /* the copy holds the token */
    bool softhsm;  /* it is one that can be copied */
    bool compared; /* with a checkpoint that somebody kept */
    uint64_t kept; /* how many entries that one was signed over */
} hm_backup;

/* Copy the office in DIRECTORY to the new folder TO (both absolute), durable when it returns. Until it is whole the
 * copy has the name TO.part; a fault removes it, a kill leaves it. WITH_TOKEN: a SoftHSM's keys and PIN too. */
HM_MUST_USE hm_err hm_office_backup(const char *directory, const char *to, bool with_token, hm_backup *made);

/* Make an office in TO, which is new or empty, out of the backup in FROM: copied and compared with its MANIFEST in one
 * pass, then checked as an office (database, log, tiles, checkpoint), and only then given its name. AGAINST: a
 * checkpoint that somebody kept (HM_NO_BYTES: none); a refusal unless what is restored continues it. */
HM_MUST_USE hm_err hm_office_restore(const char *from, const char *to, hm_bytes against, hm_backup *restored);

/* What the database's entries come to, for who compares the published files with them. */
typedef struct {
    bool known;
    uint64_t size, entries, signatures, open, erased;
    uint8_t root[32];
} hm_checked_log;
/* FOUND: good, or a fault with what is wrong; then SENTENCE is the fault's. */
typedef void (*hm_check_say)(void *context, const char *what, hm_err found, const char *sentence);
/* Look over the office, or the backup, in DIRECTORY (absolute), and say what is found, part by part: a fault in one
 * keeps no other from being looked at. LOG's published files are not looked at here. A token is opened, and no key of
 * it used; none is of a backup. */
void hm_office_check(const char *directory, hm_check_say say, void *context, hm_checked_log *log);
/* Is DIRECTORY a backup? */
bool hm_backup_is(const char *directory);

/* A copy of the office in DIRECTORY, in the new folder TO (both absolute), on which may be tried what one hopes never to
 * do. It has a token of its own, so nothing that is signed in it is worth anything elsewhere, and it can serve no other
 * use. The office is only read. */
HM_MUST_USE hm_err hm_rehearsal_make(const char *directory, const char *to);
/* It gets new keys in the places of the log's key and of those that certify PRODUCT (NULL, or "": none of one). */
HM_MUST_USE hm_err hm_rehearsal_take_keys(const char *to, const char *product);
/* Remove it again, as far as that works. */
void hm_rehearsal_remove(const char *to);

#endif
