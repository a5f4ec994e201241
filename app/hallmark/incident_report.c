/* The report of an incident: what, when, who, how far, what now. As JSON, and as a page that needs nothing else. */
#include "incident.h"

#include <base/json.h>
#include <base/readable.h>

#include <string.h>
#include <time.h>

enum { TABLE_SHOWN = 200, BAR_WIDTH = 14, BAR_HEIGHT = 90, DAYS_SHOWN = 60 };

static void put_time(int64_t seconds, char text[static 32]) {
    struct tm tm;
    time_t time = seconds;
    if (!gmtime_r(&time, &tm) || !strftime(text, 32, "%Y-%m-%d %H:%M:%SZ", &tm)) text[0] = 0;
}

hm_err hm_incident_put_rotate(const hm_incident *i, hm_buf *text) {
    HM_TRY(hm_put_format(text, "hallmark key rotate --product %s --algorithm %s", i->product, i->algorithm));
    if (!i->release[0]) return HM_OK;
    HM_TRY(hm_put_text(text, " --release "));
    return hm_put_readable(text, hm_text(i->release));
}

/* ---- JSON ---- */

static void table_json(hm_json *json, const char *name, const hm_incident_table *table) {
    hm_json_array(json, name);
    for (size_t i = 0; i < table->count; i++) {
        const hm_incident_count *c = &table->of[i];
        hm_json_object(json, NULL);
        hm_json_string(json, "name", c->name);
        hm_json_number(json, "signatures", (int64_t)c->signatures);
        hm_json_number(json, "in_doubt", (int64_t)c->in_doubt);
        hm_json_number(json, "first", c->first);
        hm_json_number(json, "last", c->last);
        hm_json_close_object(json);
    }
    hm_json_close_array(json);
}

static void certificates_json(hm_json *json, const hm_incident *i) {
    hm_json_array(json, "certificates");
    for (size_t k = 0; k < i->certificates; k++) {
        const hm_incident_certificate *c = &i->certificate[k];
        hm_json_object(json, NULL);
        hm_json_string(json, "serial", c->serial);
        hm_json_string(json, "subject", c->subject);
        hm_json_string(json, "issuer", c->issuer);
        hm_json_bool(json, "brought_in", c->imported);
        hm_json_hex(json, "sha256", HM_ARRAY(c->sha256));
        hm_json_number(json, "not_after", c->not_after);
        hm_json_number(json, "revoked", c->revoked);
        hm_json_number(json, "invalid_since", c->invalidity);
        hm_json_close_object(json);
    }
    hm_json_close_array(json);
}

static void log_json(hm_json *json, const hm_incident *i) {
    hm_json_object(json, "log");
    hm_json_bool(json, "complete", i->complete);
    if (i->elsewhere) hm_json_bool(json, "offices_word", true);
    hm_json_string(json, "why", i->why);
    hm_json_number(json, "first", 0);
    hm_json_number(json, "size", (int64_t)i->log_size);
    hm_json_hex(json, "root", HM_ARRAY(i->log_root));
    hm_json_close_object(json);
}

/* As text, because a leaf holds the hash of just these bytes. */
static void since_json(hm_json *json, const hm_incident *i) {
    if (!i->since_met) return;
    hm_json_object(json, "since_entry");
    hm_json_number(json, "index", (int64_t)i->since_index);
    hm_json_hex(json, "salt", hm_buf_bytes(&i->since_salt));
    hm_json_text(json, "details", hm_buf_bytes(&i->since_details));
    hm_json_close_object(json);
}

