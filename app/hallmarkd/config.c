#include "config.h"

#include <base/readable.h>

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { DRAIN_DEFAULT = 10, DRAIN_MAX = 3600, STAMPS_DEFAULT = 120, STAMPS_MAX = 100000 };

static const struct {
    const char *word;
    size_t offset;
} words[] = {
    {"office", offsetof(hm_config, office)},
    {"listen", offsetof(hm_config, listen)},
    {"certificate", offsetof(hm_config, certificate)},
    {"key", offsetof(hm_config, key)},
    {"clients", offsetof(hm_config, clients)},
    {"issuers", offsetof(hm_config, issuers)},
    {"authorities", offsetof(hm_config, authorities)},
    {"metrics", offsetof(hm_config, metrics)},
    {"drain", offsetof(hm_config, drain)},
    {"tsa", offsetof(hm_config, tsa)},
    {"tsa-rate", offsetof(hm_config, tsa_rate)},
    {"tsa-listen", offsetof(hm_config, tsa_listen)},
};
enum { WORDS = sizeof words / sizeof words[0] };

static hm_bytes trimmed(hm_bytes line) {
    while (line.len && line.data[0] == ' ') line = HM_BYTES(line.data + 1, line.len - 1);
    while (line.len && line.data[line.len - 1] == ' ') line.len--;
    return line;
}

static hm_err take(hm_bytes word, hm_bytes value, hm_config *config, uint32_t *seen) {
    size_t i = 0;
    while (i < WORDS && !hm_bytes_equal(word, hm_text(words[i].word))) i++;
    if (i == WORDS)
        return hm_misuse("\"%.*s\" is none of its words", word.len < 40 ? (int)word.len : 40, (const char *)word.data);
    if (*seen >> i & 1) return hm_misuse("\"%s\" stands above already", words[i].word);
    if (!value.len || value.len > HM_CONFIG_VALUE_MAX)
        return hm_misuse("\"%s\" has no value, or one too long", words[i].word);
    *seen |= 1u << i;
    char *to = (char *)config + words[i].offset;
    memcpy(to, value.data, value.len);
    to[value.len] = 0;
    return HM_OK;
}

static hm_err read_line(hm_bytes line, hm_config *config, uint32_t *seen) {
    line = trimmed(line);
    if (!line.len || line.data[0] == '#') return HM_OK;
    for (size_t i = 0; i < line.len; i++)
        if (line.data[i] < 0x20 || line.data[i] == 0x7f) return hm_misuse("there is a control character in it");
    const uint8_t *space = memchr(line.data, ' ', line.len);
    size_t len = space ? (size_t)(space - line.data) : line.len;
    return take(HM_BYTES(line.data, len), trimmed(HM_BYTES(line.data + len, line.len - len)), config, seen);
}

hm_err hm_config_read(hm_bytes text, hm_config *config) {
    hm_reader reader = hm_reader_of(text);
    uint32_t seen = 0;
    hm_bytes line;
    for (unsigned number = 1; reader.rest.len; number++) {
        if (hm_failed(hm_read_line(&reader, &line))) return hm_misuse("line %u: has no end", number);
        HM_TRY(hm_in(read_line(line, config, &seen), "line %u", number));
    }
    return HM_OK;
}

hm_err hm_config_address(const char *text, char host[static 64], uint16_t *port) {
    const char *colon = strrchr(text, ':');
    uint64_t number;
    size_t len = colon ? (size_t)(colon - text) : 0;
    if (!colon || hm_failed(hm_decimal_decode(hm_text(colon + 1), &number)) || number > 65535)
        return hm_misuse("%s: is no address and port, like 127.0.0.1:8443", text);
    if (len > 1 && text[0] == '[' && text[len - 1] == ']') text++, len -= 2;
    if (!len || len > 63) return hm_misuse("there is no address before the port");
    memcpy(host, text, len);
    host[len] = 0;
    *port = (uint16_t)number;
    struct in6_addr address;
    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
               ? HM_OK
               : hm_misuse("%s: is no address (a number like 127.0.0.1, 0.0.0.0 or [::], not a name)", host);
}

/* Each timestamp is on record: whoever may ask for one may fill the disk, so fast. */
static hm_err check_tsa(hm_config *config) {
    char host[64];
    uint16_t port;
    uint64_t rate = STAMPS_DEFAULT;
    bool is_public = strcmp(config->tsa, "public") == 0;
    if (config->tsa[0] && !is_public && strcmp(config->tsa, "principals") != 0)
        return hm_misuse("tsa: is public or principals");
    if (!is_public && (config->tsa_rate[0] || config->tsa_listen[0]))
        return hm_misuse("tsa-rate and tsa-listen are for strangers (line \"tsa public\")");
    if (is_public && !config->listen[0]) return hm_misuse("tsa is for HTTPS (line \"listen\")");
    if (config->tsa_listen[0]) HM_TRY(hm_config_address(config->tsa_listen, host, &port));
    if (config->tsa_rate[0] && hm_failed(hm_decimal_decode(hm_text(config->tsa_rate), &rate))) rate = 0;
    if (!rate || rate > STAMPS_MAX) return hm_misuse("tsa-rate: is no number of timestamps up to %d", STAMPS_MAX);
    config->strangers_stamps = is_public ? (unsigned)rate : 0;
    return HM_OK;
}

hm_err hm_config_check(hm_config *config) {
    char host[64];
    uint16_t port;
    uint64_t seconds = DRAIN_DEFAULT;
    if (!config->office[0]) return hm_misuse("which office? (give --office DIR, or a line \"office\")");
    if (config->listen[0]) HM_TRY(hm_config_address(config->listen, host, &port));
    if (config->metrics[0]) HM_TRY(hm_config_address(config->metrics, host, &port));
    if (config->listen[0] && !(config->certificate[0] && config->key[0]))
        return hm_misuse("HTTPS takes a certificate and its key (lines \"certificate\" and \"key\")");
    if (!config->listen[0] && (config->certificate[0] || config->key[0] || config->clients[0] || config->issuers[0]))
        return hm_misuse("certificate, key, clients and issuers are for HTTPS (line \"listen\")");
    if (config->drain[0] && (hm_failed(hm_decimal_decode(hm_text(config->drain), &seconds)) || seconds > DRAIN_MAX))
        return hm_misuse("drain: is no number of seconds up to %d", DRAIN_MAX);
    config->drain_seconds = (unsigned)seconds;
    return check_tsa(config);
}
