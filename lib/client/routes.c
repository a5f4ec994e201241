#include <client/routes.h>

#include <string.h>

const hm_route hm_routes[] = {
    {"GET", "/products", 0, false, false, HM_MSG_PRODUCT_LIST, false, 0, HM_MSG_PRODUCT, true, "Products"},
    {"POST", "/products", 0, false, false, HM_MSG_PRODUCT_ADD, false, 0, HM_MSG_DONE, false, "Add a product"},
    {"GET", "/keys", 0, false, false, HM_MSG_KEY_LIST, false, 0, HM_MSG_KEY, true, "Keys and their certificates"},
    {"POST", "/keys", 0, false, false, HM_MSG_KEY_GENERATE, false, 0, HM_MSG_DONE, false,
     "Make a product's signing key"},
    {"POST", "/certificate-requests", 0, false, false, HM_MSG_CERT_REQUEST, false, 0, HM_MSG_BYTES, false,
     "A PKCS#10 request for a product's key"},
    {"POST", "/certificates", 0, false, false, HM_MSG_CERT_IMPORT, false, 0, HM_MSG_DONE, false,
     "Bring in a certificate chain"},
    {"POST", "/preparations", HM_MSG_REQUEST_BEGIN, true, true, HM_MSG_PREPARE, false, 0, HM_MSG_PREPARED, false,
     "Which key of a product would sign"},
    {"POST", "/signatures", 0, false, true, HM_MSG_SIGN, true, 0, HM_MSG_SIGNED, false, "Sign digests for a product"},
    {"POST", "/requests", HM_MSG_REQUEST_BEGIN, false, true, HM_MSG_SIGN, true, HM_MSG_REQUEST_CLOSE,
     HM_MSG_REQUEST_MADE, false, "Ask for signatures that need approval; with \"request\": compare with that one"},
    {"GET", "/requests", 0, false, false, HM_MSG_REQUEST_LIST, false, 0, HM_MSG_REQUEST, true,
     "Requests and what became of them"},
    {"POST", "/decisions", 0, false, false, HM_MSG_REQUEST_DECIDE, false, 0, HM_MSG_DONE, false,
     "Approve, reject or cancel a request"},
    {"GET", "/statements/next", 0, false, false, HM_MSG_STATEMENT_NEXT, false, 0, HM_MSG_STATEMENT_PLACE, false,
     "The place of the next statement"},
    {"GET", "/statements", 0, false, false, HM_MSG_STATEMENT_LIST, false, 0, HM_MSG_STATEMENT, true,
     "Officers' statements"},
    {"POST", "/statements", 0, false, false, HM_MSG_STATEMENT_ADD, false, 0, HM_MSG_DONE, false,
     "Hand in a statement that officers have signed"},
    {"GET", "/log/entries", 0, false, false, HM_MSG_LOG_LIST, false, 0, HM_MSG_LOG_ENTRY, true,
     "Entries of the log with their details"},
    {"POST", "/log/checkpoints", 0, false, false, HM_MSG_LOG_PUBLISH, false, 0, HM_MSG_BYTES, false,
     "A checkpoint over everything that is logged"},
    {"POST", "/log/proofs", 0, false, false, HM_MSG_LOG_PROVE, false, 0, HM_MSG_BYTES, false,
     "The proof that a signature is logged"},
    {"POST", "/log/receipts", 0, false, false, HM_MSG_LOG_RECEIPT, false, 0, HM_MSG_BYTES, false,
     "The same for devices"},
    {"GET", "/trust", 0, false, false, HM_MSG_TRUST, false, 0, HM_MSG_BYTES, false, "Root certificate and log key"},
    {"POST", "/trust/key", 0, false, false, HM_MSG_TRUST_KEY, false, 0, HM_MSG_BYTES, false,
     "The office's root key of the trust list"},
    {"POST", "/log/key", 0, false, false, HM_MSG_LOG_KEY, false, 0, HM_MSG_BYTES, false, "The log's key for receipts"},
    {"POST", "/trust/lists", HM_MSG_NARROW_LIST, false, false, HM_MSG_TRUST_SIGN, false, 0, HM_MSG_BYTES, false,
     "Sign a trust list"},
    {0},
};

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
