/* ECDSA verification (FIPS 186-5 section 6.4.2) over a curve y^2 = x^3 - 3x + b of prime order below its prime field.
 * Included by the one file of each curve, which defines before:
 *
 *     WORDS, G_WIDTH, Q_WIDTH           the field's size in 32-bit words; how many bits a digit of either scalar may
 * span number                            uint32_t[WORDS], little-endian words prime, order                      p and n
 *     curve_b, one, r_squared           b, 1 and 2^(32 WORDS), each times 2^(32 WORDS) mod p, which is Montgomery's
 * form affine, g_table                   {x, y} in Montgomery's form; G, 3G, 5G ... 2^(G_WIDTH-2) of them
 *
 * and behind: multiply. A source rather than a library of its own: sizes are constants here, and a curve that no table
 * names leaves nothing behind. Numbers are always smaller than their modulus. */

/* r = a b 2^(-32 WORDS) mod p; r may be a or b. */
static void multiply(number r, const number a, const number b);

enum { BITS = 32 * WORDS, BYTES = 4 * WORDS };

/* Jacobian: the affine point is (x / z^2, y / z^3); z = 0 is the point at infinity. Montgomery's form. */
typedef struct {
    number x, y, z;
} point;

static void load(number out, const uint8_t octets[BYTES]) {
    for (size_t i = 0; i < WORDS; i++) out[i] = hmv_load_be32(&octets[BYTES - 4 - 4 * i]);
}

/* Returns the carry. To multiply by 1 is to use what muladd.h has to offer. */
static uint32_t add_words(number r, const number a, const number b) {
    uint32_t carry = 0;
    for (unsigned i = 0; i < WORDS; i++) {
        r[i] = hmv_mul_add_add(1, a[i], b[i], &carry);
    }
    return carry;
}

/* Returns the borrow. */
static uint32_t subtract_words(number r, const number a, const number b) {
    uint32_t carry = 1;
    for (unsigned i = 0; i < WORDS; i++) {
        r[i] = hmv_mul_add_add(1, a[i], ~b[i], &carry);
    }
    return carry ^ 1;
}

static uint32_t any_bit(const number a) {
    uint32_t bits = 0;
    for (unsigned i = 0; i < WORDS; i++) bits |= a[i];
    return bits;
}

static int less(const number a, const number b) {
    unsigned i = WORDS - 1;
    while (i > 0 && a[i] == b[i]) i--;
    return a[i] < b[i];
}

static void add(number r, const number a, const number b, const number modulus) {
    if (add_words(r, a, b) || !less(r, modulus)) subtract_words(r, r, modulus);
}

static void subtract(number r, const number a, const number b, const number modulus) {
    if (subtract_words(r, a, b)) add_words(r, r, modulus);
}

/* The end of a multiplication: a sum below 2p, of which CARRY is the part that does not fit. */
static void reduce(number r, uint32_t carry) {
    if (carry || !less(r, prime)) subtract_words(r, r, prime);
}

static void shift_right(number r, uint32_t top) {
    for (unsigned i = WORDS; i-- > 0;) {
        uint32_t word = r[i];
        r[i] = word >> 1 | top << 31;
        top = word & 1;
    }
}

static void halve(number r, const number modulus) { shift_right(r, r[0] & 1 ? add_words(r, r, modulus) : 0); }

/* out = numerator / denominator mod MODULUS, an odd prime; the denominator is not 0. Binary Euclid: all the way
 *     a * numerator = x * denominator,  b * numerator = y * denominator  (mod MODULUS). */
static void divide(number out, const number numerator, const number denominator, const number modulus) {
    struct {
        number n, factor;
    } pair[2], *a = &pair[0], *b = &pair[1];
    memcpy(a->n, denominator, BYTES);
    memcpy(a->factor, numerator, BYTES);
    memcpy(b->n, modulus, BYTES);
    memset(b->factor, 0, BYTES);
    do {
        while (!(a->n[0] & 1)) {
            shift_right(a->n, 0);
            halve(a->factor, modulus);
        }
        if (less(a->n, b->n)) {
            void *swapped = a;
            a = b;
            b = swapped;
        }
        subtract_words(a->n, a->n, b->n);
        subtract(a->factor, a->factor, b->factor, modulus);
    } while (any_bit(a->n));
    memcpy(out, b->factor, BYTES);
}

static void field_add(number r, const number a, const number b) { add(r, a, b, prime); }

static void field_subtract(number r, const number a, const number b) { subtract(r, a, b, prime); }

/* Infinity stays infinity, since z = 2 y z. No point here has y = 0: the order is odd. */
static void double_point(point *p) {
    number slope, s, t;
    field_add(p->y, p->y, p->y);
    multiply(t, p->z, p->z);
    multiply(p->z, p->y, p->z);
    field_add(s, p->x, t);
    field_subtract(t, p->x, t);
    multiply(t, t, s);
    field_add(slope, t, t);
    field_add(slope, slope, t); /* 3 (x + z^2) (x - z^2) */
    multiply(t, p->y, p->y);
    multiply(s, p->x, t); /* 4 x y^2 */
    multiply(p->x, slope, slope);
    field_subtract(p->x, p->x, s);
    field_subtract(p->x, p->x, s);
    multiply(t, t, t);
    halve(t, prime); /* 8 y^4 */
    field_subtract(s, s, p->x);
    multiply(p->y, slope, s);
    field_subtract(p->y, p->y, t);
}

/* p += q, or p -= q. Of the cases that the formula does not cover, infinity and the same point are looked for; the
 * opposite point gives z = 0 by itself. */
