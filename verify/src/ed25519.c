/* Ed25519 (RFC 8032 section 5.1.7), verification only: small and fast at once on processors whose multiplier gives 64
 * bits.
 *
 * Decided as most implementations do, so that all agree on a signature: S must be less than L; the key's encoding must
 * be canonical; R is compared as it is encoded, without the cofactor. Keys of small order are not refused: whoever
 * trusts such a key trusts everybody. Sums of two scalar products use windows of odd digits. */
#include <hallmark/verify_algorithm.h>

#include <stdbool.h>

#include "memory.h"
#include "verdict.h"

enum { LIMBS = 9, LIMB_BITS = 29, LIMB_MASK = (1 << LIMB_BITS) - 1, TOP_BITS = 23, TOP_MASK = (1 << TOP_BITS) - 1 };
enum { COLUMNS = 2 * LIMBS, OVER = 19 << (LIMBS * LIMB_BITS - 255) };
enum { KEY_SIZE = 32, HALF = 32, SIGNATURE_SIZE = 64, SCALAR_WORDS = 8, HIGHEST_BIT = 253 };
enum { KEY_WIDTH = 4, KEY_POINTS = 1 << (KEY_WIDTH - 2), BASE_WIDTH = 4, BASE_POINTS = 1 << (BASE_WIDTH - 2) };

/* Modulo p = 2^255 - 19, in limbs of 29 bits from the least significant one, the ninth of 23: 2^261 = 1216 mod p. What
 * `multiply`, `square` and `subtract` leave is reduced: no limb is over its bits by more than 2^17. `add` does not
 * carry. The factors of a product may be sums of two, or one of three and one of two, reduced elements: their columns
 * stay below 2^64. What is subtracted must be reduced. */
typedef uint32_t element[LIMBS];

/* x / z, y / z; and e, h whose product is x y / z: it is made only when a point is added. */
typedef struct point {
    element x, y, z, e, h;
} point;

/* What an addition needs of its second point: y + x, y - x, 2 d x y; and 2 z, if that is not 2. */
enum { PLUS, MINUS, PRODUCT, TWICE_Z };
typedef element base_point[TWICE_Z];
typedef element key_point[TWICE_Z + 1];

static const element d = {0x135978a3u, 0x0f5a6e50u, 0x10762addu, 0x00149a82u, 0x1e898007u,
                          0x003cbbbcu, 0x19ce331du, 0x1dc56dffu, 0x0052036cu};
static const element root_of_minus_1 = {0x0a0ea0b0u, 0x0770d93au, 0x0bf91e31u, 0x06300d5au, 0x1d7a72f4u,
                                        0x004c9efdu, 0x1c2cad34u, 0x1009f83bu, 0x002b8324u};

