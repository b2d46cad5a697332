"""Directives: from an operator to a tenant's agent and back into both logs; what is forged, repeated,
left out, too late or for another is refused."""
import base64
import hashlib
import http.server
import json
import os
import shutil
import ssl
import struct
import subprocess
import threading
import time
import urllib.parse

import harness
import hub as python_agent
import tlog
from harness import Skipped, check
from region import LIMIT, append, caught_up, in_region, until, up


def issue(region, tenant, kind, status=201, **more):
    path = f"/v1/tenants/{tenant}/directives" if tenant else "/v1/directives"
    return region.json("POST", path, dict({"kind": kind, "reason": "a test"}, **more), status)


def outcomes(region, tenant):
    """(what became of it, number, kind or reason) of the tenant's directives, as the region knows."""
    page = region.json("GET", f"/v1/events?segments=1&tenant={tenant}&type=directive.&limit=1000")
    events = [e["event"] for e in page["events"] if "offset" in e]
    return [(e["type"].split(".")[1], e["payload"].get("sequence"),
             e["payload"].get("reason", e["payload"].get("kind"))) for e in events]


def became(region, tenant, wanted):
    until(lambda: outcomes(region, tenant) == wanted,
          f"{tenant}: {wanted}, now {outcomes(region, tenant)}")


def said(world, tenant, text):
    with open(world.path(tenant + ".err"), "rb") as file:
        return file.read().count(text)


@in_region
def applied(world, region):
    """A directive reaches the one it is for, within a second; one for all reaches all; each is done
    once, also when the agent and the Hub are killed; who came later gets only what came later."""
    for tenant in ("one", "two"):
        region.create(tenant)
        region.run_agent(tenant, region.mint(tenant))
    for tenant in ("one", "two"):
        up(world, tenant)
    until(lambda: region.json("GET", "/v1/tenants/one").get("last_heartbeat"), "a heartbeat")
    began = time.monotonic()
    check(issue(region, "one", "refresh")["sequence"] == 1, "the first")
    became(region, "one", [("applied", 1, "refresh")])
    check(time.monotonic() - began < 1.5, f"it took {time.monotonic() - began:.2f} s")
    check(issue(region, "", "refresh")["address"] == "*", "for all")
    check(issue(region, "two", "rotate-key")["sequence"] == 3, "the third")
    became(region, "one", [("applied", 1, "refresh"), ("applied", 2, "refresh")])
    became(region, "two", [("applied", 2, "refresh"), ("applied", 3, "rotate-key")])
    until(lambda: said(world, "two", b"key.rotated") == 1, "the key is rotated")
    listen = region.url.removeprefix("https://")
    for process in (region.hub, region.agents["one"], region.agents["two"]):
        process.kill()
        process.wait()
    region.hub.stdout.close()
    region.start(listen)
    check(issue(region, "one", "refresh")["sequence"] == 4, "the number goes on")
    for tenant in ("one", "two"):
        region.run_agent(tenant)
        up(world, tenant)
    issue(region, "", "refresh")
    became(region, "one", [("applied", n, "refresh") for n in (1, 2, 4, 5)])
    became(region, "two", [("applied", 2, "refresh"), ("applied", 3, "rotate-key"),
                           ("applied", 5, "refresh")])
    region.create("three")
    issue(region, "three", "refresh")  # nobody is there yet
    region.run_agent("three", region.mint("three"))
    up(world, "three")
    issue(region, "", "refresh")
    became(region, "three", [("applied", 6, "refresh"), ("applied", 7, "refresh")])


@in_region
def paused(world, region):
    """Uploads pause as long as they are told to, and nothing is lost."""
    region.create("acme")
    region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    append(world, "acme", 1)
    caught_up(region, "acme", 1)
    issue(region, "acme", "pause-uploads", parameters="seconds=3")
    until(lambda: said(world, "acme", b"directive.applied") == 1, "it is done")
    began = time.monotonic()
    append(world, "acme", 2)
    caught_up(region, "acme", 3)
    check(2 < time.monotonic() - began < 10, f"{time.monotonic() - began:.1f} s")


@in_region
def refused(world, region):
    """What the Hub does not issue; what the agent does not do because it is too late."""
    region.create("acme")
    for body in ({"kind": "reboot"}, {"kind": "pause-uploads"}, {"kind": "refresh", "parameters": "x"},
                 {"kind": "pause-uploads", "parameters": "seconds=3601"},
                 {"kind": "pause-uploads", "parameters": "seconds=0"},
                 {"kind": "refresh", "ttl_s": 0}, {"kind": "refresh", "ttl_s": 700000},
                 {"kind": "refresh", "reason": ""}, {"kind": ""}, {}):
        region.json("POST", "/v1/tenants/acme/directives", dict({"reason": "a test"}, **body), 400)
    region.json("POST", "/v1/tenants/nobody/directives", {"kind": "refresh", "reason": "x"}, 404)
    jo = region.json("POST", "/v1/principals", {"principal": "jo", "role": "operator"}, 201)["token"]
    eve = region.json("POST", "/v1/principals", {"principal": "eve", "role": "auditor"}, 201)["token"]
    body = {"kind": "refresh", "reason": "x"}
    for token, path, status in ((eve, "/v1/tenants/acme/directives", 403), (jo, "/v1/directives", 403),
                                (jo, "/v1/tenants/acme/directives", 201)):
        region.json("POST", path, body, status, token=token)
    check(region.call("GET", "/v1/feed")[0] == 401, "the feed is for agents")
    region.json("POST", "/v1/tenants/acme/suspend", {"reason": "x"})
    issue(region, "acme", "refresh", status=403)
    region.json("POST", "/v1/tenants/acme/resume", {"reason": "x"})
    issue(region, "acme", "refresh", ttl_s=1)
    time.sleep(1.1)  # that it is too late is what is tested
    region.run_agent("acme", region.mint("acme"))
    became(region, "acme", [("applied", 1, "refresh"), ("refused", 2, "expired")])


@in_region
def mirrored(world, region):
    """Another region follows the log as segments: each continues the last one, the root that is
    signed is that of the entries, and a follower that waits gets what is new."""
    for number in range(30):
        region.create(f"t{number}")
    vkey = region.json("GET", "/v1/region")["log"]
    leaves, entries = [], []

    def take(wait_s):
        status, body = region.call("GET", f"/v1/feed/region?from={len(leaves)}&wait_s={wait_s}")
        if status == 204:
            return False
        check(status == 200, f"{status}")
        magic, epoch, first, end, length = struct.unpack(">4sIQQH", body[:26])
        note, bundle = body[26:26 + length], body[26 + length:]
        check((magic, epoch, first) == (b"HFS1", 1, len(leaves)), "the head")
        while bundle:
            size = struct.unpack(">H", bundle[:2])[0]
            entries.append(bundle[2:2 + size])
            leaves.append(tlog.leaf(bundle[2:2 + size]))
            bundle = bundle[2 + size:]
        size, root = tlog.open_checkpoint(vkey, note)[:2]
        check(size == end == len(leaves) and root == tlog.root(leaves), "the root")
        return True
    while take(0):
        pass
    check(len(entries) == region.json("GET", "/v1/region")["size"], "all entries")
    late = threading.Timer(0.3, region.create, ["late"])
    late.start()
    check(take(30), "the follower waits")
    late.join()
    check(b"late" in entries[-1], "it comes with the event")
    raw = world.run("log", "show", world.path("hub"), "--raw").stdout
    check(raw.startswith(b"".join(entries)), "not what the log has")


harness.main([applied, paused, refused, mirrored])
