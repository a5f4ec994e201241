#include "openapi.h"

#include "problem.h"

#include <client/routes.h>
#include <client/wire_json.h>

#include <string.h>

static json_t *object_schema(json_t *properties, json_t *required, bool strict) {
    json_t *schema = json_pack("{s:s, s:o}", "type", "object", "properties", properties);
    if (json_array_size(required)) json_object_set(schema, "required", required);
    json_decref(required);
    if (strict) json_object_set_new(schema, "additionalProperties", json_false());
    return schema;
}

static void describe(hm_message_type type, json_t *properties, json_t *required) {
    hm_wire_schema(type, properties, required);
    hm_openapi_describe(type, properties);
}

static json_t *message_schema(hm_message_type type, bool strict) {
    json_t *properties = json_object(), *required = json_array();
    describe(type, properties, required);
    return object_schema(properties, required, strict);
}

static json_t *problem_ref(void) { return json_pack("{s:s}", "$ref", "#/components/schemas/Problem"); }

static json_t *array_of(json_t *items) { return json_pack("{s:s, s:o}", "type", "array", "items", items); }

/* ---- what is asked ---- */

static void add_narrow(json_t *properties, json_t *required) {
    describe(HM_MSG_NARROW, properties, required);
    json_object_del(properties, "signatures");
    json_object_del(properties, "proofs");
    for (const char *const *name = hm_route_narrow_needs; *name; name++)
        json_array_append_new(required, json_string(*name));
}

static json_t *body_schema(const hm_route *route) {
    json_t *properties = json_object(), *required = json_array();
    if (route->before) describe(route->before, properties, required);
    if (route->narrow) add_narrow(properties, required);
    if (!route->items) {
        describe(route->question, properties, required);
    } else {
        json_t *items = array_of(message_schema(route->question, true));
        json_object_set_new(items, "minItems", json_integer(1));
        json_object_set_new(items, "maxItems", json_integer((json_int_t)route->items));
        json_object_set_new(properties, "items", items);
        json_array_append_new(required, json_string("items"));
    }
    return object_schema(properties, required, true);
}

static json_t *query_parameters(const hm_route *route) {
    json_t *properties = json_object(), *required = json_array(), *parameters = json_array(), *schema;
    const char *name;
    describe(route->question, properties, required);
    json_object_foreach(properties, name, schema) {
        json_array_append_new(parameters, json_pack("{s:s, s:s, s:O}", "name", name, "in", "query", "schema", schema));
    }
    json_decref(properties);
    json_decref(required);
    return parameters;
}

/* ---- what is answered ---- */

static json_t *item_schema(const hm_route *route) {
    if (!route->items) return message_schema(route->answer, true);
    json_t *item = message_schema(route->last == HM_MSG_REQUEST_CLOSE ? HM_MSG_NOTED
                                  : route->last                       ? HM_MSG_DONE
                                                                      : route->answer,
                                  false);
    json_object_del(item, "required");
    json_object_set_new(json_object_get(item, "properties"), "problem", problem_ref());
    return item;
}

static json_t *answer_schema(const hm_route *route) {
    json_t *properties = json_object(), *required = json_array();
    if (!route->items && !route->list)
        describe(route->answer, properties, required);
    else
        json_object_set_new(properties, "items", array_of(item_schema(route)));
    if (route->question == HM_MSG_LOG_SEARCH) describe(HM_MSG_LOG_SEARCHED, properties, required);
    if (route->last == HM_MSG_PUBLISH_CLOSE)
        json_object_set_new(properties, "wanted", array_of(message_schema(HM_MSG_PUBLISH_WANTED, true)));
    if (route->last) {
        describe(route->answer, properties, required);
        json_array_clear(required);
    }
    return object_schema(properties, required, true);
}

static json_t *content(const char *type, json_t *schema) { return json_pack("{s:{s:o}}", type, "schema", schema); }

static json_t *json_body(json_t *schema) { return content("application/json", schema); }

static json_t *responses(json_t *schema) {
    return json_pack("{s:{s:s, s:o}, s:{s:s, s:o}}", "200", "description", "done", "content",
                     content("application/json", schema), "default", "description", "a problem (RFC 9457)", "content",
                     content("application/problem+json", problem_ref()));
}