/* B, 3B, 5B, 7B. */
static const base_point base_points[BASE_POINTS] = {
    {{0x158c3b85u, 0x1de49e37u, 0x0303864bu, 0x065b8df7u, 0x142c2cf9u, 0x044c321eu, 0x09949c2du, 0x07467a97u,
      0x0007cf9du},
     {0x1740913eu, 0x0881c82eu, 0x102face7u, 0x133e0ba2u, 0x18a09fd3u, 0x021a3447u, 0x099e9706u, 0x12531f02u,
      0x0044fd2fu},
     {0x077aaa68u, 0x1e48902cu, 0x0ab127aau, 0x13d04799u, 0x1598c26du, 0x1ee5eea1u, 0x16a1686du, 0x0d13e18cu,
      0x006f117bu}},
    {{0x0cee9730u, 0x192d8542u, 0x0192e2abu, 0x150861d1u, 0x16732025u, 0x08014f80u, 0x03d3046du, 0x0373501fu,
      0x007a164eu},
     {0x04fcd265u, 0x1308ff45u, 0x106e9f55u, 0x06a7fbcbu, 0x1d6bd3bdu, 0x198d10a5u, 0x098a04c7u, 0x10eaab7bu,
      0x002ab915u},
     {0x0dd0d889u, 0x057499f8u, 0x0d769885u, 0x08464438u, 0x0db4c589u, 0x12a2c679u, 0x131b45c3u, 0x15e25736u,
      0x005a2826u}},
    {{0x08a5bb33u, 0x1095e220u, 0x17bb40a8u, 0x0091878eu, 0x1ec448d5u, 0x15862d5fu, 0x1baf746fu, 0x1e28dc40u,
      0x002945ccu},
     {0x0447d6bau, 0x1c8c161du, 0x09ca6ddfu, 0x0029a296u, 0x0a087d50u, 0x188e5c32u, 0x17cf8cf3u, 0x0e7d636au,
      0x00154a7eu},
     {0x012a8285u, 0x05dedf8cu, 0x0f747f2fu, 0x1c100fa1u, 0x1a72d270u, 0x13858ddeu, 0x1a6ad06du, 0x0d2d6776u,
      0x0043aabeu}},
    {{0x144ea3bfu, 0x18d2e684u, 0x0770349au, 0x006a7567u, 0x02e49747u, 0x0941142au, 0x09f9c6c9u, 0x0d250792u,
      0x00461beau},
     {0x0a3221b1u, 0x137964d5u, 0x0e88e9eeu, 0x0042a677u, 0x12c3a6cau, 0x1b27c90cu, 0x1f8277a9u, 0x0ba5ca62u,
      0x001d6eddu},
     {0x01b8b3a2u, 0x0c1b6e40u, 0x0fa926bcu, 0x06be8e0au, 0x1adf3b30u, 0x00dd2c3bu, 0x029d4a71u, 0x038d41f2u,
      0x007a9fbbu}},
};

/* L = 2^252 + 27742317777372353535851937790883648493, from the least significant word. */
static const uint32_t order[SCALAR_WORDS] = {0x5cf5d3edu, 0x5812631au, 0xa2f79cd6u, 0x14def9deu, 0, 0, 0, 0x10000000u};

/* r = the carried and folded COLUMNS of a product; the last one is 0. The low word of the column at 2^(261 + 29 i)
 * counts 1216 times at 2^(29 i), its high word 2^32 / 2^29 times as much one limb above. */
static void reduce(element r, const uint64_t columns[COLUMNS]) {
    uint64_t sum = columns[0] + (uint64_t)(uint32_t)columns[LIMBS] * OVER;
    for (unsigned i = 1; i < LIMBS; i++) {
        r[i - 1] = (uint32_t)sum & LIMB_MASK;
        sum = (sum >> LIMB_BITS) + columns[i];
        sum += (uint64_t)(uint32_t)columns[i + LIMBS] * OVER;
        sum += (columns[i + LIMBS - 1] >> 32) * (OVER << 3);
    }
    r[8] = (uint32_t)sum & TOP_MASK;
    sum = (sum >> TOP_BITS) * 19 + r[0];
    r[0] = (uint32_t)sum & LIMB_MASK;
    r[1] += (uint32_t)(sum >> LIMB_BITS);
}

#define P(i, j) ((uint64_t)a[i] * b[j])

static void multiply(element r, const element a, const element b) {
    uint64_t sum[COLUMNS];
    sum[0] = P(0, 0);
    sum[1] = P(0, 1) + P(1, 0);
    sum[2] = P(0, 2) + P(1, 1) + P(2, 0);
    sum[3] = P(0, 3) + P(1, 2) + P(2, 1) + P(3, 0);
    sum[4] = P(0, 4) + P(1, 3) + P(2, 2) + P(3, 1) + P(4, 0);
    sum[5] = P(0, 5) + P(1, 4) + P(2, 3) + P(3, 2) + P(4, 1) + P(5, 0);
    sum[6] = P(0, 6) + P(1, 5) + P(2, 4) + P(3, 3) + P(4, 2) + P(5, 1) + P(6, 0);
    sum[7] = P(0, 7) + P(1, 6) + P(2, 5) + P(3, 4) + P(4, 3) + P(5, 2) + P(6, 1) + P(7, 0);
    sum[8] = P(0, 8) + P(1, 7) + P(2, 6) + P(3, 5) + P(4, 4) + P(5, 3) + P(6, 2) + P(7, 1) + P(8, 0);
    sum[9] = P(1, 8) + P(2, 7) + P(3, 6) + P(4, 5) + P(5, 4) + P(6, 3) + P(7, 2) + P(8, 1);
    sum[10] = P(2, 8) + P(3, 7) + P(4, 6) + P(5, 5) + P(6, 4) + P(7, 3) + P(8, 2);
    sum[11] = P(3, 8) + P(4, 7) + P(5, 6) + P(6, 5) + P(7, 4) + P(8, 3);
    sum[12] = P(4, 8) + P(5, 7) + P(6, 6) + P(7, 5) + P(8, 4);
    sum[13] = P(5, 8) + P(6, 7) + P(7, 6) + P(8, 5);
    sum[14] = P(6, 8) + P(7, 7) + P(8, 6);
    sum[15] = P(7, 8) + P(8, 7);
    sum[16] = P(8, 8);
    sum[17] = 0;
    reduce(r, sum);
}

