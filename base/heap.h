/* base/heap.h: the only door to malloc, so that tests can fail the n-th allocation.
 *
 * All functions return NULL when there is no memory (the caller answers HF_ENOMEM); sizes are
 * checked for overflow. Any thread. A process may install a fault hook once, before its first
 * allocation (tests only; see tests/harness/fault.h).
 */
#ifndef HF_BASE_HEAP_H
#define HF_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Uninitialised memory; free with hf_heap_free. size 0 gives a pointer that may be freed. */
void *hf_heap_alloc(size_t size);

/* Zeroed memory for count things of size bytes. */
void *hf_heap_zalloc(size_t count, size_t size);

/* As realloc for count things of size bytes; on NULL the old block is untouched. */
void *hf_heap_resize(void *ptr, size_t count, size_t size);

/* NULL is fine. */
void hf_heap_free(void *ptr);

/* Copies len bytes; NULL when there is no memory. */
void *hf_heap_copy(const void *ptr, size_t len);

/* Once, before threads start: large blocks go back to the system as soon as they are freed, where
 * glibc would keep what its largest one had for each thread that ever asked for one. */
void hf_heap_start(void);

/* Test hook: asked before each allocation, false makes it fail. NULL takes the hook away.
 * Install before threads start. */
typedef bool hf_heap_gate_fn(void *arg);
void hf_heap_gate(hf_heap_gate_fn *gate, void *arg);

#endif
