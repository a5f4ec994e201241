#include <client/routes.h>

#include <policy/request.h>

#include <string.h>

enum { SIGNATURES_MAX = 1000 };

const hm_route hm_routes[] = {
    {"GET", "/products", 0, false, false, HM_MSG_PRODUCT_LIST, 0, false, 0, HM_MSG_PRODUCT, true, false, "Products"},
    {"POST", "/products", 0, false, false, HM_MSG_PRODUCT_ADD, 0, false, 0, HM_MSG_DONE, false, false, "Add a product"},
    {"GET", "/keys", 0, false, false, HM_MSG_KEY_LIST, 0, false, 0, HM_MSG_KEY, true, false,
     "Keys and their certificates"},
    {"POST", "/keys", 0, false, false, HM_MSG_KEY_GENERATE, 0, false, 0, HM_MSG_DONE, false, false,
     "Make a product's signing key"},
    {"POST", "/certificate-requests", 0, false, false, HM_MSG_CERT_REQUEST, 0, false, 0, HM_MSG_BYTES, false, false,
     "A PKCS#10 request for a product's key"},
    {"POST", "/certificates", 0, false, false, HM_MSG_CERT_IMPORT, 0, false, 0, HM_MSG_DONE, false, false,
     "Bring in a certificate chain"},
    {"GET", "/certificates", 0, false, false, HM_MSG_CERT_LIST, 0, false, 0, HM_MSG_CERT, true, false,
     "Certificates on record, and what became of them"},
    {"POST", "/revocations", 0, false, false, HM_MSG_CERT_REVOKE, 0, false, 0, HM_MSG_DONE, false, false,
     "Revoke a certificate"},
    {"POST", "/renewals", 0, false, false, HM_MSG_CERT_RENEW, 0, false, 0, HM_MSG_DONE, false, false,
     "Another certificate for a key that has one"},
    {"POST", "/revocation-lists", 0, false, false, HM_MSG_CRL, 0, false, 0, HM_MSG_BYTES, false, false,
     "The revocation list of a product's authority, or of the root: the one that is true now"},
    {"GET", "/expiries", 0, false, false, HM_MSG_EXPIRIES, 0, false, 0, HM_MSG_EXPIRY, true, false,
     "Until when certificates and revocation lists count"},
    {"POST", "/preparations", HM_MSG_REQUEST_BEGIN, true, true, HM_MSG_PREPARE, 0, false, 0, HM_MSG_PREPARED, false,
     false, "Which key of a product would sign"},
    {"POST", "/signatures", 0, false, true, HM_MSG_SIGN, SIGNATURES_MAX, false, 0, HM_MSG_SIGNED, false, false,
     "Sign digests for a product"},
    {"POST", "/requests", HM_MSG_REQUEST_BEGIN, false, true, HM_MSG_SIGN, HM_REQUEST_ARTIFACTS, false,
     HM_MSG_REQUEST_CLOSE, HM_MSG_REQUEST_MADE, false, false,
     "Ask for signatures that need approval; with \"request\": compare with that one"},
    {"GET", "/requests", 0, false, false, HM_MSG_REQUEST_LIST, 0, false, 0, HM_MSG_REQUEST, true, false,
     "Requests and what became of them"},
    {"POST", "/decisions", 0, false, false, HM_MSG_REQUEST_DECIDE, 0, false, 0, HM_MSG_DONE, false, false,
     "Approve, reject or cancel a request"},
    {"GET", "/statements/next", 0, false, false, HM_MSG_STATEMENT_NEXT, 0, false, 0, HM_MSG_STATEMENT_PLACE, false,
     false, "The place of the next statement"},
    {"GET", "/statements", 0, false, false, HM_MSG_STATEMENT_LIST, 0, false, 0, HM_MSG_STATEMENT, true, false,
     "Officers' statements"},
    {"POST", "/statements", 0, false, false, HM_MSG_STATEMENT_ADD, 0, false, 0, HM_MSG_DONE, false, false,
     "Hand in a statement that officers have signed"},
    {"GET", "/log/entries", 0, false, false, HM_MSG_LOG_LIST, 0, false, 0, HM_MSG_LOG_ENTRY, true, false,
     "Entries of the log with their details"},
    {"GET", "/log/search", 0, false, false, HM_MSG_LOG_SEARCH, 0, false, 0, HM_MSG_LOG_ENTRY, true, false,
     "Entries that all conditions hold for; `next` below `size`: more may follow from that number on"},
    {"POST", "/log/inclusions", 0, false, false, HM_MSG_LOG_INCLUDE, 0, false, 0, HM_MSG_BYTES, false, false,
     "The proof that an entry is in the log"},
    {"POST", "/log/checkpoints", 0, false, false, HM_MSG_LOG_PUBLISH, 0, false, 0, HM_MSG_BYTES, false, false,
     "A checkpoint over everything that is logged"},
    {"POST", "/log/proofs", 0, false, false, HM_MSG_LOG_PROVE, 0, false, 0, HM_MSG_BYTES, false, false,
     "The proof that a signature is logged"},
    {"POST", "/log/receipts", 0, false, false, HM_MSG_LOG_RECEIPT, 0, false, 0, HM_MSG_BYTES, false, false,
     "The same for devices"},
    {"GET", "/trust", 0, false, false, HM_MSG_TRUST, 0, false, 0, HM_MSG_BYTES, false, false,
     "Root certificate and log key"},
    {"POST", "/trust/key", 0, false, false, HM_MSG_TRUST_KEY, 0, false, 0, HM_MSG_BYTES, false, false,
     "The office's root key of the trust list"},
    {"POST", "/log/key", 0, false, false, HM_MSG_LOG_KEY, 0, false, 0, HM_MSG_BYTES, false, false,
     "The log's key for receipts"},
    {"POST", "/timestamps", 0, false, false, HM_MSG_TIMESTAMP, 0, false, 0, HM_MSG_BYTES, false, false,
     "A timestamp of the office's own authority (RFC 3161)"},
    {"GET", "/tsa", 0, false, false, HM_MSG_TSA_SHOW, 0, false, 0, HM_MSG_TSA, false, false,
     "Whether the office stamps, and by which time"},
    {"POST", "/tsa", 0, false, false, HM_MSG_TSA_SET, 0, false, 0, HM_MSG_DONE, false, false,
     "Have the office stamp, or stop it"},
    {"POST", "/trust/lists", HM_MSG_NARROW_LIST, false, false, HM_MSG_TRUST_SIGN, 0, false, 0, HM_MSG_BYTES, false,
     false, "Sign a trust list"},
    {"POST", "/publications", HM_MSG_PUBLISH_BEGIN, false, false, HM_MSG_PUBLISH_FILE, HM_REQUEST_ARTIFACTS, false,
     HM_MSG_PUBLISH_CLOSE, HM_MSG_REQUEST_MADE, false, false,
     "Name the files of a release that is to be published; their bytes follow"},
    {"POST", "/publications/bytes", 0, false, false, HM_MSG_PUBLISH_PUT, 0, true, 0, HM_MSG_DONE, false, true,
     "The bytes of the files that are wanted, one behind the other, in pieces of at most 8 MiB"},
    {"POST", "/publications/end", 0, false, false, HM_MSG_PUBLISH_COMMIT, 0, false, 0, HM_MSG_PUBLISH_MADE, false, true,
     "Publish what was named, now that its bytes are there"},
    {"POST", "/publications/withdrawals", 0, false, false, HM_MSG_PUBLISH_WITHDRAW, 0, false, 0, HM_MSG_PUBLISH_MADE,
     false, false, "Take a release back"},
    {"GET", "/publications", 0, false, false, HM_MSG_PUBLISH_LIST, 0, false, 0, HM_MSG_PUBLISHED, true, false,
     "What was published, and taken back"},
    {0},
};

const char *const hm_route_narrow_needs[] = {"product", "release", NULL};

const hm_route *hm_route_find(const char *method, const char *path, bool *other_method) {
    *other_method = false;
    for (const hm_route *route = hm_routes; route->path; route++) {
        if (strcmp(route->path, path) != 0) continue;
        if (strcmp(route->method, method) == 0) return *other_method = false, route;
        *other_method = true;
    }
    return NULL;
}

const hm_route *hm_route_of(hm_message_type question) {
    for (const hm_route *route = hm_routes; route->path; route++)
        if (route->question == question && (!route->before || route->if_named)) return route;
    return NULL;
}