#define D(i, j) ((uint64_t)(a[i] << 1) * a[j])

static void square(element r, const element a) {
    const uint32_t *b = a;
    uint64_t sum[COLUMNS];

    sum[0] = P(0, 0);
    sum[1] = D(0, 1);
    sum[2] = D(0, 2) + P(1, 1);
    sum[3] = D(0, 3) + D(1, 2);
    sum[4] = D(0, 4) + D(1, 3) + P(2, 2);
    sum[5] = D(0, 5) + D(1, 4) + D(2, 3);
    sum[6] = D(0, 6) + D(1, 5) + D(2, 4) + P(3, 3);
    sum[7] = D(0, 7) + D(1, 6) + D(2, 5) + D(3, 4);
    sum[8] = D(0, 8) + D(1, 7) + D(2, 6) + D(3, 5) + P(4, 4);
    sum[9] = D(1, 8) + D(2, 7) + D(3, 6) + D(4, 5);
    sum[10] = D(2, 8) + D(3, 7) + D(4, 6) + P(5, 5);
    sum[11] = D(3, 8) + D(4, 7) + D(5, 6);
    sum[12] = D(4, 8) + D(5, 7) + P(6, 6);
    sum[13] = D(5, 8) + D(6, 7);
    sum[14] = D(6, 8) + P(7, 7);
    sum[15] = D(7, 8);
    sum[16] = P(8, 8);
    sum[17] = 0;
    reduce(r, sum);
}

static void square_times(element r, unsigned times) {
    for (; times > 0; times--) square(r, r);
}

static void add(element r, const element a, const element b) {
    for (unsigned i = 0; i < LIMBS; i++) r[i] = a[i] + b[i];
}

/* 2p is added first, so that no limb is below zero. */
static void subtract(element r, const element a, const element b) {
    uint32_t carry = (uint32_t)-36;
    for (unsigned i = 0; i < LIMBS - 1; i++) {
        carry += a[i] - b[i] + 2u * LIMB_MASK;
        r[i] = carry & LIMB_MASK;
        carry >>= LIMB_BITS;
    }
    carry += a[8] - b[8] + 2u * TOP_MASK;
    r[0] += 19 * (carry >> TOP_BITS);
    r[8] = carry & TOP_MASK;
}

/* r = x^(2^252 - 3). x^(2^k - 1) with k doubled, or doubled and increased, up to 250. */
static void raise(element r, const element x) {
    element power, before;
    memcpy(power, x, sizeof power);
    for (unsigned k = 1, bit = 0x40; bit > 0; bit >>= 1) {
        memcpy(before, power, sizeof before);
        square_times(power, k);
        multiply(power, power, before);
        k *= 2;
        if (250 & bit) {
            square(power, power);
            multiply(power, power, x);
            k++;
        }
    }
    square_times(power, 2);
    multiply(r, power, x);
}

/* r = 1 / x = x^(p - 2), and p - 2 = 8 (2^252 - 3) + 3; 0 for 0. */
static void invert(element r, const element x) {
    element power, cube;
    raise(power, x);
    square_times(power, 3);
    square(cube, x);
    multiply(cube, cube, x);
    multiply(r, power, cube);
}

