/* clang-format off */
/* ECDSA verification (FIPS 186-5 section 6.4.2) over a curve y^2 = x^3 - 3x + b of prime order below its prime field.
 * Included by the one file of each curve, which defines before:
 *
 *     WORDS, G_WIDTH, Q_WIDTH   the field's size in 32-bit words; how many bits a digit of either scalar may span
 *     number                    uint32_t[WORDS], little-endian words
 *     prime, order              p and n
 *     constants                 1, b and 2^(32 WORDS), each times 2^(32 WORDS) mod p, which is Montgomery's form
 *     affine, g_table           {x, y} in Montgomery's form; G, 3G, 5G ... 2^(G_WIDTH-2) of them
 *
 * and behind: multiply. A source rather than a library of its own: sizes are constants here, and a curve that no table
 * names leaves nothing behind. Numbers are always smaller than their modulus. */
/* clang-format on */

/* r = a b 2^(-32 WORDS) mod p; r may be a or b. */
static void multiply(number r, const number a, const number b);

enum { BITS = 32 * WORDS, BYTES = 4 * WORDS };

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

/* A sum below twice the modulus, of which CARRY is the part that does not fit. Inline for speed: it ends every product
 * and sum. */
static inline __attribute__((always_inline)) void reduce(number r, uint32_t carry, const number modulus) {
    if (carry || !less(r, modulus)) subtract_words(r, r, modulus);
}

static void add(number r, const number a, const number b, const number modulus) {
    reduce(r, add_words(r, a, b), modulus);
}

