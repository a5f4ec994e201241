/* An incident: who or what may be somebody else's, since when, and what was signed with it, as the log has it. */
#ifndef HM_APP_INCIDENT_H
#define HM_APP_INCIDENT_H

#include <base/io.h>
#include <core/wire.h>
#include <crypto/digest.h>
#include <tlog/leaf.h>

#include <stdio.h>

/* How often, and between when. */
typedef struct {
    char name[80];
    uint64_t signatures, in_doubt;
    int64_t first, last;
} hm_incident_count;
typedef struct {
    size_t count, room;
    hm_incident_count *of;
    bool more; /* there were others, which are only in the list */
} hm_incident_table;

enum { HM_INCIDENT_SHOWN = 1000, HM_INCIDENT_ALWAYS = 1 };
typedef struct {
    uint8_t sha256[HM_SHA256_LEN];
    char serial[49], subject[513], issuer[513];
    int64_t not_after, revoked, invalidity;
    bool imported, compromised; /* another's authority revokes it; its revocation says what happened */
} hm_incident_certificate;

/* What a principal did himself, beside having things signed; texts as in a line. */
typedef struct {
    uint64_t index;
    int64_t time;
    char act[33], product[65], release[66], what[200];
    bool in_doubt;
} hm_incident_act;

/* One signature, as its line in the list has it; texts as JSON has them, without quotes. */
typedef struct {
    uint64_t intent, outcome;
    int64_t time;
    char name[128], release[66], who[80], digest[65];
    bool in_doubt;
} hm_incident_line;

typedef struct {
    bool rehearsal, is_principal;
    bool elsewhere;   /* the office was asked over HTTPS: what it left out nobody here has seen */
    char subject[65]; /* a key's id in hexadecimal, or a principal's name */
    uint8_t token_id[16];
    uint8_t spki_sha256[HM_SHA256_LEN]; /* of the key's public key, by which the entry of its making is known */
    uint64_t role_number;               /* of the key, as the office tells it */
    char product[65], role[16], algorithm[16], kid[65];
    char release[65]; /* whose own key it is; "": it is not a release's */
    char office[37], organization[65];
    char reason[201];
    int64_t since; /* HM_INCIDENT_ALWAYS and less: all is in doubt */
    int64_t made;
    bool imported;  /* the key was made elsewhere */
    bool destroyed; /* the key was, before anybody said that it may be somebody else's */
    int64_t latest; /* of the times that entries said so far */
    /* The first entry of all, whatever it is about, that says SINCE or later. */
    bool since_met;
    uint64_t since_index;
    hm_buf since_salt, since_details;
    /* What was read of the log. */
    uint64_t log_size; /* its first so many entries */
    uint8_t log_root[HM_SHA256_LEN];
    bool complete;
    char why[HM_SENTENCE_MAX];     /* it is not */
    uint64_t erased, erased_first; /* intents of which nobody can say whose they are */
    bool born, born_erased;        /* the entry that says that the key was made was met; its details were erased */
    /* What it holds. */
    uint64_t signatures, in_doubt; /* with an outcome */
    uint64_t unfinished;           /* intents without one: the token may have signed */
    uint64_t approved;             /* among the signatures: what others asked for and the principal approved */
    uint64_t of_the_office; /* among the signatures: certificates, lists and requests, of which no file is known */
    hm_incident_table releases, people, days;
    size_t certificates, certificates_room;
    hm_incident_certificate *certificate;
    size_t shown;
    hm_incident_line *line;       /* the first HM_INCIDENT_SHOWN that are in doubt */
    uint64_t acts, acts_in_doubt; /* of a principal */
    size_t acts_shown;
    hm_incident_act *act; /* the first HM_INCIDENT_SHOWN that are in doubt */
    size_t stated_count, stated_room, stated_found;
    struct hm_incident_stated *stated; /* the statements that he signed, whoever gave them to the office */
    struct hm_incident_approval *approval;
    size_t approvals, approvals_room;
    struct hm_incident_request *request; /* of the whole log, of a principal's */
    size_t requests, requests_room;
    char crl[80], trust_list[80]; /* names of files; "": there is none */
    struct hm_incident_pending *pending;
    size_t pendings, pendings_room;
} hm_incident;
void hm_incident_clear(hm_incident *incident);
#define HM_INCIDENT __attribute__((cleanup(hm_incident_clear))) hm_incident

/* LIST gets a line (JSON) for each signature that is the incident's, ACTS for each of a principal's acts, DISCLOSED for
 * each entry that could be one of either, whose details together show that none was left out. */
