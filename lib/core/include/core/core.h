/* The office's core: policy, log, database and token, in a process of its own that knows no file format.
 *
 * hm_core_serve is that process's whole life: it answers the language of wire.h on one socket until the peer closes.
 * What it promises (P1): an intent is durable in the log before the token is asked, the outcome before the signature
 * leaves. */
#ifndef HM_CORE_CORE_H
#define HM_CORE_CORE_H

#include <core/wire.h>
#include <policy/statement.h>

/* What `init` fixes. */
typedef struct {
    const char *directory;
    const char *organization;
    const char *token;    /* "softhsm", or a pkcs11: URI of a token that exists */
    const char *pin_path; /* for a pkcs11: URI: a file only its owner can read */
    /* Quorum and founders, whose officers' statements then govern the office; NULL: an office of one person, who may do
     * everything. */
    const hm_statement *founders;
} hm_office_plan;

/* Make an office: folder, token (if SoftHSM), database, log key, root key and certificate, first log entries,
 * checkpoint, trust.pem. Nothing is left behind on a fault. */
HM_MUST_USE hm_err hm_office_create(const hm_office_plan *plan);

/* In the office's folder, where a served core listens for processes of this machine. */
#define HM_CORE_SOCKET "core.sock"

/* What comes to a core that serves an office; -1: nothing. They stay the caller's. */
typedef struct {
    int local;    /* a listening Unix socket: for processes of this machine, of users whom the kernel names */
    int fronts;   /* SOCK_SEQPACKET: each packet brings one end of a session's socket (SCM_RIGHTS). Who speaks in it is
                     nobody until he has proved who he is */
    int identity; /* SOCK_SEQPACKET: the process that judges tokens (identity/answer.h) */
    int stop;     /* when something comes: answer what has arrived, and return */
    unsigned strangers_stamps; /* timestamps in a minute for who has not said who he is; 0: none */
} hm_core_doors;

/* Serve all who come, until told to stop. */
HM_MUST_USE hm_err hm_core_serve_office(const char *directory, const hm_core_doors *doors);

/* Serve one peer on FD. Returns when the peer has closed, after a last checkpoint. */
HM_MUST_USE hm_err hm_core_serve(int fd, const char *directory);
/* The same of a copy that hm_rehearsal_make has made (core/backup.h): what is stated of keys and principals needs no
 * officers' signatures. */
HM_MUST_USE hm_err hm_core_rehearse(int fd, const char *directory);

#endif
