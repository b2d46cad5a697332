"""Personal data in approvals: sealed on its way, opened for who may read it, erased for good."""
import hashlib
import html
import json
import os
import random
import shutil
import subprocess
import time

import harness
from harness import check
from hub import Agent, Ext, in_hub, leaf
from region import in_region, local, until
from test_approvals import answers, ask, decide, pending, people, show, start
from test_web import Visitor

SUMMARY, COMMAND = "Send the contract to Anna of Bad Ischl", "mail --to anna@ischl.example"


class Bench:
    """A region with the tenant "acme", an agent of Python, and people of every role."""

    def __init__(self, hub):
        self.hub, self.number, self.agent = hub, 0, Agent("acme")
        hub.json("POST", "/v1/tenants", {"tenant": "acme", "ring": "sandbox"}, 201)
        hub.json("POST", "/v1/tenants", {"tenant": "other", "ring": "sandbox"}, 201)
        token = hub.json("POST", "/v1/tenants/acme/tokens", {"ttl_s": 600}, 201)["token"]
        self.agent.api_key = hub.json("POST", "/v1/register", self.agent.registration(token), 201,
                                      token="")["api_key"]
        self.tokens = {"admin": hub.admin}
        for name, role, tenant in (("viewer", "viewer", None), ("auditor", "auditor", None),
                                   ("operator", "operator", None), ("approver", "approver", None),
                                   ("carla", "viewer", "acme"), ("ann", "approver", "acme"),
                                   ("eve", "approver", "other")):
            body = {"principal": name, "role": role}
            if tenant:
                body.update(kind="customer", tenant=tenant)
            self.tokens[name] = hub.json("POST", "/v1/principals", body, 201)["token"]

    def keep(self, subject, key, name="user:anna-of-ischl", status=204):
        answer = self.hub.call("PUT", f"/v1/subjects/{subject}", {"key": key.hex(), "name": name},
                               token=self.agent.api_key)
        check(answer.status == status, f"PUT: {answer.status} {answer.body[:200]}")
        return answer

    def send(self, *entries):
        answer = self.hub.call("POST", "/v1/segments", self.agent.segment(list(entries)), raw=True,
                               token=self.agent.api_key)
        check(answer.status == 200, f"a segment: {answer.status} {answer.body[:200]}")

    def ask(self, subject, key, requester="user:anna-of-ischl", place=None):
        """A sealed request; gives its name when it is routed. place: another name than its own."""
        self.number += 1
        name, digest = f"p-{self.number}", hashlib.sha256(b"%d" % self.number).digest()
        lines = [key.hex(), subject, "acme", place or name, SUMMARY, requester, COMMAND, ""]
        sealed = subprocess.run([os.environ["SEAL_PERSONAL_BIN"]], input="\n".join(lines), text=True,
                                capture_output=True, timeout=60, check=True).stdout
        self.send(leaf("approval.requested", 4, f"approval/{name}", {
            "approval": name, "tenant": "acme", "tool": "exec", "risk": "high", "facts": digest,
            "action": digest, "policy": "p", "expires": int((time.time() + 600) * 1e6),
            "personal": Ext(1, bytes.fromhex(sealed.strip()))}, self.number))
        until(lambda: self.hub.call("GET", self.path(name)).status == 200, "it is routed")
        return name

    @staticmethod
    def path(name):
        return f"/v1/tenants/acme/approvals/{name}"

    def show(self, name, who="approver"):
        return self.hub.json("GET", self.path(name), token=self.tokens[who])

    def decide(self, name, decision, who, status=200):
        return self.hub.json("POST", self.path(name) + "/decision", {"decision": decision}, status,
                             token=self.tokens[who])

    def subject(self, subject, who="approver"):
        return self.hub.json("GET", f"/v1/tenants/acme/subjects/{subject}", token=self.tokens[who])

    def erase(self, subject, status=200, who="admin", reason="They asked for it."):
        return self.hub.json("POST", f"/v1/tenants/acme/subjects/{subject}/erase", {"reason": reason},
                             status, token=self.tokens[who])

    def seen(self, name):
        page = self.hub.json("GET", "/v1/events?type=approval.seen&limit=1000")
        return [e["event"]["payload"]["principal"] for e in page["events"]
                if e["event"]["payload"]["approval"] == name]

    def told(self, subject):
        """Directives to erase the subject, as the region's log has them."""
        page = self.hub.json("GET", "/v1/events?type=directive.issued&limit=1000")
        return [e for e in page["events"] if e["event"]["payload"]["kind"] == "erase" and
                e["event"]["payload"]["parameters"] == f"subject={subject}"]

    def confirm(self, subject):
        """The agent says that it did what the directive told it."""
        until(lambda: self.told(subject), "the agent is told")
        issued = self.told(subject)[0]
        self.number += 1
        self.send(leaf("directive.applied", 1, "directive/acme", {
            "tenant": "acme", "sequence": issued["event"]["payload"]["sequence"], "index": issued["index"],
            "kind": "erase"}, self.number))
        until(lambda: "confirmed" in self.subject(subject), "the region knows")

    def files(self):
        """(path, bytes) of everything that the Hub keeps."""
        for folder, _, names in os.walk(self.hub.world.path("hub")):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        yield path, file.read()

    def check_files(self, key):
        """No file holds what is sealed, the name of whom it is about, or the key, in any spelling."""
        for what in (SUMMARY.encode(), COMMAND.encode(), b"anna-of-ischl", key, key.hex().encode(),
                     key.hex().upper().encode()):
            for path, data in self.files():
                check(what not in data, f"{path} has {what[:40]}")


