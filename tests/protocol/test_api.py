"""The API against its own document: every operation with right, missing, wrong and surplus input, by
everybody who may and may not call it; whatever is answered is as described."""
import copy
import hashlib
import json
import re
import time
import urllib.parse

import harness
from artifacts import Release
from harness import check
from hub import Agent, Answer, in_hub, leaf
from notify import Device, PushService
from openapi import Document
from region import until

RANKS = ["viewer", "auditor", "operator", "approver", "admin"]


class Bench:
    """A region with one tenant "acme" whose agent is registered, and the calls that are right."""

    def __init__(self, hub):
        self.release = Release(hub.world)
        hub.world.env["HOLDFAST_RELEASE_KEYS"] = self.release.keys
        hub.kill()
        self.hub, self.document = hub, Document(hub.json("GET", "/v1/openapi.json"))
        self.tokens = {"admin": hub.admin}
        for rank in RANKS[:-1]:
            self.tokens[rank] = hub.json("POST", "/v1/principals",
                                         {"principal": rank, "role": rank}, 201)["token"]
        hub.json("POST", "/v1/tenants", {"tenant": "acme", "ring": "sandbox"}, 201)
        self.agent, self.asker, self.number = Agent("acme"), None, 0
        self.push = None
        request = self.agent.registration(self.mint("acme"))
        self.agent.api_key = hub.json("POST", "/v1/register", request, 201, token="")["api_key"]

    def mint(self, tenant):
        return self.hub.json("POST", f"/v1/tenants/{tenant}/tokens", {"ttl_s": 600}, 201)["token"]

    def fresh(self):
        """A tenant that nothing happened to yet."""
        self.number += 1
        self.hub.json("POST", "/v1/tenants", {"tenant": f"t{self.number}", "ring": "canary"}, 201)
        return f"t{self.number}"

    def registered(self):
        """A fresh tenant whose agent is in."""
        agent = Agent(self.fresh())
        self.hub.json("POST", "/v1/register", agent.registration(self.mint(agent.tenant)), 201, token="")
        return agent.tenant

    def approval(self):
        """A request for approval that waits, of a tenant of its own; gives its path's parameters."""
        if self.asker is None:
            self.asker = Agent("asker")
            self.hub.json("POST", "/v1/tenants", {"tenant": "asker", "ring": "canary"}, 201)
            request = self.asker.registration(self.mint("asker"))
            self.asker.api_key = self.hub.json("POST", "/v1/register", request, 201, token="")["api_key"]
        self.number += 1
        name, digest = f"a{self.number}", hashlib.sha256(b"a").digest()
        request = leaf("approval.requested", 2, f"approval/{name}", {
            "approval": name, "tenant": "asker", "tool": "exec", "risk": "low", "summary": "Look",
            "facts": digest, "action": digest, "policy": "p", "expires": int((time.time() + 600) * 1e6)},
            self.number)
        check(self.hub.call("POST", "/v1/segments", self.asker.segment([request]), raw=True,
                            token=self.asker.api_key).status == 200, "a segment")
        path = f"/v1/tenants/asker/approvals/{name}"
        until(lambda: self.hub.call("GET", path).status == 200, "it is routed")
        return {"tenant": "asker", "approval": name}

    def package(self):
        """An artifact that is not in the region yet."""
        self.number += 1
        path, _ = self.release.make("artifact", b"%d" % self.number, sequence=self.number)
        return self.release.package(path)

    def artifact(self):
        self.hub.json("POST", "/v1/artifacts", self.package(), 201, raw=True)
        return {"digest": hashlib.sha256(b"%d" % self.number).hexdigest()}

    def principal(self):
        self.number += 1
        self.hub.json("POST", "/v1/principals", {"principal": f"p{self.number}", "role": "viewer"}, 201)
        return f"p{self.number}"

    def state(self):
        """Everything that commands change."""
        return [self.hub.json("GET", path)[what] for path, what in (
            ("/v1/tenants", "tenants"), ("/v1/flags", "flags"), ("/v1/cutover", "version"))] + [
            {**row, "last_used": "", "last_address": ""} for row in self.hub.json("GET", "/v1/principals")["principals"]]

    def contact(self, add=True):
        """A contact of the viewer, or the name that one may have; there is room for it."""
        path = "/v1/principals/viewer/contacts"
        for contact in self.hub.json("GET", path)["contacts"][:-5]:
            self.hub.json("DELETE", path + "/" + contact["contact"])
        self.number += 1
        name = f"c{self.number}"
        if add:
            self.hub.json("POST", path, {"contact": name, "address": f"{name}@example.org"}, 201)
            self.settle(name)
        return name

    def settle(self, contact):
        """What is written about bringing a contact its code, is written."""
        until(lambda: [c for c in self.hub.json("GET", "/v1/principals/viewer/contacts")["contacts"]
                       if c["contact"] == contact and "tried" in c], "its code was brought, or not")

    def verification(self):
        """A device that got its code."""
        if self.push is None:
            self.push = PushService()
        device, name = Device(self.push, f"/{self.number}"), self.contact(add=False)
        self.hub.json("POST", "/v1/principals/viewer/contacts",
                      {"contact": name, **device.subscription()}, 201)
        until(device.messages, "the code came")
        code = device.messages()[0]["code"]
        device.close()
        self.settle(name)
        return {"principal": "viewer", "contact": name}, {}, {"code": code}

    def subject(self, keep=True):
        """Parameters of a subject of acme whose key the region keeps, or that it could keep."""
        self.number += 1
        name = f"{self.number:032x}"
        if keep:
            check(self.hub.call("PUT", f"/v1/subjects/{name}", {"key": "ab" * 32, "name": "user:anna"},
                                token=self.agent.api_key).status == 204, "a key")
        return {"tenant": "acme", "subject": name}

    def erased(self):
        params = self.subject()
        self.hub.json("POST", f"/v1/tenants/acme/subjects/{params['subject']}/erase", {"reason": "r"})
        return params

    def suspended(self):
        tenant = self.fresh()
        self.hub.json("POST", f"/v1/tenants/{tenant}/suspend", {"reason": "unpaid"})
        return tenant

    def registration(self):
        tenant = self.fresh()
        return {}, {}, Agent(tenant).registration(self.mint(tenant))

    def right(self, name):
        """Parameters of the path, the query and the body of a call that succeeds."""
        return {
            "agent_heartbeat": lambda: ({}, {}, self.agent.heartbeat()),
            "agent_leaves": lambda: ({}, {"epoch": "1", "first": "0"}, None),
            "agent_register": self.registration,
            "agent_rotate": lambda: ({}, {}, self.agent.rotation()),
            "agent_segment": lambda: ({}, {}, self.agent.segment([b"one", b"two"])),
            "approval_decide": lambda: (self.approval(), {}, {"decision": "denied", "reason": "no"}),
            "approval_seen": lambda: (self.approval(), {}, {"how": "page"}),
            "approval_show": lambda: (self.approval(), {}, None),
            "approvals_list": lambda: ({}, {"state": "pending", "tenant": "asker", "limit": "5"}, None),
            "artifact_add": lambda: ({}, {}, self.package()),
            "artifact_package": lambda: (self.artifact(), {}, None),
            "artifact_show": lambda: (self.artifact(), {}, None),
            "artifacts_list": lambda: ({}, {"slot": "policy", "limit": "5"}, None),
            "contact_add": lambda: ({"principal": "viewer"}, {}, {
                "contact": self.contact(add=False), "address": f"n{self.number}@example.org"}),
            "contact_remove": lambda: ({"principal": "viewer", "contact": self.contact()}, {}, None),
            "contact_verify": self.verification,
            "contacts_list": lambda: ({"principal": "viewer"}, {}, None),
            "cutover_admit": lambda: ({}, {}, {"way": "new-flow", "ring": "sandbox"}),
            "cutover_advance": lambda: ({}, {}, {"step": "freeze-legacy", "evidence": "e", "reason": "r"}),
            "cutover_begin": lambda: ({}, {}, {"reason": "r"}),
            "cutover_revert": lambda: ({}, {}, {"reason": "r"}),
            "directive_issue": lambda: ({"tenant": "acme"}, {}, {
                "kind": "pause-uploads", "parameters": "seconds=60", "ttl_s": 604800, "reason": "r"}),
            "directive_issue_all": lambda: ({}, {}, {"kind": "refresh", "ttl_s": 60, "reason": "r"}),
            "events": lambda: ({}, {"from": "0", "type": "tenant.", "stream": "tenant/acme",
                                    "tenant": "acme", "segments": "1", "limit": "10", "wait_s": "0"}, None),
            "feed_artifact": lambda: (self.artifact(), {}, None),
            "feed": lambda: ({}, {"after": "0", "size": "1", "wait_s": "0"}, None),
            "feed_region": lambda: ({}, {"from": "0", "wait_s": "0", "blobs": "1"}, None),
            "flags_list": lambda: ({}, {"limit": 7}, None),
            "outbox_report": lambda: ({}, {}, {
                "kind": "verify", "principal": "viewer", "contact": self.contact(), "outcome": "failed",
                "status": 500, "patience_s": 60}),
            "outbox_take": lambda: ({}, {}, {"most": 2, "wait_s": 0, "fresh": True}),
            "principals_list": lambda: ({}, {"limit": 7}, None),
            "flag_set": lambda: ({"flag": f"f{self.hub.size()}"}, {}, {
                "value": "on", "scope": "tenant", "subject": "acme", "reason": "r"}),
            "model_rows": lambda: ({"model": "fleet"}, {"key": "acme", "limit": "5"}, None),
            "model_digest": lambda: ({"model": "fleet"}, {}, None),
            "principal_create": lambda: ({}, {}, {"principal": f"n{self.hub.size()}", "role": "viewer",
                                                  "kind": "customer", "tenant": "acme", "ttl_s": 60}),
            "principal_revoke": lambda: ({"principal": self.principal()}, {}, {"reason": "left"}),
            "principal_rotate": lambda: ({"principal": self.principal()}, {}, {"overlap_s": 5}),
            "subject_erase": lambda: (self.subject(), {}, {"reason": "they asked for it"}),
            "subject_erasure": lambda: (self.erased(), {}, None),
            "subject_keep": lambda: (self.subject(keep=False), {}, {"key": "ab" * 32, "name": "user:anna"}),
            "subject_show": lambda: (self.subject(), {}, None),
            "subjects_list": lambda: ({"tenant": "acme"}, {"limit": "5"}, None),
            "tenant_ban": lambda: ({"tenant": self.registered()}, {}, {"reason": "stolen"}),
            "tenant_evict": lambda: ({"tenant": self.registered()}, {}, {"reason": "moved"}),
            "tenant_flags": lambda: ({"tenant": "acme"}, {}, None),
            "tenant_create": lambda: ({}, {}, {"tenant": f"n{self.hub.size()}", "ring": "general",
                                               "region": "dev", "market": "eu", "plan": "gold"}),
            "tenant_decommission": lambda: ({"tenant": self.fresh()}, {}, {"reason": "never-used"}),
            "tenant_move": lambda: ({"tenant": self.fresh()}, {}, {"ring": "general", "reason": "good"}),
            "tenant_resume": lambda: ({"tenant": self.suspended()}, {}, {"reason": "paid"}),
            "tenant_show": lambda: ({"tenant": "acme"}, {"as_of": self.hub.size()}, None),
            "tenant_suspend": lambda: ({"tenant": self.fresh()}, {}, {"reason": "unpaid"}),
            "tenant_token": lambda: ({"tenant": self.fresh()}, {}, {"ttl_s": 604800}),
            "worker_digest": lambda: ({}, {}, {"projection": "fleet_1", "position": 1, "rows": 0,
                                               "digest": "00" * 32}),
            "tenants_list": lambda: ({}, {"ring": "sandbox", "status": "active", "limit": 7}, None),
        }.get(name, lambda: ({}, {}, None))()

    def who(self, name):
        return self.document.operations[name][2]["x-who"]

    def token(self, name):
        who = self.who(name)
        return {"anyone": "", "agent": self.agent.api_key}.get(who) or self.tokens.get(who, "")

    def call(self, name, params, query, body, token=None, method=None):
        """Calls, and checks that the answer is described."""
        verb, path, _ = self.document.operations[name]
        for key, value in params.items():
            path = path.replace("{" + key + "}", value)
        if query:
            path += "?" + (query if isinstance(query, str) else
                           urllib.parse.urlencode(query, quote_via=urllib.parse.quote))
        worker = self.hub.local() if token is None and self.who(name) == "worker" else None
        answer = self.hub.call(method or verb, path, body, connection=worker,
                               token=self.token(name) if token is None else token)
        if worker is not None:
            worker.close()
        if method is None:
            self.document.expect(name, answer)
        return answer