static json_t *operation(const char *what, json_t *body, json_t *parameters, json_t *answer) {
    json_t *o = json_pack("{s:s, s:o}", "summary", what, "responses", responses(answer));
    if (body) json_object_set_new(o, "requestBody", json_pack("{s:b, s:o}", "required", 1, "content", body));
    if (json_array_size(parameters)) json_object_set(o, "parameters", parameters);
    json_decref(parameters);
    return o;
}

/* A name made of method and path: "postLogCheckpoints". */
static json_t *operation_id(const char *method, const char *path) {
    char id[128];
    size_t len = 0;
    bool begins = false;
    for (const char *at = method; *at && len + 1 < sizeof id; at++) id[len++] = (char)(*at | 0x20);
    for (const char *at = path; *at && len + 1 < sizeof id; at++) {
        bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
        if (letter) id[len++] = (char)(begins ? *at & ~0x20 : *at);
        begins = !letter;
    }
    return json_stringn(id, len);
}

static void add(json_t *paths, const char *method, const char *path, json_t *o) {
    json_t *item = json_object_get(paths, path);
    if (!item) json_object_set_new(paths, path, item = json_object());
    json_object_set_new(o, "operationId", operation_id(method, path));
    json_object_set_new(item, strcmp(method, "GET") == 0 ? "get" : strcmp(method, "HEAD") == 0 ? "head" : "post", o);
}

/* Whoever asks. */
static json_t *open_to_all(json_t *o) {
    json_object_set_new(o, "security", json_array());
    return o;
}

/* Idempotency-Key, of what signs. */
static json_t *key_parameter(void) {
    return json_pack("[{s:s, s:s, s:s, s:{s:s, s:i, s:i}}]", "name", "Idempotency-Key", "in", "header", "description",
                     "a call that is repeated under the same key within a day is answered as it was, and is no second "
                     "entry of the log; another call under it is answered 422",
                     "schema", "type", "string", "minLength", 1, "maxLength", 64);
}

static json_t *parameters_of(const hm_route *route) {
    if (strcmp(route->method, "GET") == 0) return query_parameters(route);
    return route->question == HM_MSG_SIGN && !route->last ? key_parameter() : NULL;
}

static json_t *nothing(void) { return json_pack("{s:s, s:b}", "type", "object", "additionalProperties", 0); }

static json_t *proof_body(hm_message_type type) {
    json_t *schema = message_schema(type, true);
    json_object_del(json_object_get(schema, "properties"), "binding");
    json_object_set_new(schema, "required", json_pack("[s]", type == HM_MSG_PROVE_KEY ? "signature" : "token"));
    return schema;
}

/* The session's own resources, which no table has. */
static void add_sessions(json_t *paths) {
    json_t *welcome = message_schema(HM_MSG_WELCOME, true);
    json_object_set_new(json_object_get(welcome, "properties"), "session",
                        json_pack("{s:s, s:s}", "type", "string", "pattern", "^[0-9a-f]{64}$"));
    add(paths, "POST", "/sessions",
        open_to_all(operation("Open a session, which is nobody's yet", json_body(nothing()), NULL, welcome)));
    add(paths, "POST", "/sessions/current/key",
        operation("Say who speaks, by a key: COSE_Signature over office, challenge and the connection's tls-exporter "
                  "(RFC 9266), external_aad \"hallmark session 1\"",
                  json_body(proof_body(HM_MSG_PROVE_KEY)), NULL, message_schema(HM_MSG_KNOWN, true)));
    add(paths, "POST", "/sessions/current/token",
        operation("Say who speaks, by a workload's token (JWT)", json_body(proof_body(HM_MSG_PROVE_TOKEN)), NULL,
                  message_schema(HM_MSG_KNOWN, true)));
}

/* ---- files: /v1/download and the log ---- */

static json_t *file_parameters(const char *const *names, bool get) {
    json_t *parameters = json_array();
    for (; *names; names++)
        json_array_append_new(parameters, json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", *names, "in", "path",
                                                    "required", 1, "schema", "type", "string"));
    if (get)
        json_array_append_new(parameters,
                              json_pack("{s:s, s:s, s:s, s:{s:s}}", "name", "Range", "in", "header", "description",
                                        "one range of bytes (RFC 9110, section 14)", "schema", "type", "string"));
    return parameters;
}

