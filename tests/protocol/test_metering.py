"""What tenants use: budgets that come down, are reserved of and are kept to; periods that are over."""
import time

import harness
from harness import check
from region import NOW, in_region, local, meter, one_day, options, until, up


def budgets(world, tenant):
    status, answer = local(world, tenant, "GET", "/v1/budget")
    check(status == 200, f"{status} {answer}")
    return {b["meter"]: b for b in answer["budgets"]}


def reserve(world, tenant, name, status=200, **more):
    got, answer = local(world, tenant, "POST", "/v1/budget/reserve", dict({"reservation": name}, **more))
    check(got == status, f"{got} {answer}")
    return answer.get("verdict")


def rows(region, model, key):
    return region.json("GET", f"/v1/models/{model}?key={key}")["rows"]


def set_budget(world, tenant, **settings):
    more = [text for name, value in settings.items() for text in ("--" + name, str(value))]
    world.run("budget", "set", tenant, "--reason", "for the test", *more)


@in_region
def kept(world, region):
    """A budget is set, reserved of, warns, ends; it is kept to without the Hub and over restarts, and what
    became of it is a read model."""
    today = one_day()
    region.create("acme")
    agent = region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    options(world, region)
    check(reserve(world, "acme", "free", tokens=10**9) == "go", "no budget, no bound")
    check(local(world, "acme", "POST", "/v1/budget/release", {"reservation": "free"})[0] == 200, "released")
    set_budget(world, "acme", limit=2000, period="day", warn=50, action="deny")
    set_budget(world, "acme", meter="requests", limit=3, period="day", action="ask")
    until(lambda: len(budgets(world, "acme")) == 2, "they are there")
    now = budgets(world, "acme")["tokens"]
    check((now["limit"], now["used"], now["reserved"], now["state"]) == (2000, 0, 0, "open"), f"{now}")

    check(reserve(world, "acme", "a", tokens=800, requests=1) == "go", "there is room")
    check(reserve(world, "acme", "b", tokens=800, requests=1) == "warn", "more than half")
    check(reserve(world, "acme", "b", tokens=800, requests=1) == "warn", "sent again, it counts once")
    check(reserve(world, "acme", "c", tokens=800, requests=1) == "deny", "together they would be too much")
    check(budgets(world, "acme")["tokens"]["reserved"] == 1600, "what is denied reserves nothing")
    meter(world, "acme", 99, today, reservation="a")
    now = budgets(world, "acme")["tokens"]
    check((now["used"], now["reserved"]) == (100, 800), f"settled: {now}")
    check(local(world, "acme", "POST", "/v1/budget/release", {"reservation": "b"})[0] == 200, "released")
    check(local(world, "acme", "POST", "/v1/budget/release", {"reservation": "b"})[0] == 404, "once")
    meter(world, "acme", 499, today)
    meter(world, "acme", 500, today)
    check(reserve(world, "acme", "d", tokens=1, requests=1) == "ask", "three requests were made")
    check(reserve(world, "acme", "d", tokens=1, requests=1, agreed=True) == "warn", "a person agreed")
    until(lambda: [b for b in rows(region, "budgets", "acme") if b["level"] == "spent"], "it is told")
    shown = {b["meter"]: b for b in rows(region, "budgets", "acme")}
    check(shown["requests"]["state"] == "applied" and shown["requests"]["used"] == 3, f"{shown}")
    check(shown["tokens"]["level"] == "warned" and shown["tokens"]["amount"] == 2000, f"{shown}")

    region.hub.kill()
    region.hub.wait()
    agent.kill()
    agent.wait()
    agent = region.run_agent("acme")
    up(world, "acme")
    now = budgets(world, "acme")
    check(now["requests"]["state"] == "spent" and now["tokens"]["used"] == 1101, f"{now}")
    check(now["tokens"]["reserved"] == 0, "no request of before is under way")
    check(reserve(world, "acme", "e", tokens=1, requests=1) == "ask", "also without the Hub")
    for bad in ({"reservation": ""}, {"reservation": "x" * 65}, {"reservation": "x", "tokens": -1},
                {"reservation": "x", "tokens": "many"}, {"reservation": "x", "ttl_s": 86401},
                {"reservation": "x", "other": 1}, [], 7):
        got, answer = local(world, "acme", "POST", "/v1/budget/reserve", bad)
        check(got == 400 and "reservation" in answer["detail"] or got == 400 and bad in ([], 7), f"{bad} {answer}")


