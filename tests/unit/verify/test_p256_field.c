/* The field of P-256: ecdsa_field_tests.h. */
#include <p256.c>

#include "ecdsa_field_tests.h"