def page(bench, name, who):
    """What the page of a request shows to somebody who signed in."""
    visitor = Visitor(bench.hub)
    visitor.sign_in(bench.tokens[who])
    return html.unescape("".join(visitor.ask("GET", path)[1] for path in (f"/approvals/acme/{name}", "/approvals")))


def at_once(bench, subject):
    """The same key from many at the same time: each is told that it is kept, or that it soon will be."""
    connections = [bench.hub.connect() for _ in range(12)]
    for connection in connections:
        connection.connect()
    for connection in connections:
        connection.request("PUT", f"/v1/subjects/{subject}", json.dumps({"key": "cd" * 32, "name": "user:bert"}),
                           {"Authorization": "Bearer " + bench.agent.api_key})
    answers = [connection.getresponse().status for connection in connections]
    for connection in connections:
        connection.close()
    check(set(answers) <= {204, 503} and 204 in answers, f"{answers}")
    bench.keep(subject, b"\xcd" * 32)


@in_hub
def sealed(hub):
    """What is sealed is shown to those who may read it, on the API and on pages, and to nobody else; it is
    approved by who read it and did not ask for it; and no file of the Hub has it."""
    bench = Bench(hub)
    subject, key = "0a" * 16, b"0123456789abcdef-key-of-anna---!"
    bench.keep(subject, key)
    bench.keep(subject, key)
    check(bench.keep(subject, b"x" * 32, status=409).problem() == "subject-taken", "another key")
    at_once(bench, "1a" * 16)
    bench.keep("zz" * 16, key, status=400)
    name = bench.ask(subject, key)
    for who in ("approver", "admin", "carla", "ann"):
        shown = bench.show(name, who)
        check(shown["summary"] == SUMMARY and shown["requester"] == "user:anna-of-ischl" and
              shown["arguments"] == [{"name": "command", "value": COMMAND}] and "sealed" not in shown, f"{shown}")
        check(bench.subject(subject, who)["name"] == "user:anna-of-ischl", f"the name for {who}")
    for who in ("viewer", "auditor", "operator"):
        shown = bench.show(name, who)
        check(shown["sealed"] is True and shown["sealed_why"] == "role" and shown["subject"] == subject and
              not {"summary", "requester", "arguments"} & set(shown), f"{shown}")
        check("name" not in bench.subject(subject, who), f"no name for {who}")
    check(hub.call("GET", bench.path(name), token=bench.tokens["eve"]).status == 404, "another tenant's")
    check(hub.call("GET", f"/v1/tenants/acme/subjects/{subject}", token=bench.tokens["eve"]).status == 404, "eve")
    listed = hub.json("GET", "/v1/approvals", token=bench.tokens["approver"])["approvals"]
    check([(a["approval"], a["subject"]) for a in listed] == [(name, subject)] and "requester" not in listed[0],
          f"{listed}")
    for who, sees in (("approver", True), ("carla", True), ("viewer", False), ("auditor", False)):
        text = page(bench, name, who)
        check((SUMMARY in text) == sees and ("anna-of-ischl" in text) == sees and (COMMAND in text) == sees,
              f"the pages for {who}")
        check(sees or "your role may not read it" in text, f"why {who} sees nothing")
    raw = hub.json("GET", "/v1/events?segments=1&limit=1000")
    check(SUMMARY not in json.dumps(raw) and SUMMARY.encode().hex() not in json.dumps(raw), "the log's events")
    own = bench.ask(subject, key, requester="principal:approver")
    bench.decide(own, "approved", "approver", 403)
    bench.show(own, "approver")
    bench.show(own, "ann")
    until(lambda: "ann" in bench.seen(own), "somebody else's look at it is written")
    check("approver" not in bench.seen(own), "who asked for it themselves is not one who may answer")
    bench.decide(own, "denied", "approver")
    bench.decide(name, "approved", "approver")
    hub.kill()
    check(bench.show(name)["state"] == "approved" and bench.show(name)["summary"] == SUMMARY, "after kill -9")
    bench.check_files(key)


