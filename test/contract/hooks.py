"""What schemathesis is told of this API: who calls, what really exists, and which operations were answered 2xx.

The ground (rows, people, tokens) is kept by the test that started it; it is asked over HTTP before an operation's first case
for a request that succeeds, and for a fresh start where a case may have taken the caller's own session away.
"""

import atexit
import json
import os
import re
import threading
import urllib.error
import urllib.request
import uuid
from collections import Counter, defaultdict

from datetime import datetime

import schemathesis
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

GROUND = os.environ["CONTRACT_GROUND"]
REPORT = os.environ["CONTRACT_REPORT"]

RULES = json.loads(os.environ["CONTRACT_UNTOLD"])

names_project = {}
answers = defaultdict(Counter)
lock = threading.Lock()
state = {"operation": None, "token": None, "sample": None, "spoilt": False}


def ask_ground(operation):
    try:
        with urllib.request.urlopen(f"{GROUND}/{operation}", timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"no ground for {operation}: {error.read().decode()}") from error


def name_of(operation):
    return operation.definition.raw["operationId"]


def is_stateful(case):
    return case.meta is not None and case.meta.phase.name.value == "stateful"


def is_own(operation):
    """About the caller: a success may end the caller's own session."""
    return operation.method.upper() != "GET" and operation.definition.raw.get("security") == [{"session": []}]


def prepare(case):
    """The caller's token; before an operation's first case, and after a spoilt one, everything is as it was."""
    name = name_of(case.operation)
    fresh = state["operation"] != name or state["spoilt"]
    if is_stateful(case):
        fresh = state["token"] is None or state["operation"] is not None
        name = None
    if fresh:
        prepared = ask_ground(name or "nothing")
        state["project"] = prepared["project"]
        if name is not None:
            named = [place for place in ("query", "body") if "projectId" in (prepared[place] or {})]
            names_project[name] = named
        first = name is not None and not answers[name]["2xx"]
        state.update(operation=name, token=prepared["token"], spoilt=False, sample=prepared if first else None)
    return state["token"]


@schemathesis.auth(refresh_interval=None)
class Bearer:
    def get(self, case, ctx):
        with lock:
            return prepare(case)

    def set(self, case, data, ctx):
        if data is not None and case.operation.definition.raw.get("security"):
            case.headers["Authorization"] = f"Bearer {data}"




@schemathesis.hook
def before_call(context, case, kwargs):
    # The gateway cuts a path at an encoded question mark, so that it would be another operation's.
    if any(re.search(r"\?|%3F", str(value)) for value in (case.path_parameters or {}).values()):
        case.path_parameters = {name: re.sub(r"\?|%3F", "_", str(value)) for name, value in case.path_parameters.items()}
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    # One key, one intended effect: the key of an example would have every case after the first answered as that one was.
    if "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    # A cursor is signed by the list that answered it; an invented one is refused, as its description says.
    if case.query and "cursor" in case.query:
        case.query = {name: value for name, value in case.query.items() if name != "cursor"}
    named = names_project.get(name_of(case.operation), [])
    if "query" in named and "projectId" not in (case.query or {}):
        case.query = {**(case.query or {}), "projectId": state["project"]}
    if "body" in named and isinstance(case.body, dict) and "projectId" not in case.body:
        case.body = {**case.body, "projectId": state["project"]}
    sample, state["sample"] = state["sample"], None
    if sample is None or state["operation"] != name_of(case.operation):
        return
    case.path_parameters = sample["path"]
    case.query = sample["query"]
    if sample["body"] is not None:
        case.body = sample["body"]
        case.media_type = "application/json"


@schemathesis.hook
def after_call(context, case, response):
    name = name_of(case.operation)
    # A probe with another method is another operation's.
    if response.request.method != case.operation.method.upper():
        return
    with lock:
        answers[name][f"{response.status_code // 100}xx"] += 1
        answers[name][str(response.status_code)] += 1
        if 200 <= response.status_code < 300 and is_own(case.operation):
            state["spoilt"] = True


@atexit.register
def report():
    with open(REPORT, "w", encoding="utf8") as file:
        json.dump(answers, file)


@schemathesis.check
def unsaid_rule(ctx, response, case):
    """What the schema allows is refused by a code of the operation's own, never as a field that is not valid."""
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE or response.status_code != 422:
        return None
    if name_of(case.operation) in RULES or response.json()["code"] != "invalid_request":
        return None
    raise AssertionError(f"The schema allows what is refused: {response.json()['errors']}")


schemathesis.openapi.format("uuid", st.uuids(version=4).map(str))
schemathesis.openapi.format(
    "date-time",
    st.datetimes(datetime(1970, 1, 2), datetime(9998, 12, 30)).map(lambda at: at.isoformat(timespec="seconds") + "Z"),
)
schemathesis.openapi.format("entity-tag", st.from_regex(r"\"[!#-~]{1,30}\"", fullmatch=True))
schemathesis.openapi.format(
    "visible-text",
    st.text(
        st.characters(
            exclude_categories=("Cc", "Cs", "Zl", "Zp"),
            exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
        )
    ).map(lambda text: "V" + text),
)
schemathesis.openapi.format("iana-time-zone", st.sampled_from(["UTC", "Europe/Berlin", "Asia/Tokyo"]))
