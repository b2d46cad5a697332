/* hub/windows.h: once a minute, one event about all heartbeats of that minute, and one about the
 * API.
 *
 * Signs of life are not entries of their own, or they would bury the log; the window says who was
 * expected, who came, and how late, so that verdicts can be made from the log alone.
 */
#ifndef HF_HUB_WINDOWS_H
#define HF_HUB_WINDOWS_H

#include "hub/hub.h"

void hf_hub_windows_start(struct hf_hub *hub);
void hf_hub_windows_stop(struct hf_hub *hub);

#endif
