"""The local table and the lists that fill it."""

from __future__ import annotations

import json
import resource
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from npr_edge.domain import Vehicle
from npr_edge.errors import StoreError
from npr_edge.vehicles import ImportFileError, KnownVehicle, VehicleRegistry, import_vehicles, read_vehicles
from npr_edge.vehicles.plates import bare


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[VehicleRegistry]:
    table = VehicleRegistry(tmp_path / "data")
    yield table
    table.close()


def car(make: str = "BMW") -> Vehicle:
    return Vehicle("local", make=make)


@pytest.mark.parametrize(
    ("written", "compared"),
    [("AB12 CDE", "AB12CDE"), ("ab-12-cde", "AB12CDE"), ("TÖL·X 1", "TOLX1"), ("  ", ""), ("粤B12345", "B12345")],
)
def test_plates_are_compared_by_letters_and_digits(written: str, compared: str) -> None:
    assert bare(written) == compared


def test_what_was_put_is_found_however_it_is_written(registry: VehicleRegistry) -> None:
    vehicle = Vehicle("local", "BMW", "320d", "Black", 2021, "diesel")
    assert registry.put([KnownVehicle("ab12 cde", vehicle)]) == 1
    assert registry.lookup("AB12CDE") == registry.lookup("AB-12-CDE") == vehicle
    assert registry.lookup("AB12CDF") is None
    assert registry.count() == 1


def test_the_later_row_of_a_plate_stays(registry: VehicleRegistry) -> None:
    registry.put([KnownVehicle("A1", car("BMW")), KnownVehicle("A 1", car("Audi"))])
    assert registry.lookup("A1") == car("Audi")
    registry.put([KnownVehicle("A1", car("Fiat"))])
    assert [known.vehicle.make for known in registry.all()] == ["Fiat"]


def test_replacing_all_forgets_the_rest(registry: VehicleRegistry) -> None:
    registry.put([KnownVehicle("A1", car()), KnownVehicle("A2", car())])
    registry.put([KnownVehicle("A3", car())], replace_all=True)
    assert [known.plate for known in registry.all()] == ["A3"]


def test_removing_tells_how_many_were_known(registry: VehicleRegistry) -> None:
    registry.put([KnownVehicle("A1", car()), KnownVehicle("A2", car())])
    assert registry.remove(["a 1", "B9"]) == 1
    assert registry.lookup("A1") is None


def test_all_lists_every_vehicle_by_plate(registry: VehicleRegistry) -> None:
    plates = [f"P{number:05}" for number in range(2_500)]
    registry.put(KnownVehicle(plate, car()) for plate in reversed(plates))
    assert [known.plate for known in registry.all()] == plates


def test_it_outlives_a_restart_and_is_shared(tmp_path: Path) -> None:
    first, second = VehicleRegistry(tmp_path), VehicleRegistry(tmp_path)
    first.put([KnownVehicle("A1", car())])
    assert second.lookup("A1") == car()
    first.close()
    second.close()
    second.close()


def test_lookups_go_on_while_another_process_imports(tmp_path: Path) -> None:
    reader, writer = VehicleRegistry(tmp_path), VehicleRegistry(tmp_path)
    reader.put([KnownVehicle("A1", car("BMW"))])
    under_way, go_on = threading.Event(), threading.Event()

    def rows() -> Iterator[KnownVehicle]:
        for number in range(5_000):
            yield KnownVehicle(f"N{number}", car())
        under_way.set()
        go_on.wait(10)

    thread = threading.Thread(target=writer.put, args=(rows(),), name="import")
    thread.start()
    assert under_way.wait(10)
    assert reader.lookup("A1") == car("BMW")
    assert reader.lookup("N1") is None
    go_on.set()
    thread.join()
    assert reader.lookup("N1") == car()
    reader.close()
    writer.close()


def test_a_damaged_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "vehicles.db").write_bytes(b"not a database, certainly not" * 300)
    with pytest.raises(StoreError, match=r"vehicles\.db cannot be opened"):
        VehicleRegistry(tmp_path)