def is_problem(answer, status, name, *words):
    check(answer.status == status and answer.problem() == name and
          all(word in answer.json()["detail"] for word in words),
          f"{answer.status} {answer.body[:300]}, not {status} {name} {words}")


@in_hub
def right(hub):
    """Every operation of the document, called right by the least who may."""
    bench = Bench(hub)
    late = ["cutover_begin", "cutover_advance", "cutover_revert"]  # they close ways for the others
    for name in [n for n in bench.document.operations if n not in late] + late:
        operation = bench.document.operations[name][2]
        if name == "cutover_revert":
            hub.json("POST", "/v1/cutover/advance", {"step": "cleanup-release", "evidence": "e", "reason": "r"})
        answer = bench.call(name, *bench.right(name))
        check(200 <= answer.status < 300, f"{name}: {answer.status} {answer.body[:300]}")
        check(operation["summary"] and operation["x-who"], name)
    listed = {p["type"] for p in hub.json("GET", "/v1/problems")["problems"]}
    enum = bench.document.raw["components"]["schemas"]["problem"]["properties"]["type"]["enum"]
    check(listed == set(enum), "the list of problems")


@in_hub
def strangers(hub):
    """Whoever has no token, an unknown one or too low a role is refused, before anything else."""
    bench = Bench(hub)
    bound = hub.json("POST", "/v1/principals", {"principal": "bound", "role": "operator",
                                                "kind": "program", "tenant": "acme"}, 201)["token"]
    before = bench.state()
    for name, (_, _, operation) in bench.document.operations.items():
        who = operation["x-who"]
        params = {"tenant": "acme", "flag": "new", "principal": "viewer", "model": "fleet",
                  "approval": "a1", "contact": "c1", "digest": "0" * 64, "subject": "0" * 32}
        if who == "anyone":
            continue
        if who == "worker":
            for token in ("", "x", bench.agent.api_key, hub.admin):
                is_problem(bench.call(name, params, {}, b"{", token=token), 403, "not-permitted", "worker")
            continue
        kind = "unknown-agent" if who == "agent" else "unknown-principal"
        for token in ("", "hfp_" + "0" * 64, "hfk_acme_" + "0" * 64, "x"):
            is_problem(bench.call(name, params, {}, b"{" if operation.get("requestBody") else None,
                                  token=token), 401, kind)
        if who == "agent":
            is_problem(bench.call(name, params, {}, b"{", token=hub.admin), 401, kind)
            continue
        is_problem(bench.call(name, params, {}, None, token=bench.agent.api_key), 401, kind)
        for rank in RANKS[:RANKS.index(who)]:
            is_problem(bench.call(name, params, {}, None, token=bench.tokens[rank]), 403,
                       "not-permitted", who)
        if not operation["x-bound"] and RANKS.index(who) <= RANKS.index("operator"):
            is_problem(bench.call(name, params, {}, None, token=bound), 403, "not-permitted", "acme")
    check(bench.state() == before, "a refusal left something")