hm_err hm_incident_json(const hm_incident *i, hm_buf *text) {
    hm_json json = hm_json_plain(text);
    hm_json_object(&json, NULL);
    hm_json_string(&json, "incident", i->is_principal ? "principal" : "key");
    hm_json_bool(&json, "rehearsal", i->rehearsal);
    hm_json_string(&json, i->is_principal ? "principal" : "key", i->subject);
    hm_json_string(&json, "product", i->product);
    hm_json_string(&json, "role", i->role);
    if (i->release[0]) hm_json_string(&json, "release", i->release);
    hm_json_string(&json, "algorithm", i->algorithm);
    hm_json_string(&json, "kid", i->kid);
    if (!i->is_principal) hm_json_hex(&json, "public_key_sha256", HM_ARRAY(i->spki_sha256));
    if (!i->is_principal) hm_json_bool(&json, "making_erased", i->born_erased);
    hm_json_string(&json, "office", i->office);
    hm_json_string(&json, "organization", i->organization);
    hm_json_string(&json, "reason", i->reason);
    hm_json_number(&json, "since", i->since);
    since_json(&json, i);
    hm_json_bool(&json, "destroyed", i->destroyed);
    hm_json_bool(&json, "imported", i->imported);
    hm_json_number(&json, "made", i->made);
    log_json(&json, i);
    hm_json_number(&json, "signatures", (int64_t)i->signatures);
    hm_json_number(&json, "in_doubt", (int64_t)i->in_doubt);
    hm_json_number(&json, "before", (int64_t)(i->signatures - i->in_doubt));
    hm_json_number(&json, "unfinished", (int64_t)i->unfinished);
    hm_json_number(&json, "of_the_office", (int64_t)i->of_the_office);
    if (i->is_principal) {
        hm_json_number(&json, "approved", (int64_t)i->approved);
        hm_json_number(&json, "acts", (int64_t)i->acts);
        hm_json_number(&json, "acts_in_doubt", (int64_t)i->acts_in_doubt);
    }
    table_json(&json, "releases", &i->releases);
    table_json(&json, "people", &i->people);
    table_json(&json, "days", &i->days);
    certificates_json(&json, i);
    hm_json_string(&json, "crl", i->crl);
    hm_json_string(&json, "trust_list", i->trust_list);
    hm_json_close_object(&json);
    HM_TRY(hm_json_end(&json));
    return hm_put_text(text, "\n");
}

/* ---- the page ---- */

static const char style[] =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#1a1a1a}"
    "h1{font-size:1.6em;margin-bottom:.2em}h2{font-size:1.15em;margin:1.8em 0 .4em;border-bottom:1px solid #bbb}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2em .8em .2em 0;vertical-align:top;"
    "border-bottom:1px solid #e4e4e4}th{font-weight:600}td.n,th.n{text-align:right;padding-right:1.6em}"
    "code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}.big{font-size:1.9em;font-weight:600}"
    ".cards{display:flex;gap:2.5em;flex-wrap:wrap;margin:1em 0}.note{color:#555}.doubt{color:#b3261e;font-weight:600}"
    "td.t{white-space:nowrap}li{margin:.25em 0}"
    ".warn{background:#fff4d6;border-left:4px solid #c98a00;padding:.5em 1em;margin:1em 0}"
    ".bad{background:#fde3e1;border-left:4px solid #b3261e;padding:.5em 1em;margin:1em 0}"
    "@media(max-width:45em){td.t{white-space:normal}}@media print{body{margin:0}}";

/* Text that may say anything. */
static hm_err put_escaped(hm_buf *html, const char *text) {
    for (; *text; text++) {
        const char *entity = *text == '<'    ? "&lt;"
                             : *text == '>'  ? "&gt;"
                             : *text == '&'  ? "&amp;"
                             : *text == '"'  ? "&quot;"
                             : *text == '\'' ? "&#39;"
                                             : NULL;
        HM_TRY(entity ? hm_put_text(html, entity) : hm_put_u8(html, (uint8_t)*text));
    }
    return HM_OK;
}

static hm_err row(hm_buf *html, const char *name, const char *value) {
    if (!value[0]) return HM_OK;
    HM_TRY(hm_put_format(html, "<tr><th>%s</th><td>", name));
    HM_TRY(put_escaped(html, value));
    return hm_put_text(html, "</td></tr>\n");
}

static hm_err row_of_code(hm_buf *html, const char *name, const char *value) {
    if (!value[0]) return HM_OK;
    HM_TRY(hm_put_format(html, "<tr><th>%s</th><td><code>", name));
    HM_TRY(put_escaped(html, value));
    return hm_put_text(html, "</code></td></tr>\n");
}

/* Releases that have a name: all of them, or those in which something is in doubt. */
static size_t named_releases(const hm_incident *i, bool in_doubt) {
    size_t count = 0;
    for (size_t k = 0; k < i->releases.count; k++)
        count += i->releases.of[k].name[0] && (!in_doubt || i->releases.of[k].in_doubt);
    return count;
}

