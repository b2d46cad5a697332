/* wrapper/disguise.h: registered secrets in spellings that a redactor does not look for.
 *
 * A shell has many ways to show a file: with blanks or line numbers between its characters, as a
 * dump in columns, backwards, in capitals, in base64 that is broken into lines. Nobody needs a
 * secret in such a form, so there is nothing to replace: a text that holds one is not shown at all.
 * Of text and secrets only letters and digits count, small ones; then it is looked for the secret,
 * and for its usual encodings. Text is read in four ways: all of it; without what stands before
 * each line's first blank or colon if that is a number; behind a dump's columns only; and without
 * what stands before each line's first colon.
 *
 * What it does not find: pieces of a secret, encodings upon each other, secrets of fewer than
 * HF_DISGUISE_MIN letters and digits. Values live in locked memory. Threads: made on any one, then
 * read by one at a time.
 */
#ifndef HF_WRAPPER_DISGUISE_H
#define HF_WRAPPER_DISGUISE_H

#include "base/err.h"
#include "base/secret.h"

#define HF_DISGUISE_MIN 12

struct hf_disguises;

/* values: copied. HF_ECORRUPT: one of them is not found in a text that holds it. Not on a loop. */
enum hf_rc hf_disguises_new(const struct hf_secret *const *values, size_t count,
                            struct hf_disguises **ret_disguises, struct hf_err *err);
/* NULL is fine. */
void hf_disguises_free(struct hf_disguises *disguises);
/* NULL finds nothing. Without memory it says yes. */
bool hf_disguised(const struct hf_disguises *disguises, struct hf_str text);

#endif