/* Little-endian; the highest bit is not the element's. */
static void decode(element r, const uint8_t octets[KEY_SIZE]) {
    uint64_t bits = 0;
    unsigned count = 0, limb = 0;
    for (unsigned i = 0; i < KEY_SIZE; i++) {
        bits |= (uint64_t)octets[i] << count;
        count += 8;
        if (count < LIMB_BITS) continue;
        r[limb++] = (uint32_t)bits & LIMB_MASK;
        bits >>= LIMB_BITS;
        count -= LIMB_BITS;
    }
    r[limb] = (uint32_t)bits & TOP_MASK;
}

/* The one encoding of a reduced element, which is below 2p. It is p or more if adding 19 makes it reach 2^255. */
static void encode(uint8_t octets[KEY_SIZE], const element x) {
    element t;
    uint32_t carry = 19;
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < LIMBS; i++) {
            carry += x[i];
            t[i] = carry & LIMB_MASK;
            carry >>= LIMB_BITS;
        }
        carry = 19 * (t[8] >> TOP_BITS);
    }
    t[8] &= TOP_MASK;
    uint64_t bits = 0;
    unsigned count = 0, limb = 0;
    for (unsigned i = 0; i < KEY_SIZE; i++) {
        if (count < 8 && limb < LIMBS) {
            bits |= (uint64_t)t[limb++] << count;
            count += LIMB_BITS;
        }
        octets[i] = (uint8_t)bits;
        bits >>= 8;
        count -= 8;
    }
}

static bool same_element(const element a, const element b) {
    uint8_t first[KEY_SIZE], second[KEY_SIZE];
    encode(first, a);
    encode(second, b);
    return memcmp(first, second, KEY_SIZE) == 0;
}

/* x = sqrt((y^2 - 1) / (d y^2 + 1)), either one; false: there is none (RFC 8032 section 5.1.3). */
static bool find_x(element x, const element y) {
    static const element one = {1};
    element u, v, check;
    square(u, y);
    multiply(v, u, d);
    subtract(u, u, one);
    add(v, v, one);
    square(check, v);
    multiply(x, check, v); /* v^3 */
    square(check, x);
    multiply(check, check, v);
    multiply(check, check, u); /* u v^7 */
    raise(check, check);
    multiply(x, x, u);
    multiply(x, x, check);
    square(check, x);
    multiply(check, check, v);
    if (same_element(check, u)) return true;
    multiply(x, x, root_of_minus_1);
    square(check, x);
    multiply(check, check, v);
    return same_element(check, u);
}

/* MINUS_A = -A of its encoding, if that is canonical and on the curve. */
static bool decode_negative(point *minus_a, const uint8_t octets[KEY_SIZE]) {
    static const element zero = {0};
    uint8_t again[KEY_SIZE];
    unsigned sign = octets[KEY_SIZE - 1] >> 7;
    decode(minus_a->y, octets);
    encode(again, minus_a->y);
    again[KEY_SIZE - 1] |= (uint8_t)(sign << 7);
    if (memcmp(again, octets, KEY_SIZE) != 0 || !find_x(minus_a->x, minus_a->y)) return false;
    encode(again, minus_a->x);
    if (again[0] % 2 == sign) subtract(minus_a->x, zero, minus_a->x);
    if (sign == 1 && same_element(minus_a->x, zero)) return false;
    memset(minus_a->z, 0, sizeof(element));
    minus_a->z[0] = 1;
    memcpy(minus_a->e, minus_a->x, sizeof(element));
    memcpy(minus_a->h, minus_a->y, sizeof(element));
    return true;
}

static void encode_point(uint8_t octets[KEY_SIZE], const point *p) {
    element inverse, x;
    uint8_t octets_of_x[KEY_SIZE];
    invert(inverse, p->z);
    multiply(x, p->x, inverse);
    encode(octets_of_x, x);
    multiply(x, p->y, inverse);
    encode(octets, x);
    octets[KEY_SIZE - 1] |= (uint8_t)(octets_of_x[0] << 7);
}

/* The end of doubling and addition: x = e f, y = g h, z = f g. */
static void complete(point *p, const element f, const element g) {
    multiply(p->x, p->e, f);
    multiply(p->y, g, p->h);
    multiply(p->z, f, g);
}