static void subtract(number r, const number a, const number b, const number modulus) {
    if (subtract_words(r, a, b)) add_words(r, r, modulus);
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

/* A calculation with field elements, or several, in Montgomery's form: its places, and what is done with them, step by
 * step. A step in a table is two octets, where a call of a function is ten. */
enum place { X, Y, Z, X2, Y2, ONE, B, R_SQUARED, S, T, SLOPE, H, PLACES };
enum { TIMES, PLUS, MINUS, STOP_AT };
typedef struct {
    number at[PLACES]; /* X, Y, Z: the sum, a Jacobian point; X2, Y2: an affine one */
} workspace;
#define STEP(operation, r, a, b) ((operation) << 12 | (r) << 8 | (a) << 4 | (b))
#define STOP STEP(STOP_AT, 0, 0, 0)

static void calculate(workspace *f, const uint16_t *step) {
    for (;; step++) {
        uint32_t *r = f->at[*step >> 8 & 15];
        const uint32_t *a = f->at[*step >> 4 & 15], *b = f->at[*step & 15];
        if (*step >> 12 == TIMES)
            multiply(r, a, b);
        else if (*step >> 12 == PLUS)
            add(r, a, b, prime);
        else if (*step >> 12 == MINUS)
            subtract(r, a, b, prime);
        else
            return;
    }
}

/* Infinity stays infinity, since z = 2 y z. No point here has y = 0: the order is odd. */
static const uint16_t doubling[] = {
    STEP(PLUS, H, Y, Y),          STEP(TIMES, T, Z, Z),
    STEP(TIMES, Z, H, Z),         STEP(PLUS, S, X, T),
    STEP(MINUS, T, X, T),         STEP(TIMES, T, T, S),
    STEP(PLUS, SLOPE, T, T),      STEP(PLUS, SLOPE, SLOPE, T), /* 3 (x + z^2) (x - z^2) */
    STEP(TIMES, H, H, Y),                                      /* 2 y^2 */
    STEP(PLUS, T, H, H),          STEP(TIMES, S, X, T),        /* 4 x y^2 */
    STEP(TIMES, X, SLOPE, SLOPE), STEP(MINUS, X, X, S),
    STEP(MINUS, X, X, S),         STEP(TIMES, H, H, T), /* 8 y^4 */
    STEP(MINUS, S, S, X),         STEP(TIMES, Y, SLOPE, S),
    STEP(MINUS, Y, Y, H),         STOP,
};

/* The sum += q, or the sum -= q. Of the cases that the formula does not cover, infinity and the same point are looked
 * for; the opposite point gives z = 0 by itself. */
static void add_point(workspace *sum, const affine *q, int negative) {
    static const uint16_t differences[] = {
        STEP(TIMES, T, Z, Z),
        STEP(TIMES, H, T, X2),
        STEP(TIMES, T, T, Z),
        STEP(TIMES, SLOPE, T, Y2),
        STEP(MINUS, H, H, X),
        STEP(MINUS, SLOPE, SLOPE, Y),
        STOP,
    };
    static const uint16_t steps[] = {
        STEP(TIMES, Z, Z, H),
        STEP(TIMES, T, H, H),
        STEP(TIMES, H, H, T),
        STEP(TIMES, T, T, X),
        STEP(TIMES, Y, Y, H),
        STEP(TIMES, X, SLOPE, SLOPE),
        STEP(MINUS, X, X, H),
        STEP(MINUS, X, X, T),
        STEP(MINUS, X, X, T),
        STEP(MINUS, T, T, X),
        STEP(TIMES, T, T, SLOPE),
        STEP(MINUS, Y, T, Y),
        STOP,
    };
    memcpy(sum->at[X2], q, sizeof *q);
    if (negative) subtract_words(sum->at[Y2], prime, sum->at[Y2]);
    if (!any_bit(sum->at[Z])) {
        memcpy(sum->at[X], sum->at[X2], 3 * sizeof(number)); /* with z = ONE, which is behind x and y */
        return;
    }
    calculate(sum, differences);
    calculate(sum, any_bit(sum->at[H]) || any_bit(sum->at[SLOPE]) ? steps : doubling);
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
    int bits = bits_of(a->scalar, at - a->width, a->width + 1), highest_two = bits >> (a->width - 1);
    if (highest_two == 0 || highest_two == 3) return;
    a->digit = (bits & ((1 << a->width) - 1)) - (bits >> 1);
    a->next = at - a->width;
    a->place = a->next + 1;
    for (; a->digit % 2 == 0; a->place++) a->digit /= 2;
}

static void add_at(workspace *sum, addend *a, int at) {
    if (a->next == at) next_digit(a);
    if (a->place == at) add_point(sum, &a->table[(a->digit < 0 ? -a->digit : a->digit) / 2], a->digit < 0);
}

/* sum = u1 G + u2 Q. */
static void add_multiples(workspace *sum, const number u1, const number u2, const affine *q) {
    addend addends[] = {{u1, g_table, G_WIDTH, BITS, -1, 0}, {u2, q, Q_WIDTH, BITS, -1, 0}};
    memset(sum, 0, 3 * sizeof(number));
    for (int at = BITS; at >= 0; at--) {
        calculate(sum, doubling);
        add_at(sum, &addends[0], at);
        add_at(sum, &addends[1], at);
    }
}

/* 0 if (X2, Y2) is on the curve: y^2 = x^3 - 3x + b. */
static uint32_t off_the_curve(workspace *f) {
    static const uint16_t steps[] = {
        STEP(TIMES, T, X2, X2), STEP(MINUS, T, T, ONE), STEP(MINUS, T, T, ONE),
        STEP(MINUS, T, T, ONE), STEP(TIMES, T, T, X2),  STEP(PLUS, T, T, B),
        STEP(TIMES, S, Y2, Y2), STEP(MINUS, T, T, S),   STOP,
    };
    calculate(f, steps);
    return any_bit(f->at[T]);
}

/* Loads a coordinate; nonzero if it is not below p. */
static uint32_t load_coordinate(workspace *f, enum place to, const uint8_t octets[BYTES]) {
    load(f->at[to], octets);
    uint32_t wrong = !less(f->at[to], prime);
    multiply(f->at[to], f->at[to], f->at[R_SQUARED]);
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
    workspace f;
    volatile uint32_t wrong = 1;
    memcpy(f.at[ONE], constants, sizeof constants);
    uint32_t found = load_coordinate(&f, X2, x);
    found |= load_coordinate(&f, Y2, y);
    found |= off_the_curve(&f);
    found |= load_scalar(r, r_s);
    found |= load_scalar(s, r_s + BYTES);
    wrong = found;
    if (wrong) return HMV_BAD;
    memcpy(&q, f.at[X2], sizeof q);
    load(u1, digest);
    reduce(u1, 0, order);
    divide(u1, u1, s, order);
    divide(s, r, s, order);
    add_multiples(&f, u1, s, &q);
    if (!any_bit(f.at[Z])) return HMV_BAD;
    multiply(f.at[Z], f.at[Z], f.at[Z]);
    divide(f.at[X], f.at[X], f.at[Z], prime);
    reduce(f.at[X], 0, order);
    if (wrong) return HMV_BAD; // cppcheck-suppress identicalConditionAfterEarlyExit
    return hmv_same((const uint8_t *)f.at[X], (const uint8_t *)r, BYTES);
}
