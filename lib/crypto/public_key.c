#include <crypto/public_key.h>

#include "evp_key.h"
#include "pkcs8.h"

#include <base/io.h>
#include <base/pem.h>
#include <crypto/key_file.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* y of the points of order 8. */
static const uint8_t small_order[][32] = {
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};

/* Is the number at Y, little-endian, with a sign above it, 0 or 1, or -1 of the field or above? Their points have order
 * 1, 2 or 4; and what lies beyond the prime is a second encoding. */
static bool is_at_the_ends(const uint8_t y[static 32]) {
    bool low = y[0] <= 1, high = y[0] >= 0xec;
    for (size_t i = 1; i < 31; i++) {
        low &= y[i] == 0;
        high &= y[i] == 0xff;
    }
    return (low && (y[31] & 0x7f) == 0) || (high && (y[31] & 0x7f) == 0x7f);
}

static hm_err check_ed25519(hm_bytes point) {
    bool weak = is_at_the_ends(point.data);
    for (size_t i = 0; i < sizeof small_order / sizeof small_order[0]; i++)
        weak |= memcmp(point.data, small_order[i], 31) == 0 && (point.data[31] & 0x7f) == small_order[i][31];
    return weak ? hm_refuse("is a point by which anybody's signatures verify") : HM_OK;
}

hm_err hm_public_key_check(hm_bytes der) {
    hm_spki spki;
    HM_TRY(hm_spki_parse(der, &spki));
    if (spki.kind == HM_SPKI_RSA) return hm_refuse("is an RSA key (officers have es256, es384 or ed25519)");
    if (spki.kind == HM_SPKI_ED25519) HM_TRY(check_ed25519(spki.point));
    /* What does not become a key for OpenSSL is not on its curve. */
    HM_EVP_KEY *key = NULL;
    return hm_evp_key_public(&spki, &key);
}

static hm_err read_pem(hm_bytes pem, hm_buf *spki) {
    hm_reader reader = hm_reader_of(pem);
    hm_bytes label;
    HM_BUF der = HM_BUF_EMPTY;
    HM_TRY(hm_pem_read_label(&reader, &label));
    HM_TRY(hm_key_label_check(label, false));
    HM_TRY(hm_pem_read_content(&reader, label, &der));
    HM_TRY(hm_public_key_check(hm_buf_bytes(&der)));
    return hm_put(spki, hm_buf_bytes(&der));
}

hm_err hm_public_key_from_pem(hm_bytes pem, hm_buf *spki) { return hm_in(read_pem(pem, spki), "public key"); }

hm_err hm_public_key_read(const char *path, hm_buf *spki) {
    HM_WIPED_BUF pem = HM_BUF_EMPTY;
    HM_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return hm_could_not("%s: %s", path, strerror(errno));
    hm_source source;
    HM_TRY(hm_in(hm_source_of_file(fd, &source), "%s", path));
    HM_TRY(hm_in(hm_source_read_all(&source, HM_KEY_FILE_MAX, &pem), "%s", path));
    return hm_in(read_pem(hm_buf_bytes(&pem), spki), "%s", path);
}

hm_err hm_public_key_put(hm_bytes spki, hm_buf *pem) {
    HM_TRY(hm_in(hm_public_key_check(spki), "public key"));
    return hm_pem_put(pem, "PUBLIC KEY", spki);
}