@in_hub
def worker(hub):
    """On the Hub's own socket a caller is the worker, whatever token it shows: it may call what is for
    anybody and what is declared for it, and nothing else."""
    bench, may = Bench(hub), []
    before = bench.state()
    connection = hub.local()
    for name, (method, path, operation) in bench.document.operations.items():
        if operation["x-who"] == "anyone" and method == "POST":
            continue  # whoever has a registration token
        answer = hub.call(method, re.sub(r"{[a-z]+}", "acme", path), None, connection=connection)
        if operation["x-who"] == "anyone" or "over the Hub's own socket" in operation["description"]:
            may.append(name)
            check(answer.status not in (401, 403), f"{name}: {answer.status} {answer.body[:300]}")
        else:
            is_problem(answer, 403, "not-permitted", "socket is for its worker")
    check("feed_region" in may and "worker_digest" in may and "outbox_take" in may and len(may) < 14, f"{may}")
    is_problem(hub.call("GET", "/v1/feed/region?from=99999", connection=connection), 422, "fork", "entries")
    is_problem(hub.call("POST", "/v1/worker/digests", {"projection": "nothing_1", "position": 1, "rows": 0,
                                                       "digest": "00" * 32}, connection=connection),
               404, "not-found")
    is_problem(hub.call("POST", "/v1/worker/digests", {"projection": "fleet_1", "position": 1 << 40,
                                                       "rows": 0, "digest": "00" * 32},
                        connection=connection), 400, "invalid", "position: ")
    connection.close()
    check(bench.state() == before, "a refusal left something")


