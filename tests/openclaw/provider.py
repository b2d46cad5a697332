"""tests/openclaw/provider.py: a model provider on loopback that says what its script tells it.

The script is in the user's message itself, as one line of JSON: {"do": [STEP, ...], "say": TEXT}. A step
is a list of tool calls [NAME, ARGUMENTS], made in one answer; after the last step's results came back the
model says TEXT, or with "show": true what the tools answered. A request without a script, such as that of a
heartbeat, follows Provider.unasked once. What it was sent is kept, so that a test can
look for what a model should never see.
"""
import http.server
import json
import threading


def words(content):
    """The text of a message's content."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(part.get("text", "") for part in content if isinstance(part, dict))
    return ""


def script_of(messages):
    """The newest script, and the tool results that came after it."""
    for at in range(len(messages) - 1, -1, -1):
        if messages[at].get("role") != "user":
            continue
        for line in words(messages[at].get("content")).splitlines():
            if line.strip().startswith('{"do"'):
                after = [m for m in messages[at + 1:] if m.get("role") == "tool"]
                return json.loads(line), after
    return None, []


def next_step(messages, unasked):
    """(calls, text): what the model does now. unasked: a list with the script for who has none, which it takes."""
    script, results = script_of(messages)
    if script is None:
        return (unasked.pop()["do"][0], None) if unasked else ([], "nothing to do")
    left = len(results)
    for step in script["do"]:
        if left == 0:
            return step, None
        left -= min(left, len(step))
    if script.get("show"):
        return [], "\n".join(words(m.get("content")) for m in results)
    return [], script.get("say", "done")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer({"object": "list", "data": [{"id": "m-1", "object": "model"}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.seen.append(body)
            number = len(self.server.seen)
        calls, text = next_step(body.get("messages", []), self.server.unasked)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        chunk = {"id": f"answer-{number}", "object": "chat.completion.chunk", "created": 1, "model": "m-1"}

        def put(delta, end=None, **more):
            choice = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": end}]
            line = json.dumps(dict(chunk, choices=choice, **more))
            self.wfile.write(f"data: {line}\n\n".encode())

        put({"role": "assistant", "content": text or ""})
        for index, (name, arguments) in enumerate(calls):
            spelled = json.dumps(arguments)
            half = len(spelled) // 2
            put({"tool_calls": [{"index": index, "id": f"c{number}x{index}", "type": "function",
                                 "function": {"name": name, "arguments": spelled[:half]}}]})
            put({"tool_calls": [{"index": index, "function": {"arguments": spelled[half:]}}]})
        put({}, "tool_calls" if calls else "stop")
        put(None, usage={"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020,
                         "prompt_tokens_details": {"cached_tokens": 100},
                         "completion_tokens_details": {"reasoning_tokens": 7}})
        self.wfile.write(b"data: [DONE]\n\n")

    def answer(self, value):
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Provider:
    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.lock, self.server.seen, self.server.unasked = threading.Lock(), [], []
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def results(self, since=0):
        """What tools answered, as the model was shown it, in requests from number `since` on."""
        with self.server.lock:
            bodies = self.server.seen[since:]
        return [words(m.get("content")) for body in bodies[-1:] for m in body.get("messages", [])
                if m.get("role") == "tool"]

    def shown(self, text):
        """Did the model ever see this text?"""
        with self.server.lock:
            return any(text in json.dumps(body, ensure_ascii=False) for body in self.server.seen)

    def count(self):
        with self.server.lock:
            return len(self.server.seen)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
