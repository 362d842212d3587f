"""`study watch`: one read-only page from the study directory alone."""

import http.client
import threading

import pytest

from study.base.errors import StudyError
from study.pipeline.live_page import live_page, time_left
from study.pipeline.live_server import server
from study.protocol.opening import load_study, start_study
from tests.study.example_study import spec, trial


def test_the_page_shows_every_cell_and_changes_nothing(small_study):
    before = {path: path.stat().st_mtime_ns for path in small_study.rglob("*") if path.is_file()}
    with server(small_study, 0) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        answers = {}
        for path, host in (("/", "127.0.0.1"), ("/spec.yaml", "127.0.0.1"), ("/", "evil.example")):
            connection = http.client.HTTPConnection("127.0.0.1", serving.server_port, timeout=60)
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            answers[path, host] = (answer.status, answer.read().decode())
        serving.shutdown()
    status, page = answers["/", "127.0.0.1"]
    assert status == 200
    assert answers["/spec.yaml", "127.0.0.1"][0] == 404
    assert answers["/", "evil.example"][0] == 403
    for cell in load_study(small_study)[0].cells:
        assert f"{cell.title}: val_auc by epoch" in page
    assert "The search is done" in page
    assert f"The report: <code>{small_study / 'report.html'}</code>" in page
    assert "<polyline" in page
    assert before == {path: path.stat().st_mtime_ns for path in small_study.rglob("*") if path.is_file()}


def test_a_study_without_trials_is_shown_and_gets_no_storage_and_text_is_escaped(tmp_path):
    page = live_page(*start_study(spec(question="<script>1</script>"), tmp_path / "new"))
    assert "<td>prepare</td>" in page
    assert "The report" not in page
    assert "<script>" not in page
    assert not (tmp_path / "new" / "trials.db").exists()


def test_the_end_follows_the_rate():
    import dataclasses

    done = dataclasses.replace(trial("a", 0, [0.5]), started=0.0, ended=60.0)
    assert "about 3 more minutes" in time_left([done], 4)
    assert "cannot be estimated" in time_left([], 4)


def test_no_study_is_one_error(tmp_path):
    with pytest.raises(StudyError):
        server(tmp_path, 0)
