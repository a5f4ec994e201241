/* The field of P-384: ecdsa_field_tests.h. */
#include <p384.c>

#include "ecdsa_field_tests.h"
