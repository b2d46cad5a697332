/* hub/cursor.h: where the next page of a list begins: behind the thing that it names.
 *
 * A cursor is u8 1 · 8 bytes of a keyed hash over the list and the name · the name. Who has none
 * from this Hub cannot make one, so a cursor tells nobody whether a name is taken, and one of
 * another list or with other filters is refused instead of giving a wrong page.
 */
#ifndef HF_HUB_CURSOR_H
#define HF_HUB_CURSOR_H

#include "hub/call.h"

#define HF_CURSOR_HEAD 9
#define HF_CURSOR_MAX  (HF_CURSOR_HEAD + 100)
#define HF_CURSOR_TEXT (2 * HF_CURSOR_MAX + 1)

/* list: what is listed, with its filters. name: at most 100 bytes. Writes hexadecimal text. */
void hf_cursor_format(const struct hf_hub *hub, struct hf_str list, struct hf_str name,
                      char out[HF_CURSOR_TEXT]);
/* HF_EINVAL: not a cursor of this list. The name borrows from cursor. */
enum hf_rc hf_cursor_open(const struct hf_hub *hub, struct hf_str list, struct hf_bytes cursor,
                          struct hf_str *ret_name, struct hf_err *err);

/* Says where the next page is, in the answer as `next` and as a link (RFC 8288). target: the path
 * and the query of this page, without a cursor. */
void hf_cursor_put_next(struct hf_hub_call *call, struct hf_json_out *json, const char *target,
                        struct hf_str list, struct hf_str last);

#endif
