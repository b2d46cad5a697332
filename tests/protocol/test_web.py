"""The Hub's pages: by plain HTTP, and in a real browser of a phone's size."""
import http.client
import re
import ssl
import urllib.parse

import harness
from harness import check
from region import in_region, until, up
from test_approvals import ask, decide, decisions, people, show, start
from webdriver import Browser

ATTACK = ("<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
          "\"'><svg onload=document.title='owned'> {{nonce}} &lt; \u202egnp.exe\u202c\u200b")


class Visitor:
    """What a browser sends, without one."""

    def __init__(self, region):
        self.host = region.url.removeprefix("https://")
        self.origin, self.cookie = region.url, None

    def ask(self, method, path, form=None, **fields):
        connection = http.client.HTTPSConnection(self.host, timeout=60, context=ssl._create_unverified_context())
        fields = {name.replace("_", "-"): value for name, value in fields.items()}
        if form is not None:
            fields.setdefault("Origin", self.origin)
            fields.setdefault("Content-Type", "application/x-www-form-urlencoded")
        if self.cookie:
            fields.setdefault("Cookie", self.cookie)
        connection.request(method, path, None if form is None else urllib.parse.urlencode(form),
                           {k: v for k, v in fields.items() if v is not None})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        cookie = answer.getheader("Set-Cookie")
        if cookie:
            self.cookie = cookie.split(";")[0]
        return answer, text

    def sign_in(self, token, status=303):
        answer, _ = self.ask("POST", "/approvals/sign-in", {"token": token, "next": "/approvals"})
        check(answer.status == status, f"{answer.status}")
        return answer

    def form(self, path):
        answer, text = self.ask("GET", path)
        check(answer.status == 200, f"{path}: {answer.status} {text[:300]}")
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)">', text)), text