static hm_err put_extent(hm_buf *html, const hm_incident *i) {
    size_t releases = named_releases(i, false);
    if (!i->signatures) return hm_put_text(html, "The log has no signature of it.");
    HM_TRY(hm_put_format(html, "Of %llu signature%s in the log <span class=doubt>%llu</span> %s in doubt",
                         (unsigned long long)i->signatures, i->signatures == 1 ? "" : "s",
                         (unsigned long long)i->in_doubt, i->in_doubt == 1 ? "is" : "are"));
    if (releases && i->in_doubt)
        HM_TRY(hm_put_format(html, ", in %zu of %zu release%s", named_releases(i, true), releases,
                             releases == 1 ? "" : "s"));
    return hm_put_text(html, ".");
}

static bool has_since(const hm_incident *i) { return i->since > HM_INCIDENT_ALWAYS; }

/* All of it in two sentences, for whoever reads no further. */
static hm_err put_summary(hm_buf *html, const hm_incident *i) {
    char since[32] = "";
    if (has_since(i)) put_time(i->since, since);
    HM_TRY(hm_put_format(html, "<p>Somebody else may have %s", i->is_principal ? "acted as <b>" : ""));
    if (!i->is_principal) {
        HM_TRY(hm_put_text(html, "the "));
        HM_TRY(put_escaped(html, i->algorithm));
        HM_TRY(hm_put_text(html, " "));
        HM_TRY(put_escaped(html, i->role));
        HM_TRY(hm_put_text(html, " key of <b>"));
    }
    HM_TRY(put_escaped(html, i->is_principal ? i->subject : i->product[0] ? i->product : i->organization));
    HM_TRY(hm_put_format(html, "</b>%s%s. ", since[0] ? " since " : "", since));
    HM_TRY(put_extent(html, i));
    if (i->approved)
        HM_TRY(hm_put_format(html, " %llu of them others asked for, and this principal approved.",
                             (unsigned long long)i->approved));
    if (i->is_principal)
        HM_TRY(
            hm_put_format(html,
                          " Of %llu other act%s, asked for, approved, stated, published or tried in this name, <span "
                          "class=doubt>%llu</span> %s in doubt.",
                          (unsigned long long)i->acts, i->acts == 1 ? "" : "s", (unsigned long long)i->acts_in_doubt,
                          i->acts_in_doubt == 1 ? "is" : "are"));
    return hm_put_text(html, "</p>\n");
}

static hm_err put_what(hm_buf *html, const hm_incident *i) {
    char since[32] = "", made[32];
    if (has_since(i)) put_time(i->since, since);
    put_time(i->made, made);
    HM_TRY(hm_put_text(html, "<h2>What, and when</h2>\n<table>\n"));
    HM_TRY(row_of_code(html, i->is_principal ? "Principal" : "Key", i->subject));
    HM_TRY(row(html, "Of product", i->product));
    HM_TRY(row(html, "Role", i->role));
    HM_TRY(row(html, "Algorithm", i->algorithm));
    HM_TRY(row_of_code(html, "Devices know it as (kid)", i->kid));
    HM_TRY(row(html, "In doubt since", has_since(i) ? since : "always: all that was signed with it is in doubt"));
    HM_TRY(row(html, "Reason", i->reason));
    HM_TRY(row(html, "Office", i->organization));
    HM_TRY(row_of_code(html, "Office id", i->office));
    HM_TRY(row(html, "Report made", made));
    return hm_put_text(html, "</table>\n");
}

static hm_err put_card(hm_buf *html, uint64_t number, const char *what) {
    return hm_put_format(html, "<div><div class=big>%llu</div>%s</div>\n", (unsigned long long)number, what);
}

