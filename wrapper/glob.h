/* wrapper/glob.h: what a pattern of a shell fits on this machine.
 *
 * As hf_resolver.expand takes it: parts with "*", "?" or "[" fit names as in a shell, where a
 * point at the begin of a name wants one in the pattern. Folders are entered through links, as
 * shells do. At most HF_GLOB_NAMES_MAX names are read and HF_GLOB_DEPTH_MAX parts gone through.
 * Reads only. Any thread.
 */
#ifndef HF_WRAPPER_GLOB_H
#define HF_WRAPPER_GLOB_H

#include "base/bytes.h"
#include "base/err.h"

#define HF_GLOB_NAMES_MAX 4096u
#define HF_GLOB_DEPTH_MAX 16u /* parts with a pattern */

/* HF_ETOOBIG: there is more. HF_EPERM: a folder may not be read. What is not there fits nothing. */
enum hf_rc hf_glob(void *arg, struct hf_str path,
                   void (*found)(void *found_arg, struct hf_str path), void *found_arg);

#endif
