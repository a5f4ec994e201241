/* A shared object that is no PKCS#11 module. */
int hallmark_is_not_a_module(void);
int hallmark_is_not_a_module(void) { return 0; }