static hm_err put_bars(hm_buf *html, const hm_incident_table *days) {
    size_t from = days->count > DAYS_SHOWN ? days->count - DAYS_SHOWN : 0, count = days->count - from;
    uint64_t most = 1;
    if (count < 2) return HM_OK;
    for (size_t k = from; k < days->count; k++)
        if (days->of[k].signatures > most) most = days->of[k].signatures;
    HM_TRY(hm_put_format(html,
                         "<svg role=img aria-label=\"signatures a day\" width=\"%zu\" height=\"%d\" "
                         "xmlns=\"http://www.w3.org/2000/svg\">\n",
                         count * BAR_WIDTH, BAR_HEIGHT));
    for (size_t k = from; k < days->count; k++) {
        const hm_incident_count *day = &days->of[k];
        uint64_t all = day->signatures * BAR_HEIGHT / most, doubt = day->in_doubt * BAR_HEIGHT / most;
        unsigned long long x = (k - from) * BAR_WIDTH;
        if (day->signatures && !all) all = 1;
        HM_TRY(hm_put_format(html,
                             "<g><title>%s: %llu, %llu in doubt</title><rect x=\"%llu\" y=\"%llu\" width=\"%d\" "
                             "height=\"%llu\" fill=\"#9bb3c9\"/>",
                             day->name, (unsigned long long)day->signatures, (unsigned long long)day->in_doubt, x,
                             (unsigned long long)(BAR_HEIGHT - all), BAR_WIDTH - 3, (unsigned long long)all));
        HM_TRY(hm_put_format(html, "<rect x=\"%llu\" y=\"%llu\" width=\"%d\" height=\"%llu\" fill=\"#b3261e\"/></g>\n",
                             x, (unsigned long long)(BAR_HEIGHT - doubt), BAR_WIDTH - 3, (unsigned long long)doubt));
    }
    return hm_put_format(html,
                         "</svg>\n<p class=note>Signatures on each day that has some, %s to %s, at most %llu; red: in "
                         "doubt.</p>\n",
                         days->of[from].name, days->of[days->count - 1].name, (unsigned long long)most);
}

static hm_err put_table(hm_buf *html, const char *heading, const hm_incident_table *table) {
    char first[32], last[32];
    HM_TRY(hm_put_format(html,
                         "<h2>%s</h2>\n<table>\n<tr><th></th><th class=n>signatures</th><th class=n>in doubt</th>"
                         "<th>first</th><th>last</th></tr>\n",
                         heading));
    for (size_t k = 0; k < table->count && k < TABLE_SHOWN; k++) {
        const hm_incident_count *c = &table->of[k];
        put_time(c->first, first);
        put_time(c->last, last);
        HM_TRY(hm_put_text(html, "<tr><td>"));
        HM_TRY(put_escaped(html, c->name[0] ? c->name : "(no release was named)"));
        HM_TRY(hm_put_format(html,
                             "</td><td class=n>%llu</td><td class=\"n%s\">%llu</td><td class=t>%s</td>"
                             "<td class=t>%s</td></tr>\n",
                             (unsigned long long)c->signatures, c->in_doubt ? " doubt" : "",
                             (unsigned long long)c->in_doubt, first, last));
    }
    HM_TRY(hm_put_text(html, "</table>\n"));
    return table->more || table->count > TABLE_SHOWN
               ? hm_put_text(html, "<p class=note>There are more: signatures.jsonl has all.</p>\n")
               : HM_OK;
}

static hm_err put_completeness(hm_buf *html, const hm_incident *i) {
    HM_BUF root = HM_BUF_EMPTY;
    HM_TRY(hm_put_hex(&root, HM_ARRAY(i->log_root)));
    if (!i->complete) {
        HM_TRY(hm_put_text(html, "<div class=bad><b>The list may lack something.</b> "));
        HM_TRY(put_escaped(html, i->why));
        return hm_put_text(html, "</div>\n");
    }
    return hm_put_format(
        html,
        "<p>The list%s complete for what the log holds: entries 0 to %llu were read, every one, and are those of the "
        "checkpoint with root <code>%.*s</code>. <code>checkpoint</code> and <code>disclosed.jsonl</code> let anybody "
        "with the published log check that%s.</p>\n",
        i->is_principal ? "s of signatures and of other acts are" : " is",
        (unsigned long long)(i->log_size ? i->log_size - 1 : 0), (int)root.len, (const char *)root.data,
        i->elsewhere ? "; until then it is the word of the office, which was asked over HTTPS" : "");
}