def wrong_bodies(bench, name, schema):
    """(body, word of the reason) of requests that break the schema in one place."""
    params, query, body = bench.right(name)
    for member in schema["required"]:
        yield params, query, {k: v for k, v in body.items() if k != member}, f"{member}: is missing"
    for member, inner in schema["properties"].items():
        for value in bench.document.wrong(inner):
            yield params, query, dict(body, **{member: value}), f"{member}: needs "
    yield params, query, dict(body, surplus=1), "surplus: "
    yield params, query, dict(body, **{"\u00fcber": 1}), "a member"
    for raw in (b"", b"{", b"[]", b"null", b"\xff", b"{\"a\":" * 500, b"{}x", b"{\"a\":1,\"a\":2}"):
        yield params, query, raw, ""


@in_hub
def wrong(hub):
    """Every member of every request missing, of the wrong kind, out of bounds, surplus: refused with
    its name, and nothing stays."""
    bench = Bench(hub)
    for name, (method, _, operation) in bench.document.operations.items():
        params, query, body = bench.right(name)
        content = operation.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        cases = list(wrong_bodies(bench, name, schema)) if schema else []
        before = bench.state()
        for params_, query_, body_, word in cases:
            is_problem(bench.call(name, params_, query_, body_), 400, "invalid", word)
        if not operation.get("requestBody") and method != "GET":
            is_problem(bench.call(name, params, query, b"{}"), 400, "invalid", "no body")
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "header":
                continue
            values = [v for v in bench.document.wrong(parameter["schema"]) if isinstance(v, str)]
            for value in values:
                if parameter["in"] == "query":
                    is_problem(bench.call(name, params, dict(query, **{parameter["name"]: value}), body),
                               400, "invalid", parameter["name"] + ": needs ")
                elif value and " " not in value:
                    is_problem(bench.call(name, dict(params, **{parameter["name"]: value}), query, body),
                               400, "invalid", parameter["name"] + ": needs ")
        for text in ("surplus=1", "=", "a", "&", "a=%00", "a=%ff", "x=1&x=2", "a=b+c"):
            is_problem(bench.call(name, params, text, body), 400, "invalid", "query")
        if schema:
            is_problem(bench.call(name, params, query, b" " * 65537), 413, "too-big", "65536")
        check(bench.state() == before, f"{name}: a refusal left something")


