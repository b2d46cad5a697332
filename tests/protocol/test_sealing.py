"""tests/protocol/test_sealing.py: what a request for approval says about a person is sealed before it is in
the tenant's log, its key is the vault's and the region's, and once that is erased it is gone."""
import base64
import hashlib
import hmac
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time

import harness
from harness import check
from liar import LoneAgent
from region import AGENT, LIMIT, append, caught_up, in_region, local, options, until, up

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
import personal  # noqa: E402

SUMMARY, VALUE, NAME = "Unmistakable-summary-7781 wants it", "unmistakable-value-4419", "unmistakable-name-2265"
ANNA, SESSION = "user:unmistakable-anna-9034", "unmistakable:session"
PLAIN = (SUMMARY, VALUE, NAME, ANNA)


def rfc3339(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


# The same for a whole run, so that an event can be sent again.
SOON, LATER = rfc3339(0), rfc3339(3000)


def request(name, sequence, summary=SUMMARY, **more):
    digest = hashlib.sha256(name.encode()).hexdigest()
    payload = dict({"approval": name, "tenant": "acme", "tool": "exec", "risk": "high", "summary": summary,
                    "facts": digest, "action": digest, "policy": "p-1", "expires": LATER,
                    "arguments": [{"name": NAME, "value": VALUE}]}, **more)
    return {"type": "approval.requested", "producer": "wrapper", "sequence": sequence, "occurred": SOON,
            "payload": payload}


def post(world, event, status=200):
    answer = local(world, "acme", "POST", "/v1/events", event)
    check(answer is not None and answer[0] == status, f"{answer}")
    return answer[1]


def rows(world):
    status, answer = local(world, "acme", "GET", "/v1/approvals")
    check(status == 200, f"{answer}")
    return {row["approval"]: (row["personal"], row["summary"]) for row in answer["rows"]}


def word(world):
    return local(world, "acme", "GET", "/v1/status")[1]["subjects"]


def end(process, world=None, events=0):
    """Ends the agent, when its log has as many events."""
    until(lambda: world is None or local(world, "acme", "GET", "/v1/status")[1]["events"] >= events, "all is told")
    process.terminate()
    check(process.wait(LIMIT) == 0, "the agent ends well")


def in_log(world, kind="approval.requested", folder="log"):
    """The tenant's own log, whose agent has ended: the events of a type."""
    shown = world.run("log", "show", world.path("acme", folder), "--type", kind, "--json").stdout
    return [json.loads(line)["event"] for line in shown.splitlines()]


def holding(folder, texts):
    """Files below the folder with any of the texts, as they are, in base64 or in hexadecimal."""
    forms = [form for text in texts for form in (text.encode(), text.encode().hex().encode()) +
             tuple(base64.b64encode(b"x" * shift + text.encode())[4:-4] for shift in range(3))]
    found = []
    for path, _, names in os.walk(folder):
        for name in names:
            if os.path.isfile(os.path.join(path, name)):
                with open(os.path.join(path, name), "rb") as file:
                    data = file.read()
                found += [(os.path.join(path, name), form) for form in forms if form in data]
    return found


def search(world, folder, texts, code=0):
    """Every entry, segment and blob of a log, also what is compressed in it."""
    asked = "".join(f"credential t{n} {base64.b64encode(text.encode()).decode()}\n" for n, text in enumerate(texts))
    world.run("audit", "secrets", folder, stdin=asked.encode(), code=code)


class Vault:
    """The agent's vault, opened by what is on its disk and the host key, without our own code."""

    def __init__(self, world):
        self.world = world
        with open(world.env["HOLDFAST_HOST_KEY"], "rb") as file:
            host_key = file.read()
        with open(world.path("acme", "vault.key"), "rb") as file:
            head, mark, box = file.read().rstrip(b"\n").rpartition(b"\n")
        self.key = personal.open_box(host_key, head + mark, base64.b64decode(box))
        check(self.key is not None and len(self.key) == 32, "the vault's key opens")

    def query(self, sql, *values):
        # A copy: an agent that runs need not share its files with a test.
        with sqlite3.connect(f"file:{self.world.path('acme', 'vault.db')}?mode=ro", uri=True) as db:
            return db.execute(sql, values).fetchall()

    def open(self, name, sealed):
        place = f"holdfast/vault-value/v1\n{name}\n1\nregistered\n".encode()
        return personal.open_box(self.key, place, base64.b64decode(sealed))

    def tenant_key(self):
        (sealed,), = self.query("SELECT sealed FROM vault_values_1 WHERE secret = 'holdfast.subject-key'")
        return self.open("holdfast.subject-key", sealed)

    def sealed(self, subject):
        return self.query("SELECT sealed FROM vault_subjects_1 WHERE subject = ?", subject)[0][0]

    def subject(self, subject):
        """Key and name."""
        value = self.open("holdfast.subject." + subject, self.sealed(subject))
        return value[:32], value[32:].decode()

    def id_of(self, name, generation=0):
        head = generation.to_bytes(4, "big")
        return hmac.new(self.tenant_key(), head + name.encode(), hashlib.sha256).digest()[:16].hex()


def subject_of(event):
    return event["payload"]["personal"][2:34]


def subject_now(world, name):
    return Vault(world).id_of(name)


def alone(case):
    def run(world):
        it = LoneAgent(world)
        try:
            case(world, it)
        finally:
            it.close()
    run.__name__ = case.__name__
    run.__doc__ = case.__doc__
    return run


@alone
def sealed(world, it):
    """Requests of a requester, of a session and of nobody known: each is sealed under a key of its subject,
    whose id and key are what the vault has, by an implementation that is not ours; the view opens them; the
    log has nothing in the clear but what is about nobody; a fourth of a known requester makes no key."""
    answers = [post(world, request("a1", 1, requester=ANNA, session="s")),
               post(world, request("a2", 2, session=SESSION)), post(world, request("a3", 3)),
               post(world, request("a4", 4, requester=ANNA))]
    check(rows(world) == {f"a{n}": ("open", SUMMARY) for n in range(1, 5)}, f"{rows(world)}")
    end(it.agent, world, 4 + 3)
    vault, events, approvals = Vault(world), in_log(world), {}
    check([e["schema_version"] for e in events] == [4] * 4, "versions")
    for event, answer in zip(events, answers):
        payload = event["payload"]
        check(not {"summary", "requester", "arguments"} & set(payload), f"{payload}")
        check(len(answer["submission"]) == 64, "the hash of what is in the log")
        approvals[payload["approval"]] = subject_of(event)
    names = {"a1": ANNA, "a2": "session:" + SESSION, "a3": "approval:a3", "a4": ANNA}
    for name, subject in approvals.items():
        key, known_as = vault.subject(subject)
        check((vault.id_of(names[name]), known_as) == (subject, names[name]), f"{name}: {subject} {known_as}")
        personal_of = bytes.fromhex(next(e["payload"]["personal"] for e in events if e["payload"]["approval"] == name))
        plain = personal.unseal(key, "acme", name, personal_of)
        check(plain is not None and SUMMARY.encode() in plain and VALUE.encode() in plain, f"{name} opens")
        check(personal.seal(bytes.fromhex(subject), key, "acme", name, plain) == personal_of, "and is sealed so")
    put = [e["payload"]["secret"] for e in in_log(world, "secret.put")]
    check(put == ["holdfast.subject." + approvals[name] for name in ("a1", "a2", "a3")], f"{put}")
    check(holding(world.dir, PLAIN) == [], f"{holding(world.dir, PLAIN)}")


@alone
def again(world, it):
    """An event that is sent again has the index that it had, also after kill -9, and the same hash; with other
    words it is another event. What cannot be sealed is refused, and so is what is sealed already."""
    event = request("a1", 1, requester=ANNA)
    first = post(world, event)
    check(post(world, event) == dict(first, repeated=True), "the same again")
    it.kill()
    it.start()
    check(post(world, event) == dict(first, repeated=True), "after kill -9")
    check(rows(world) == {"a1": ("open", SUMMARY)}, f"{rows(world)}")
    post(world, request("a1", 1, summary="Other words", requester=ANNA), 409)
    bare = request("a2", 2)
    del bare["payload"]["summary"]
    check("summary" in post(world, bare, 400)["detail"], "no summary")
    made = request("a2", 2)
    made["payload"]["personal"] = "01" + "00" * 60
    check("personal" in post(world, made, 400)["detail"], "sealed by somebody else")
    check("agent's own" in post(world, dict(request("a2", 2), producer="directive"), 403)["detail"], "its name")
    check(post(world, request("a2", 2, requester="user:bob"))["repeated"] is False, "good")
    end(it.agent, world, 2 + 2)
    check(len(in_log(world)) == 2 and len(in_log(world, "secret.put")) == 2, "nothing of what was refused")


@alone
def told(world, it):
    """The region gets a subject's key and name before the segment; a Hub that is away or busy is asked again,
    over a restart too; one that does not know the call holds nothing up; another key there makes the next one
    another subject; one that was erased there is erased here. Nothing of it is in any log."""
    it.liar.subject_status = 503
    post(world, request("a1", 1, requester=ANNA))
    until(lambda: len([c for c in it.liar.calls if c[0] == "PUT"]) >= 2, "it is asked again")
    check(word(world) == "waiting", word(world))
    check(("POST", "/v1/segments") not in it.liar.calls, "and nothing goes up")
    it.kill()
    it.liar.subject_status = 204
    it.start()
    until(lambda: ("POST", "/v1/segments") in it.liar.calls, "now it goes up")
    (subject, kept), = it.liar.subjects.items()
    check(kept["name"] == ANNA and len(kept["key"]) == 64, f"{kept}")
    calls = len([c for c in it.liar.calls if c[0] == "PUT"])
    post(world, request("a2", 2, requester=ANNA))
    it.liar.subject_status = 409
    post(world, request("a3", 3, requester="user:bob"))
    until(lambda: len([c for c in it.liar.calls if c[0] == "PUT"]) > calls, "of bob")
    it.liar.subject_status = 204

    def bob_again(sequence):
        post(world, request(f"b{sequence}", sequence, requester="user:bob"))
        return len([s for s in it.liar.subjects.values() if s["name"] == "user:bob"]) == 1
    numbers = iter(range(4, 1000))
    until(lambda: bob_again(next(numbers)), "another subject")
    check(rows(world)["a3"] == ("open", SUMMARY), "what was refused opens here")
    check(post(world, request("a3", 3, requester="user:bob"))["repeated"], "and is known again, under its own key")
    post(world, request("a3", 3, summary="Other words", requester="user:bob"), 409)
    it.liar.subject_status = 410
    post(world, request("c1", 5000, requester="user:carl"))
    until(lambda: rows(world)["c1"] == ("erased", "erased"), "erased there, erased here")
    it.liar.subject_status = 404
    it.liar.calls.clear()
    post(world, request("d1", 5001, requester="user:dora"))
    until(lambda: ("POST", "/v1/segments") in it.liar.calls, "it goes up without")
    end(it.agent)
    vault = Vault(world)
    check(vault.subject(subject)[0].hex() == kept["key"], "the key is the vault's")
    keys = [s["key"] for s in it.liar.subjects.values()]
    check(holding(world.dir, PLAIN + tuple(keys)) == [], f"{holding(world.dir, PLAIN)}")


@alone
def again_told(world, it):
    """A Hub that lost its keys gets them back, all that were not erased: when the agent starts, and when the
    region asks for a refresh. One that takes none of them, or not this one, gets the others all the same."""
    for number, name in enumerate(("user:a", "user:b", "user:c"), 1):
        post(world, request(f"r{number}", number, requester=name))
    until(lambda: len(it.liar.subjects) == 3, "the region has all three")
    before = dict(it.liar.subjects)
    gone = next(s for s, kept in before.items() if kept["name"] == "user:b")
    it.liar.issue("erase", f"subject={gone}")
    until(lambda: rows(world)["r2"] == ("erased", "erased"), "one is erased")
    rest = {s: kept for s, kept in before.items() if s != gone}
    it.liar.subjects.clear()
    it.kill()
    it.start()
    until(lambda: it.liar.subjects == rest, "at the start")
    it.liar.subjects.clear()
    it.liar.issue("refresh")
    until(lambda: it.liar.subjects == rest, "when it is asked for")
    full = subject_now(world, "user:d")
    it.liar.full.add(full)
    it.liar.calls.clear()
    post(world, request("r4", 4, requester="user:d"))
    asked = ("PUT", "/v1/subjects/" + full)
    until(lambda: asked in it.liar.calls and ("POST", "/v1/segments") in it.liar.calls[it.liar.calls.index(asked):],
          "one that there is no room for holds nothing up")
    post(world, request("r5", 5, requester="user:e"))
    until(lambda: subject_now(world, "user:e") in it.liar.subjects, "another one is taken")
    check(full not in it.liar.subjects, "that one is not")
    until(lambda: word(world) == "not-taken", "the status says so")
    it.liar.full.clear()
    it.kill()
    it.start()
    until(lambda: full in it.liar.subjects, "after the next start it is")
    until(lambda: word(world) == "told", "and the status")


@alone
def erased(world, it):
    """A directive erases a subject: its key is in no file of the agent, sealed or not, while it runs; views say
    so, the log keeps its bytes and verifies; whoever comes again is somebody else, but a request that is sent
    again is the one that it was, and makes no key; the directive is confirmed, also late, again, and of a
    subject that nobody knows."""
    first = post(world, request("a1", 1, requester=ANNA))
    post(world, request("a2", 2, requester="user:bob"))
    until(lambda: len(it.liar.subjects) == 2, "the region has both")
    subject = next(s for s, kept in it.liar.subjects.items() if kept["name"] == ANNA)
    row = Vault(world).sealed(subject)
    check(holding(world.path("acme"), [row]) != [], "where its key is")
    it.liar.issue("erase", f"subject={subject}")
    until(lambda: rows(world) == {"a1": ("erased", "erased"), "a2": ("open", SUMMARY)}, "the view says so")
    key = bytes.fromhex(it.liar.subjects[subject]["key"])
    for path, _, names in os.walk(world.path("acme")):
        for name in names:
            if os.path.isfile(os.path.join(path, name)):
                with open(os.path.join(path, name), "rb") as file:
                    data = file.read()
                parts = [row[at:at + 24].encode() for at in range(0, len(row) - 24, 24)]
                check(not [p for p in parts if p in data] and key not in data, f"{name} has it still")
    it.kill()
    it.start()
    check(rows(world)["a1"] == ("erased", "erased"), "after kill -9")
    for summary in (SUMMARY, "Other words"):  # nobody knows any more what it said
        check(post(world, request("a1", 1, summary, requester=ANNA)) == dict(first, repeated=True), "sent again")
    for other in (request("a1", 1, requester=ANNA, risk="low"), request("a9", 1, requester=ANNA),
                  dict(request("a1", 1, requester=ANNA), occurred=LATER), request("a2", 2, requester=ANNA)):
        check(post(world, other, 409)["type"].endswith(":fork"), f"{other}")
    last = it.liar.issue("erase", f"subject={subject}")
    for more in ("0" * 32, "f" * 32):
        last = it.liar.issue("erase", f"subject={more}", life_s=-1)
    post(world, request("a3", 3, requester=ANNA))
    until(lambda: len(it.liar.subjects) == 3, "the region has the new one")
    end(it.agent, world, 3 + 3 + 1 + last)  # requests, keys that were put, the one that was deleted
    done = in_log(world, "directive.applied")
    check([(e["payload"]["kind"], e["payload"]["sequence"]) for e in done] == [("erase", n + 1) for n in range(last)],
          f"{done}")
    check(in_log(world, "directive.refused") == [], "none was refused")
    check([e["payload"]["secret"] for e in in_log(world, "secret.deleted")] == ["holdfast.subject." + subject], "once")
    events = in_log(world)
    vault = Vault(world)
    check([subject_of(e) for e in events] == [subject, vault.id_of("user:bob"), vault.id_of(ANNA, 1)], "ids")
    check(personal.unseal(key, "acme", "a1", bytes.fromhex(events[0]["payload"]["personal"])) is not None,
          "the sealed bytes are what they were")
    world.run("log", "verify", world.path("acme", "log"))
    check(holding(world.dir, PLAIN) == [], f"{holding(world.dir, PLAIN)}")


@alone
def no_vault(world, it):
    """Without its vault an agent takes events, but none about a person; what was sealed is shown as locked; it
    erases nothing, and heeds what comes behind that."""
    post(world, request("a1", 1, requester=ANNA))
    it.kill()
    os.rename(world.path("acme", "vault.key"), world.path("aside"))
    it.start()
    answer = post(world, request("a2", 2, requester=ANNA), 503)
    check(answer["type"].endswith(":vault-off") and "vault" in answer["detail"], f"{answer}")
    check(append(world, "acme", 1)[0] == 200, "other events")
    check(rows(world) == {"a1": ("locked", "locked")}, f"{rows(world)}")
    it.liar.issue("erase", "subject=" + "0" * 32)
    it.liar.issue("refresh")
    until(lambda: [e["payload"]["kind"] for e in in_log(world, "directive.applied")] == ["refresh"], "the next one")
    check([(e["payload"]["kind"], e["payload"]["reason"]) for e in in_log(world, "directive.refused")] ==
          [("erase", "unable")], "it says so")
    it.kill()
    os.rename(world.path("aside"), world.path("acme", "vault.key"))
    it.start()
    check(rows(world) == {"a1": ("open", SUMMARY)}, f"{rows(world)}")
    post(world, request("a2", 2, requester=ANNA))
    end(it.agent)
    check([e["payload"]["approval"] for e in in_log(world)] == ["a1", "a2"], "what is in the log")


def events_of(world):
    return local(world, "acme", "GET", "/v1/status")[1]["events"]


@in_region
def whole_way(world, region):
    """A request goes the whole way, to the Hub and its read models, to a mirror, into an audit bundle, and back
    as an answer, over kill -9 of both: no file of any of them has a word of it."""
    options(world, region)
    region.create("acme")
    agent = region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    event = request("a1", 1, requester=ANNA, session=SESSION)
    first = post(world, event)
    agent.kill()
    agent.wait()
    agent = region.run_agent("acme")
    up(world, "acme")
    check(post(world, event) == dict(first, repeated=True), "the same again")
    path = "/v1/tenants/acme/approvals/a1"
    until(lambda: region.call("GET", path)[0] == 200, "it is routed")
    shown = region.json("GET", path)
    check(shown["request"] == first["submission"], "its request is what is in the tenant's log")
    region.json("POST", path + "/decision", {"decision": "denied"})
    until(lambda: local(world, "acme", "GET", "/v1/decisions?from=0&wait_s=1")[1]["decisions"], "the answer came down")
    until(lambda: region.json("GET", "/v1/tenants/acme")["receipt"] == events_of(world), "all is up")
    token = region.json("POST", "/v1/principals", {"principal": "m", "role": "auditor", "kind": "program"}, 201)["token"]
    with open(world.path("m.token"), "w", encoding="ascii") as file:
        file.write(token)
    with open(world.path("trust"), "w", encoding="ascii") as file:
        file.write(region.json("GET", "/v1/region")["log"] + "\n")
    world.run("region", "follow", world.path("mirror"), "--hub", region.url, "--hub-token", world.path("m.token"),
              "--trust", world.path("trust"), "--once")
    check(holding(world.dir, PLAIN) == [], f"running: {holding(world.dir, PLAIN)}")
    end(agent)
    region.hub.terminate()
    check(region.hub.wait(LIMIT) == 0, "the Hub ends, and leaves its memory")
    region.agents.clear()
    world.run("projections", "update", world.path("hub"), "--db", world.path("models.db"))
    world.run("audit", "tenant", world.path("mirror"), "acme", "--out", world.path("bundle"))
    world.run("audit", "verify", world.path("bundle"), "--trust", world.path("trust"))
    check(holding(world.dir, PLAIN) == [], f"ended: {holding(world.dir, PLAIN)}")
    for folder in (world.path("acme", "log"), world.path("hub"), world.path("mirror")):
        search(world, folder, PLAIN)
        search(world, folder, [SESSION], code=1)  # so it would be found


@in_region
def carried(world, region):
    """A server is put back in time, and a request that the region has not follows into the new epoch as it was
    sealed; it opens there, and the same event has its index there."""
    region.create("acme")
    agent = region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    post(world, request("a1", 1, requester=ANNA))
    end(agent, world, 2)
    shutil.copytree(world.path("acme"), world.path("copy"), ignore=shutil.ignore_patterns("*.sock"))
    agent = region.run_agent("acme")
    up(world, "acme")
    for sequence in range(1, 4):
        append(world, "acme", sequence)
    caught_up(region, "acme", 5)
    end(agent)
    shutil.rmtree(world.path("acme"))
    os.rename(world.path("copy"), world.path("acme"))
    agent = region.run_agent("acme")
    until(lambda: local(world, "acme", "GET", "/v1/status") and
          local(world, "acme", "GET", "/v1/status")[1]["state"] == "HALTED", "it notices")
    late = request("a2", 2, requester=ANNA)
    before = post(world, late)
    done = subprocess.run([AGENT, "new-epoch", "--data", world.path("acme"), "--reason", "a test"], env=world.env,
                          capture_output=True, timeout=LIMIT, check=False)
    check(done.returncode == 0, f"{done.stderr}")
    until(lambda: local(world, "acme", "GET", "/v1/status")[1]["epoch"] == 2 and
          local(world, "acme", "GET", "/v1/status")[1]["state"] == "RUNNING", "the next epoch")
    after = post(world, late)
    check(after["repeated"] and after["submission"] == before["submission"], f"{before} {after}")
    check(rows(world)["a2"] == ("open", SUMMARY), f"{rows(world)}")
    end(agent)
    old = [e for e in in_log(world) if e["payload"]["approval"] == "a2"]
    check([e["payload"] for e in in_log(world, folder="log-2") if e["payload"]["approval"] == "a2"] ==
          [e["payload"] for e in old] and len(old) == 1, "as it was sealed")
    check(holding(world.dir, PLAIN) == [], f"{holding(world.dir, PLAIN)}")


harness.main([sealed, again, told, again_told, erased, no_vault, whole_way, carried])