/* Of keys that sign no files, by their role. */
static const struct {
    const char *role, *now, *unseen;
} by_role[] = {
    {"product CA",
     "All certificates under this authority are in doubt, and every signing certificate of the product is refused: the "
     "root's list names the authority. It has no successor: add another product (<code>hallmark product add</code>), "
     "and sign again there what somebody has looked at.",
     "certificates that were issued with a copy of the key outside of this office, and what was signed under them. "
     "Hosts refuse all of them by the root's revocation list."},
    {"root CA",
     "No list helps: a root's own list cannot revoke it. Take it out of every trust store, found the office anew, and "
     "sign again there what somebody has looked at.",
     "authorities and certificates that were issued with a copy of the key outside of this office. No revocation list "
     "bounds them: they are good wherever the root is trusted."},
    {"timestamping",
     "Timestamps of this authority are in doubt: a copy of its key makes them of any time. What is good by such a "
     "timestamp alone is to be signed or stamped again. <code>hallmark tsa enable</code> makes the next key.",
     "timestamps that were made with a copy of the key outside of this office, of any time. Hosts refuse them by the "
     "root's revocation list."},
};

static hm_err put_unseen(hm_buf *html, const hm_incident *i) {
    const char *unseen = "signatures made with a copy of the key outside of this office. Nothing here bounds them. "
                         "Hosts refuse them by the revocation list, devices by the next trust list. Devices that ask "
                         "for receipts of the log refuse them already, unless the log's key was taken as well: it lies "
                         "in the office's token, too.";
    for (size_t k = 0; k < sizeof by_role / sizeof by_role[0]; k++)
        if (strcmp(i->role, by_role[k].role) == 0) unseen = by_role[k].unseen;
    if (i->is_principal)
        unseen = "what was asked for in this name elsewhere, and what was signed with keys that are not this office's.";
    return hm_put_format(html, "<div class=warn><b>What no log can show:</b> %s%s</div>\n", unseen,
                         i->imported ? " The key was made elsewhere and imported: what it signed before, and what "
                                       "copies of it that were left there sign, is not in this log."
                                     : "");
}

static hm_err put_how_far(hm_buf *html, const hm_incident *i) {
    HM_TRY(hm_put_text(html, "<h2>How far</h2>\n<div class=cards>\n"));
    HM_TRY(put_card(html, i->in_doubt, i->in_doubt == 1 ? "signature in doubt" : "signatures in doubt"));
    HM_TRY(put_card(html, i->signatures - i->in_doubt, "made before"));
    HM_TRY(put_card(html, named_releases(i, false), named_releases(i, false) == 1 ? "release" : "releases"));
    HM_TRY(put_card(html, i->unfinished, "begun, not ended"));
    HM_TRY(hm_put_text(html, "</div>\n"));
    HM_TRY(put_bars(html, &i->days));
    HM_TRY(put_completeness(html, i));
    return put_unseen(html, i);
}

static hm_err put_certificates(hm_buf *html, const hm_incident *i) {
    char when[32], since[32];
    if (!i->certificates) return HM_OK;
    HM_TRY(hm_put_text(html, "<h2>Certificates</h2>\n<table>\n<tr><th>subject</th><th>serial</th><th>revoked</th>"
                             "<th>bad since</th></tr>\n"));
    for (size_t k = 0; k < i->certificates; k++) {
        const hm_incident_certificate *c = &i->certificate[k];
        put_time(c->revoked, when);
        put_time(c->invalidity, since);
        HM_TRY(hm_put_text(html, "<tr><td>"));
        HM_TRY(put_escaped(html, c->subject));
        HM_TRY(hm_put_text(html, "</td><td><code>"));
        HM_TRY(put_escaped(html, c->serial));
        HM_TRY(hm_put_format(html, "</code></td><td class=t>%s</td><td class=t>%s</td></tr>\n",
                             c->revoked ? when : "<b>not yet</b>", c->invalidity ? since : ""));
    }
    return hm_put_text(html, "</table>\n");
}

static hm_err put_doubtful(hm_buf *html, const hm_incident *i) {
    char when[32];
    if (!i->shown) return HM_OK;
    HM_TRY(hm_put_format(html,
                         "<h2>In doubt%s</h2>\n<table>\n<tr><th>when</th><th>what</th><th>release</th><th>asked for "
                         "by</th><th>SHA-256</th><th class=n>in the log</th></tr>\n",
                         i->in_doubt > i->shown ? ": the first ones" : ""));
    for (size_t k = 0; k < i->shown; k++) {
        const hm_incident_line *l = &i->line[k];
        put_time(l->time, when);
        HM_TRY(hm_put_format(html, "<tr><td class=t>%s</td><td>", when));
        HM_TRY(put_escaped(html, l->name));
        HM_TRY(hm_put_text(html, "</td><td>"));
        HM_TRY(put_escaped(html, l->release));
        HM_TRY(hm_put_text(html, "</td><td>"));
        HM_TRY(put_escaped(html, l->who));
        HM_TRY(hm_put_text(html, "</td><td><code>"));
        HM_TRY(put_escaped(html, l->digest));
        HM_TRY(hm_put_format(html, "</code></td><td class=\"n t\">%llu, %llu</td></tr>\n",
                             (unsigned long long)l->intent, (unsigned long long)l->outcome));
    }
    return hm_put_text(html, "</table>\n");
}

