"""The routes, through ASGI, on fakes."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace

import anyio
import httpx
import pytest
from jsonschema import Draft202012Validator
from serve_fakes import Client, FireClassifier, MemoryStore
from starlette.routing import Route

from textmill.registry import Alias
from textmill.serve import Limits, Service, build_app, openapi

LIMITS = Limits(texts=5, body=200)
PREDICT = "/v1/models/disaster/predict"


class Broken:
    classes = ("a", "b")

    def predict(self, texts):
        raise ZeroDivisionError("secret detail")


def client(load=lambda folder: FireClassifier(), corrupt=(), limits=LIMITS):
    store = MemoryStore({"disaster": [1, 2], "spam": [1]}, corrupt)
    made = Client(build_app(Service(store, load=load), limits))
    made.store = store
    return made


@pytest.fixture
def http():
    return client()


def schema(name):
    return {"$ref": f"#/components/schemas/{name}", "components": openapi()["components"]}


def fault(response, status):
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    Draft202012Validator(schema("Error")).validate(response.json())
    assert "Traceback" not in response.text
    return response.json()["error"]


def test_texts_in_labels_scores_and_version_out(http):
    response = http.post(PREDICT, json={"texts": ["Fire!", "calm"]})
    assert response.status_code == 200
    assert response.json() == {
        "model": "disaster",
        "version": 2,
        "predictions": [
            {"label": "disaster", "scores": {"disaster": 0.9, "other": 0.1}},
            {"label": "other", "scores": {"disaster": 0.2, "other": 0.8}},
        ],
    }


class Unsure(FireClassifier):
    """As the other, but without an answer where it is calm."""

    def predict(self, texts):
        found = super().predict(texts)
        return replace(found, unsure=found.confidence < 0.85)


def test_an_answer_that_is_left_open_is_null():
    response = client(lambda folder: Unsure()).post(PREDICT, json={"texts": ["Fire!", "calm"]})
    assert [one["label"] for one in response.json()["predictions"]] == ["disaster", None]
    assert response.json()["predictions"][1]["scores"] == {"disaster": 0.2, "other": 0.8}
    Draft202012Validator(schema("Answer")).validate(response.json())


def test_one_text_gives_a_list_of_one(http):
    assert len(http.post(PREDICT, json={"text": "Fire!"}).json()["predictions"]) == 1


def test_what_curl_sends_without_a_content_type_is_understood(http):
    response = http.post(
        PREDICT, content=b'{"text": "a"}', headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert response.status_code == 200


def test_a_version_in_the_query_is_used(http):
    assert http.post(PREDICT, params={"version": 1}, json={"text": "a"}).json()["version"] == 1


def test_models_lists_names_and_versions(http):
    assert http.get("/v1/models").json() == {
        "models": [
            {"name": "disaster", "version": 2, "versions": [1, 2], "aliases": {}},
            {"name": "spam", "version": 1, "versions": [1], "aliases": {}},
        ]
    }


def test_health_says_the_versions(http):
    response = http.get("/health")
    assert (response.status_code, response.json()["models"]) == (200, {"disaster": 2, "spam": 1})


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_the_page_is_self_contained(http, path):
    response = http.get(path)
    assert response.headers["content-type"].startswith("text/html")
    for reach in ("http://", "https://", "src=", "@import", "url("):
        assert reach not in response.text
    assert "connect-src 'self'" in response.headers["content-security-policy"]
    for route in openapi()["paths"]:
        assert route in response.text


def test_the_document_names_exactly_the_routes_there_are(http):
    routes = {
        (route.path, method.lower())
        for route in http.app.routes
        if isinstance(route, Route)
        for method in route.methods - {"HEAD"}
    }
    documented = {(path, method) for path, operations in openapi()["paths"].items() for method in operations}
    assert routes == documented


def test_the_document_is_served_with_these_limits(http):
    served = http.get("/openapi.json").json()
    assert served == openapi(LIMITS)
    assert served["components"]["schemas"]["Texts"]["oneOf"][0]["properties"]["texts"]["maxItems"] == 5


def test_every_reference_in_the_document_leads_somewhere():
    document = openapi()

    def walk(value):
        if isinstance(value, dict):
            if "$ref" in value:
                found = document
                for part in value["$ref"].removeprefix("#/").split("/"):
                    found = found[part]
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(document)
    for part in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(part)


@pytest.mark.parametrize(
    ("method", "path", "body", "name"),
    [
        ("POST", PREDICT, {"texts": ["a", "b"]}, "Answer"),
        ("GET", "/v1/models", None, "Models"),
        ("GET", "/v1/models/disaster", None, "Card"),
        ("GET", "/health", None, "Health"),
    ],
)
def test_answers_are_what_the_document_says(http, method, path, body, name):
    response = http.request(method, path, json=body)
    assert response.status_code == 200
    Draft202012Validator(schema(name)).validate(response.json())


@pytest.mark.parametrize("example", ["many", "one"])
def test_the_examples_of_the_document_are_requests_that_work(http, example):
    content = openapi()["paths"]["/v1/models/{name}/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert http.post(PREDICT, json=content["examples"][example]["value"]).status_code == 200


def test_an_empty_list_is_422(http):
    assert fault(http.post(PREDICT, json={"texts": []}), 422)["what"].startswith("the list is empty")


def test_no_json_is_400(http):
    assert fault(http.post(PREDICT, content=b"{"), 400)["what"].startswith("this is no JSON")


def test_not_utf8_is_400(http):
    assert fault(http.post(PREDICT, content='{"text": "né"}'.encode("latin-1")), 400)["where"] == "body"


def test_too_many_texts_are_413(http):
    assert fault(http.post(PREDICT, json={"texts": ["a"] * 6}), 413)["wanted"] == "at most 5"


def test_a_large_body_is_413_by_its_length_alone(http):
    error = fault(http.post(PREDICT, json={"text": "a" * 300}), 413)
    assert (error["what"], error["wanted"]) == ("the body is too large", "at most 200 bytes")


def test_a_large_body_without_a_length_is_413_and_is_not_read_to_its_end(http):
    async def ask():
        read = 0

        async def receive():
            nonlocal read
            read += 1
            return {"type": "http.request", "body": b"x" * 100, "more_body": True}

        messages = []

        async def send(message):
            messages.append(message)

        path = PREDICT.encode()
        scope = {
            "type": "http",
            "method": "POST",
            "path": PREDICT,
            "raw_path": path,
            "query_string": b"",
            "headers": [],
        }
        await http.app(scope | {"asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http"}, receive, send)
        return read, messages

    read, messages = anyio.run(ask)
    assert read == 3
    assert messages[0]["status"] == 413


def test_an_unknown_model_is_404_with_a_suggestion(http):
    error = fault(http.post("/v1/models/disastr/predict", json={"text": "a"}), 404)
    assert error["what"] == "no model is called 'disastr'"
    assert error["hint"] == "Did you mean 'disaster'?"


def test_an_unknown_version_is_404(http):
    assert fault(http.get("/v1/models/disaster?version=7"), 404)["wanted"] == "one of 1, 2"


@pytest.mark.parametrize(
    "path", ["/v1/models/..%2F..%2Fetc/predict", "/v1/models/../predict", "/v1/models/%00/predict"]
)
def test_a_name_cannot_leave_the_store(http, path):
    fault(http.post(path, json={"text": "a"}), 404)


def test_a_bad_version_is_422(http):
    assert fault(http.get("/v1/models/disaster?version=1.0"), 422)["got"] == "'1.0'"


def test_an_alias_in_the_query_is_used_and_an_unknown_one_is_404(http):
    http.store.named["disaster"] = {"champion": Alias(1), "gone": Alias(7)}
    assert http.post(PREDICT, params={"version": "champion"}, json={"text": "a"}).json()["version"] == 1
    card = http.get("/v1/models/disaster?version=champion").json()
    assert (card["version"], card["aliases"]) == (1, {"champion": 1})
    for unknown in ("last", "gone"):
        assert fault(http.get(f"/v1/models/disaster?version={unknown}"), 404)["wanted"] == "one of champion"


def test_a_version_without_a_probe_set_says_so(http):
    assert fault(http.get("/v1/models/disaster/probe"), 404)["what"] == "this version has no probe set"


def test_the_wrong_method_is_405_and_says_which(http):
    response = http.get(PREDICT)
    assert fault(response, 405)["wanted"] == "POST"
    assert response.headers["allow"] == "POST"


def test_an_unknown_path_is_404_and_points_to_the_docs(http):
    assert fault(http.get("/v2"), 404) == {
        "what": "there is nothing here",
        "where": "/v2",
        "wanted": None,
        "got": None,
        "hint": "GET /docs lists the routes.",
    }


def test_a_damaged_store_is_500_in_words():
    error = fault(client(corrupt=["disaster"]).post(PREDICT, json={"text": "a"}), 500)
    assert error["what"] == "weights.npy is not what was written"


def test_a_mistake_of_ours_is_500_and_tells_no_insides():
    response = client(load=lambda folder: Broken()).post(PREDICT, json={"text": "a"})
    assert fault(response, 500)["what"] == "textmill itself failed on this request"
    assert "secret" not in response.text


def test_requests_are_not_logged_unless_asked_for(http, caplog):
    http.post(PREDICT, json={"text": "private words"})
    assert not [record for record in caplog.records if record.name == "textmill.serve"]


def test_a_logged_request_is_one_line_without_the_texts(http, caplog):
    with caplog.at_level(logging.INFO, "textmill.serve"):
        http.post(PREDICT, json={"text": "private words"})
        http.get("/v1/models/a%0Aforged%20line")
    lines = [record.getMessage() for record in caplog.records if record.name == "textmill.serve"]
    assert lines[0].startswith("POST /v1/models/disaster/predict 200 ")
    assert lines[1].startswith("GET /v1/models/a%0Aforged%20line 404 ")
    assert not any("private" in line or "\n" in line for line in lines)


def test_many_requests_at_once_are_answered_each_with_its_own(http):
    async def ask_all():
        transport = httpx.ASGITransport(http.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://mill") as asking:
            answers = [None] * 40

            async def ask(i):
                answers[i] = (
                    await asking.post(PREDICT, json={"texts": ["fire" if i % 3 else "calm"] * (i % 5 + 1)})
                ).json()

            async with anyio.create_task_group() as group:
                for i in range(40):
                    group.start_soon(ask, i)
            return answers

    for i, answer in enumerate(anyio.run(ask_all)):
        assert [p["label"] for p in answer["predictions"]] == ["disaster" if i % 3 else "other"] * (i % 5 + 1)


def test_text_of_any_script_comes_back_in_labels(http):
    raw = json.dumps({"text": "火事 \u0000 🔥"}, ensure_ascii=False).encode()
    assert http.post(PREDICT, content=raw).status_code == 200


def test_a_body_that_stops_coming_is_given_up_in_words():
    app = build_app(
        Service(MemoryStore({"disaster": [1]}, ()), load=lambda folder: FireClassifier()), Limits(patience=0.01)
    )
    sent = []
    parts = [{"type": "http.request", "body": b'{"te', "more_body": True}]

    async def receive():
        if parts:
            return parts.pop()
        return await asyncio.Event().wait()  # never

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": PREDICT,
        "raw_path": PREDICT.encode(),
        "query_string": b"",
        "headers": [(b"content-length", b"50")],
        "http_version": "1.1",
        "scheme": "http",
    }
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 408
    said = json.loads(b"".join(message.get("body", b"") for message in sent))["error"]
    assert said["what"] == "the rest of the body did not come"
    assert said["wanted"] == "a byte every 0.01 seconds"