@in_hub
def closed(hub):
    """Without its key, or sealed for another place, a request can be denied and not approved; a key that
    comes later opens it."""
    bench = Bench(hub)
    subject, key = "0b" * 16, os.urandom(32)
    early = bench.ask(subject, key)
    check(bench.show(early)["sealed_why"] == "missing", f"{bench.show(early)}")
    refused = hub.call("POST", bench.path(early) + "/decision", {"decision": "approved"})
    check(refused.status == 409 and refused.problem() == "sealed" and b"does not have the key" in refused.body,
          f"{refused.body}")
    check("the region does not have the key" in page(bench, early, "approver"), "the page says why")
    bench.keep(subject, key)
    check(bench.show(early)["summary"] == SUMMARY, "the key has come")
    bench.decide(early, "approved", "ann")
    moved = bench.ask(subject, key, place="elsewhere")
    check(bench.show(moved)["sealed_why"] == "unreadable", f"{bench.show(moved)}")
    check(hub.call("POST", bench.path(moved) + "/decision", {"decision": "approved"}).problem() == "sealed", "moved")
    bench.decide(moved, "denied", "ann")


def audit(hub, name, verify):
    """An audit bundle of acme, written now or verified."""
    path = hub.world.path(name)
    if verify:
        return hub.world.run("audit", "verify", path, "--trust", hub.world.path("region.vkey")).stdout.decode()
    return hub.world.run("audit", "tenant", hub.world.path("hub"), "acme", "--out", path).stdout.decode()


@in_hub
def erased(hub):
    """Erased: nobody reads it any more, what waits is ended, the agent is told and its word is taken, all
    proofs hold, and a stranger can verify the certificate, of which no byte can be altered."""
    bench = Bench(hub)
    anna, key = "0c" * 16, b"another-key-of-anna-that-is-here"
    bert, other = "0d" * 16, os.urandom(32)
    bench.keep(anna, key)
    bench.keep(bert, other, "user:bert")
    done, waits, his = bench.ask(anna, key), bench.ask(anna, key), bench.ask(bert, other, "user:bert")
    bench.decide(done, "approved", "ann")
    check(bench.subject(anna)["waiting"] == 1 and bench.subject(anna)["requests"] == 2, "counted")
    with open(hub.world.path("region.vkey"), "w", encoding="utf-8") as file:
        file.write(hub.json("GET", "/v1/region")["log"] + "\n")
    audit(hub, "before.hfb", verify=False)
    bench.erase(anna, 403, who="approver")
    bench.erase(anna, 400, reason="  ")
    bench.erase("0e" * 16, 404)
    check(hub.call("GET", f"/v1/tenants/acme/subjects/{anna}/erasure").status == 404, "nothing to certify")
    shown = bench.erase(anna)
    check(shown["state"] == "erased" and shown["gone"] and shown["by"] == "admin" and "name" not in shown, f"{shown}")
    check(bench.erase(anna)["erased"] == shown["erased"], "the same again")
    until(lambda: bench.show(waits)["state"] == "denied", "what waits is ended")
    for name in (done, waits):
        for who in ("approver", "admin", "carla"):
            check(bench.show(name, who)["sealed_why"] == "erased", f"{bench.show(name, who)}")
    bench.decide(his, "denied", "ann")
    check(SUMMARY not in page(bench, done, "approver"), "nor on the pages")
    check(bench.show(his)["requester"] == "user:bert", "somebody else is not touched")
    check(bench.keep(anna, key, status=410).problem() == "erased", "it does not come back")
    late = bench.ask(anna, key)
    until(lambda: bench.show(late)["state"] == "denied", "what comes late is ended too")
    command = ["--hub", hub.url, "--hub-pin", hub.json("GET", "/v1/region")["tls_pin"], "--hub-token",
               hub.world.path("hub", "admin.token")]
    again = hub.world.run("erase", "acme", anna, "--reason", "r", "--wait", "0", "--out",
                          hub.world.path("told.hfe"), *command).stdout.decode()
    check("has not confirmed yet" in again, again)
    bench.confirm(anna)
    text = hub.world.run("erase", "acme", anna, "--reason", "r", "--out", hub.world.path("whole.hfe"), *command).stdout.decode()
    check("has erased its copy" in text and "3 requests" in text, text)
    rows = json.loads(hub.world.run("subject", "list", "acme", "--json", *command).stdout)["subjects"]
    check([(r["subject"], r["state"]) for r in rows] == [(anna, "erased"), (bert, "kept")], f"{rows}")
    bench.ask(bert, other, "user:bert")
    gone = hub.world.run("erase", "acme", "--name", "user:bert", "--reason", "r", "--wait", "0", "--json", *command)
    check(json.loads(gone.stdout)["subject"]["subject"] == bert and json.loads(gone.stdout)["ended"] == 1, gone.stdout)
    bench.check_files(key)
    audit(hub, "after.hfb", verify=False)
    for name in ("before.hfb", "after.hfb"):
        check("verified tenant acme" in audit(hub, name, verify=True), name)
    check_certificates(hub, anna)