static hm_err put_acts(hm_buf *html, const hm_incident *i) {
    char when[32];
    if (!i->acts_shown) return HM_OK;
    HM_TRY(hm_put_format(html,
                         "<h2>Other acts in doubt%s</h2>\n<table>\n<tr><th>when</th><th>act</th><th>what</th>"
                         "<th>product</th><th>release</th><th class=n>in the log</th></tr>\n",
                         i->acts_in_doubt > i->acts_shown ? ": the first ones" : ""));
    for (size_t k = 0; k < i->acts_shown; k++) {
        const hm_incident_act *act = &i->act[k];
        const char *const cells[] = {act->act, act->what, act->product, act->release};
        put_time(act->time, when);
        HM_TRY(hm_put_format(html, "<tr><td class=t>%s</td>", when));
        for (size_t c = 0; c < sizeof cells / sizeof cells[0]; c++) {
            HM_TRY(hm_put_text(html, "<td>"));
            HM_TRY(put_escaped(html, cells[c]));
            HM_TRY(hm_put_text(html, "</td>"));
        }
        HM_TRY(hm_put_format(html, "<td class=\"n t\">%llu</td></tr>\n", (unsigned long long)act->index));
    }
    return hm_put_text(html, "</table>\n");
}

static hm_err item(hm_buf *html, const char *text) { return hm_put_format(html, "<li>%s</li>\n", text); }

static hm_err put_for_devices(hm_buf *html, const hm_incident *i) {
    if (i->trust_list[0])
        HM_TRY(hm_put_format(html,
                             "<li>Have the roots sign the trust list <code>%s</code> (<code>hallmark trust update "
                             "--sign --old</code>), look at it with <code>trust show --old</code>, and send it to "
                             "the devices.</li>\n",
                             i->trust_list)); /* one of two words of ours */
    else
        HM_TRY(item(html, "For devices: revoke the kid above in their trust list (<code>hallmark trust update "
                          "--revoke-key</code>, with <code>--keep</code> for each release that stays good), or give "
                          "this command again with <code>--trust-list</code>."));
    return item(html,
                "A device that already runs an image of the thief's goes on running it until an update by the next "
                "key replaces it, and an image of his need not take lists or updates: find those devices.");
}

static hm_err put_for_files(hm_buf *html, const hm_incident *i) {
    HM_BUF rotate = HM_BUF_EMPTY;
    const char *command;
    HM_TRY(hm_incident_put_rotate(i, &rotate));
    HM_TRY(hm_buf_string(&rotate, &command));
    HM_TRY(hm_put_text(html, "<li>Make the next key (<code>"));
    HM_TRY(put_escaped(html, command));
    HM_TRY(hm_put_text(html, "</code>), and sign again what is good: <code>hallmark resign FOLDER FILE...</code> does "
                             "so for what was signed before the time above; what is in doubt is left out until "
                             "somebody has looked at it.</li>\n"));
    return item(
        html, "So it does for updates for devices, with their payloads beside them (the latest of a product), and the "
              "devices' "
              "list after this one names the next key (<code>hallmark trust publisher</code>, "
              "<code>trust update --publisher NAME --add-key</code>).");
}

static hm_err put_for_hosts(hm_buf *html, const hm_incident *i) {
    HM_TRY(hm_put_text(html, "<li>Give out the revocation list <code>"));
    HM_TRY(put_escaped(html, i->crl));
    return hm_put_text(html, "</code> (it is also in the office's <code>crl</code> folder, which the server serves)."
                             "</li>\n");
}

