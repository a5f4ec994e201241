#include "stamp_words.h"

/* Who says so: the authority's common name, else its whole name. */
static const char *authority(const hm_stamp *stamp) {
    if (!stamp->has_authority) return "an authority whose certificate is not there";
    return stamp->authority.common_name[0] ? stamp->authority.common_name : stamp->authority.subject;
}

hm_err hm_stamp_clause(const hm_stamp *stamp, bool counts, hm_buf *text) {
    char time[HM_STAMP_TIME];
    if (stamp->standing == HM_STAMP_NONE) return HM_OK;
    hm_stamp_time(stamp->time, time);
    if (stamp->standing == HM_STAMP_GOOD)
        return hm_put_format(text, ", timestamped %s by %s%s", time, authority(stamp),
                             counts ? "" : " (judged now, because its certificate was not valid then)");
    return hm_put_format(text, "; its timestamp does not count: %s", stamp->why);
}

hm_err hm_stamp_got(const hm_stamp *stamp, hm_buf *text) {
    char time[HM_STAMP_TIME];
    if (stamp->standing == HM_STAMP_NONE) return HM_OK;
    hm_stamp_time(stamp->time, time);
    return hm_put_format(text, ", timestamped %s by %s%s", time, authority(stamp),
                         stamp->standing == HM_STAMP_GOOD ? "" : " (whose root was not named with --tsa-trust)");
}

hm_err hm_stamp_lines(const hm_stamp *stamp, hm_buf *text) {
    char time[HM_STAMP_TIME];
    if (stamp->standing == HM_STAMP_NONE) return hm_put_text(text, "    timestamp: none\n");
    if (!stamp->read) return hm_put_format(text, "    timestamp: there is one that cannot be read: %s\n", stamp->why);
    hm_stamp_time(stamp->time, time);
    HM_TRY(hm_put_format(text, "    timestamp: %s by %s\n", time, authority(stamp)));
    HM_TRY(hm_put_format(text, "      policy: %s, serial: %s\n", stamp->policy, stamp->serial));
    if (stamp->standing != HM_STAMP_WRONG) return HM_OK;
    return hm_put_format(text, "      WRONG: %s\n", stamp->why);
}

void hm_stamp_json(hm_json *json, const hm_stamp *stamp) {
    static const char *const standings[] = {
        [HM_STAMP_WRONG] = "wrong", [HM_STAMP_UNTRUSTED] = "untrusted", [HM_STAMP_GOOD] = "good"};
    if (stamp->standing == HM_STAMP_NONE) return;
    hm_json_object(json, "timestamp");
    hm_json_string(json, "standing", standings[stamp->standing]);
    if (stamp->why[0]) hm_json_string(json, "why", stamp->why);
    if (stamp->read) {
        hm_json_number(json, "time", stamp->time);
        hm_json_string(json, "policy", stamp->policy);
        hm_json_string(json, "serial", stamp->serial);
    }
    if (stamp->has_authority) {
        hm_json_string(json, "authority", stamp->authority.subject);
        hm_json_hex(json, "authority_sha256", HM_ARRAY(stamp->authority.sha256));
    }
    hm_json_close_object(json);
}