@in_hub
def metrics(hub):
    """Prometheus' text form: each series with its kind, once, and nothing of a tenant in it."""
    hub.json("POST", "/v1/tenants", {"tenant": "secretive", "ring": "sandbox"}, 201)
    text = hub.call("GET", "/metrics", token="").body.decode()
    kinds, series = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            check(name not in kinds, f"{name} twice")
            kinds[name] = kind
        elif not line.startswith("# HELP "):
            name, value = line.rsplit(" ", 1)
            check(name not in series and float(value) >= 0, line)
            series[name] = float(value)
    for name in series:
        base = name.split("{")[0]
        check(base in kinds or base.rsplit("_", 1)[0] in kinds, f"{name} has no kind")
    for name in ("holdfast_log_append_total", "holdfast_log_append_errors_total",
                 "holdfast_log_head_position", 'holdfast_projection_position{projection="fleet_1"}',
                 "holdfast_heartbeat_expected", 'holdfast_enrol_tokens{state="open"}',
                 'holdfast_agent_segments_lag_seconds_bucket{le="60"}', "holdfast_agent_segments_lag_seconds_count",
                 'holdfast_pipeline_heartbeat_timestamp_seconds{stage="ingest"}', "holdfast_scrape_duration_seconds",
                 "process_open_fds", "process_resident_memory_bytes", "process_start_time_seconds"):
        check(name in series, name)
    check(re.search(r'^holdfast_build_info\{version="[0-9.]+",commit="([0-9a-f]{12}|unknown)"\} 1$', text, re.M),
          "what runs here")
    buckets = [value for name, value in series.items() if "append_duration_seconds_bucket" in name]
    check(buckets == sorted(buckets) and buckets[-1] == series["holdfast_log_append_total"] > 0,
          f"{buckets}")
    check(series["process_resident_memory_bytes"] > 1e6 and "secretive" not in text, "figures")


@in_hub
def methods(hub):
    """HEAD answers like GET without the body, OPTIONS and 405 name the methods, unknown paths are 404."""
    bench = Bench(hub)
    paths = {}
    for name, (method, path, _) in bench.document.operations.items():
        paths.setdefault(path, []).append(method)
        if method != "GET":
            continue
        got, head = (bench.call(name, *bench.right(name), method=verb) for verb in ("GET", "HEAD"))
        check(head.status == got.status == 200 and head.body == b"", f"{name}: HEAD {head.status}")
        check(int(head.fields["Content-Length"]) > 0 and
              got.fields["Content-Type"] == head.fields["Content-Type"], f"{name}: fields")
    for path, known in paths.items():
        path = re.sub(r"\{[a-z_]+\}", "acme", path)
        allow = set(known) | {"OPTIONS"} | ({"HEAD"} if "GET" in known else set())
        answer = hub.call("OPTIONS", path, token="")
        check(answer.status == 204 and set(answer.fields["Allow"].split(", ")) == allow,
              f"{path}: {answer.status} {answer.fields['Allow']}")
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"} - allow:
            answer = hub.call(method, path)
            check(answer.status == 405 and set(answer.fields["Allow"].split(", ")) == allow,
                  f"{method} {path}: {answer.status}")
            if method != "HEAD":
                is_problem(answer, 405, "method")
    for path in ("/", "/v1", "/v2/tenants", "/v1/tenants/acme/move/x", "//v1/tenants"):
        answer = hub.call("POST", path, {"ring": "canary", "reason": "x"})
        is_problem(answer, 404, "not-found")
    connection = hub.connect()
    connection.putrequest("OPTIONS", "*")
    connection.endheaders()
    check(connection.getresponse().status == 204, "OPTIONS *")
    connection.close()


def pages(hub, query="", things="tenants", **more):
    """All pages of a list; after each one, `more` may do something."""
    names, url = [], f"/v1/{things}?limit=3{query}"
    while url:
        answer = hub.call("GET", url)
        check(answer.status == 200, f"{url}: {answer.status} {answer.body[:200]}")
        page, link = answer.json(), answer.fields.get("Link", "")
        names.append([row[things[:-1]] for row in page[things]])
        check(("next" in page) == bool(link) and page.get("next", "") in link, f"{link} {page.get('next')}")
        url = link.removeprefix("<").removesuffix('>; rel="next"')
        more.get("after", lambda: None)()
    return names


