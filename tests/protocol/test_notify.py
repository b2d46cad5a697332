"""Notifications: a request for approval reaches people by web push and mail, with every program real."""
import datetime
import json
import re
import subprocess
import sys
import time

from harness import check, main
from notify import Device, MailServer, PushService
from region import HUB, LIMIT, Region, settled, until
from test_approvals import ask, brief, decide, people, show, start


class Desk:
    """A region with a push service on loopback, and maybe a mail server; people and their devices."""

    def __init__(self, world, mail=None, role="all"):
        self.world, self.mail, self.role, self.notifier = world, mail, role, None
        self.push, self.devices = PushService(), []
        self.more = ["--push-anywhere", "--public-url", "https://hub.example"]
        if role == "all":
            self.region = Region(world, *self.more, *(mail.options() if mail else ()))
        else:
            self.region = Region(world, "--role", "api", *self.more)

    def bring(self, url=None):
        """Starts the role notifications as a process of its own."""
        more = self.mail.options(url) if self.mail else ()
        with open(self.world.path("notifier.err"), "ab") as errors:
            self.notifier = subprocess.Popen(
                [HUB, "run", "--role", "notifications", "--socket", self.world.path("hub", "hub.sock"),
                 "--push-anywhere", *more], env=self.world.env, stdout=subprocess.DEVNULL, stderr=errors)

    def kill(self):
        self.notifier.kill()
        self.notifier.wait()
        self.notifier = None

    def device(self, who, token, name, verify=True):
        device = Device(self.push, f"/{who}/{name}")
        self.devices.append(device)
        self.region.json("POST", f"/v1/principals/{who}/contacts", {"contact": name, **device.subscription()},
                         201, token=token)
        if verify:
            until(lambda: device.messages("verify"), "the code came to the device")
            self.region.json("POST", f"/v1/principals/{who}/contacts/{name}/verify",
                             {"code": device.messages("verify")[0]["code"]}, token=token)
        return device

    def mailbox(self, who, token, name, address):
        self.region.json("POST", f"/v1/principals/{who}/contacts", {"contact": name, "address": address}, 201,
                         token=token)
        until(lambda: self.mail.mails(address), "the code came to the mailbox")
        code = re.search(r"Code: ([0-9a-f]{8})", self.mail.mails(address)[0].get_content()).group(1)
        return self.region.json("POST", f"/v1/principals/{who}/contacts/{name}/verify", {"code": code},
                                token=token)

    def attempts(self, **wanted):
        """Of the region's log."""
        page = self.region.json("GET", "/v1/events?type=notification.&limit=1000")["events"]
        found = [event["event"]["payload"] for event in page]
        return [a for a in found if all(a.get(key) == value for key, value in wanted.items())]

    def metric(self, **labels):
        text = self.region.call("GET", "/metrics")[1].decode()
        name = ",".join(f'{key}="{value}"' for key, value in labels.items())
        return int(re.search(rf"holdfast_notify_attempts_total{{{re.escape(name)}}} (\d+)", text).group(1))

    def close(self):
        if self.notifier:
            self.kill()
        self.region.stop()
        for device in self.devices:
            device.close()
        self.push.close()


def at_desk(**how):
    def decorate(case):
        def run(world):
            mail = MailServer(world) if how.get("mail") else None
            desk = None
            try:
                desk = Desk(world, mail, how.get("role", "all"))
                case(world, desk)
            finally:
                if desk:
                    desk.close()
                if mail:
                    mail.close()
        run.__name__ = case.__name__
        return run
    return decorate


