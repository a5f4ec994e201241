/* An agent's session with a server: opened, and by a key or a token somebody's. */
#include "agent.h"

#include <client/http.h>
#include <client/wire_json.h>

#include <crypto/key_file.h>
#include <crypto/uuid.h>
#include <pki/cose.h>

#include <string.h>
#include <strings.h>

static hm_err prove_key(hm_agent *a, hm_bytes office, hm_bytes challenge) {
    HM_KEY_FILE *key = NULL;
    HM_BUF proved = HM_BUF_EMPTY, signature = HM_BUF_EMPTY, base64 = HM_BUF_EMPTY;
    uint8_t binding[HM_HTTP_EXPORTER_LEN], hash[HM_SHA256_LEN];
    json_t *reply;
    HM_TRY(hm_key_file_open(a->remote->key, &key));
    HM_TRY(hm_http_exporter(a->http, binding));
    HM_TRY(hm_put(&proved, office));
    HM_TRY(hm_put(&proved, challenge));
    HM_TRY(hm_put(&proved, HM_ARRAY(binding)));
    hm_signer signer = hm_key_file_signer(key);
    HM_TRY(hm_cose_sign(HM_COSE_SESSION, hm_buf_bytes(&proved), NULL, &signer, &signature, hash));
    HM_TRY(hm_put_base64(&base64, hm_buf_bytes(&signature)));
    json_t *body = json_pack("{s:s%}", "signature", base64.data, base64.len);
    hm_err err = hm_agent_call(a, "/sessions/current/key", body, &reply);
    json_decref(body);
    json_decref(reply);
    return err.class == HM_REFUSED ? hm_in(err, "%s", a->remote->key) : err;
}

static hm_err prove_token(hm_agent *a) {
    json_t *reply, *body = json_pack("{s:s}", "token", a->remote->token);
    if (!body) return hm_misuse("the token is no text");
    hm_err err = hm_agent_call(a, "/sessions/current/token", body, &reply);
    json_decref(body);
    json_decref(reply);
    return err;
}

/* The session's number is the server's word: what becomes part of a header is looked at. */
static hm_err take_session(hm_agent *a, json_t *welcome) {
    const char *session = json_string_value(json_object_get(welcome, "session"));
    if (!session || strlen(session) != 64 || strspn(session, "0123456789abcdef") != 64)
        return hm_could_not("the server's answer has no session");
    HM_TRY(hm_http_authorize(a->http, session));
    json_object_del(welcome, "session");
    return HM_OK;
}

/* What is signed, a proof, a statement or an approval, is for the office that it names: it must not be another one in
 * which the same person is somebody, too. */
static hm_err check_office(const hm_agent *a, hm_bytes uuid) {
    char text[HM_UUID_TEXT];
    if (!a->remote->office) return HM_OK;
    hm_uuid_text(uuid.data, text);
    return strcasecmp(text, a->remote->office) == 0
               ? HM_OK
               : hm_refuse("the server is of office %s, and not of %s (HALLMARK_OFFICE_ID)", text, a->remote->office);
}

static hm_err open_session(hm_agent *a, hm_message *welcome, hm_buf *storage) {
    json_t *reply = NULL;
    json_t *nothing = json_object();
    hm_err called = hm_agent_call(a, "/sessions", nothing, &reply);
    json_decref(nothing);
    HM_TRY(called);
    hm_err err = take_session(a, reply);
    if (!hm_failed(err)) err = hm_agent_read_reply(reply, HM_MSG_WELCOME, welcome, storage);
    json_decref(reply);
    HM_TRY(err);
    HM_TRY(check_office(a, welcome->field[HM_WELCOME_UUID].bytes));
    if (a->remote->key)
        return prove_key(a, welcome->field[HM_WELCOME_UUID].bytes, welcome->field[HM_WELCOME_CHALLENGE].bytes);
    return prove_token(a);
}

hm_err hm_agent_hello(hm_agent *a) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message welcome;
    HM_TRY(open_session(a, &welcome, &storage));
    a->is_known = true;
    return hm_wire_send(a->fd, &welcome);
}

hm_err hm_agent_know_again(hm_agent *a) {
    HM_BUF storage = HM_BUF_EMPTY;
    hm_message welcome;
    a->is_known = false;
    hm_err err = open_session(a, &welcome, &storage);
    a->is_known = true; /* if it failed, for the next question to try it anew */
    return err;
}