@in_hub
def pagination(hub):
    """Pages hold every tenant once in the order of creation, whatever is created meanwhile and however
    often the Hub is killed; cursors of others are refused."""
    rings = ["sandbox", "canary", "general"]
    created = []

    def create():
        created.append(f"t{len(created)}")
        hub.json("POST", "/v1/tenants", {"tenant": created[-1], "ring": rings[len(created) % 3]}, 201)

    check(pages(hub) == [[]], "no tenants")
    for _ in range(3):
        create()
    check(pages(hub) == [created], "exactly one page")
    for _ in range(7):
        create()
    check(pages(hub) == [created[:3], created[3:6], created[6:9], created[9:]], "pages of three")
    seen = sum(pages(hub, after=lambda: create() if len(created) < 40 else None), [])
    check(len(seen) > 10 and seen == created[:len(seen)], f"{seen} is not the begin of {created}")
    while len(created) < 40:
        create()
    seen = sum(pages(hub, "&ring=canary"), [])
    check(seen == created[0::3], f"{seen}")
    check(sum(pages(hub, after=hub.kill), []) == created, "in the same order after a restart")
    hub.json("POST", "/v1/tenants/t3/suspend", {"reason": "x"})
    check(pages(hub, "&status=suspended") == [["t3"]], "by status")
    check(len(hub.json("GET", "/v1/tenants")["tenants"]) == 40, "100 without a limit")
    cursor = hub.json("GET", "/v1/tenants?limit=3&ring=canary")["next"]
    for query in (f"cursor={cursor}", f"ring=general&cursor={cursor}", f"ring=canary&cursor={cursor}00",
                  f"ring=canary&cursor={cursor[:-2]}", "cursor=" + "00" * 20, "cursor=" + "01" * 20,
                  "limit=0", "limit=1001"):
        is_problem(hub.call("GET", "/v1/tenants?" + query), 400, "invalid")
    hub.json("GET", f"/v1/tenants?ring=canary&cursor={cursor}")
    shown = hub.world.run("tenant", "list", "--json", "--hub", hub.url, "--hub-pin",
                          hub.json("GET", "/v1/region")["tls_pin"], "--hub-token",
                          hub.world.path("hub", "admin.token")).stdout
    check([row["tenant"] for row in json.loads(shown)["tenants"]] == created, "holdfast tenant list")


