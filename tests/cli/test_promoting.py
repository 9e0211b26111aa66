"""`textmill models promote`, `rollback`, `aliases`, `approve`, and `textmill audit`."""

from __future__ import annotations

import json

import pytest

from textmill.flow import parity
from textmill.registry import Store


@pytest.fixture
def two(project, textmill):
    """The project with a second version."""
    mill = project / "mill.toml"
    mill.write_text(mill.read_text() + "\n[model]\nC = 3.0\n", encoding="utf-8")
    assert textmill("run", "alarm").exit_code == 0
    return project


@pytest.fixture
def same_everywhere(monkeypatch):
    """No process is started; what is compared has tests of its own."""
    monkeypatch.setattr(parity, "check_parity", lambda *_: ([], ["in a test"], []))


def words(found):
    return [line.split() for line in found.stdout.splitlines()]


@pytest.mark.slow
def test_from_promotion_to_prediction_as_a_user_does_it(two, textmill):
    found = textmill("models", "promote", "alarm@1", "--store", "alarm")
    assert found.exit_code == 0, found.output
    assert found.stdout == (
        "  yes  parity  token ids and scores of the probe set are those of training in a fresh process and over HTTP;"
        " not compared on Airflow: no task there has asked this version\n"
        "alarm@champion is version 1 now; it was nowhere.\n"
    )
    assert textmill("predict", "alarm@champion", "smoke and fire", "--store", "alarm").stdout.startswith("bad\t")
    assert textmill("models", "show", "alarm@champion", "--store", "alarm").stdout.startswith("alarm, version 1,")
    assert textmill("audit", "verify", "--store", "alarm").exit_code == 0


@pytest.mark.usefixtures("same_everywhere")
def test_list_and_aliases_show_what_points_where_and_rollback_goes_back(two, textmill):
    for version in (1, 2):
        assert textmill("models", "promote", f"alarm@{version}", "--store", "alarm").exit_code == 0
    textmill("models", "promote", "alarm@2", "--to", "blue", "--store", "alarm")
    lines = words(textmill("models", "list", "--store", "alarm"))
    assert lines[0][-1] == "aliases"
    assert lines[2][-2:] == ["blue,", "champion"]
    as_json = json.loads(textmill("models", "list", "--store", "alarm", "--json").stdout)
    assert [entry["aliases"] for entry in as_json] == [[], ["blue", "champion"]]
    assert textmill("models", "aliases", "alarm", "--store", "alarm").stdout == (
        "alarm@blue  version 2\nalarm@champion  version 2  (before: 1)\n"
    )
    found = textmill("models", "rollback", "alarm", "--by", "ann", "--reason", "too many alarms", "--store", "alarm")
    assert found.stdout == "alarm@champion is version 1 now; it was version 2.\n"
    again = textmill("models", "rollback", "alarm", "--store", "alarm")
    assert again.exit_code == 1
    assert "there is nothing to go back to" in again.stderr
    assert textmill("models", "aliases", "alarm", "--drop", "blue", "--store", "alarm").stdout == (
        "alarm@blue is gone; it was version 2.\nalarm@champion  version 1\n"
    )
    assert json.loads(textmill("models", "aliases", "alarm", "--json", "--store", "alarm").stdout) == {
        "champion": {"version": 1, "before": []}
    }
    shown = textmill("audit", "show", "alarm", "--last", "2", "--store", "alarm").stdout.splitlines()
    assert shown[0].endswith("rollback  model/alarm@1, alias: champion, before: 2, by: ann, reason: too many alarms")
    assert shown[1].endswith("drop  model/alarm@2, alias: blue, before: 2")


def test_an_alias_that_is_not_there_is_one_sentence(two, textmill):
    assert textmill("models", "aliases", "alarm", "--store", "alarm").stdout == (
        "alarm has no alias; make one with: textmill models promote alarm@VERSION\n"
    )
    for verb in (("rollback", "alarm"), ("show", "alarm@champion"), ("aliases", "alarm", "--drop", "champion")):
        found = textmill("models", *verb, "--store", "alarm")
        assert (found.exit_code, found.stderr) == (
            1,
            "Error: alarm/.textmill: alarm has no 'champion'. Make one with: textmill models promote alarm@VERSION --to"
            " champion\n",
        )


@pytest.mark.usefixtures("same_everywhere")
def test_a_refusal_ends_with_3_shows_all_checks_and_an_override_needs_who_and_why(two, textmill):
    (two / ".textmill" / "policy.toml").write_text('scores = ["f1 >= 1", "f1 >= 0.1"]\napprovals = 2\n')
    assert textmill(
        "models", "approve", "alarm@2", "--by", "ann", "--reason", "read it", "--store", "alarm"
    ).stdout == ("alarm@2 is approved by ann.\n")
    found = textmill("models", "promote", "alarm@2", "--store", "alarm")
    assert found.exit_code == 3
    assert [line[:2] for line in words(found)] == [
        ["NO", "scores"],
        ["yes", "scores"],
        ["NO", "approvals"],
        ["yes", "parity"],
    ]
    assert "approved by ann, wanted 2 people" in found.stdout
    assert found.stderr == (
        "Refused: model/alarm@2: it may not be champion: scores, approvals. "
        "Who answers for it can override: --override --by NAME --reason TEXT\n"
    )
    as_json = textmill("models", "promote", "alarm@2", "--store", "alarm", "--json")
    assert as_json.exit_code == 3
    told = json.loads(as_json.stdout)
    assert (told["refused"], told["before"], [check["holds"] for check in told["checks"]]) == (
        True,
        None,
        [False, True, False, True],
    )
    half = textmill("models", "promote", "alarm@2", "--override", "--by", "ann", "--store", "alarm")
    assert (half.exit_code, "--override needs --by NAME and --reason TEXT" in half.stderr) == (2, True)
    done = textmill("models", "promote", "alarm@2", "--override", "--by", "ann", "--reason", "now", "--store", "alarm")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-2:] == [
        "overridden, which the audit log says.",
        "alarm@champion is version 2 now; it was nowhere.",
    ]
    again = textmill("models", "promote", "alarm@2", "--store", "alarm")
    assert again.stdout == "alarm@champion is version 2 already.\n"