def seconds(text):
    """Of a time as the API gives it."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


@at_desk()
def pushed(world, desk):
    """A request is pushed to the first device of who may answer, within seconds: encrypted, urgent, as
    long as it waits; the text names what is asked and the page; the log says that it was taken. Not to
    who asked, not to who may not answer, and nothing once it is answered."""
    start(world, desk.region, "acme", "other")
    ann, bob, vic = people(desk.region, ("ann", "approver", "acme"), ("bob", "approver", "other"),
                           ("vic", "viewer", "acme"))
    phone = desk.device("ann", ann, "phone")
    others = [desk.device("bob", bob, "phone"), desk.device("vic", vic, "phone")]
    ask(world, "acme", "a-1", 300)
    until(lambda: phone.messages("approval"), "it is pushed")
    text, = phone.messages("approval")
    check(text["tenant"] == "acme" and text["approval"] == "a-1" and text["tool"] == "exec" and
          text["risk"] == "high" and text["body"] == "Delete the folder a-1" and
          text["link"] == "https://hub.example/approvals/acme/a-1", f"{text}")
    _, fields, body = desk.push.to("/ann/phone")[-1]
    check(fields["Urgency"] == "high" and 200 <= int(fields["TTL"]) <= 300 and len(fields["Topic"]) == 32 and
          fields["Content-Encoding"] == "aes128gcm" and b"folder" not in body, f"{fields}")
    key = desk.region.json("GET", "/v1/push-key", token="")["public_key"]
    check(re.fullmatch(rf"vapid t=[\w-]+\.[\w-]+\.[\w-]+, k={key}", fields["Authorization"]), f"{fields}")
    until(lambda: desk.attempts(kind="approval"), "it is written")
    attempt, = desk.attempts(kind="approval")
    check(attempt["outcome"] == "accepted" and attempt["status"] == 201 and attempt["attempt"] == 1 and
          attempt["principal"] == "ann" and attempt["tenant"] == "acme" and not attempt["dead"], f"{attempt}")
    rows = lambda: desk.region.json("GET", "/v1/models/approvals_2?key=acme")["rows"]
    until(lambda: [row["routing"] for row in rows()] == ["in-time"], "the read model says that it was in time")
    settled(desk.region)
    shown = show(desk.region, "acme", "a-1")
    check(shown["routing"] == "in-time" and shown["notified"] >= shown["routed"], f"{shown}")
    quick = seconds(shown["notified"]) - seconds(shown["requested"]) <= 5  # what counts as propagated in time
    world.env.update(HOLDFAST_HUB=desk.region.url, HOLDFAST_HUB_TOKEN=world.path("hub", "admin.token"),
                     HOLDFAST_HUB_PIN=desk.region.json("GET", "/v1/region")["tls_pin"])
    stats = json.loads(world.run("approvals", "stats", "--hours", "2", "--json").stdout)
    check(sum(hour["told_in_time"] for hour in stats["hours"]) == 1 and
          sum(hour["propagation_good"] for hour in stats["hours"]) == quick, f"{stats} {shown}")
    check({hop["hop"] for hop in stats["hops"]} >= {"routed", "notified", "propagated"}, f"{stats}")
    text = world.run("approvals", "stats").stdout.decode()
    check("TOLD IN 30 S" in text and re.search(r"^propagated +1 ", text, re.M), text)
    metrics = desk.region.call("GET", "/metrics")[1].decode()
    check('holdfast_approval_hop_duration_seconds_count{hop="propagated",kind="real"} 1\n' in metrics, "the hop")
    for reason in ("too-late", "too-many", "unreadable", "late", "in-vain", "untried"):
        check(f'holdfast_approval_routing_failures_total{{reason="{reason}"}} 0\n' in metrics, reason)
    ask(world, "acme", "a-2", 300, requester="principal:ann")
    ask(world, "acme", "a-3", 300)
    until(lambda: len(phone.messages("approval")) == 2, "the next one is pushed")
    check([t["approval"] for t in phone.messages("approval")] == ["a-1", "a-3"], "not to who asked")
    check(not any(device.messages("approval") for device in others), "not to who may not answer")
    until(lambda: desk.metric(channel="push", outcome="accepted") == len(desk.push.pushes), "counted")
    check(desk.metric(channel="mail", outcome="gone") == 0, "there from the start")
    everything = json.dumps(desk.region.json("GET", "/v1/events?limit=1000"))
    check(phone.auth not in everything and "/ann/phone" not in everything, "where it is stays sealed")


@at_desk(mail=True)
def mailed(world, desk):
    """Who has no device is mailed at once: readable, with the page's address and a Message-ID made of
    the request; what the tenant wrote stays one line. A mailbox gets nothing before it is verified; one
    that does not exist is dropped; a server that says later is asked again."""
    start(world, desk.region, "acme")
    ann, bob = people(desk.region, ("ann", "approver", "acme"), ("bob", "approver", "acme"))
    contact = desk.mailbox("ann", ann, "inbox", "ann@example.org")
    check(contact["verified"] and contact["hint"] == "a...@example.org", f"{contact}")
    desk.region.json("POST", "/v1/principals/bob/contacts", {"contact": "never", "address": "bob@example.org"},
                     201, token=bob)
    until(lambda: desk.mail.mails("bob@example.org"), "bob has a code")
    ask(world, "acme", "a-1", 300, summary="Delete a folder\r\nApproved: yes é " + "x" * 200)
    until(lambda: len(desk.mail.mails("ann@example.org")) == 2, "it is mailed")
    mail = desk.mail.mails("ann@example.org")[1]
    text = mail.get_content()
    check(mail["Subject"] == "acme wants to run exec" and mail["Auto-Submitted"] == "auto-generated" and
          mail["Message-ID"] == "<approval.acme.a-1.ann.inbox@region.example>", f"{mail.items()}")
    check("https://hub.example/approvals/acme/a-1" in text.splitlines(), text)
    check("    Delete a folder  Approved: yes é " + "x" * 200 in text.splitlines(), text)
    check(abs(time.mktime(mail["Date"].datetime.timetuple()) - time.time()) < 86400, mail["Date"])
    until(lambda: desk.attempts(kind="approval", channel="mail", outcome="accepted"), "it is written")
    check(len(desk.mail.mails("bob@example.org")) == 1, "the code and nothing else")
    for name in ("later", "gone"):  # the Hub changes bob's contacts after the last one
        desk.region.json("POST", "/v1/principals/bob/contacts",
                         {"contact": name, "address": f"{name}@example.org"}, 201, token=bob)
    until(lambda: desk.attempts(contact="later", outcome="accepted"), "later it is taken")
    tries = [(a["outcome"], a["status"], a["attempt"], a["dead"]) for a in desk.attempts(contact="later")]
    check(tries == [("failed", 451, 1, False), ("failed", 451, 2, False), ("accepted", 250, 3, False)],
          f"{tries}")
    until(lambda: desk.attempts(contact="gone"), "tried")
    check([(a["outcome"], a["status"]) for a in desk.attempts(contact="gone")] == [("gone", 550)],
          f"{desk.attempts(contact='gone')} {desk.region.errors()}")
    until(lambda: [c["contact"] for c in desk.region.json(
        "GET", "/v1/principals/bob/contacts", token=bob)["contacts"]] == ["never", "later"], "gone is dropped")


@at_desk(mail=True, role="api")
def killed(world, desk):
    """The role as a process of its own is killed before it sends, while it sends and after: what was
    not acknowledged comes again, with the same topic; what is written was sent is never sent again,
    whoever is killed; both kinds of TLS."""
    start(world, desk.region, "acme")
    ann, = people(desk.region, ("ann", "approver", "acme"))
    desk.bring()
    phone = desk.device("ann", ann, "phone")
    desk.mailbox("ann", ann, "inbox", "ann@example.org")
    until(lambda: desk.attempts(kind="verify", contact="inbox"), "written")
    desk.kill()
    ask(world, "acme", "a-1", 300)
    until(lambda: desk.region.json("GET", "/v1/approvals")["approvals"], "it waits")
    desk.push.go.clear()  # the push arrives, its answer never
    desk.bring(desk.mail.tls)
    until(lambda: phone.messages("approval"), "it is being pushed")
    desk.kill()
    desk.push.go.set()
    desk.bring(desk.mail.tls)
    until(lambda: desk.attempts(kind="approval"), "it is pushed again and written")
    topics = {push[1]["Topic"] for push in desk.push.to("/ann/phone")[1:]}
    check(len(phone.messages("approval")) == 2 and len(topics) == 1, f"{topics}")
    desk.kill()
    desk.region.hub.kill()
    desk.region.hub.wait()
    desk.region.hub.stdout.close()
    desk.region.start(desk.region.url.removeprefix("https://"))
    desk.bring(desk.mail.tls)
    ask(world, "acme", "a-2", 300)
    until(lambda: [t["approval"] for t in phone.messages("approval")] == ["a-1", "a-1", "a-2"],
          "the next one comes, and the first does not come again")
    desk.mailbox("ann", ann, "second", "two@example.org")
    check(len(desk.mail.mails("two@example.org")) == 1, "by TLS from the beginning")
    decide(desk.region, "acme", "a-2", "denied", token=ann)


@at_desk()
def services(world, desk):
    """Push services that are busy, broken, gone, or send elsewhere: tried again as they ask, given up
    after five times or at once; only one that says gone loses its device, and the person is told by
    another one. A redirect leads nowhere."""
    start(world, desk.region, "acme")
    ann, = people(desk.region, ("ann", "approver", "acme"))
    phone, tablet = (desk.device("ann", ann, name) for name in ("phone", "tablet"))
    desk.push.answers["/ann/phone"] = [(429, {"Retry-After": "2"}), (503, {}), (201, {})]
    ask(world, "acme", "a-1", 300)
    until(lambda: desk.attempts(kind="approval", outcome="accepted"), "at last it is taken")
    tries = [(a["outcome"], a["status"], a["attempt"]) for a in desk.attempts(kind="approval")]
    check(tries == [("busy", 429, 1), ("failed", 503, 2), ("accepted", 201, 3)], f"{tries}")
    desk.push.answers["/ann/phone"] = [(302, {"Location": desk.push.url + "/inside"})]
    ask(world, "acme", "a-2", 300)
    until(lambda: [t["approval"] for t in tablet.messages("approval")] == ["a-2"],
          "the next rung comes at once when this one is in vain")
    refused, = desk.attempts(kind="approval", outcome="refused")
    check(refused["dead"] and refused["status"] == 302 and not desk.push.to("/inside"), f"{refused}")
    desk.push.answers["/ann/phone"] = [(410, {})]
    ask(world, "acme", "a-3", 300)
    until(lambda: [t["subject"] for t in tablet.messages("lost")] == ["phone"], "the other device is told")
    left = desk.region.json("GET", "/v1/principals/ann/contacts", token=ann)["contacts"]
    check([c["contact"] for c in left] == ["tablet"], f"{left}")
    until(lambda: tablet.messages("approval")[-1]["approval"] == "a-3", "and asked")
    desk.push.answers["/ann/tablet"] = [(400, {})]
    vain = brief(desk.region, lambda name, seconds: ask(world, "acme", name, seconds), "acme", "a-4",
                 lambda name: desk.attempts(approval=name))
    untried = brief(desk.region, lambda name, seconds: ask(world, "acme", name, seconds, requester="principal:ann"),
                    "acme", "a-5")
    rows = lambda: {r["approval"]: r["routing"] for r in
                    desk.region.json("GET", "/v1/models/approvals_2?key=acme")["rows"]}
    until(lambda: rows().get(vain) == "in-vain" and rows().get(untried) == "untried", "both failed to reach anybody")
    metrics = desk.region.call("GET", "/metrics")[1].decode()
    for reason, wanted in (("in-vain", 1), ("untried", list(rows().values()).count("untried")), ("late", 0)):
        check(f'holdfast_approval_routing_failures_total{{reason="{reason}"}} {wanted}\n' in metrics, reason)
    removed = desk.region.json("GET", "/v1/events?type=contact.removed")["events"]
    check([e["event"]["payload"]["reason"] for e in removed] == ["gone"], f"{removed}")


@at_desk()
def floods(world, desk):
    """A tenant that asks without end delays its own messages and nobody else's; all who asked are told
    in turn."""
    start(world, desk.region, "loud", "calm")
    op, = people(desk.region, ("op", "approver", None))
    phone = desk.device("op", op, "phone")
    began = time.monotonic()
    for number in range(200):
        ask(world, "loud", f"l-{number}", 900)
    ask(world, "calm", "c-1", 900)
    until(lambda: [t for t in phone.messages("approval") if t["tenant"] == "calm"], "the calm one is told")
    minutes = 2 + (time.monotonic() - began) // 60
    loud = [t for t in phone.messages("approval") if t["tenant"] == "loud"]
    check(len(loud) <= 30 * minutes, f"{len(loud)} of the loud one in that time")
    check(max(t.get("waiting", 1) for t in loud) >= len(loud), f"each says how many wait: {loud}")


@at_desk()
def contacts(world, desk):
    """Contacts by the API and the command: bounds, refusals, whose business they are; secrets come out
    nowhere."""
    region = desk.region
    start(world, region, "acme")
    ann, bob = people(region, ("ann", "approver", "acme"), ("bob", "approver", "acme"))
    with open(world.path("ann.token"), "w", encoding="ascii") as file:
        file.write(ann)
    world.env.update(HOLDFAST_HUB=region.url, HOLDFAST_HUB_TOKEN=world.path("ann.token"),
                     HOLDFAST_HUB_PIN=region.json("GET", "/v1/region")["tls_pin"])
    device = Device(desk.push, "/ann/phone")
    desk.devices.append(device)
    sub = device.subscription()
    with open(world.path("sub.json"), "w", encoding="ascii") as file:
        json.dump({"endpoint": sub["endpoint"], "expirationTime": None,
                   "keys": {"p256dh": sub["p256dh"], "auth": sub["auth"]}}, file)
    world.run("principal", "contact", "add", "ann", "phone", "--subscription", world.path("sub.json"))
    until(lambda: device.messages("verify"), "the code came")
    world.run("principal", "contact", "verify", "ann", "phone", "--code", "00000000", code=3)
    world.run("principal", "contact", "verify", "ann", "phone", "--code", device.messages()[0]["code"])
    shown = world.run("principal", "contact", "list", "ann", "--json").stdout
    check(json.loads(shown)["contacts"][0]["verified"] and device.auth.encode() not in shown and
          b"/ann/phone" not in shown, f"{shown}")
    path = "/v1/principals/ann/contacts"
    region.json("GET", path, status=403, token=bob)
    region.json("POST", path, {"contact": "x", "address": "a@b"}, 403, token=bob)
    for wrong in ({"contact": "x"}, {"contact": "x", "address": "no"}, {"contact": "x", "address": "a@b\r\nX: y"},
                  {"contact": "x", **sub, "address": "a@b"}, {"contact": "x", **sub, "p256dh": "A" * 87},
                  {"contact": "x", **sub, "endpoint": "ftp://a/"}, {"contact": "x", **sub, "endpoint": "https://a b/"},
                  {"contact": "x", **sub, "endpoint": "https://user@a/"}):
        region.json("POST", path, wrong, 400, token=ann)
    region.json("POST", path, {"contact": "phone", "address": "a@b"}, 409, token=ann)
    region.json("POST", path, {"contact": "again", **sub}, 409, token=ann)
    for number in range(7):
        region.json("POST", path, {"contact": f"m{number}", "address": f"m{number}@b"}, 201, token=ann)
    region.json("POST", path, {"contact": "m7", "address": "m7@b"}, 400, token=ann)
    world.run("principal", "contact", "remove", "ann", "phone")
    check("phone" not in [c["contact"] for c in region.json("GET", path)["contacts"]], "admins see it")
    region.json("DELETE", path + "/phone", status=404, token=ann)
    region.json("POST", "/v1/principals/ann/revoke", {"reason": "left"})
    check(region.json("GET", path)["contacts"] == [], "who is revoked is not reached")


@at_desk(role="api")
def inside(world, desk):
    """Without the setting for tests nothing is pushed to addresses that are not public, by number or by
    name, and plain HTTP is refused; settings that make no sense are said."""
    start(world, desk.region, "acme")
    ann, = people(desk.region, ("ann", "approver", "acme"))
    device = Device(desk.push, "/ann/phone")
    desk.devices.append(device)
    sub = device.subscription()
    port = desk.push.url.rsplit(":", 1)[1]
    for name, endpoint in (("one", f"https://127.0.0.1:{port}/"), ("two", f"https://localhost:{port}/"),
                           ("three", f"http://127.0.0.1:{port}/")):
        desk.region.json("POST", "/v1/principals/ann/contacts", {"contact": name, **sub, "endpoint": endpoint},
                         201, token=ann)
    desk.notifier = subprocess.Popen([HUB, "run", "--role", "notifications", "--socket",
                                      world.path("hub", "hub.sock")], env=world.env,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for name in ("one", "two", "three"):
        until(lambda: desk.attempts(contact=name), f"{name} was tried")
        check({a["outcome"] for a in desk.attempts(contact=name)} == {"unreachable"}, f"{name}")
    check(not desk.push.pushes, "nothing came")
    for wrong in (("--smtp-url", "http://x"), ("--smtp-url", "smtp://x"), ("--smtp-user", "x"),
                  ("--smtp-url", "smtp://x", "--mail-from", "a@b", "--smtp-user", "x"),
                  ("--role", "notifications"), ("--public-url", "http://x"), ("--public-url", "https://x/y")):
        done = subprocess.run([HUB, "check-config", "--data", world.path("x"), *wrong], env=world.env,
                              capture_output=True, timeout=LIMIT, check=False)
        check(done.returncode != 0 and done.stderr.count(b"\n") == 1, f"{wrong}: {done}")


if __name__ == "__main__":
    main([case for case in (pushed, mailed, killed, services, floods, contacts, inside)
          if len(sys.argv) < 2 or case.__name__ in sys.argv[1:]])