static json_t *file_content(const char *type) { return content(type, json_object()); }

static json_t *file_operation(const char *what, const char *type, const char *const *names, bool get) {
    json_t *answers = json_pack("{s:{s:s}, s:{s:s}, s:{s:s, s:o}}", "200", "description", "the file", "304",
                                "description", "If-None-Match names the version that is here", "default", "description",
                                "a problem (RFC 9457)", "content", content("application/problem+json", problem_ref()));
    if (get) {
        json_object_set_new(json_object_get(answers, "200"), "content", file_content(type));
        json_object_set_new(answers, "206",
                            json_pack("{s:s, s:o}", "description",
                                      "the part that Range asks for, of the version that "
                                      "If-Range names",
                                      "content", file_content(type)));
    }
    return open_to_all(
        json_pack("{s:s, s:o, s:o}", "summary", what, "responses", answers, "parameters", file_parameters(names, get)));
}

/* PATH below ROOT. */
static void add_file(json_t *paths, const char *root, const char *path, const char *what, const char *type,
                     const char *const *names) {
    add(paths, "GET", path, file_operation(what, type, names, true));
    add(paths, "HEAD", path, file_operation(what, type, names, false));
    if (root) json_object_set_new(json_object_get(paths, path), "servers", json_pack("[{s:s}]", "url", root));
}

static void add_files(json_t *paths) {
    static const char *const release[] = {"product", "release", "file", NULL}, *const tile[] = {"level", "tile", NULL},
                             *const none[] = {NULL}, *const list[] = {"product", NULL}, *const entries[] = {"tile", NULL};
    static const char octets[] = "application/octet-stream";
    add_file(paths, NULL, "/download/{product}/{release}/{file}", "A published file; SHA256SUMS is one in each release",
             octets, release);
    add_file(paths, "/", "/log/checkpoint", "The log's newest checkpoint (C2SP tlog-checkpoint)",
             "text/plain; charset=utf-8", none);
    add_file(paths, "/", "/crl/root.crl", "The revocation list of the root", "application/pkix-crl", none);
    add_file(paths, "/", "/crl/{product}.crl",
             "The revocation list of a product's authority (of a product named root: _root)", "application/pkix-crl",
             list);
    add_file(paths, "/", "/log/tile/{level}/{tile}",
             "A tile of the log's tree (C2SP tlog-tiles); the tile's number is several parts of the path, as x001/234, "
             "and of one that is not full .p/ and its width follow",
             octets, tile);
    add_file(paths, "/", "/log/tile/entries/{tile}", "The leaves below a tile of level 0", octets, entries);
}

static json_t *problem_schema(void) {
    json_t *codes = json_array();
    for (int i = HM_PROBLEM_MALFORMED; i <= HM_PROBLEM_UNAVAILABLE; i++)
        json_array_append_new(codes, json_string(hm_problem_code((hm_problem)i)));
    return json_pack("{s:s, s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s, s:o}, s:{s:s}, s:{s:s}}, s:[s,s,s,s]}", "type",
                     "object", "properties", "type", "type", "string", "title", "type", "string", "status", "type",
                     "integer", "code", "type", "string", "enum", codes, "detail", "type", "string", "items", "type",
                     "array", "required", "type", "title", "status", "code");
}

static json_t *body_of(const hm_route *route) {
    if (strcmp(route->method, "GET") == 0) return NULL;
    return route->octets ? file_content("application/octet-stream") : json_body(body_schema(route));
}

json_t *hm_openapi(void) {
    json_t *paths = json_object();
    add_sessions(paths);
    for (const hm_route *route = hm_routes; route->path; route++) {
        add(paths, route->method, route->path,
            operation(route->what, body_of(route), parameters_of(route), answer_schema(route)));
    }
    add_files(paths);
    return json_pack("{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:[{s:[]}], s:{s:{s:{s:s, s:s}}, s:{s:o}}, s:o}", "openapi",
                     "3.1.0", "info", "title", "Hallmark", "version", "1", "description",
                     "An office over HTTPS. Made by hallmarkd --openapi.", "servers", "url", "/v1", "security",
                     "session", "components", "securitySchemes", "session", "type", "http", "scheme", "bearer",
                     "schemas", "Problem", problem_schema(), "paths", paths);
}