@in_region
def set_and_removed(world, region):
    """Budgets on the command line, one for all tenants too; bad ones are refused before anything is written."""
    options(world, region)
    for name in ("one", "two"):
        region.create(name)
        region.run_agent(name, region.mint(name))
        up(world, name)
    set_budget(world, "*", limit=5, action="warn")
    for name in ("one", "two"):
        until(lambda name=name: "tokens" in budgets(world, name), f"{name} has it")
    set_budget(world, "one", limit=7, action="deny")
    until(lambda: budgets(world, "one")["tokens"]["limit"] == 7, "the newer one counts")
    world.run("budget", "remove", "one", "--reason", "no more")
    until(lambda: not budgets(world, "one"), "removed")
    check("tokens" in budgets(world, "two"), "only there")
    def listed():
        return world.run("budget", "list").stdout.decode()
    until(lambda: "none" in listed(), "it is shown so")
    check("THEN" in listed() and "two" not in listed(), listed())
    before = region.json("GET", "/v1/region")["size"]
    for bad in ("meter=tokens,period=month,limit=x,warn=1,action=ask", "meter=tokens", ""):
        region.json("POST", "/v1/tenants/one/directives",
                    {"kind": "budget", "parameters": bad, "reason": "r"} if bad else
                    {"kind": "budget", "reason": "r"}, 400)
    until(lambda: region.json("GET", "/v1/region")["size"] >= before, "refusals are events")
    world.run("budget", "set", "one", "--limit", "0", "--reason", "r", code=2)
    world.run("budget", "set", "nobody", "--limit", "1", "--reason", "r", code=3)


@in_region
def periods(world, region):
    """Periods that are over are marked, each once and in order, also after a restart; the region agrees, and
    what comes later changes nothing of them."""
    hour = int(time.time()) // 3600 * 3600
    def at(back, second=0):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(hour - 3600 * back + second))
    region.create("acme")
    agent = region.run_agent("acme", region.mint("acme"), meter_period="hour")
    up(world, "acme")
    for number in range(1, 11):
        meter(world, "acme", number, occurred=at(5 if number < 6 else 3, number))
    def marked():
        return rows(region, "metering", "acme")
    last = hour - 3600 if time.time() % 3600 > 65 else hour - 7200
    wanted = (last - (hour - 5 * 3600)) // 3600 + 1
    until(lambda: len(marked()) >= wanted, "they are marked")
    got = marked()
    check([row["start"] for row in got[:wanted]] == [at(back).replace("Z", ".000000Z") for back in
                                                     range(5, 5 - wanted, -1)], f"{got}")
    check(all(row["agrees"] == 1 for row in got), f"{got}")
    check([(row["requests"], row["tokens"]) for row in got[:3]] == [(5, 20), (0, 0), (5, 45)], f"{got}")
    agent.kill()
    agent.wait()
    region.run_agent("acme", meter_period="hour")
    up(world, "acme")
    meter(world, "acme", 11, occurred=at(3, 30))
    meter(world, "acme", 12)
    until(lambda: region.json("GET", "/v1/tenants/acme")["receipt"] == 12 + len(marked()), "nothing is marked again")
    starts = [row["start"] for row in marked()]
    check(starts == sorted(set(starts)), f"each once: {starts}")
    check(marked()[:wanted] == got[:wanted], "what was said stays")


@in_region
def records(world, region):
    """Nonsense is no usage: other tenants', negative, broken, too big; and a record from before there were
    clocks has no more than the last hundred periods marked."""
    region.create("acme")
    region.run_agent("acme", region.mint("acme"), meter_period="month")
    up(world, "acme")
    good = {"tenant": "acme", "provider": "p", "model": "m", "request": "r", "input_tokens": 7, "output_tokens": 1,
            "cached_tokens": 0, "source": "wrapper", "cost": 5, "currency": "EUR", "latency": 1}
    for member, value in (("tenant", "other"), ("input_tokens", -1), ("input_tokens", 1.5), ("input_tokens", None),
                          ("output_tokens", 1 << 53), ("cost", -5), ("currency", "eur"), ("source", "me")):
        event = {"type": "metering.recorded", "producer": "test", "sequence": 1, "occurred": NOW,
                 "payload": {**good, member: value}}
        status, answer = local(world, "acme", "POST", "/v1/events", event)
        check(status == 400 and member in answer["detail"], f"{member} {value}: {status} {answer}")
    meter(world, "acme", 1, occurred="1970-01-01T00:00:00Z")
    until(lambda: len(rows(region, "metering", "acme")) >= 99, "they are marked")
    got = rows(region, "metering", "acme")
    check(len(got) <= 101 and got[0]["requests"] == 0 and all(row["agrees"] == 1 for row in got), f"{got[:2]}")


harness.main([kept, set_and_removed, periods, records])
