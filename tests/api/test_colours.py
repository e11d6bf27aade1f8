"""Colours that a family keeps for a person or a thing, by programs."""

import json

from django.test import Client

UNIFORM = {"name": "Grandfather's uniform", "colour": "#6b6f52"}


def test_programs_keep_them_too(as_editor: Client) -> None:
    def send(how: str, address: str, body: dict[str, str]) -> tuple[int, dict[str, str]]:
        answer = getattr(as_editor, how)(address, json.dumps(body), content_type="application/json")
        return answer.status_code, answer.json()

    status, made = send("post", "/api/v1/colours", UNIFORM | {"colour": "#6B6F52"})
    assert (status, made["colour"]) == (201, "#6b6f52")
    assert send("post", "/api/v1/colours", UNIFORM)[1]["code"] == "colour_name_taken"
    assert send("patch", f"/api/v1/colours/{made['id']}", UNIFORM | {"name": "Uniform"})[1]["name"] == "Uniform"
    assert [each["name"] for each in as_editor.get("/api/v1/colours").json()["items"]] == ["Uniform"]
    assert as_editor.delete(f"/api/v1/colours/{made['id']}").status_code == 204
    assert as_editor.get("/api/v1/colours").json() == {"items": []}