def check_certificates(hub, subject):
    """Offline: the region is gone. Altered anywhere, or cut, a certificate is refused with the reason."""
    hub.stop()
    trust = ["--trust", hub.world.path("region.vkey")]
    told = json.loads(hub.world.run("erase-verify", hub.world.path("told.hfe"), "--json", *trust).stdout)
    whole = json.loads(hub.world.run("erase-verify", hub.world.path("whole.hfe"), "--json", *trust).stdout)
    check(told["verified"] and "confirmed" not in told, f"{told}")
    check(whole["subject"] == subject and whole["by"] == "admin" and whole["reason"] == "They asked for it." and
          len(whole["requests"]) == 3 and whole["confirmed_segment"] > whole["erased_index"], f"{whole}")
    with open(hub.world.path("whole.hfe"), "rb") as file:
        good = file.read()
    draw = random.Random(7)
    for case in range(60):
        data = bytearray(good)
        if case % 6 == 5:
            del data[draw.randrange(len(data)):]
        else:
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        with open(hub.world.path("bad.hfe"), "wb") as file:
            file.write(data)
        bad = hub.world.run("erase-verify", hub.world.path("bad.hfe"), *trust, code=1)
        check(bad.stderr.strip() and b"verified" not in bad.stdout, f"{case}: {bad.stdout}")


@in_hub
def restored(hub):
    """Custody out of a backup of before: what the log calls erased is deleted at the start, the rest is there;
    custody that is gone is said, and a key that is given again heals it."""
    bench = Bench(hub)
    anna, key, bert, other = "0f" * 16, os.urandom(32), "1f" * 16, os.urandom(32)
    bench.keep(anna, key)
    bench.keep(bert, other, "user:bert")
    name, his = bench.ask(anna, key), bench.ask(bert, other, "user:bert")
    custody, backup = hub.world.path("hub", "custody"), hub.world.path("backup")
    shutil.copytree(custody, backup)
    bench.erase(anna)
    for confirmed in (False, True):
        if confirmed:
            bench.confirm(anna)
        hub.hub.kill()
        hub.hub.wait()
        shutil.rmtree(custody)
        shutil.copytree(backup, custody)
        hub.kill()
        check(bench.show(name)["sealed_why"] == "erased" and bench.subject(anna)["gone"], f"{confirmed}")
        check(bench.show(his)["summary"] == SUMMARY, "the other one is there")
        for file in os.listdir(custody):
            with open(os.path.join(custody, file), "rb") as one, open(os.path.join(backup, file), "rb") as two:
                check(one.read() != two.read(), f"{file} is as it was")
    hub.hub.kill()
    hub.hub.wait()
    shutil.rmtree(custody)
    hub.kill()
    check(bench.subject(bert)["state"] == "missing" and bench.show(his)["sealed_why"] == "missing", "it is gone")
    check(bench.keep(bert, os.urandom(32), "user:bert", status=409).problem() == "subject-taken", "not the same key")
    bench.keep(bert, other, "user:bert")
    check(bench.show(his)["summary"] == SUMMARY, "healed")


@in_hub
def unreadable(hub):
    """Damaged custody is left as it is and says so to the agent, whose events go up all the same."""
    bench = Bench(hub)
    anna, key, bert = "0f" * 16, os.urandom(32), "1f" * 16
    bench.keep(anna, key)
    path = hub.world.path("hub", "custody", "acme.subjects.0")
    hub.hub.kill()
    hub.hub.wait()
    with open(path, "r+b") as file:
        file.write(b"damage")
    hub.kill()
    for subject in (anna, bert):
        check(bench.keep(subject, key, status=422).problem() == "custody-unreadable", "not taken")
    name = bench.ask(bert, key)
    check(bench.show(name)["sealed_why"] == "missing", f"{bench.show(name)}")
    with open(path, "rb") as file:
        check(file.read(6) == b"damage", "left alone")


