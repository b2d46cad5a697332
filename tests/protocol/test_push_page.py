"""The page on which people subscribe to notifications, and its service worker: by plain HTTP, and in a real
browser whose push service is the test's own."""
import json

import harness
from harness import check
from notify import Device
from region import until
from test_approvals import ask, people, show, start
from test_notify import at_desk
from test_web import Visitor, shows, signed_in

# A browser's own push service is on the internet; this one hands out the test's subscription instead.
STAND_IN = """
PushManager.prototype.getSubscription = async () => null;
PushManager.prototype.subscribe = async function (options) {
  if (!options.userVisibleOnly || options.applicationServerKey.length !== 65) { throw new Error("wrong options"); }
  return {toJSON: () => (%s)};
};
"""


def shown(desk, **wanted):
    page = desk.region.json("GET", "/v1/events?type=notification.shown&limit=1000")["events"]
    found = [event["event"]["payload"] for event in page]
    return [a for a in found if all(a.get(key) == value for key, value in wanted.items())]


def contact(desk, who, token):
    return desk.region.json("GET", f"/v1/principals/{who}/contacts", token=token)["contacts"]


@at_desk()
def acknowledged(world, desk):
    """What a device says of a message by its token alone: it was shown, it was opened; each is written
    once; a code that was shown is confirmed; a token is of one message, until it ends; nothing is
    decided."""
    start(world, desk.region, "acme")
    ann, = people(desk.region, ("ann", "approver", "acme"))
    phone = desk.device("ann", ann, "phone", verify=False)
    worker = Visitor(desk.region)
    names = ("kind", "principal", "contact", "tenant", "approval", "subject", "expires", "ack")

    def tell(message, what, status=204, **other):
        form = {**{n: message[n] for n in names if n in message}, "what": what, **other}
        answer, text = worker.ask("POST", "/approvals/shown", {k: v for k, v in form.items() if v is not None})
        check(answer.status == status and worker.cookie is None, f"{form}: {answer.status} {text[:300]}")

    until(lambda: phone.messages("verify"), "the code came")
    code, = phone.messages("verify")
    tell(code, "shown", 403, contact="tablet")
    check(not contact(desk, "ann", ann)[0]["verified"], "not by a token of something else")
    tell(code, "shown")
    until(lambda: contact(desk, "ann", ann)[0]["verified"], "who shows the code has read it")
    ask(world, "acme", "a-1", 300)
    ask(world, "acme", "a-2", 300)
    until(lambda: len(phone.messages("approval")) == 2, "they are pushed")
    first, second = sorted(phone.messages("approval"), key=lambda m: m["approval"])  # they are pushed side by side
    for wrong in ({"ack": second["ack"]}, {"ack": ""}, {"ack": None}, {"approval": "a-2"}, {"principal": "admin"},
                  {"kind": "probe"}, {"expires": "2099-01-01T00:00:00Z"}, {"tenant": None}):
        tell(first, "shown", 403, **wrong)
    for wrong in ({"kind": "none"}, {"what": "decided"}, {"expires": "soon"}, {"expires": None},
                  {"approval": "a" * 200}, {"kind": None}):
        tell(first, wrong.pop("what", "shown"), 400, **wrong)
    answer, _ = worker.ask("POST", "/approvals/shown", {"what": "shown"}, Origin="https://evil.example")
    check(answer.status == 403, "from another page")
    for _ in range(3):
        tell(first, "shown")
        tell(first, "opened")
    until(lambda: shown(desk, approval="a-1", what="opened"), "it is written")
    until(lambda: "seen" in show(desk.region, "acme", "a-1"), "who opens it has seen it")
    check("seen" not in show(desk.region, "acme", "a-2", token=desk.region.admin), "the other one was not seen")
    check([s["what"] for s in shown(desk, approval="a-1")] == ["shown", "opened"], f"{shown(desk)}")
    seen = [e["event"]["payload"] for e in desk.region.json("GET", "/v1/events?type=approval.seen")["events"]]
    check([(s["principal"], s["how"]) for s in seen if s["approval"] == "a-1"][0] == ("ann", "link"), f"{seen}")
    check(show(desk.region, "acme", "a-1")["state"] == "pending", "nothing was decided")


