"""The compose file and the Dockerfile: as far as they can be held against the site without Docker."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.compose import (
    COMPOSE,
    OURS,
    ROOT,
    Missing,
    copied,
    environment,
    filled_in,
    make_app_folder,
    services,
    stages,
    variables,
    whole,
)
from webapp import stack

SECRETS = ("SECRET_KEY", "POSTGRES_PASSWORD", "BROKER_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY")
READ_BY_UVICORN = {"WEB_CONCURRENCY"}
LEFT_OUT = {
    "DEBUG",  # never on a server
    "HEIRLOOM_DATA", "LOG_FORMAT", "STATIC_ROOT",  # the images set them
    "HEIRLOOM_LEASE_SECONDS", "HEIRLOOM_HEARTBEAT_SECONDS", "HEIRLOOM_HOUSEKEEPING_SECONDS",
    "HEIRLOOM_RESEND_SECONDS", "HEIRLOOM_STANDSTILL_SECONDS", "HEIRLOOM_SLICE_SECONDS",
    "HEIRLOOM_LOOK_SECONDS",  # the machinery's own
    "S3_ADDRESSING_STYLE", "S3_PUBLIC_ENDPOINT", "S3_BUCKET_ORIGINALS", "S3_BUCKET_RESULTS", "S3_BUCKET_MODELS",
}  # fmt: skip
"""What the settings read, and the compose file leaves alone."""


def read_by_settings() -> set[str]:
    """Every name that our code asks the environment for: ``env.kind("NAME")``."""
    found = set()
    for path in (ROOT / "webapp").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "env"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                found.add(str(node.args[0].value))
    return found


def example() -> dict[str, str]:
    """.env.example: what it sets, and what stands in it as a possibility."""
    lines = re.findall(r"^(?:#   )?([A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    return dict(reversed(lines))  # the first one counts: later ones are examples


GIVEN = {name: f"secret-of-{name.lower()}" for name in SECRETS}

# --- The file itself ----------------------------------------------------------------------------------------------


def test_it_keeps_to_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_dockerfile_is_without_fault() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    checked = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, timeout=60, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")


def test_every_service_is_shut_in() -> None:
    for name, service in services().items():
        assert service["user"] not in ("root", "0", "0:0", ""), name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "privileged" not in service, name
        assert service["logging"]["options"]["max-size"], name


def test_only_the_webs_port_is_published_and_on_this_machine_alone_unless_asked() -> None:
    published = {name: service["ports"] for name, service in services().items() if service.get("ports")}
    assert list(published) == ["web"]
    assert filled_in(published["web"], {}) == ["127.0.0.1:8000:8000"]
    assert [name for name, service in services().items() if "outside" in service["networks"]] == ["web"]


def test_every_image_is_pinned_by_a_tag_and_every_volume_has_a_name() -> None:
    volumes: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["volumes"]
    for name, service in services().items():
        assert re.fullmatch(r"[\w./-]+:\d[\w.-]*", service["image"]), name
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in volumes, name
    bases = [words[0] for stage in stages().values() for name, words in stage if name == "FROM"]
    assert all(":" in base for base in bases if base not in stages())


def test_every_service_that_stays_says_whether_it_does_its_work() -> None:
    for name, service in services().items():
        if name == "setup":
            assert service["restart"] == "no"
            assert service["depends_on"] == {
                "database": {"condition": "service_healthy"}, "store": {"condition": "service_healthy"},
            }  # fmt: skip
            continue
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), name
        assert service["restart"] == "unless-stopped", name
        if name in OURS:
            assert service["depends_on"]["setup"]["condition"] == "service_completed_successfully", name
            assert service["depends_on"]["broker"]["condition"] == "service_healthy", name


def test_who_lists_a_whole_storage_has_a_disk_for_the_list() -> None:
    for name in set(OURS) - {"setup"}:
        assert [volume.partition(":")[2] for volume in services()[name]["volumes"]] == ["/data"], name
        assert not [each for each in services()[name]["tmpfs"] if each.startswith("/data")], name


def test_cpu_and_gpu_are_profiles_of_one_worker() -> None:
    cpu, gpu = services()["worker"], services()["worker-gpu"]
    assert (cpu["profiles"], gpu["profiles"]) == (["cpu"], ["gpu"])
    [device] = gpu["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    assert (filled_in(device["count"], {}), filled_in(device["count"], {"HEIRLOOM_TRAIN_DEVICES": "4"})) == ("1", "4")
    assert gpu["build"]["args"] == {"TORCH_INDEX": ""}
    assert filled_in(cpu["build"]["args"], {}) == {"TORCH_INDEX": ""}
    assert filled_in(cpu["build"]["args"], {"TORCH_INDEX": "https://wheels"}) == {"TORCH_INDEX": "https://wheels"}
    different = ("profiles", "image", "build", "deploy")
    assert {k: v for k, v in cpu.items() if k not in different} == {k: v for k, v in gpu.items() if k not in different}
    assert example()["COMPOSE_PROFILES"] == "cpu"


# --- Variables ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", OURS)
def test_every_variable_that_our_services_get_is_read(service: str) -> None:
    unknown = set(services()[service]["environment"]) - read_by_settings()
    assert unknown <= (READ_BY_UVICORN if service == "web" else set())


def test_every_setting_can_be_set_or_is_left_out_on_purpose() -> None:
    assert read_by_settings() - set(services()["web"]["environment"]) == LEFT_OUT


def test_what_it_asks_for_stands_in_the_example_and_the_other_way_round() -> None:
    assert set(example()) - {"COMPOSE_PROFILES"} == variables()


@pytest.mark.parametrize("name", SECRETS)
def test_without_a_secret_it_refuses_to_start_and_names_it(name: str) -> None:
    assert example()[name] == ""
    with pytest.raises(Missing, match=f"Set {name} in .env, see .env.example"):
        filled_in(services(), {**GIVEN, name: ""})


def test_no_secret_of_one_server_reaches_another() -> None:
    knows = {
        "database": {"POSTGRES_PASSWORD"},
        "broker": {"BROKER_PASSWORD"},
        "store": {"S3_ACCESS_KEY", "S3_SECRET_KEY"},
    }
    for service, allowed in knows.items():
        told = str(filled_in(services()[service], GIVEN))
        assert {name for name in SECRETS if GIVEN[name] in told} == allowed


def test_no_secret_is_among_the_arguments_of_a_process() -> None:
    for name, service in services().items():
        told = str(filled_in([service.get("command"), service.get("healthcheck")], GIVEN))
        assert not [secret for secret in SECRETS if GIVEN[secret] in told], name
        assert " -a " not in told, name


def test_the_settings_read_what_it_gives(tmp_path: Path) -> None:
    given = dict.fromkeys(SECRETS, "0123456789abcdef" * 3) | {"HEIRLOOM_MAX_PAGES": "7"}
    code = (
        "from webapp import settings as s; d = s.DATABASES['default']; "
        "print(d['ENGINE'], d['HOST'], s.CELERY_BROKER_URL, s.EMBEDDED_BROKER, "
        "s.STORAGES['originals']['OPTIONS']['endpoint_url'], s.EMAIL_FILE_PATH, s.HEIRLOOM_MAX_PAGES, s.ALLOWED_HOSTS)"
    )
    env = environment("web", given) | {"HEIRLOOM_DATA": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=True
    )
    assert told.stdout.split(maxsplit=7) == [
        "django.db.backends.postgresql", "database", f"redis://:{given['BROKER_PASSWORD']}@broker:6379/0", "False",
        "http://store:8333", str(tmp_path / "mail"), "7", "['localhost', '127.0.0.1']\n",
    ]  # fmt: skip


def test_make_env_fills_in_every_secret_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text((ROOT / ".env.example").read_text())
    command = [str(ROOT / "scripts" / "make-env"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    made = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", (tmp_path / ".env").read_text(), re.MULTILINE))
    secrets = [made[name] for name in (*SECRETS, "METRICS_TOKEN")]
    assert all(re.fullmatch("[0-9a-f]{48}", secret) for secret in secrets)
    assert len(set(secrets)) == len(secrets)
    assert (made["CSRF_TRUSTED_ORIGINS"], made["COMPOSE_PROFILES"]) == ("", "cpu")
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    filled_in(services(), made)
    again = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert (again.returncode, again.stderr) == (1, "There is a .env already; nothing was changed.\n")
    assert "SECRET_KEY=" + made["SECRET_KEY"] in (tmp_path / ".env").read_text()


# --- What the guide says to add ------------------------------------------------------------------------------------


def overrides() -> list[dict[str, dict[str, Any]]]:
    """Each `docker-compose.override.yml` of the guide, by service."""
    blocks = re.findall(r"^```yaml\n(services:.*?)^```", (ROOT / "docs" / "deployment.md").read_text(), re.M | re.S)
    return [yaml.safe_load(block)["services"] for block in blocks]


def test_the_guides_overrides_fit_the_file_and_give_a_way_to_what_they_name() -> None:
    assert len(overrides()) == 3
    for services_of_one in overrides():
        for name, override in services_of_one.items():
            assert set(override) <= {"networks", "ports", "environment"}, name
            assert override["networks"] == ["inside", "outside"], name
            assert set(override.get("environment", {})) <= set(services()[name].get("environment", {})), name
            filled_in(override, GIVEN)
            assert all(re.match(r"10\.0\.0\.1:(\d+):\1$", port) for port in override.get("ports", [])), name


def test_a_server_of_ones_own_is_known_to_all_our_services() -> None:
    [own] = [override for override in overrides() if "setup" in override]
    assert sorted(own) == sorted(OURS)


def test_what_is_fetched_for_a_training_lies_in_the_workers_volume() -> None:
    [cache] = [words[0].removeprefix("XDG_CACHE_HOME=") for name, words in stages()["worker"] if name == "ENV"]
    volume, _, data = services()["worker"]["volumes"][0].partition(":")
    assert Path(cache).is_relative_to(data)
    image = services()["worker"]["image"]
    said = f"`docker run --rm --volume heirloom_{volume}:{data} {image} python -m ml fetch lite0`"
    assert said in (ROOT / "docs" / "training.md").read_text()


# --- Images -------------------------------------------------------------------------------------------------------


def test_every_target_is_built_and_ends_as_a_user_without_rights() -> None:
    for name, service in services().items():
        if build := service.get("build"):
            target = build["target"]
            assert service["image"].startswith(f"heirloom/{target}"), name
            users = [words[0] for instruction, words in whole(target) if instruction == "USER"]
            assert users[-1] == service["user"] == "10001:10001", name


def test_the_web_image_has_neither_torch_nor_the_models() -> None:
    text = str(list(whole("web")))
    assert "worker-packages" not in text
    assert "worker.txt" not in text
    assert not {source for source, _ in copied("web")} & {"ml"}
    assert "torch" not in (ROOT / "requirements" / "web.txt").read_text().split("# ", 1)[1].split("\n", 1)[1]


def test_what_is_copied_exists_and_is_let_through_by_dockerignore() -> None:
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for stage in ("web", "worker", "web-packages", "worker-packages"):
        for source, _ in copied(stage):
            assert (ROOT / source).exists(), source
            assert Path(source).parts[0] in let_through, source


def test_the_web_image_holds_all_that_its_services_import(tmp_path: Path) -> None:
    make_app_folder("web", tmp_path / "app")
    env = {"HEIRLOOM_DATA": str(tmp_path / "data"), "STATIC_ROOT": str(tmp_path / "collected"), "HOME": str(tmp_path)}
    code = (
        "import webapp.asgi, worker.housekeeping, sys; from django.test import Client; "
        "from django.core.management import call_command; "
        "call_command('collectstatic', interactive=False, verbosity=0); call_command('migrate', verbosity=0); "
        "answer = Client(headers={'host': 'localhost', 'accept-language': 'de'}).get('/'); "
        "print(answer.status_code, b'Anmelden' in answer.content, 'ml' in sys.modules, webapp.asgi.__file__)"
    )
    command = [sys.executable, "-B", "-c", code]
    told = subprocess.run(
        command, cwd=tmp_path / "app", env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert told.stdout.split() == ["200", "True", "False", str(tmp_path / "app" / "webapp" / "asgi.py")], told.stderr
    assert (tmp_path / "collected" / "staticfiles.json").exists()


def test_the_parts_of_one_machine_have_the_commands_of_the_services() -> None:
    there = {sys.executable: "python", stack.HOST: "0.0.0.0", "3": "10"}
    for part in stack.parts(8000):
        if part.name != "broker":
            written = [word for word in services()[part.name]["command"] if word != "--quiet"]
            assert [there.get(word, word) for word in part.command] == written, part.name


def test_the_commands_of_the_file_are_those_of_the_images() -> None:
    for stage, service in (("web", "web"), ("worker", "worker")):
        [written] = [words[0] for name, words in stages()[stage] if name == "CMD"]
        assert ast.literal_eval(re.sub(r"\s+", " ", written)) == services()[service]["command"]
