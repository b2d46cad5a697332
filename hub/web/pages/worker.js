// The service worker: shows what the Hub pushes, says so, and opens the request's page. It decides
// nothing, and believes a message's words alone: the page that it opens is made of checked names.
"use strict";
const NAME = /^[a-z0-9-]{1,48}$/;
const MANY = 4; // of one tenant, on the screen at once; more become one
const NAMES = ["kind", "principal", "contact", "tenant", "approval", "subject", "expires", "ack"];

function read(data) {
  try {
    const message = data.json();
    return typeof message === "object" && message !== null && message.v === 1 ? message : {};
  } catch {
    return {};
  }
}

function text(value) {
  return typeof value === "string" ? value : "";
}

function page(message) {
  if (message.many === true) {
    return "/approvals";
  }
  if (message.kind !== "approval") {
    return message.kind === undefined ? "/approvals" : "/approvals/devices";
  }
  return NAME.test(text(message.tenant)) && NAME.test(text(message.approval))
    ? `/approvals/${message.tenant}/${message.approval}` : "/approvals";
}

// Whoever has the message's token may say what became of it; nothing waits for that.
async function tell(message, what) {
  const form = new URLSearchParams({what});
  for (const name of NAMES) {
    if (text(message[name]) !== "") {
      form.set(name, message[name]);
    }
  }
  try {
    await fetch("/approvals/shown", {method: "POST", body: form, credentials: "omit"});
  } catch {
    // The Hub is away: then it does not know.
  }
}

function left(expires) {
  const minutes = Math.floor((Date.parse(text(expires)) - Date.now()) / 60000);
  if (Number.isNaN(minutes)) {
    return "";
  }
  return minutes < 0 ? "Too late: it counts as denied." : minutes < 1 ? "Less than a minute left." : `${minutes} min left.`;
}

function words(message) {
  switch (message.kind) {
    case "approval":
      return [text(message.body), text(message.risk) && `Risk: ${message.risk}.`, left(message.expires)]
        .filter(Boolean).join("\n");
    case "verify": return "From now on this device is told of requests that wait for you.";
    case "probe": return "This is a test. Nothing is to be done.";
    case "lost": return "It was removed. Add it again if it should be told of requests.";
    default: return "Something may wait for you. Have a look.";
  }
}

function title(message) {
  return message.kind === "verify" ? "Holdfast can reach this device" : text(message.title) || "Holdfast";
}

// When a tenant asks again and again: one that stands for all, so that others are still seen.
async function crowd(message) {
  const others = (await self.registration.getNotifications())
    .filter((n) => n.data && n.data.kind === "approval" && n.data.tenant === message.tenant && n.tag !== page(message));
  if (others.length < MANY && !others.some((n) => n.data.many === true)) {
    return message;
  }
  others.filter((n) => n.data.many !== true).forEach((n) => n.close());
  const count = Number.isSafeInteger(message.waiting) ? message.waiting : others.length + 1;
  return {...message, many: true, title: `${text(message.tenant)} asks for much: ${count} requests wait`};
}

function tag(message) {
  if (message.many === true) {
    return `holdfast-many-${text(message.tenant)}`;
  }
  return message.kind === "approval" ? page(message) : `holdfast-${text(message.kind)}`;
}

async function show(pushed) {
  const message = pushed.kind === "approval" ? await crowd(pushed) : pushed;
  const quiet = message.kind === "probe" && message.asked !== true;
  const urgent = message.kind === "approval";
  await self.registration.showNotification(title(message), {
    body: words(message),
    tag: tag(message),
    renotify: !quiet && !urgent,
    silent: quiet,
    requireInteraction: urgent,
    data: message,
  });
  await tell(message, "shown");
  if (quiet) { // it was for the Hub, which tries once a day whether this way still works
    for (const shown of await self.registration.getNotifications({tag: "holdfast-probe"})) {
      shown.close();
    }
  }
}

async function open(path) {
  const url = new URL(path, self.location.origin).href;
  for (const client of await self.clients.matchAll({type: "window", includeUncontrolled: true})) {
    if (client.url === url) {
      return client.focus();
    }
  }
  return self.clients.openWindow(url);
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => event.waitUntil(show(event.data ? read(event.data) : {})));
// The browser gave this device another address, and the Hub has the old one: its person has to know.
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(self.registration.showNotification(
  "Notifications have ended", {
    body: "The browser gave this device a new address. Open this, and press the button once more.",
    tag: "holdfast-changed", requireInteraction: true, data: {kind: "changed"}})));
self.addEventListener("notificationclick", (event) => {
  const message = event.notification.data || {};
  event.notification.close();
  const told = message.many === true ? undefined : tell(message, "opened"); // of many, none was looked at yet
  event.waitUntil(Promise.all([open(page(message)), told]));
});