@in_region
def plain(world, region):
    """What a browser must be told, and what it may not do: sessions, origins, nonces, roles."""
    start(world, region, "acme", "other")
    ann, vic, bob = people(region, ("ann", "approver", "acme"), ("vic", "viewer", "acme"), ("bob", "approver", "other"))
    for name in ("a-1", "a-2", "a-3"):
        ask(world, "acme", name, reason="Deleting needs a person.", requester="user:x")
    until(lambda: region.json("GET", "/v1/approvals")["pending"] == 3, "they are in the queue")
    page = "/approvals/acme/a-1"

    nobody = Visitor(region)
    for path in ("/approvals", "/approvals/", page, "/approvals/none/none", "/approvals/a/b/c"):
        answer, text = nobody.ask("GET", path)
        check(answer.status == 200 and "Your token" in text and "Delete" not in text, f"{path}: {answer.status}")
        for name, value in (("Content-Security-Policy", "default-src 'none'"), ("Content-Security-Policy",
                            "frame-ancestors 'none'"), ("X-Content-Type-Options", "nosniff"),
                            ("X-Frame-Options", "DENY"), ("Cache-Control", "no-store"),
                            ("Referrer-Policy", "same-origin")):
            check(value in answer.getheader(name), f"{path}: {name}")
        check("unsafe" not in answer.getheader("Content-Security-Policy"), "inline")
        check("<script>" not in text and "style=" not in text and " onclick" not in text, "inline")
    for path, kind in (("/approvals/style.css", "text/css"), ("/approvals/refresh.js", "text/javascript")):
        answer, text = nobody.ask("GET", path)
        check(answer.status == 200 and answer.getheader("Content-Type").startswith(kind) and text, path)
    check(nobody.ask("GET", page, Authorization="Bearer " + ann)[1].count("Your token") == 1, "a token is no session")
    nobody.sign_in("hfp_" + "0" * 64, 401)
    nobody.sign_in("", 401)
    check(nobody.cookie is None, "no cookie for nobody")
    answer, text = nobody.ask("POST", page, {"decision": "approved"})
    check(answer.status == 401 and "not signed in" in text, f"{answer.status}")
    for path in ("//evil.example", "https://evil.example", "/approvals/../v1", "/approvals\r\nX: y", "/approvalsx"):
        answer, _ = Visitor(region).ask("POST", "/approvals/sign-in", {"token": ann, "next": path})
        check(answer.status == 303 and answer.getheader("Location") == "/approvals", f"{path}: {answer.getheader('Location')}")

    visitor = Visitor(region)
    cookie = visitor.sign_in(ann).getheader("Set-Cookie")
    check(cookie.startswith("__Host-holdfast=") and all(part in cookie for part in (
        "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict")) and ann not in cookie, cookie)
    _, text = visitor.ask("GET", "/approvals")
    check("3 wait for an answer" in text and "/approvals/acme/a-2" in text and "Delete the folder a-3" in text, text)
    form, text = visitor.form(page)
    check("Delete the folder a-1" in text and "rm -r x" in text and "destroy-asks" in text and "user:x" in text and
          "Deleting needs a person." in text and "High risk" in text and "s left" in text, text)
    until(lambda: "seen" in show(region, "acme", "a-1"), "it is seen")

    def send(by, where=page, status=409, **more):
        fields = {k: more.pop(k) for k in ("Origin", "Content_Type") if k in more}
        answer, text = by.ask("POST", where, {**form, "decision": "approved", **more}, **fields)
        check(answer.status == status, f"{more} {fields}: {answer.status} {text[:900]}")
        return text

    def waits(name="a-1"):
        check(show(region, "acme", name)["state"] == "pending", "nothing was done")

    for fields in ({"Origin": None}, {"Origin": "null"}, {"Origin": "https://evil.example"}, {"Content_Type": "text/plain"},
                   {"Origin": visitor.origin.replace("https", "http")}):
        send(visitor, status=403, **fields)
    for method in ("GET", "HEAD"):
        visitor.ask(method, page + "?" + urllib.parse.urlencode({**form, "decision": "approved"}))
    waits()
    send(visitor, status=400, decision="perhaps")
    send(visitor, status=400, request="xy")
    send(visitor, nonce="0" * 32)
    send(visitor, "/approvals/acme/a-2")  # the nonce is another page's, and gone with it
    send(visitor)
    waits()
    waits("a-2")
    form, _ = visitor.form(page)
    send(visitor, request="00" * 32)
    form, _ = visitor.form(page)
    second = Visitor(region)
    second.sign_in(ann)
    send(second)  # another session
    check("Approve" not in Visitor(region).ask("GET", page)[1], "nobody")
    text = send(visitor, status=303, reason="fine & <good>")
    check(show(region, "acme", "a-1")["approver"] == "ann", "it is approved")
    check("sent before" in send(visitor), "twice")
    check("Approved by ann" in visitor.form(page)[1] and "decision" not in visitor.form(page)[1], "it is shown")

    watcher, foreign = Visitor(region), Visitor(region)
    watcher.sign_in(vic)
    foreign.sign_in(bob)
    form, text = watcher.form("/approvals/acme/a-2")
    check(form == {} and "needs the role approver" in text, text)
    send(watcher, "/approvals/acme/a-2", 403, nonce="0" * 32, request="00" * 32)
    check(foreign.ask("GET", "/approvals/acme/a-2")[0].status == 404, "another tenant's")
    check("Nothing waits" in foreign.ask("GET", "/approvals")[1], "another tenant's queue")
    form, _ = visitor.form("/approvals/acme/a-2")
    decide(region, "acme", "a-2", "denied")
    check("already denied by admin" in send(visitor, "/approvals/acme/a-2"), "by whom")

    form, _ = visitor.form("/approvals/acme/a-3")
    old = visitor.cookie
    answer, _ = visitor.ask("POST", "/approvals/sign-out", {})
    check(answer.status == 303 and "Max-Age=0" in answer.getheader("Set-Cookie"), "signed out")
    visitor.cookie = old
    send(visitor, "/approvals/acme/a-3", 401)
    region.json("POST", "/v1/principals/ann/revoke", {"reason": "gone"})
    check("Your token" in second.ask("GET", "/approvals")[1], "a session ends with its token")
    for method in ("PUT", "DELETE", "OPTIONS"):
        check(second.ask(method, page)[0].status == 405, method)
    for text in ("a=%", "a=%4", "a=%zz", "a=1&a=2", "a=%00", "a=%ff", "&".join(f"f{i}=1" for i in range(13)), "a=" + "x" * 9000):
        connection = http.client.HTTPSConnection(second.host, timeout=60, context=ssl._create_unverified_context())
        connection.request("POST", page, text, {"Origin": second.origin, "Content-Type": "application/x-www-form-urlencoded"})
        check(connection.getresponse().status in (400, 413), text[:30])
        connection.close()