/* RFC 8032 section 5.1.4. */
static void double_point(point *p) {
    element f, g;
    add(f, p->x, p->y);
    square(p->e, f);
    square(p->x, p->x);
    square(p->y, p->y);
    square(f, p->z);
    add(p->h, p->x, p->y);
    subtract(p->e, p->h, p->e);
    subtract(g, p->x, p->y);
    for (unsigned i = 0; i < LIMBS; i++) f[i] = 2 * f[i] + g[i];
    complete(p, f, g);
}

/* P + Q, or P - Q. BASE: Q has no TWICE_Z. */
static void add_point(point *p, const element *q, bool negative, bool base) {
    element c, f, g, e;
    multiply(c, p->e, p->h);
    multiply(c, c, q[PRODUCT]);
    subtract(e, p->y, p->x);
    multiply(e, e, q[negative ? PLUS : MINUS]);
    add(g, p->y, p->x);
    multiply(g, g, q[negative ? MINUS : PLUS]);
    add(p->h, g, e);
    subtract(p->e, g, e);
    if (base)
        add(p->z, p->z, p->z);
    else
        multiply(p->z, p->z, q[TWICE_Z]);
    subtract(negative ? g : f, p->z, c);
    add(negative ? f : g, p->z, c);
    complete(p, f, g);
}

static void prepare(element *q, const point *p) {
    add(q[PLUS], p->y, p->x);
    subtract(q[MINUS], p->y, p->x);
    multiply(q[PRODUCT], p->e, p->h);
    multiply(q[PRODUCT], q[PRODUCT], d);
    add(q[PRODUCT], q[PRODUCT], q[PRODUCT]);
    add(q[TWICE_Z], p->z, p->z);
}

/* P, 3P, 5P ... of P, which is lost. The last place holds 2P until its own turn. */
static void prepare_odd(key_point points[KEY_POINTS], point *p) {
    point twice = *p;
    double_point(&twice);
    prepare(points[KEY_POINTS - 1], &twice);
    prepare(points[0], p);
    for (unsigned i = 1; i < KEY_POINTS; i++) {
        add_point(p, points[KEY_POINTS - 1], false, false);
        prepare(points[i], p);
    }
}

/* A scalar, read from the highest bit down in signed odd digits: WIDTH bits of the scalar's mutual opposite form
 * (2s - s, digit by digit), beginning where that is not 0. */
typedef struct digits {
    uint32_t scalar[SCALAR_WORDS];
    int width;
    int digit; /* odd, less than 2^(width - 1) */
    int place; /* of the digit: it stands for digit * 2^place */
    int next;  /* where the bits behind it begin */
} digits;

static int bit_of(const uint32_t *scalar, int i) { return i < 0 ? 0 : (int)(scalar[i / 32] >> i % 32 & 1); }

/* The digit whose place is I, or 0. */
static int digit_at(digits *of, int i) {
    const uint32_t *scalar = of->scalar;
    if (i <= of->next && bit_of(scalar, i) != bit_of(scalar, i - 1)) {
        int sum = 0;
        of->next = i - of->width;
        for (int j = i; j > of->next; j--) sum = 2 * sum + bit_of(scalar, j - 1) - bit_of(scalar, j);
        for (of->place = of->next + 1; sum % 2 == 0; of->place++) sum /= 2;
        of->digit = sum;
    }
    return i == of->place ? of->digit : 0;
}

static bool is_below_order(const uint32_t *scalar) {
    unsigned i = SCALAR_WORDS - 1;
    while (i > 0 && scalar[i] == order[i]) i--;
    return scalar[i] < order[i];
}

/* SIZE little-endian octets, at most 32. */
static void load_scalar(uint32_t *scalar, const uint8_t *octets, unsigned size) {
    memset(scalar, 0, SCALAR_WORDS * sizeof *scalar);
    /* cppcheck-suppress objectIndex ; it takes the octets behind a pointer for the pointer */
    for (unsigned i = 0; i < size; i++) scalar[i / 4] |= (uint32_t)octets[i] << i % 4 * 8;
}

/* SCALAR, less than L, = 2^24 SCALAR + DIGIT modulo L. What is over 2^252 of that is the quotient by L, or one more,
 * since L exceeds 2^252 by less than one part in 2^126. */