@in_hub
def other_lists(hub):
    """Principals and flags come in pages as tenants do, and the command line puts them together."""
    known = [row["principal"] for row in hub.json("GET", "/v1/principals")["principals"]]
    for number in range(8):
        hub.json("POST", "/v1/principals", {"principal": f"p{number}", "role": "viewer"}, 201)
        hub.json("POST", f"/v1/flags/f{number}", {"value": "on", "scope": "region", "reason": "r"})
    wanted = {"principals": known + [f"p{n}" for n in range(8)], "flags": [f"f{n}" for n in range(8)]}
    for things, names in wanted.items():
        check(sum(pages(hub, things=things), []) == names, things)
        check(len(pages(hub, things=things)) == (len(names) + 2) // 3, f"pages of three {things}")
        cursor = hub.json("GET", f"/v1/{things}?limit=3")["next"]
        other = "flags" if things == "principals" else "principals"
        is_problem(hub.call("GET", f"/v1/{other}?cursor={cursor}"), 400, "invalid")
        shown = hub.world.run(things[:-1], "list", "--json", "--hub", hub.url, "--hub-pin",
                              hub.json("GET", "/v1/region")["tls_pin"], "--hub-token",
                              hub.world.path("hub", "admin.token")).stdout
        check([row[things[:-1]] for row in json.loads(shown)[things]] == names, f"holdfast {things[:-1]} list")


@in_hub
def conditions(hub):
    """A tag stays while the thing does: 304 for who has it, 412 for who decided on an older one."""
    bench = Bench(hub)

    def show(**fields):
        return hub.call("GET", "/v1/tenants/acme", fields=fields)

    tag = show().fields["ETag"]
    check(re.fullmatch(r'"3-1?-?[0-9-]*"', tag), tag)
    for value in (tag, "W/" + tag, '"x", ' + tag, "*"):
        answer = show(**{"If-None-Match": value})
        check((answer.status, answer.body, answer.fields["ETag"]) == (304, b"", tag), f"{value}")
    for value in ('"x"', '"3"', '""'):
        check(show(**{"If-None-Match": value}).status == 200, value)
    for value in ("x", '"x', "3", '"x" "y"', 'W/x'):
        is_problem(show(**{"If-None-Match": value}), 400, "invalid", "If-None-Match")
    hub.json("POST", "/v1/heartbeat", bench.agent.heartbeat(), token=bench.agent.api_key)
    check(show(**{"If-None-Match": tag}).status == 200, "a heartbeat changes what is shown")

    def move(ring, status, tag):
        answer = hub.call("POST", "/v1/tenants/acme/move", {"ring": ring, "reason": "r"},
                          fields={"If-Match": tag} if tag else {})
        bench.document.expect("tenant_move", answer)
        check(answer.status == status, f"{answer.status} {answer.body[:200]}")
        return answer.fields["ETag"]

    check(move("canary", 200, '"3"') == '"4"', "the version before")
    check(move("general", 412, '"3"') == '"4"', "an older one")
    check(move("general", 412, 'W/"4"') == '"4"', "weak tags never match")
    check(move("canary", 412, '"40"') == '"4"', "412 goes before 409")
    check(move("general", 200, '"1", "4-1-0-1"') == '"5"', "with the rest of the tag")
    check(move("sandbox", 200, "*") == '"6"', "any")
    check(move("canary", 200, None) == '"7"', "none")
    is_problem(hub.call("POST", "/v1/tenants/acme/move", {"ring": "general", "reason": "r"},
                        fields={"If-Match": "7"}), 400, "invalid", "If-Match")
    is_problem(hub.call("POST", "/v1/tenants", {"tenant": "b", "ring": "canary"},
                        fields={"If-Match": '"0"'}), 400, "invalid", "If-Match")
    for path, body in (("/v1/cutover/begin", {"reason": "r"}),
                       ("/v1/flags/new", {"value": "on", "reason": "r"})):
        is_problem(hub.call("POST", path, body, fields={"If-Match": '"1"'}), 412, "changed")
        is_problem(hub.call("POST", path, body, fields={"If-Match": "*"}), 412, "changed")
        answer = hub.call("POST", path, body, fields={"If-Match": '"0"'})
        check((answer.status, answer.fields["ETag"]) == (200, '"1"'), f"{path}: {answer.status}")
    is_problem(hub.call("POST", "/v1/principals/viewer/revoke", {"reason": "r"},
                        fields={"If-Match": '"9"'}), 412, "changed")
    for path in ("/v1/cutover", "/v1/openapi.json"):
        tag = hub.call("GET", path).fields["ETag"]
        check(hub.call("GET", path, fields={"If-None-Match": tag}).status == 304, path)


@in_hub
def past(hub):
    """as_of is the size of the log that an answer is based on, and shows a life as it was."""
    rings, sizes = ["sandbox", "canary", "general"], []
    hub.json("POST", "/v1/tenants", {"tenant": "other", "ring": "sandbox"}, 201)
    before = hub.size()
    hub.json("POST", "/v1/tenants", {"tenant": "acme", "ring": "sandbox"}, 201)
    for number in range(1, 9):
        answer = hub.json("POST", "/v1/tenants/acme/move", {"ring": rings[number % 3], "reason": "r"})
        check(answer["as_of"] == hub.size(), f"{answer}")
        sizes.append(answer["as_of"])
        hub.json("POST", "/v1/tenants/other/move", {"ring": rings[number % 3], "reason": "r"})
    hub.json("POST", "/v1/tenants/acme/suspend", {"reason": "r"})

    def at(size, status=200):
        return hub.json("GET", f"/v1/tenants/acme?as_of={size}", status=status)

    for _ in range(2):
        at(0, 404)
        at(before, 404)
        check((at(before + 1)["version"], at(before + 1)["ring"]) == (1, "sandbox"), "created")
        for number, size in enumerate(sizes, 1):
            shown = at(size)
            check((shown["as_of"], shown["version"], shown["ring"], shown["status"]) ==
                  (size, number + 1, rings[number % 3], "active"), f"{shown}")
        check(at(hub.size())["status"] == "suspended", "now")
        at(hub.size() + 1, 400)
        hub.kill()


@in_hub
def repeated(hub):
    """A command that is sent again with its key is carried out once, also after a kill; it is answered
    as the first time, without the token that was shown; another request with the key is refused."""
    bench = Bench(hub)
    hub.json("POST", "/v1/tenants/acme/move", {"ring": "canary", "reason": "once the cutover begins no sandbox moves"})
    late = ["cutover_begin", "cutover_advance", "cutover_revert"]
    commands = [n for n in bench.document.operations if n not in late] + late
    commands = [n for n in commands if any(
        p["name"] == "Idempotency-Key" for p in bench.document.operations[n][2].get("parameters", []))]
    check(len(commands) > 12 and "tenant_create" in commands, f"{commands}")
    done = {}

    def again(name, key, path, body, token=None):
        answer = hub.call(bench.document.operations[name][0], path, body, fields={"Idempotency-Key": key},
                          token=token)
        bench.document.expect(name, answer)
        return answer

    def written(start):
        return [e["event"]["type"] for e in hub.json("GET", f"/v1/events?from={start}")["events"]]

    for number, name in enumerate(commands):
        if name == "cutover_revert":
            hub.json("POST", "/v1/cutover/advance",
                     {"step": "cleanup-release", "evidence": "e", "reason": "r"})
        params, _, body = bench.right(name)
        path = bench.document.operations[name][1]
        for parameter, value in params.items():
            path = path.replace("{" + parameter + "}", value)
        key = f"{number}-" + "k" * (62 - len(str(number)))
        before = hub.size()
        first = again(name, key, path, body)
        check(first.status in (200, 201) and first.fields["Idempotency-Replayed"] is None,
              f"{name}: {first.status} {first.body[:200]}")
        if name == "contact_add":
            bench.settle(body["contact"])
        made = written(before)[:1]
        size = hub.size()
        second = again(name, key, path, body)
        check((second.status, second.fields["Idempotency-Replayed"]) == (first.status, "true"), name)
        # The Hub itself may go on meanwhile: an answer to an approval is followed by its directive.
        check(made and made[0] not in written(size), f"{name} was carried out twice")
        one, two = ({k: v for k, v in answer.json().items() if k not in ("as_of", "token", "shown_before", "tried", "failing_since")}
                    for answer in (first, second))
        check(one == two and "token" not in second.json(), f"{name}: {one} {two}")
        check(("token" in first.json()) == ("shown_before" in second.json()), name)
        done[name] = (key, path, body, first.status)
    before = bench.state()
    hub.kill()
    for name, (key, path, body, status) in done.items():
        answer = again(name, key, path, body)
        check((answer.status, answer.fields["Idempotency-Replayed"]) == (status, "true"), f"{name}: killed")
        if isinstance(body, bytes):
            is_problem(again(name, key, path, body + b"x"), 422, "key-reused")
            continue
        wrong, why = ({"surplus": 1}, "no body") if body is None else ({**body, "surplus": 1}, "surplus")
        is_problem(again(name, key, path, wrong), 400, "invalid", why)
    check(bench.state() == before, "something was carried out twice")
    key, path, body, _ = done["tenant_move"]
    is_problem(again("tenant_move", key, path, {**body, "reason": "other"}), 422, "key-reused")
    is_problem(again("tenant_move", key, "/v1/tenants/acme/move", body), 422, "key-reused")
    is_problem(again("tenant_suspend", key, "/v1/tenants/acme/suspend", {"reason": "x"}), 422, "key-reused")
    other = again("tenant_move", key, "/v1/tenants/acme/move", {"ring": "general", "reason": "x"},
                  token=bench.tokens["operator"])
    check(other.status == 200 and other.fields["Idempotency-Replayed"] is None, "somebody else's key")
    is_problem(again("tenant_move", "refused", "/v1/tenants/acme/move", {"ring": "general", "reason": "x"}),
               409, "exists")
    hub.json("POST", "/v1/tenants/acme/move", {"ring": "canary", "reason": "x"})
    check(again("tenant_move", "refused", "/v1/tenants/acme/move",
                {"ring": "general", "reason": "x"}).status == 200, "a refusal is not kept")
    for key in ("", "a b", "k" * 65, "\u00fc".encode().decode("latin-1")):
        is_problem(again("tenant_move", key, "/v1/tenants/acme/move", {"ring": "canary", "reason": "x"}),
                   400, "invalid", "Idempotency-Key")


@in_hub
def at_once(hub):
    """The same command from many at the same time is carried out once."""
    hub.json("POST", "/v1/tenants", {"tenant": "acme", "ring": "sandbox"}, 201)
    connections = [hub.connect() for _ in range(16)]
    for connection in connections:
        connection.connect()
    for round_ in range(10):
        ring = ["canary", "sandbox"][round_ % 2]
        for connection in connections:
            connection.request("POST", "/v1/tenants/acme/move", '{"ring": "%s", "reason": "r"}' % ring,
                               {"Authorization": "Bearer " + hub.admin, "Idempotency-Key": f"r{round_}"})
        fresh = 0
        for connection in connections:
            got = connection.getresponse()
            answer = Answer(got.status, got.headers, got.read())
            if answer.status == 409:
                is_problem(answer, 409, "in-progress")
                check(answer.fields["Retry-After"] == "1", "Retry-After")
            else:
                check(answer.status == 200 and answer.json()["ring"] == ring, f"{answer.body}")
                fresh += answer.fields["Idempotency-Replayed"] is None
        shown = hub.json("GET", "/v1/tenants/acme")
        check(fresh == 1 and shown["version"] == round_ + 2, f"{fresh} {shown}")
    for connection in connections:
        connection.close()


@in_hub
def document(hub):
    """What the document says about itself holds: references lead somewhere, ids are used once."""
    raw = hub.json("GET", "/v1/openapi.json")
    doc = Document(raw)
    check(raw["openapi"] == "3.1.0" and raw["info"]["title"] and raw["info"]["version"], "info")
    check(len(doc.operations) == sum(len(m) for m in raw["paths"].values()), "an id twice")

    def walk(value):
        if isinstance(value, dict):
            if "$ref" in value:
                doc.resolve(copy.copy(value))
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
    walk(raw)
    for name, (_, path, operation) in doc.operations.items():
        named = set(re.findall(r"\{([a-z_]+)\}", path))
        check(named == {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}, name)
        check(all("description" in r for r in operation["responses"].values()), name)
        for requirement in operation["security"]:
            check(set(requirement) <= set(raw["components"]["securitySchemes"]), name)


if __name__ == "__main__":
    harness.main([right, strangers, worker, wrong, metrics, methods, pagination, other_lists, conditions, past, repeated,
                  at_once, document])
