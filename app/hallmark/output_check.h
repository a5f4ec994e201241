/* Where a command may write: -o OUT must not cost anybody a file. */
#ifndef HM_APP_OUTPUT_CHECK_H
#define HM_APP_OUTPUT_CHECK_H

#include "options.h"

/* Of a command that makes one new file: is -o OUT free? A refusal if something is there and --replace was not given;
 * wrong usage if OUT is a folder, or one of INPUTS (names of files), which nothing replaces.
 * OK without -o. To be asked before anything is made or signed. */
HM_MUST_USE hm_err hm_output_check(const hm_options *options, const char *const *inputs, size_t count);
/* The same, and the operands are the inputs. */
HM_MUST_USE hm_err hm_output_check_operands(const hm_options *options);

#endif
