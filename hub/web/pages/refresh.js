// Shows the page again after a while; without this script everything works, but for this.
"use strict";
const seconds = Number(document.body.dataset.refresh);
if (seconds > 0) {
  setInterval(() => {
    if (!document.hidden) {
      location.reload();
    }
  }, seconds * 1000);
}
