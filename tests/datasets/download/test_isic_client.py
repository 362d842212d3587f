"""The archive's own client against a stand-in of its server, and the Croissant record read by MLCommons' library."""

import importlib.util
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from datasets.download import get
from datasets.download.croissant import RECORD
from tests.datasets.releases import picture

LACKING = [name for name in ("isic_cli", "mlcroissant") if importlib.util.find_spec(name) is None]
PORT = 8000  # where the client looks for a server of its developers (ISIC_DEV)


def taken() -> bool:
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            free.bind(("127.0.0.1", PORT))
        except OSError:
            return True
    return False


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Collection 251 with three images, in the form of the archive's API v2; whatever else is asked for fails."""
    for number in range(3):
        picture(tmp_path / "served" / f"{number}.jpg", number)

    class Archive(BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.partition("?")[0].removeprefix("/api/v2/")
            if path.startswith("/files/"):
                self.answer(Path(tmp_path / "served" / path.rpartition("/")[2]).read_bytes(), "image/jpeg")
            elif path in ANSWERS:
                self.answer(json.dumps(ANSWERS[path]).encode(), "application/json")
            else:
                self.send_error(404)

        def answer(self, content, kind):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    images = [
        {
            "isic_id": f"ISIC_000000{number}",
            "attribution": "Hospital",
            "copyright_license": "CC-BY",
            "metadata": {
                "acquisition": {"image_type": "dermoscopic"},
                "clinical": {"diagnosis_1": said, "diagnosis_3": word, "sex": "female", "age_approx": 50},
            },
            "files": {
                "full": {
                    "url": f"http://127.0.0.1:{PORT}/files/{number}.jpg",
                    "size": (tmp_path / "served" / f"{number}.jpg").stat().st_size,
                }
            },
        }
        for number, (said, word) in enumerate(
            [("Malignant", "Melanoma, NOS"), ("Benign", "Nevus"), ("Benign", "Nevus")]
        )
    ]
    ANSWERS = {
        "collections/251/": {"id": 251, "name": "HIBA", "public": True},
        "images/search/": {"count": len(images), "results": images, "next": None},
        "images/search/size/": {"size": 1000},
        "zip-download/license-file/CC-BY/": "Attribution",
    }
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Archive)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    for name, value in {
        "ISIC_DEV": "1",
        "HTTPS_PROXY": "http://127.0.0.1:9",  # the client asks PyPI for newer versions: nothing leaves this machine
        "NO_PROXY": "127.0.0.1",
        "XDG_DATA_HOME": str(tmp_path / "home"),
        "HOME": str(tmp_path / "home"),
    }.items():
        monkeypatch.setenv(name, value)
    yield images
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.mark.slow
@pytest.mark.skipif(bool(LACKING), reason=f"{', '.join(LACKING)} not installed: pip install -e '.[soak]'")
@pytest.mark.skipif(taken(), reason=f"port {PORT} is taken")
def test_the_client_downloads_a_collection_and_its_record_is_valid_croissant(tmp_path, archive):
    import mlcroissant

    to = tmp_path / "hiba"
    found = get("isic_archive", to, collection=251)
    assert (found.images, found.source) == (3, "isic_archive")
    assert "ISIC_0000002.jpg" in (to / "SHA256SUMS").read_text()
    record = mlcroissant.Dataset(str(to / RECORD))
    assert record.metadata.issues.errors == set()
    rows = list(record.records("images"))
    assert [row["images/image_id"] for row in rows] == [image["isic_id"].encode() for image in archive]
    assert get("isic_archive", to).files == found.files