@in_hub
def killed(hub):
    """kill -9 at any moment of an erasure: after its start the Hub has either not heard of it, or ends it: the
    key is gone, what waited is ended, the agent is told."""
    bench = Bench(hub)
    draw = random.Random(11)
    erased_ = 0
    for number in range(12):
        subject, key = f"{number:02x}" * 16, os.urandom(32)
        bench.keep(subject, key)
        name = bench.ask(subject, key)
        connection = hub.connect()
        connection.request("POST", f"/v1/tenants/acme/subjects/{subject}/erase", json.dumps({"reason": "r"}),
                           {"Authorization": "Bearer " + hub.admin})
        time.sleep(draw.random() * 0.02)
        hub.kill()
        connection.close()
        shown = bench.subject(subject)
        if shown["state"] == "kept":
            check(bench.show(name)["summary"] == SUMMARY, "nothing happened")
            shown = bench.erase(subject)
        erased_ += 1
        check(shown["gone"], f"{shown}")
        until(lambda: bench.show(name)["state"] == "denied", "what waits is ended")
        until(lambda: len(bench.told(subject)) == 1, "the agent is told")
        bench.check_files(key)
    check(erased_ == 12, "each is erased in the end")


def holds(folder, *words):
    """Files below the folder with one of the words."""
    found = []
    for path, _, names in os.walk(folder):
        for name in (os.path.join(path, n) for n in names):
            if os.path.isfile(name) and not os.path.islink(name):
                with open(name, "rb") as file:
                    data = file.read()
                found += [name for word in words if word.encode() in data]
    return found


@in_region
def whole_way(world, region):
    """With every program real: a wrapper's request in plain words is sealed by the agent, read and approved by who
    may, and erased from the command line, which waits for the agent's word; neither the region nor the agent has a
    word of it, or reads it again; who comes back is somebody new."""
    start(world, region, "acme")
    boss, = people(region, ("boss", "approver", None))
    options = ["--hub", region.url, "--hub-pin", region.json("GET", "/v1/region")["tls_pin"], "--hub-token",
               world.path("hub", "admin.token")]
    plain = {"requester": "user:anna-of-ischl", "summary": SUMMARY, "arguments": [{"name": "command", "value": COMMAND}]}
    for name in ("a-1", "a-2"):
        ask(world, "acme", name, **plain)
    until(lambda: pending(region) == ["a-1", "a-2"], "both are in the queue")
    shown = show(region, "acme", "a-1", token=boss)
    check({k: shown[k] for k in plain} == plain and len(shown["subject"]) == 32, f"{shown}")
    decide(region, "acme", "a-1", "approved", token=boss, request=shown["request"])
    check(answers(world, "acme")["decisions"][0]["request"] == shown["request"], "the answer came")
    done = world.run("erase", "acme", "--name", "user:anna-of-ischl", "--reason", "They asked for it.", "--wait", "60",
                     "--out", world.path("anna.hfe"), *options).stdout.decode()
    check("has erased its copy" in done and "2 requests" in done and "1 that waited" in done, done)
    with open(world.path("trust"), "w", encoding="ascii") as file:
        file.write(region.json("GET", "/v1/region")["log"] + "\n")
    said = json.loads(world.run("erase-verify", world.path("anna.hfe"), "--trust", world.path("trust"), "--json").stdout)
    check(said["subject"] == shown["subject"] and "confirmed" in said and
          {r["approval"] for r in said["requests"]} == {"a-1", "a-2"}, f"{said}")
    until(lambda: show(region, "acme", "a-2")["state"] == "denied", "what waited is ended")
    until(lambda: [d["decision"] for d in answers(world, "acme")["decisions"]] == ["approved", "denied"],
          "whoever waits for the answer at the agent is told")
    check(show(region, "acme", "a-1", token=boss)["sealed_why"] == "erased", "nobody reads it")
    check(SUMMARY not in str(local(world, "acme", "GET", "/v1/approvals")), "nor at the agent")
    ask(world, "acme", "a-3", **plain)
    until(lambda: pending(region) == ["a-3"], "who comes back may ask")
    again = show(region, "acme", "a-3", token=boss)
    check(again["summary"] == SUMMARY and again["subject"] != shown["subject"], f"{again}")
    check(holds(world.dir, SUMMARY, COMMAND, "anna-of-ischl") == [], "no file has a word of it")


if __name__ == "__main__":
    harness.main([sealed, closed, erased, restored, unreadable, killed, whole_way])