@at_desk(mail=True)
def forms(world, desk):
    """The page without a browser: whose contacts it shows, nonces, what makes no sense; a test is sent to
    a mailbox too."""
    region = desk.region
    start(world, region, "acme")
    ann, bob = people(region, ("ann", "approver", "acme"), ("bob", "viewer", "acme"))
    desk.mailbox("ann", ann, "inbox", "ann@example.org")
    visitor, page = Visitor(region), "/approvals/devices"
    check("Your token" in visitor.ask("GET", page)[1], "nobody's")
    visitor.sign_in(ann)

    def send(status=303, by=visitor, **form):
        nonce = by.form(page)[0]["nonce"]
        answer, text = by.ask("POST", page, {"nonce": nonce, **form})
        check(answer.status == status, f"{form}: {answer.status} {text[:600]}")
        return text

    answer, text = visitor.ask("GET", page)
    check("a...@example.org" in text and "ann@example.org" not in text and "data-key=" in text, text)
    for path, kind in (("worker.js", "text/javascript"), ("subscribe.js", "text/javascript"),
                       ("app.webmanifest", "application/manifest+json")):
        answer, text = visitor.ask("GET", "/approvals/" + path)
        check(answer.status == 200 and answer.getheader("Content-Type").startswith(kind) and text and
              "default-src 'none'" in answer.getheader("Content-Security-Policy"), path)
    sub = desk_subscription(desk, "/ann/phone")
    send(action="add", contact="phone", **sub)
    send(409, action="add", contact="other", **sub)
    send(action="add", contact="phone", **desk_subscription(desk, "/ann/second"))
    check([c["contact"] for c in contact(desk, "ann", ann)] == ["inbox", "phone", "phone-2"], "a name of its own")
    for wrong in ({"contact": "No!"}, {"contact": ""}, {"contact": "x" * 99}, {"endpoint": ""}, {"p256dh": "x"},
                  {"auth": ""}, {"endpoint": "ftp://a/"}):
        send(400, **{"action": "add", "contact": "third", **desk_subscription(desk, "/ann/third"), **wrong})
    send(400, action="decide")
    send(404, action="test", contact="none")
    send(409, nonce="0" * 32, action="remove", contact="phone")
    nonce = visitor.form(page)[0]["nonce"]
    send(action="test", contact="inbox", nonce=nonce)
    send(409, action="remove", contact="inbox", nonce=nonce)
    until(lambda: len(desk.mail.mails("ann@example.org")) == 2, "a test is mailed")
    check("test of the way" in desk.mail.mails("ann@example.org")[1].get_content(), "it says so")
    other = Visitor(region)
    other.sign_in(bob)
    check("nowhere yet" in other.ask("GET", page)[1], "somebody else's")
    send(404, by=other, action="remove", contact="inbox")
    send(action="remove", contact="phone")
    check([c["contact"] for c in contact(desk, "ann", ann)] == ["inbox", "phone-2"], "it is removed")


def desk_subscription(desk, path):
    device = Device(desk.push, path)
    desk.devices.append(device)
    return device.subscription()


def notifications(page):
    return page.run("const r = await navigator.serviceWorker.getRegistration('/approvals/');"
                    "return (await r.getNotifications()).map((n) => [n.title, n.body, n.tag, n.requireInteraction])")