@in_region
def many(world, region):
    """The queue comes in pages, each has what it says, and no page leads into another tenant's."""
    start(world, region, "acme", "other")
    (bob,) = people(region, ("bob", "approver", "other"))
    ask(world, "other", "own")
    for number in range(120):
        ask(world, "acme", f"q-{number:03}")
    until(lambda: region.json("GET", "/v1/approvals")["pending"] == 121, "they are in the queue")
    visitor, path, found, pages = Visitor(region), "/approvals", [], []
    visitor.sign_in(region.admin)
    while path:
        _, text = visitor.ask("GET", path)
        found += re.findall(r'href="/approvals/acme/(q-\d+)"', text)
        more = re.search(r'href="(/approvals\?cursor=\w+)"', text)
        path = more and more.group(1)
        pages += [path] if path else []
    stranger = Visitor(region)
    stranger.sign_in(bob)
    for page in pages:
        answer, text = stranger.ask("GET", page)
        check(answer.status == 200 and re.findall(r'href="(/approvals/\w+/[\w-]+)"', text) == ["/approvals/other/own"],
              f"somebody else's page: {text[:2000]}")
    cursor = region.json("GET", "/v1/approvals?limit=10")["next"]
    status = region.call("GET", f"/v1/approvals?limit=10&cursor={cursor}", token=bob)[0]
    check(status == 400, f"somebody else's cursor: {status}")
    check(found == [f"q-{n:03}" for n in range(120)], f"{len(found)}")


def signed_in(world, region, name, token, page):
    browser = Browser(world, name)
    try:
        browser.open(region.url + page)
        browser.type("#token", token)
        browser.shoot("sign-in")
        browser.click("button.go")
        until(lambda: browser.has("header"), f"{name} is signed in")
    except BaseException:
        browser.close()
        raise
    return browser


def shows(browser, text):
    """Waits for a text; between two pages there may be neither."""
    def there():
        try:
            return text in browser.text()
        except LookupError:
            return False
    until(there, text)