static hm_err put_for_other_authorities(hm_buf *html, const hm_incident *i) {
    for (size_t k = 0; k < i->certificates; k++) {
        const hm_incident_certificate *c = &i->certificate[k];
        if (!c->imported) continue;
        HM_TRY(hm_put_text(html, "<li>Ask <b>"));
        HM_TRY(put_escaped(html, c->issuer));
        HM_TRY(hm_put_text(html, "</b> to revoke certificate <code>"));
        HM_TRY(put_escaped(html, c->serial));
        HM_TRY(hm_put_text(html, "</code>: it has issued it, and this office's lists cannot revoke it. Until then it "
                                 "is good wherever that authority is trusted.</li>\n"));
    }
    return HM_OK;
}

static hm_err put_for_role(hm_buf *html, const hm_incident *i) {
    for (size_t k = 0; k < sizeof by_role / sizeof by_role[0]; k++)
        if (strcmp(i->role, by_role[k].role) == 0) return item(html, by_role[k].now);
    return HM_OK;
}

static hm_err put_what_now(hm_buf *html, const hm_incident *i) {
    bool signs = !i->is_principal && i->product[0] && strcmp(i->role, "signing") == 0;
    HM_TRY(hm_put_format(html, "<h2>What now%s</h2>\n<ol>\n", i->rehearsal ? ", on the day itself" : ""));
    HM_TRY(item(html, i->is_principal ? "The principal is revoked, and nothing more is signed in this name."
                      : i->destroyed ? "The key was destroyed before, and signs nothing any more; its certificates, if "
                                       "it has any of this office's, are revoked."
                                     : "The key is stated to be compromised and signs nothing any more."));
    if (i->is_principal)
        HM_TRY(item(html, "Look at each act in doubt (<code>acts.jsonl</code> has all of them): take back what was "
                          "stated (grants, policies, keys' states), withdraw what was published, and treat what others "
                          "had signed on such an approval as what it is: not approved."));
    if (i->is_principal && i->in_doubt)
        HM_TRY(
            item(html,
                 "A file that was signed so goes on verifying: its key is good. If one that nobody can account for got "
                 "out, only the end of that key stops it (<code>hallmark compromise KEY --since</code>, then "
                 "<code>resign</code> for what is good)."));
    if (i->crl[0]) HM_TRY(put_for_hosts(html, i));
    HM_TRY(put_for_other_authorities(html, i));
    if (!i->is_principal) HM_TRY(put_for_role(html, i));
    if (signs) HM_TRY(put_for_devices(html, i));
    HM_TRY(item(html,
                "Tell those who must know. For some authorities the time runs from now: the EU's Cyber Resilience "
                "Act gives a maker 24 hours for a first warning."));
    HM_TRY(item(html,
                "Compare what is in doubt with what was built, release by release. What nobody can account for is "
                "an attacker's: find out where it went."));
    if (signs) HM_TRY(put_for_files(html, i));
    return hm_put_text(html, "</ol>\n");
}

static hm_err put_title(hm_buf *html, const hm_incident *i) {
    HM_TRY(hm_put_text(html, "<!doctype html>\n<html lang=en><head><meta charset=utf-8><meta "
                             "http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src "
                             "'unsafe-inline'; img-src data:\"><meta name=viewport content=\"width=device-width\">"
                             "<title>Incident "));
    HM_TRY(put_escaped(html, i->subject));
    HM_TRY(hm_put_format(html, "</title><style>%s</style></head>\n<body>\n", style));
    return hm_put_format(html, "<h1>%s</h1>\n",
                         i->is_principal ? "A principal may be somebody else" : "A key may be in other hands");
}

hm_err hm_incident_html(const hm_incident *i, hm_buf *html) {
    HM_TRY(put_title(html, i));
    if (i->rehearsal)
        HM_TRY(hm_put_text(html,
                           "<div class=warn><b>This is a rehearsal</b> on a copy of the office. Nothing was stopped, "
                           "revoked or published; keys and revocation lists in it are of the copy alone. A trust list "
                           "names the real key: do not have it signed.</div>\n"));
    HM_TRY(put_summary(html, i));
    HM_TRY(put_what(html, i));
    HM_TRY(put_how_far(html, i));
    HM_TRY(put_what_now(html, i));
    HM_TRY(put_certificates(html, i));
    HM_TRY(put_table(html, "Releases", &i->releases));
    HM_TRY(put_table(html, "Who asked", &i->people));
    HM_TRY(put_doubtful(html, i));
    HM_TRY(put_acts(html, i));
    return hm_put_text(html, "</body></html>\n");
}