@at_desk()
def browser(world, desk):
    """A person presses a button on a phone; the browser subscribes and is known; what is pushed is shown
    in plain words, said to the Hub, and leads to the request's page; a test; then it is removed."""
    region = desk.region
    start(world, region, "acme")
    ann, = people(region, ("ann", "approver", "acme"))
    device = Device(desk.push, "/ann/phone")
    desk.devices.append(device)
    sub = device.subscription()
    page = signed_in(world, region, "ann", ann, "/approvals/devices")
    tools = worker = None
    try:
        page.command("Browser.grantPermissions", permissions=["notifications"], origin=region.url)
        page.command("Page.addScriptToEvaluateOnNewDocument", source=STAND_IN % json.dumps(
            {"endpoint": sub["endpoint"], "keys": {"p256dh": sub["p256dh"], "auth": sub["auth"]}}))
        page.open(region.url + "/approvals/devices")
        width = page.run("return [document.documentElement.scrollWidth, innerWidth]")
        check(width[0] <= width[1] == 390, f"{width}")
        page.shoot("notify-none")
        page.run("document.getElementById('name').value = ''")
        page.type("#name", "my-phone")
        page.click("#notify")
        shows(page, "my-phone")
        until(lambda: device.messages("verify"), "its first message came")
        tools = page.tools("page")
        tools.ask("ServiceWorker.enable")
        found = tools.event("ServiceWorker.workerRegistrationUpdated", lambda p: p["registrations"])
        registration = found["registrations"][0]["registrationId"]

        def push(text):
            tools.ask("ServiceWorker.deliverPushMessage", origin=region.url, registrationId=registration,
                      data=text if isinstance(text, str) else json.dumps(text))

        push(device.messages("verify")[0])
        shows(page, "It showed a message")
        until(lambda: contact(desk, "ann", ann)[0]["verified"], "who shows the code has read it")
        page.shoot("notify-device")

        ask(world, "acme", "a-1", 300, summary="Delete the folder <b>x</b>")
        until(lambda: device.messages("approval"), "it is pushed")
        push(device.messages("approval")[0])
        until(lambda: len(notifications(page)) == 2, "it is shown")
        found, = [n for n in notifications(page) if n[2] == "/approvals/acme/a-1"]
        check(found[0] == "acme wants to run exec" and found[3] and
              found[1] == "Delete the folder <b>x</b>\nRisk: high.\n4 min left.", f"{found}")
        until(lambda: shown(desk, approval="a-1", what="shown"), "the Hub knows")
        push(device.messages("approval")[0])  # once more, as happens: it replaces the first
        worker = page.tools("service_worker")
        worker.ask("Runtime.enable")
        opened = worker.run(
            "(async () => { const all = await registration.getNotifications({tag: '/approvals/acme/a-1'});"
            "const where = new Promise((done) => {"
            "  Object.defineProperty(clients, 'openWindow', {value: async (url) => done(url)}); });"
            "self.dispatchEvent(new NotificationEvent('notificationclick', {notification: all[0]}));"
            "return [all.length, await where]; })()")
        check(opened == [1, region.url + "/approvals/acme/a-1"], f"{opened}")
        until(lambda: shown(desk, approval="a-1", what="opened"), "and that it was opened")
        for junk in ("no json", "[]", "null", '{"v":1}', '{"v":1,"kind":"approval","tenant":"../x","approval":"y"}', ""):
            push(junk)
        until(lambda: any(n[2] == "/approvals" for n in notifications(page)), "junk is a plain word")
        check(page.url() == region.url + "/approvals/devices", page.url())

        for number in range(2, 9):  # of one tenant more than four at once become one, which says how many wait
            ask(world, "acme", f"a-{number}", 300)
            until(lambda: len(device.messages("approval")) == number, "it is pushed")
            push(device.messages("approval")[-1])
            until(lambda: shown(desk, approval=f"a-{number}", what="shown"), "it is shown")
        until(lambda: [(n[0], n[2]) for n in notifications(page) if "acme" in n[0]] ==
              [("acme asks for much: 8 requests wait", "holdfast-many-acme")], "they are one")

        page.open(region.url + "/approvals/devices")
        page.click("form:has(input[value=test]) button")
        until(lambda: device.messages("probe"), "a test is pushed")
        test, = device.messages("probe")
        check(test["asked"] is True and desk.push.to("/ann/phone")[-1][1]["Urgency"] == "high", f"{test}")
        push(test)
        until(lambda: any("This is a test" in n[1] for n in notifications(page)), "and shown")
        until(lambda: shown(desk, kind="probe"), "the Hub knows")
        push({**test, "asked": False})  # the Hub's own, once a day: shown without a sound and gone
        until(lambda: not any("This is a test" in n[1] for n in notifications(page)), "it is gone")
        worker.run("self.dispatchEvent(new ExtendableEvent('pushsubscriptionchange'))")
        until(lambda: any("Notifications have ended" in n[0] for n in notifications(page)), "a new address is said")
        page.open(region.url + "/approvals/devices")
        page.click("form:has(input[value=remove]) button")
        shows(page, "nowhere yet")
        check(contact(desk, "ann", ann) == [], "it is removed")
    finally:
        for open_tools in (tools, worker):  # who lets go of a worker's tools may end the worker
            if open_tools:
                open_tools.close()
        page.close()


if __name__ == "__main__":
    harness.main([acknowledged, forms, browser])