static void append(uint32_t *scalar, uint32_t digit) {
    uint32_t quotient = scalar[7] >> 4, borrow = 0;
    uint64_t up = digit, down = 0;
    for (unsigned i = 0; i < SCALAR_WORDS; i++) {
        up += (uint64_t)scalar[i] << 24;
        down += (uint64_t)quotient * order[i];
        uint64_t difference = (up & 0xFFFFFFFFu) - (down & 0xFFFFFFFFu) - borrow;
        scalar[i] = (uint32_t)difference;
        borrow = (uint32_t)(difference >> 63);
        up >>= 32;
        down >>= 32;
    }
    if ((uint32_t)up == (uint32_t)down + borrow) return;
    uint64_t sum = 0;
    for (unsigned i = 0; i < SCALAR_WORDS; i++) {
        sum += (uint64_t)scalar[i] + order[i];
        scalar[i] = (uint32_t)sum;
        sum >>= 32;
    }
}

/* The 64 octets of HASH, little-endian, modulo L: the last 31 are less than L, the others follow three by three. */
static void reduce_hash(uint32_t *scalar, const uint8_t hash[HMV_SHA512_SIZE]) {
    enum { BELOW = 33 };
    load_scalar(scalar, &hash[BELOW], HMV_SHA512_SIZE - BELOW);
    for (unsigned i = BELOW; i > 0; i -= 3)
        append(scalar, (uint32_t)hash[i - 1] << 16 | (uint32_t)hash[i - 2] << 8 | hash[i - 3]);
}

typedef struct work {
    digits s, h;
    point p;
    union {
        hmv_sha512 hash;
        key_point key_points[KEY_POINTS];
    };
} work;

/* DIGIT times the point whose odd multiples are at POINTS, each of so many ELEMENTS. */
static void add_digit(point *p, int digit, const element *points, unsigned elements) {
    unsigned index = (unsigned)(digit < 0 ? -digit : digit) / 2;
    add_point(p, &points[(size_t)index * elements], digit < 0, elements == TWICE_Z);
}

/* p = s B - h A, of p = -A. */
static void combine(work *at) {
    bool begun = false;
    prepare_odd(at->key_points, &at->p);
    memset(&at->p, 0, sizeof at->p);
    at->p.y[0] = at->p.z[0] = 1;
    for (int i = HIGHEST_BIT; i >= 0; i--) {
        int of_s = digit_at(&at->s, i), of_h = digit_at(&at->h, i);
        if (begun) double_point(&at->p);
        if (of_s != 0) add_digit(&at->p, of_s, base_points[0], TWICE_Z);
        if (of_h != 0) add_digit(&at->p, of_h, at->key_points[0], TWICE_Z + 1);
        begun = begun || of_s != 0 || of_h != 0;
    }
}

static void begin_digits(digits *of, int width) {
    of->width = width;
    of->next = of->place = HIGHEST_BIT + 1;
}

static hmv_verdict verify(const hmv_key *key, const hmv_bytes *message, size_t count, hmv_bytes signature) {
    work at;
    uint8_t octets[HMV_SHA512_SIZE];
    if (key->a.size != KEY_SIZE || key->b.size != 0 || signature.size != SIGNATURE_SIZE) return HMV_BAD;
    load_scalar(at.s.scalar, &signature.data[HALF], HALF);
    if (!is_below_order(at.s.scalar) || !decode_negative(&at.p, key->a.data)) return HMV_BAD;
    hmv_sha512_init(&at.hash);
    hmv_sha512_update(&at.hash, signature.data, HALF);
    hmv_sha512_update(&at.hash, key->a.data, KEY_SIZE);
    for (size_t i = 0; i < count; i++) hmv_sha512_update(&at.hash, message[i].data, message[i].size);
    hmv_sha512_final(&at.hash, octets, HMV_SHA512_SIZE);
    reduce_hash(at.h.scalar, octets);
    begin_digits(&at.s, BASE_WIDTH);
    begin_digits(&at.h, KEY_WIDTH);
    combine(&at);
    encode_point(octets, &at.p);
    return hmv_same(octets, signature.data, HALF);
}

const hmv_algorithm hmv_ed25519 = {-19, -8, 1, 6, verify};