static void add_point(point *p, const affine *q, int negative) {
    number h, slope, t, y;
    memcpy(y, q->y, BYTES);
    if (negative) subtract_words(y, prime, y);
    if (!any_bit(p->z)) {
        memcpy(p->x, q->x, BYTES);
        memcpy(p->y, y, BYTES);
        memcpy(p->z, one, BYTES);
        return;
    }
    multiply(t, p->z, p->z);
    multiply(h, t, q->x);
    multiply(t, t, p->z);
    multiply(slope, t, y);
    field_subtract(h, h, p->x);
    field_subtract(slope, slope, p->y);
    if (!any_bit(h) && !any_bit(slope)) {
        double_point(p);
        return;
    }
    multiply(p->z, p->z, h);
    multiply(t, h, h);
    multiply(h, h, t);
    multiply(t, t, p->x);
    multiply(p->y, p->y, h);
    multiply(p->x, slope, slope);
    field_subtract(p->x, p->x, h);
    field_subtract(p->x, p->x, t);
    field_subtract(p->x, p->x, t);
    field_subtract(t, t, p->x);
    multiply(t, t, slope);
    field_subtract(p->y, t, p->y);
}

/* A scalar on its way into the sum, from the highest bit down, as odd digits of at most WIDTH bits with a sign (Okeya
 * et al., "Signed binary representations revisited", CRYPTO 2004): as few digits as the wNAF has, and none need be
 * stored. */
typedef struct {
    const uint32_t *scalar;
    const affine *table; /* 1, 3, 5 ... times the point */
    int width;
    int next;  /* the highest bit that no digit has taken in */
    int place; /* the digit waits for this bit */
    int digit;
} addend;

/* COUNT bits from bit LOWEST up; there are zeros on both sides of the scalar. */
static int bits_of(const number scalar, int lowest, int count) {
    int bits = 0;
    for (int i = lowest + count; i-- > lowest;) {
        bits *= 2;
        if (i >= 0 && i < BITS) bits += (int)(scalar[i / 32] >> i % 32 & 1);
    }
    return bits;
}

static void next_digit(addend *a) {
    int at = a->next--;
    if (bits_of(a->scalar, at, 1) == bits_of(a->scalar, at - 1, 1)) return;
    int bits = bits_of(a->scalar, at - a->width, a->width + 1);
    a->digit = (bits & ((1 << a->width) - 1)) - (bits >> 1);
    a->next = at - a->width;
    a->place = a->next + 1;
    for (; a->digit % 2 == 0; a->place++) a->digit /= 2;
}

static void add_at(point *sum, addend *a, int at) {
    if (a->next == at) next_digit(a);
    if (a->place == at) add_point(sum, &a->table[(a->digit < 0 ? -a->digit : a->digit) / 2], a->digit < 0);
}

/* sum = u1 G + u2 Q. */
static void add_multiples(point *sum, const number u1, const number u2, const affine *q) {
    addend addends[] = {{u1, g_table, G_WIDTH, BITS, BITS + 1, 0}, {u2, q, Q_WIDTH, BITS, BITS + 1, 0}};
    memset(sum, 0, sizeof *sum);
    for (int at = BITS; at >= 0; at--) {
        double_point(sum);
        add_at(sum, &addends[0], at);
        add_at(sum, &addends[1], at);
    }
}

/* 0 if y^2 = x^3 - 3x + b. */
static uint32_t off_the_curve(const affine *q) {
    number t, three;
    field_add(three, one, one);
    field_add(three, three, one);
    multiply(t, q->x, q->x);
    field_subtract(t, t, three);
    multiply(t, t, q->x);
    field_add(t, t, curve_b);
    multiply(three, q->y, q->y);
    field_subtract(t, t, three);
    return any_bit(t);
}

/* Loads a coordinate; nonzero if it is not below p. */
static uint32_t load_coordinate(number out, const uint8_t octets[BYTES]) {
    load(out, octets);
    uint32_t wrong = !less(out, prime);
    multiply(out, out, r_squared);
    return wrong;
}

/* Loads r or s; nonzero if it is not in [1, n - 1]. */
static uint32_t load_scalar(number out, const uint8_t octets[BYTES]) {
    load(out, octets);
    return !any_bit(out) || !less(out, order);
}

/* What is wrong is acted upon twice, and is kept where the compiler cannot know that it was: a skipped branch, call or
 * store leaves it nonzero. */
static hmv_verdict verify_digest(const uint8_t *x, const uint8_t *y, const uint8_t *digest, const uint8_t *r_s) {
    number r, s, u1;
    affine q;
    point sum;
    volatile uint32_t wrong = 1;
    uint32_t found = load_coordinate(q.x, x);
    found |= load_coordinate(q.y, y);
    found |= off_the_curve(&q);
    found |= load_scalar(r, r_s);
    found |= load_scalar(s, r_s + BYTES);
    wrong = found;
    if (wrong) return HMV_BAD;
    load(u1, digest);
    if (!less(u1, order)) subtract_words(u1, u1, order);
    divide(u1, u1, s, order);
    divide(s, r, s, order);
    add_multiples(&sum, u1, s, &q);
    if (!any_bit(sum.z)) return HMV_BAD;
    multiply(sum.z, sum.z, sum.z);
    divide(sum.x, sum.x, sum.z, prime);
    if (!less(sum.x, order)) subtract_words(sum.x, sum.x, order);
    if (wrong) return HMV_BAD; // cppcheck-suppress identicalConditionAfterEarlyExit
    return hmv_same((const uint8_t *)sum.x, (const uint8_t *)r, BYTES);
}