def test_what_the_champion_is_cannot_be_removed(two, textmill):
    Store(two / ".textmill").point("alarm@1", "champion")
    found = textmill("models", "remove", "alarm@champion", "--yes", "--force", "--store", "alarm")
    assert found.exit_code == 1
    assert found.stderr.startswith("Error: model/alarm@1 is the champion of alarm. Let the name point to another first")


def test_audit_verify_finds_a_changed_line_a_forged_log_and_a_moved_alias(two, textmill):
    store = Store(two / ".textmill")
    found = textmill("audit", "verify", "--store", "alarm")
    assert found.stdout.startswith("alarm/.textmill/audit.jsonl: 3 lines, none changed, dropped or moved.\nhead: ")
    head = found.stdout.split()[-1]
    store.point("alarm@1", "champion")
    assert json.loads(textmill("audit", "verify", "--head", head, "--json", "--store", "alarm").stdout)["lines"] == 4
    other = textmill("audit", "verify", "--head", "0" * 64, "--store", "alarm")
    assert (other.exit_code, "no line has the head that was noted elsewhere" in other.stderr) == (1, True)
    assert textmill("audit", "verify", "--head", "abc", "--store", "alarm").exit_code == 2
    aliases = store.root / "models" / "alarm" / "aliases.json"
    aliases.write_bytes(aliases.read_bytes().replace(b'"version": 1', b'"version": 2'))
    assert "its checksum is wrong" in textmill("audit", "verify", "--store", "alarm").stderr
    store.audit.path.write_bytes(store.audit.path.read_bytes().replace(b"alarm@2", b"alarm@9"))
    broken = textmill("audit", "verify", "--store", "alarm")
    assert broken.exit_code == 1
    assert "audit.jsonl, line 4: it does not follow the line before it" in broken.stderr


def test_audit_show_as_json_is_about_one_model_or_version(two, textmill):
    lines = json.loads(textmill("audit", "show", "--json", "--store", "alarm").stdout)
    assert [line["facts"]["ref"] for line in lines] == ["dataset/alarm@1", "model/alarm@1", "model/alarm@2"]
    for model, number in (("alarm", 2), ("alarm@2", 1), ("model/alarm@2", 1), ("alar", 0)):
        assert len(json.loads(textmill("audit", "show", model, "--json", "--store", "alarm").stdout)) == number


def test_audit_show_cannot_command_the_terminal(two, textmill):
    Store(two / ".textmill").point("alarm@1", "champion", reason="\x1b[31mred\nline")
    said = textmill("audit", "show", "--last", "1", "--store", "alarm").stdout
    assert "\x1b" not in said
    assert said.count("\n") == 1


def test_list_shows_the_newest_and_reads_no_manifest_that_it_does_not_show(two, textmill, monkeypatch):
    read = []
    manifest = Store.manifest

    def noted(self, model, version=None):
        read.append(version)
        return manifest(self, model, version)

    monkeypatch.setattr(Store, "manifest", noted)
    found = textmill("models", "list", "--limit", "1", "--store", "alarm")
    assert [line[:2] for line in words(found)][1:] == [["alarm", "2"], ["...", "and"]]
    assert found.stdout.endswith("... and 1 more; --all lists them.\n")
    assert read == [2]
    assert len(words(textmill("models", "list", "alarm", "--all", "--store", "alarm"))) == 3
    assert textmill("models", "list", "--all", "--limit", "3", "--store", "alarm").exit_code == 2
    assert (
        len(json.loads(textmill("models", "list", "alarm", "--json", "--limit", "1", "--store", "alarm").stdout)) == 1
    )
    assert textmill("models", "list", "alrm", "--store", "alarm").exit_code == 1


def test_aliases_that_cannot_be_read_hide_no_version(two, textmill):
    (two / ".textmill" / "models" / "alarm" / "aliases.json").write_text("{}")
    found = textmill("models", "list", "--store", "alarm")
    assert found.exit_code == 1
    assert found.stderr.startswith("the aliases of alarm are broken: ")
    assert len(words(found)) == 3


@pytest.mark.usefixtures("same_everywhere")
def test_models_diff_tells_of_another_text_path(project, textmill):
    mill = project / "mill.toml"
    mill.write_text(mill.read_text() + '\n[text]\nstop_words = "english"\n', encoding="utf-8")
    assert textmill("run", "alarm").exit_code == 0
    textmill("models", "promote", "alarm@1", "--store", "alarm")
    found = textmill("models", "diff", "alarm@champion", "alarm@2", "--store", "alarm")
    assert ["data:", "text_path"] in [line[:2] for line in words(found)]
