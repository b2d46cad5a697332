// Subscribes this browser to the Hub's messages, and sends the form that makes it known.
"use strict";
const form = document.getElementById("subscribe");
const why = document.getElementById("why");

function bytes(base64url) {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

// What the browser has of before may be of another key: then it is of no use.
function same(subscription, key) {
  const own = subscription.options && subscription.options.applicationServerKey;
  return Boolean(own) && new Uint8Array(own).join() === key.join();
}

async function subscribe() {
  if (await Notification.requestPermission() !== "granted") {
    throw new Error("Notifications are not allowed for this page. Allow them in the browser's settings.");
  }
  const key = bytes(form.dataset.key);
  await navigator.serviceWorker.register("/approvals/worker.js", {scope: "/approvals/"});
  const registration = await navigator.serviceWorker.ready;
  const before = await registration.pushManager.getSubscription();
  if (before && !same(before, key)) {
    await before.unsubscribe();
  }
  const found = await registration.pushManager.subscribe({userVisibleOnly: true, applicationServerKey: key});
  const {endpoint, keys} = found.toJSON();
  form.elements.endpoint.value = endpoint;
  form.elements.p256dh.value = keys.p256dh;
  form.elements.auth.value = keys.auth;
  form.submit();
}

if (form && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window) {
  why.textContent = "";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    form.elements.notify.disabled = true;
    why.textContent = "Asking the browser ...";
    subscribe().catch((error) => {
      form.elements.notify.disabled = false;
      why.textContent = `That did not work: ${error.message}`;
    });
  });
}