@in_region
def browser(world, region):
    """A person opens a link on a phone, signs in, reads and approves; denies another; sends twice; sends
    an old form; and comes second."""
    start(world, region, "acme")
    ann, bob = people(region, ("ann", "approver", "acme"), ("bob", "approver", "acme"))
    for number in range(1, 7):
        ask(world, "acme", f"a-{number}", reason="Whatever deletes files is shown to a person first.", requester="user:carla",
            summary="Delete the folder /srv/invoices/2019 with 412 files in it", channel="whatsapp", seconds=600,
            arguments=[{"name": "command", "value": "rm -r /srv/invoices/2019"}, {"name": "token", "value": "[secret 1]"}])
    until(lambda: region.json("GET", "/v1/approvals")["pending"] == 6, "they are in the queue")
    page = signed_in(world, region, "ann", ann, "/approvals/acme/a-1")
    try:
        check(page.url() == region.url + "/approvals/acme/a-1" and page.text("h1").startswith("Delete the folder"), page.url())
        width = page.run("return [document.documentElement.scrollWidth, innerWidth]")
        check(width[0] <= width[1] == 390, f"{width}")
        text = page.text()
        for part in ("rm -r /srv/invoices/2019", "[secret 1]", "user:carla", "whatsapp", "destroy-asks", "min", "High risk"):
            check(part in text, f"{part}: {text}")
        cookie, = page.cookies()
        check(cookie["httpOnly"] and cookie["secure"] and cookie["sameSite"] == "Strict", f"{cookie}")
        page.shoot("request")
        page.type("#reason", "Carla told me")
        page.click("button[value=approved]")
        shows(page, "Approved by ann")
        check(show(region, "acme", "a-1")["state"] == "approved", "it is")
        shows(page, "The agent has the answer")
        page.shoot("approved")

        page.open(region.url + "/approvals")
        check(page.text("h1") == "5 wait for an answer", page.text())
        page.shoot("queue")
        page.click("a[href='/approvals/acme/a-2']")
        until(lambda: page.has("#reason"), "it is shown")
        page.type("#reason", "not now\ue007")  # the Enter key never approves
        shows(page, "Denied by ann")
        page.open(region.url + "/approvals/acme/a-3")
        form = page.run("return Object.fromEntries(new FormData(document.querySelector('form.decide')))")
        page.run("document.querySelector('form.decide').requestSubmit(document.querySelector('button[value=approved]'))")
        shows(page, "Approved by ann")
        resend = ("const f = document.createElement('form'); f.method = 'post'; f.action = arguments[1];"
                  "for (const [k, v] of Object.entries({...arguments[0], decision: 'approved'})) {"
                  "const i = document.createElement('input'); i.name = k; i.value = v; f.append(i); }"
                  "document.body.append(f); f.submit()")
        page.run(resend, form, "/approvals/acme/a-3")
        shows(page, "sent before")
        page.shoot("twice")
        page.click("main a")
        shows(page, "Approved by ann")

        page.open(region.url + "/approvals/acme/a-4")
        form = page.run("return Object.fromEntries(new FormData(document.querySelector('form.decide')))")
        for _ in range(16):  # as many forms as a session keeps
            page.open(region.url + "/approvals/acme/a-5")
        page.run(resend, form, "/approvals/acme/a-4")
        shows(page, "too old")
        check(show(region, "acme", "a-4")["state"] == "pending", "nothing was done")

        page.open(region.url + "/approvals/acme/a-6")
        decide(region, "acme", "a-6", "denied", token=bob)
        page.click("button[value=approved]")
        shows(page, "already denied by bob")
        page.shoot("second")
        page.click("header button")
        until(lambda: page.has("#token"), "signed out")
    finally:
        page.close()


@in_region
def hostile(world, region):
    """Whatever an agent writes is shown and not run: in summaries, arguments, reasons, names of tools'
    sessions and people; without scripts everything works."""
    start(world, region, "acme")
    ask(world, "acme", "x-1", summary=ATTACK, requester=ATTACK[:120], reason=ATTACK, session=ATTACK[:120], channel=ATTACK[:60],
        arguments=[{"name": ATTACK[:60], "value": ATTACK}, {"name": "long", "value": "m" * 256}])
    ask(world, "acme", "x-2")
    until(lambda: region.json("GET", "/v1/approvals")["pending"] == 2, "they are in the queue")
    page = signed_in(world, region, "admin", region.admin, "/approvals/acme/x-1")
    try:
        for path in ("/approvals/acme/x-1", "/approvals"):
            page.open(region.url + path)
            check(page.run("return document.title") in ("Approval", "Approvals"), "it ran")
            check(not page.has("main img, main svg, main script"), "an element came of it")
            check("<script>document.title='owned'</script>" in page.text(), f"{path}: it is shown")
        page.open(region.url + "/approvals/acme/x-1")
        check("[U+202E]gnp.exe[U+202C][U+200B]" in page.text("h1"), page.text("h1"))
        width = page.run("return [document.documentElement.scrollWidth, innerWidth]")
        check(width[0] <= width[1], f"{width}")
        page.shoot("hostile")
        blocked = page.run("const s = document.createElement('script'); s.textContent = \"document.title = 'owned'\";"
                           "document.body.append(s); return document.title")
        check(blocked == "Approval", "the policy of the page blocks what is inline")
        page.block("*/refresh.js")  # all the script that there is, as the page's policy allows no other
        page.open(region.url + "/approvals/acme/x-2")
        page.click("button[value=approved]")
        shows(page, "Approved by admin")
    finally:
        page.close()


if __name__ == "__main__":
    harness.main([plain, many, browser, hostile])