typedef struct {
    FILE *list, *disclosed, *acts;
} hm_incident_files;
/* Take ENTRY, an HM_MSG_LOG_ENTRY; they come in their order. */
HM_MUST_USE hm_err hm_incident_take(hm_incident *incident, const hm_message *entry, const hm_incident_files *files);
/* ENVELOPE, the statement in entry INDEX, is signed by the principal; before any entry is taken. That entry must be
 * met, with this statement, or the lists are not complete. */
HM_MUST_USE hm_err hm_incident_note_statement(hm_incident *incident, uint64_t index, hm_bytes envelope);
void hm_incident_forget_statements(hm_incident *incident);
/* A certificate of the key's, by the SHA-256 of its DER, which an entry has. */
HM_MUST_USE hm_err hm_incident_note_certificate(hm_incident *incident, hm_bytes sha256);
/* The time that DETAILS, of the next entry, say. What stands behind an entry in the log was made after it, whatever
 * time it says: a clock that was put back hides nothing behind an entry that is read. */
void hm_incident_note_time(hm_incident *incident, hm_bytes details);
/* ENTRY's details, as a line of DISCLOSED. */
HM_MUST_USE hm_err hm_incident_disclose(const hm_message *entry, FILE *disclosed);
/* ENTRY is the log's first of those that say SINCE or later; before any entry is taken. */
HM_MUST_USE hm_err hm_incident_note_since(hm_incident *incident, const hm_message *entry);
/* Was entry INDEX, the last whose time was noted, made at SINCE or later? */
bool hm_incident_is_late(const hm_incident *incident, uint64_t index);
/* There are no more; what the search says of them stands in INCIDENT already. */
HM_MUST_USE hm_err hm_incident_end(hm_incident *incident);

/* incident_acts.c, for incident.c: an entry that neither begins nor ends a signature. */
HM_MUST_USE hm_err hm_incident_take_act(hm_incident *incident, uint64_t index, hm_leaf_type type, hm_bytes details,
                                        FILE *acts);
/* incident_requests.c: DETAILS of entry INDEX, if they are of a request that was made; before any act on it. */
HM_MUST_USE hm_err hm_incident_note_request(hm_incident *incident, uint64_t index, hm_bytes details);
/* To ACTS, "," and as members the number and the files of the request that an entry's DETAILS name by its hash; and to
 * ACT what it was, if that is not said. Nothing if the log does not hold the request. */
HM_MUST_USE hm_err hm_incident_put_request(const hm_incident *incident, hm_leaf_type type, hm_bytes details,
                                           hm_incident_act *act, FILE *acts);
void hm_incident_clear_requests(hm_incident *incident);
/* Did the principal approve what DETAILS, of an intent, say was signed by request? *IN_DOUBT: the approval is. */
bool hm_incident_is_approved(const hm_incident *incident, hm_bytes details, bool *in_doubt);
/* Is it of the incident's principal? */
bool hm_incident_is_his(const hm_incident *incident, hm_bytes details);
/* Room for one more item of SIZE in the array that ITEMS points to. */
HM_MUST_USE hm_err hm_incident_grow(void *items, size_t size, size_t count, size_t *room);
/* What fits. */
void hm_incident_copy(char *to, size_t size, hm_bytes text);
/* "," and the member NAME of DETAILS as it stands there, if it has one. */
void hm_incident_put_member(FILE *list, hm_bytes details, const char *name);

/* incident_folder.c: where an incident's files are written. */
typedef struct {
    char path[4000];
    int fd;
    bool made, marked; /* by this command: itself, and what it says of whose it is */
} hm_incident_folder;
static inline void hm_incident_folder_close(hm_incident_folder *folder) { hm_fd_close(&folder->fd); }
#define HM_INCIDENT_FOLDER __attribute__((cleanup(hm_incident_folder_close))) hm_incident_folder
/* The folder of INCIDENT, PATH (NULL: named after its subject), made if it is not there. A refusal if it has something
 * else in it, or another incident's files. */
HM_MUST_USE hm_err hm_incident_folder_open(const hm_incident *incident, const char *path, hm_incident_folder *folder);
/* The command fails with ERR, and passes it on: nothing is left of a folder in which it has put nothing; another may be
 * written to again, which is said. */
HM_MUST_USE hm_err hm_incident_folder_leave(const hm_incident_folder *folder, hm_err err);
/* incident_report.c: the command that makes the key that signs in its place. */
HM_MUST_USE hm_err hm_incident_put_rotate(const hm_incident *incident, hm_buf *text);
/* For machines and for people; whole files. */
HM_MUST_USE hm_err hm_incident_json(const hm_incident *incident, hm_buf *json);
HM_MUST_USE hm_err hm_incident_html(const hm_incident *incident, hm_buf *html);

#endif
