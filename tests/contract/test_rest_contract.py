"""Every row of the REST contract as a test of its own, through real HTTP."""

from __future__ import annotations

import io
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image as Pillow

from npr_edge.access.limits import Limiter
from npr_edge.settings import DvlaSettings, VehiclesSettings, WebSettings
from npr_edge.vehicles import open_directory
from tests.support import fakes
from tests.support.api import LIMIT_HEADERS, LiveApi, live_api
from tests.support.clock import FakeClock
from tests.support.fakes import FakeRecogniser, FakeVehicles, coded_image, coded_jpeg, encoded, plate_of
from tests.support.registries import serving


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def recogniser() -> Iterator[FakeRecogniser]:
    fake = FakeRecogniser()
    yield fake
    fake.release.set()


@pytest.fixture
def api(tmp_path: Path, clock: FakeClock, recogniser: FakeRecogniser) -> Iterator[LiveApi]:
    with live_api(tmp_path, recogniser, clock=clock, vehicles=FakeVehicles()) as live:
        yield live


@pytest.fixture
def key(api: LiveApi) -> str:
    return api.key()


def code_of(response: requests.Response) -> str:
    body = response.json()
    assert body["success"] is False
    assert body["error"]["message"]
    return str(body["error"]["code"])


class TestQuickStart:
    def test_the_curl_command_of_the_quick_start(self, api: LiveApi, key: str, tmp_path: Path) -> None:
        (tmp_path / "plate.jpg").write_bytes(coded_jpeg(fakes.TWO_PLATES))
        command = ["curl", "-sS", "-X", "POST", f"{api.url}/recognise", "-H", f"Authorization: Bearer {key}"]
        done = subprocess.run(
            [*command, "-F", "upload=@plate.jpg"], cwd=tmp_path, check=True, capture_output=True, timeout=30
        )
        body = json.loads(done.stdout)
        assert body["success"] is True
        assert body["results"][0]["plate"] == "AB12 CDE"

    def test_the_curl_command_of_batch(self, api: LiveApi, key: str, tmp_path: Path) -> None:
        fields = []
        for number in (1, 2, 3):
            (tmp_path / f"plate{number}.jpg").write_bytes(coded_jpeg(number))
            fields += ["-F", f"images[]=@plate{number}.jpg"]
        command = ["curl", "-sS", "-X", "POST", f"{api.url}/batch", "-H", f"Authorization: Bearer {key}", *fields]
        done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=30)
        body = json.loads(done.stdout)
        assert [entry["results"][0]["plate"] for entry in body["results"]] == [plate_of(n) for n in (1, 2, 3)]