CSV = "plate,make,model,colour,year,fuel_type\nAB12 CDE,BMW,320d,Black,2021,diesel\nCD34EFG,,,,,\n"
FULL = '{"plate": "AB12 CDE", "make": "BMW", "model": "320d", "colour": "Black", "year": 2021, "fuel_type": "diesel"}'
FULL_AS_TEXT = FULL.replace("2021", '"2021"')
ROWS = [
    KnownVehicle("AB12CDE", Vehicle("local", "BMW", "320d", "Black", 2021, "diesel")),
    KnownVehicle("CD34EFG", Vehicle("local")),
]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", CSV.encode()),
        ("bom.CSV", b"\xef\xbb\xbf" + CSV.encode()),
        ("semicolon.csv", CSV.replace(",", ";").encode()),
        ("tab.csv", CSV.replace(",", "\t").encode()),
        ("windows.csv", CSV.replace("\n", "\r\n").encode()),
        ("case.csv", CSV.replace("plate,make", "Plate, MAKE ").encode()),
        ("short-rows.csv", CSV.replace("CD34EFG,,,,,", "CD34EFG").encode()),
        ("blank-lines.csv", CSV.replace("\nCD", "\n\nCD").encode()),
        ("quoted.csv", CSV.replace("320d", '"320d"').encode()),
        (
            "a.json",
            f'[{FULL}, {{"plate": "CD34EFG", "year": null}}]'.encode(),
        ),
        (
            "a.jsonl",
            f'{FULL_AS_TEXT}\n\n{{"plate": "CD34EFG"}}\n'.encode(),
        ),
    ],
)
def test_lists_of_all_forms_are_read(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert list(read_vehicles(path)) == ROWS


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.txt", b"plate\nA1", "must be a .csv"),
        ("a.csv", b"registration\nA1", "columns are plate, make"),
        ("a.csv", b"plate,owner\nA1,Smith", "owner"),
        ("a.csv", b"plate\n---", "row 1: plate"),
        ("a.csv", b"plate,year\nA1,2021\nA2,soon", "row 2: year"),
        ("a.csv", b"plate,year\nA1,1066", "row 1: year"),
        ("a.csv", b"plate\nA1,BMW", "more cells than the header"),
        ("a.csv", b"plate,make\nA1,\xff\xfe", "not UTF-8"),
        ("a.csv", b"plate,make\nA1," + b"x" * 100_000, "64 KiB"),
        ("a.csv", b"plate,make\nA1," + b"x" * 200, "row 1: make"),
        ("a.json", b'{"plate": "A1"', "not JSON"),
        ("a.json", b"[" * 3, "not JSON"),
        ("a.json", b'["A1"]', "row 1"),
        ("a.json", b'[{"plate": ["A1"]}]', "row 1: plate"),
        ("a.jsonl", b'{"plate": "A1"}\n{"plate"', "broken after row 1"),
        ("a.jsonl", b"[]", "row 1"),
        ("missing.csv", None, "cannot be read"),
    ],
)
def test_a_wrong_list_names_the_place_and_changes_nothing(
    tmp_path: Path, registry: VehicleRegistry, name: str, content: bytes | None, word: str
) -> None:
    registry.put([KnownVehicle("OLD1", car())])
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ImportFileError, match=word):
        import_vehicles(registry, path, replace_all=True)
    assert [known.plate for known in registry.all()] == ["OLD1"]


def test_messages_hold_no_plate(tmp_path: Path, registry: VehicleRegistry) -> None:
    path = tmp_path / "a.csv"
    path.write_text("plate,year\nSECRET1,abc", encoding="utf-8")
    with pytest.raises(ImportFileError) as error:
        import_vehicles(registry, path)
    assert "SECRET1" not in str(error.value)
    assert error.value.__cause__ is None


def test_an_empty_file_is_no_list(tmp_path: Path, registry: VehicleRegistry) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    assert import_vehicles(registry, tmp_path / "a.csv") == 0


def test_progress_reaches_the_end(tmp_path: Path, registry: VehicleRegistry) -> None:
    path = tmp_path / "a.csv"
    path.write_text("plate\n" + "\n".join(f"P{number}" for number in range(5_000)), encoding="utf-8")
    told: list[tuple[int, int]] = []
    assert import_vehicles(registry, path, progress=lambda done, total: told.append((done, total))) == 5_000
    size = path.stat().st_size
    assert told[-1] == (size, size)
    assert len(told) >= 5
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json"])
def test_a_million_rows_take_bounded_memory(tmp_path: Path, registry: VehicleRegistry, suffix: str) -> None:
    path = tmp_path / f"big{suffix}"
    with path.open("w", encoding="utf-8") as file:
        file.write({".csv": "plate,make,year\n", ".json": "["}.get(suffix, ""))
        for number in range(1_000_000):
            row = json.dumps({"plate": f"P{number}", "make": "BMW", "year": 2020})
            if suffix == ".csv":
                file.write(f"P{number},BMW,2020\n")
            else:
                file.write(row + ("\n" if suffix == ".jsonl" else "," if number < 999_999 else "]"))
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert import_vehicles(registry, path) == 1_000_000
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
    assert grown_mb < 64
    assert registry.lookup("P999999") == Vehicle("local", make="BMW", year=2020)