class TestRecognise:
    def test_answers_every_field_of_the_contract(self, api: LiveApi, key: str) -> None:
        response = api.recognise(key, coded_jpeg(fakes.TWO_PLATES))
        assert response.status_code == 200
        body = response.json()
        assert body["success"] is True
        first = body["results"][0]
        assert first["plate"] == "AB12 CDE"
        assert first["confidence"] == 0.97
        assert first["region"] == "gb"
        assert first["bounding_box"] == {"x": 120, "y": 340, "width": 200, "height": 60}
        assert first["vehicle"]["make"] == "BMW"
        assert first["vehicle"]["colour"] == "Black"
        assert first["vehicle"]["year"] == 2021
        assert first["vehicle"]["fuel_type"] == "petrol"

    def test_results_are_sorted_by_confidence(self, api: LiveApi, key: str) -> None:
        results = api.recognise(key, coded_jpeg(fakes.TWO_PLATES)).json()["results"]
        assert [result["confidence"] for result in results] == [0.97, 0.31]

    def test_vehicle_and_region_are_null_where_unknown(self, api: LiveApi, key: str) -> None:
        second = api.recognise(key, coded_jpeg(fakes.TWO_PLATES)).json()["results"][1]
        assert second["vehicle"] is None
        assert second["region"] is None

    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
    @pytest.mark.parametrize("name", ["plate.jpg", "plate.exe", "плита.png", "../../etc/passwd", "x" * 300])
    def test_the_content_decides_the_type_and_never_the_name(
        self, api: LiveApi, key: str, suffix: str, name: str
    ) -> None:
        response = api.recognise(key, encoded(coded_image(7), suffix), name)
        assert response.json()["results"][0]["plate"] == plate_of(7)

    @pytest.mark.parametrize("size", [70_000, 200_000, 600_000, 3_000_000])
    def test_files_of_every_size_are_taken(self, api: LiveApi, key: str, size: int) -> None:
        image = coded_jpeg(11)
        noise = np.random.default_rng(size).integers(0, 256, size - len(image), dtype=np.uint8).tobytes()
        for files in ({"upload": ("a.jpg", image + noise)}, {"upload": ("a.jpg", image + b"\r\n" * (len(noise) // 2))}):
            response = api.post("/recognise", key, files=files)
            assert response.json()["results"][0]["plate"] == plate_of(11)

    def test_exif_orientation_is_applied_and_boxes_are_upright(self, api: LiveApi, key: str) -> None:
        picture = Pillow.fromarray(coded_image(fakes.TWO_PLATES)[:, :, ::-1]).transpose(Pillow.Transpose.ROTATE_90)
        exif = Pillow.Exif()
        exif[0x0112] = 6
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", exif=exif, quality=95)
        first = api.recognise(key, buffer.getvalue()).json()["results"][0]
        assert first["plate"] == "AB12 CDE"
        assert first["bounding_box"] == {"x": 120, "y": 340, "width": 200, "height": 60}


class TestStatusCodes:
    def test_400_for_what_is_no_image(self, api: LiveApi, key: str) -> None:
        response = api.recognise(key, b"this is no image")
        assert (response.status_code, code_of(response)) == (400, "INVALID_IMAGE")

    def test_400_for_an_unsupported_format(self, api: LiveApi, key: str) -> None:
        buffer = io.BytesIO()
        Pillow.new("RGB", (640, 480)).save(buffer, "GIF")
        response = api.recognise(key, buffer.getvalue(), "plate.jpg")
        assert (response.status_code, code_of(response)) == (400, "INVALID_IMAGE")

    def test_400_for_an_empty_file(self, api: LiveApi, key: str) -> None:
        response = api.recognise(key, b"")
        assert (response.status_code, code_of(response)) == (400, "INVALID_IMAGE")

    def test_400_for_a_cut_off_jpeg(self, api: LiveApi, key: str) -> None:
        response = api.recognise(key, coded_jpeg(1)[:2000])
        assert (response.status_code, code_of(response)) == (400, "INVALID_IMAGE")

    @pytest.mark.parametrize(("size", "status"), [((320, 240), 200), ((319, 240), 400), ((320, 239), 400)])
    def test_400_below_320_by_240(self, api: LiveApi, key: str, size: tuple[int, int], status: int) -> None:
        response = api.recognise(key, coded_jpeg(1, *size))
        assert response.status_code == status
        if status == 400:
            assert code_of(response) == "IMAGE_TOO_SMALL"

    def test_400_for_a_missing_field(self, api: LiveApi, key: str) -> None:
        response = api.post("/recognise", key, files={"image": ("plate.jpg", coded_jpeg(1))})
        assert (response.status_code, code_of(response)) == (400, "INVALID_REQUEST")

    def test_400_for_no_multipart_form(self, api: LiveApi, key: str) -> None:
        for options in ({"data": coded_jpeg(1)}, {"json": {"upload": "x"}}, {"data": {"upload": "x"}}, {}):
            response = api.post("/recognise", key, **options)
            assert (response.status_code, code_of(response)) == (400, "INVALID_REQUEST")

    def test_400_for_a_field_that_is_no_file(self, api: LiveApi, key: str) -> None:
        response = api.post("/recognise", key, files={"upload": (None, "text")})
        assert (response.status_code, code_of(response)) == (400, "INVALID_REQUEST")

    def test_400_for_two_files_in_upload(self, api: LiveApi, key: str) -> None:
        two = [("upload", ("a.jpg", coded_jpeg(1))), ("upload", ("b.jpg", coded_jpeg(2)))]
        response = api.post("/recognise", key, files=two)
        assert (response.status_code, code_of(response)) == (400, "INVALID_REQUEST")

    def test_400_for_too_many_parts(self, api: LiveApi, key: str) -> None:
        parts = [("upload", ("a.jpg", coded_jpeg(1))), *[(f"f{n}", (None, "x")) for n in range(200)]]
        response = api.post("/recognise", key, files=parts)
        assert (response.status_code, code_of(response)) == (400, "INVALID_REQUEST")

    def test_401_alike_for_every_kind_of_wrong_key(self, api: LiveApi, key: str, clock: FakeClock) -> None:
        expired = api.access.keys.create("expired", expires="1h")[0]
        clock.advance(3601)
        revoked = api.key("revoked")
        api.access.keys.revoke("revoked")
        other_scope = api.key("other", scopes=["reads"])
        headers = [
            {},
            {"Authorization": ""},
            {"Authorization": "Bearer"},
            {"Authorization": "Bearer nonsense"},
            {"Authorization": f"Basic {key}"},
            {"Authorization": f"Token {key}"},
            {"Authorization": key},
            {"Authorization": f"Bearer {key} {key}"},
            *[{"Authorization": f"Bearer {wrong}"} for wrong in (expired, revoked, other_scope, key[:-1], key + "x")],
        ]
        answers = [api.post("/recognise", files={"upload": coded_jpeg(1)}, headers=header) for header in headers]
        assert {answer.status_code for answer in answers} == {401}
        assert len({answer.text for answer in answers}) == 1
        assert code_of(answers[0]) == "INVALID_API_KEY"
        assert len({tuple(sorted(set(answer.headers) - {"Date"})) for answer in answers}) == 1

    def test_401_for_a_key_in_the_url(self, api: LiveApi, key: str) -> None:
        for name in ("api_key", "key", "token", "access_token"):
            assert api.get(f"/usage?{name}={key}").status_code == 401

    def test_413_for_more_than_10_mb(self, api: LiveApi, key: str) -> None:
        for size in (10 * 2**20 + 1, 12_000_000):
            response = api.recognise(key, coded_jpeg(1) + bytes(size - len(coded_jpeg(1))))
            assert (response.status_code, code_of(response)) == (413, "IMAGE_TOO_LARGE")

    def test_10_mb_are_taken(self, api: LiveApi, key: str) -> None:
        image = coded_jpeg(9)
        response = api.recognise(key, image + bytes(10 * 2**20 - len(image)))
        assert response.json()["results"][0]["plate"] == plate_of(9)

    def test_422_without_a_plate(self, api: LiveApi, key: str) -> None:
        response = api.recognise(key, coded_jpeg(fakes.NO_PLATE))
        assert (response.status_code, code_of(response)) == (422, "NO_PLATES_FOUND")

    def test_429_beyond_the_limit(self, api: LiveApi) -> None:
        key = api.key("small", limits="2/minute")
        assert [api.recognise(key, coded_jpeg(1)).status_code for _ in range(3)] == [200, 200, 429]
        response = api.recognise(key, coded_jpeg(1))
        assert code_of(response) == "RATE_LIMIT_EXCEEDED"

    def test_500_tells_an_id_that_the_log_has_and_nothing_else(
        self, api: LiveApi, key: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        response = api.recognise(key, coded_jpeg(fakes.FAULT))
        assert (response.status_code, code_of(response)) == (500, "INTERNAL_ERROR")
        assert "secret" not in response.text
        assert response.json()["error"]["id"] in caplog.text

    def test_503_while_the_queue_is_full(self, tmp_path: Path, recogniser: FakeRecogniser) -> None:
        with live_api(tmp_path, recogniser, queue=1) as api:
            key = api.key()
            hold = [threading.Thread(target=api.recognise, args=(key, coded_jpeg(fakes.HOLD))) for _ in range(3)]
            for thread in hold:
                thread.start()
            assert recogniser.holding.wait(10)
            deadline = time.monotonic() + 10
            # Asking before all three have arrived would take the place of one of them and wait with it.
            while api.gate.waiting < 1:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            while (response := api.recognise(key, coded_jpeg(1))).status_code != 503:
                assert time.monotonic() < deadline
            assert code_of(response) == "SERVICE_UNAVAILABLE"
            assert int(response.headers["Retry-After"]) >= 1
            # Everything else is still answered.
            assert api.get("/usage", key).status_code == 200
            recogniser.release.set()
            for thread in hold:
                thread.join(10)
            assert api.recognise(key, coded_jpeg(1)).status_code == 200

    def test_503_without_models(self, tmp_path: Path) -> None:
        with live_api(tmp_path, None) as api:
            response = api.recognise(api.key(), coded_jpeg(1))
            assert (response.status_code, code_of(response)) == (503, "SERVICE_UNAVAILABLE")

    @pytest.mark.parametrize("path", ["/", "/nothing", "/recognise/", "/recognise/x", "//recognise", "/%00", "/%ff"])
    def test_404_is_json(self, api: LiveApi, key: str, path: str) -> None:
        for with_key in (None, key):
            response = api.get(path, with_key)
            assert (response.status_code, code_of(response)) == (404, "NOT_FOUND")

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
    def test_405_is_json(self, api: LiveApi, key: str, method: str) -> None:
        response = api.ask(method, "/recognise", key)
        assert (response.status_code, code_of(response)) == (405, "METHOD_NOT_ALLOWED")
        assert response.headers["Allow"] == "POST"
        assert set(LIMIT_HEADERS) <= set(response.headers)  # to the letter


class TestRateLimits:
    def test_every_answer_to_a_good_key_has_the_three_headers(self, api: LiveApi, key: str) -> None:
        answers = [
            api.recognise(key, coded_jpeg(1)),
            api.recognise(key, coded_jpeg(fakes.NO_PLATE)),
            api.recognise(key, b"no image"),
            api.recognise(key, coded_jpeg(fakes.FAULT)),
            api.recognise(key, bytes(11 * 2**20)),
            api.post("/recognise", key),
            api.get("/recognise", key),
            api.get("/nothing", key),
            api.get("/usage", key),
            api.get("/reads", key),
        ]
        assert {answer.status_code for answer in answers} == {200, 422, 400, 500, 413, 405, 404, 503}
        for answer in answers:
            assert set(LIMIT_HEADERS) <= set(answer.headers), answer.status_code

    def test_the_headers_count_down_and_tell_the_end_to_the_second(self, api: LiveApi, clock: FakeClock) -> None:
        key = api.key("three", limits="3/minute")
        end = int(clock.wall_s()) + 60
        told = []
        for _ in range(4):
            answer = api.recognise(key, coded_jpeg(1))
            told.append(tuple(int(answer.headers[name]) for name in LIMIT_HEADERS))
            clock.advance(5)
        assert told == [(3, 2, end), (3, 1, end), (3, 0, end), (3, 0, end)]
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) == 45
        clock.advance(int(answer.headers["Retry-After"]) - 5)
        assert api.recognise(key, coded_jpeg(1)).status_code == 200

    def test_the_tightest_of_several_windows_is_told(self, api: LiveApi) -> None:
        key = api.key("double", limits="10/minute; 2/day")
        assert api.recognise(key, coded_jpeg(1)).headers["X-RateLimit-Limit"] == "2"

    def test_windows_survive_a_restart(self, tmp_path: Path, clock: FakeClock) -> None:
        with live_api(tmp_path, FakeRecogniser(), clock=clock) as api:
            key = api.key(limits="2/minute")
            assert [api.recognise(key, coded_jpeg(1)).status_code for _ in range(2)] == [200, 200]
        clock.advance(10)
        with live_api(tmp_path, FakeRecogniser(), clock=clock) as api:
            answer = api.recognise(key, coded_jpeg(1))
            assert (answer.status_code, answer.headers["Retry-After"]) == (429, "50")
            clock.advance(51)
            assert api.recognise(key, coded_jpeg(1)).status_code == 200

    def test_exactly_as_many_pass_as_allowed_from_50_clients(self, api: LiveApi) -> None:
        key = api.key("many", limits="120/hour; 1000/day")
        barrier = threading.Barrier(50)
        statuses: list[int] = []

        def client() -> None:
            barrier.wait()
            statuses.extend(api.recognise(key, coded_jpeg(1)).status_code for _ in range(4))

        threads = [threading.Thread(target=client) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (statuses.count(200), statuses.count(429)) == (120, 80)

    def test_failed_authentication_is_limited_per_address(self, api: LiveApi, key: str, clock: FakeClock) -> None:
        statuses = [api.get("/usage", "wrong").status_code for _ in range(61)]
        assert statuses == [401] * 60 + [429]
        assert int(api.get("/usage", "wrong").headers["Retry-After"]) == 60
        assert api.get("/usage", key).status_code == 200
        clock.advance(61)
        assert api.get("/usage", "wrong").status_code == 401


class TestBatch:
    def test_entries_are_what_the_single_call_answers(self, api: LiveApi, key: str) -> None:
        images = [coded_jpeg(5), b"no image", coded_jpeg(fakes.NO_PLATE), coded_jpeg(1, 100, 100), coded_jpeg(6)]
        singles = [api.recognise(key, image).json() for image in images]
        response = api.batch(key, images)
        assert response.status_code == 200
        assert response.json()["success"] is True
        entries = response.json()["results"]
        for answer in [*singles, *entries]:
            answer.pop("processing_ms", None)
        assert entries == singles

    def test_a_fault_in_one_image_stays_its_own(self, api: LiveApi, key: str) -> None:
        images = [coded_jpeg(fakes.FAULT), coded_jpeg(2), coded_jpeg(fakes.FAULT), bytes(10 * 2**20 + 1)]
        entries = api.batch(key, images).json()["results"]
        codes = [entry.get("error", {}).get("code") for entry in entries]
        assert codes == ["INTERNAL_ERROR", None, "INTERNAL_ERROR", "IMAGE_TOO_LARGE"]

    def test_images_without_brackets_are_taken(self, api: LiveApi, key: str) -> None:
        entries = api.batch(key, [coded_jpeg(1), coded_jpeg(2)], field="images").json()["results"]
        assert [entry["results"][0]["plate"] for entry in entries] == [plate_of(1), plate_of(2)]

    def test_empty_misnamed_mixed_or_too_long_batches_are_refused(self, api: LiveApi, key: str) -> None:
        image = ("a.jpg", coded_jpeg(1))
        for files in (
            [("upload", image)],
            [("images[]", image), ("images", image)],
            [("images[]", image)] * 33,
            [("images[]", (None, "text"))],
        ):
            response = api.post("/batch", key, files=files)
            assert (response.status_code, code_of(response)) == (400, "INVALID_REQUEST")
        assert code_of(api.post("/batch", key)) == "INVALID_REQUEST"

    def test_each_image_spends_one_request_and_all_or_none(self, api: LiveApi, recogniser: FakeRecogniser) -> None:
        key = api.key("five", limits="5/minute")
        assert api.batch(key, [coded_jpeg(1)] * 3).headers["X-RateLimit-Remaining"] == "2"
        calls = recogniser.calls
        refused = api.batch(key, [coded_jpeg(1)] * 3)
        assert (refused.status_code, code_of(refused)) == (429, "RATE_LIMIT_EXCEEDED")
        assert refused.headers["X-RateLimit-Remaining"] == "2"
        assert recogniser.calls == calls
        assert api.batch(key, [coded_jpeg(1)] * 2).headers["X-RateLimit-Remaining"] == "0"
        assert api.batch(key, [coded_jpeg(1)]).status_code == 429


class TestVehicles:
    def test_a_slow_registry_does_not_delay_the_answer(self, tmp_path: Path) -> None:
        with serving() as registries:
            dvla = DvlaSettings(enabled=True, base_url=registries.url, timeout_s=20)
            settings, clock = VehiclesSettings(lookup_timeout_ms=100, dvla=dvla), FakeClock()
            directory = open_directory(tmp_path, settings, clock, Limiter(clock))
            registries.hold.clear()
            with live_api(tmp_path, FakeRecogniser(), vehicles=directory) as api:
                started = time.monotonic()
                result = api.recognise(api.key(), coded_jpeg(77)).json()["results"][0]
                assert time.monotonic() - started < 5
            assert registries.arrived.wait(10)
            registries.hold.set()
            directory.close()
        assert (result["plate"], result["vehicle"]) == (plate_of(77), None)

    def test_a_failing_lookup_does_not_fail_the_answer(self, api: LiveApi, key: str) -> None:
        assert api.recognise(key, coded_jpeg(78)).json()["results"][0]["vehicle"] is None

    def test_a_vehicle_is_found_by_its_plate(self, api: LiveApi, key: str) -> None:
        for plate in ("AB12CDE", "ab12 cde", "AB12-CDE"):
            assert api.get(f"/vehicles/{plate}", key).json()["vehicle"]["make"] == "BMW"
        assert code_of(api.get("/vehicles/XX99XXX", key)) == "NOT_FOUND"
        assert code_of(api.get("/vehicles/x;y", key)) == "INVALID_REQUEST"
        assert code_of(api.get("/vehicles/AB12CDE?region=England", key)) == "INVALID_REQUEST"

    def test_without_a_source_it_says_so(self, tmp_path: Path) -> None:
        with live_api(tmp_path, FakeRecogniser()) as api:
            assert code_of(api.get("/vehicles/AB12CDE", api.key())) == "SERVICE_UNAVAILABLE"


class TestKeys:
    def test_revoking_acts_on_the_next_request(self, api: LiveApi, key: str) -> None:
        assert api.get("/usage", key).status_code == 200
        api.access.keys.revoke("test")
        assert api.get("/usage", key).status_code == 401

    def test_rotating_ends_the_old_secret(self, api: LiveApi, key: str) -> None:
        new, _ = api.access.keys.rotate("test")
        assert api.get("/usage", key).status_code == 401
        assert api.get("/usage", new).status_code == 200

    def test_usage_tells_requests_images_and_refusals(self, api: LiveApi) -> None:
        key = api.key("counted", limits="5/day")
        api.recognise(key, coded_jpeg(1))
        api.batch(key, [coded_jpeg(1)] * 3)
        body = api.get("/usage", key).json()
        assert api.get("/usage", key).status_code == 429
        assert body["key"] == {
            "name": "counted",
            "scopes": ["recognise", "reads", "vehicles", "cameras"],
            "limits": "5/day",
            "expires": None,
        }
        assert body["days"] == [{"day": "2027-01-15", "requests": 2, "images": 4, "refused": 0}]


class TestServer:
    def test_nothing_tells_what_runs_here(self, api: LiveApi, key: str) -> None:
        for answer in (api.get("/usage", key), api.get("/nothing"), api.recognise(key, coded_jpeg(fakes.FAULT))):
            text = f"{answer.headers} {answer.text}".lower()
            for word in ("waitress", "werkzeug", "flask", "python", "traceback"):
                assert word not in text

    def test_health_and_metrics_need_no_key_on_loopback(self, api: LiveApi, key: str) -> None:
        root = api.url.removesuffix("/api/v1")
        api.recognise(key, coded_jpeg(42))
        health = requests.get(f"{root}/healthz", timeout=10)
        assert (health.status_code, health.json()) == (200, {"success": True, "status": "ok", "faults": []})
        metrics = requests.get(f"{root}/metrics", timeout=10).text
        assert 'npr_edge_http_requests_total{outcome="200",route="/api/v1/recognise"} 1.0' in metrics
        assert plate_of(42) not in metrics

    def test_the_plate_reader_door_is_shut_by_default(self, api: LiveApi, key: str) -> None:
        root = api.url.removesuffix("/api/v1")
        response = requests.post(
            f"{root}/v1/plate-reader/", headers={"Authorization": f"Token {key}"}, files={"upload": b"x"}, timeout=10
        )
        assert response.status_code == 404

    def test_the_plate_reader_door_speaks_plate_recognizer(self, tmp_path: Path) -> None:
        settings = WebSettings(listen="127.0.0.1:0", plate_reader=True)
        with live_api(tmp_path, FakeRecogniser(), settings=settings) as api:
            url = api.url.removesuffix("/api/v1") + "/v1/plate-reader/"
            headers = {"Authorization": f"Token {api.key()}"}
            image = {"upload": ("car.jpg", coded_jpeg(fakes.TWO_PLATES), "image/jpeg")}
            found = requests.post(url, headers=headers, files=image, data={"camera_id": "gate"}, timeout=10)
            assert found.status_code == 201
            body = found.json()
            first = body["results"][0]
            assert first["box"] == {"xmin": 120, "ymin": 340, "xmax": 320, "ymax": 400}
            assert (first["plate"], first["region"]["code"], first["score"]) == ("ab12cde", "gb", 0.97)
            assert (body["camera_id"], body["version"], body["filename"]) == ("gate", 1, "upload.jpg")
            none = requests.post(url, headers=headers, files={"upload": coded_jpeg(fakes.NO_PLATE)}, timeout=10)
            assert (none.status_code, none.json()["results"]) == (201, [])
            wrong = requests.post(url, headers={"Authorization": "Token no"}, files=image, timeout=10)
            assert (wrong.status_code, set(wrong.json())) == (403, {"detail", "status_code"})
            assert requests.post(url, headers=headers, files={"upload": b"x"}, timeout=10).status_code == 400
