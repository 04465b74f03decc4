"""Wrong usage is told with what was meant: options, commands, profiles and their keys, variables, projects."""

import io
import os
import sys

import pytest

URL = 'url = "http://127.0.0.1:9/X"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[default]\npasword = 'x'\n", "sets pasword, which is no setting (line 2). Did you mean password?"),
        (
            "# mine\n[default]\nuser_name = 'x'\n",
            "sets user-name, which is no setting (line 3). Did you mean username?",
        ),
        (
            f"[other]\nconcurency = 1\n[default]\n{URL}concurency = 2\n",
            "sets concurency, which is no setting (line 5)",
        ),
        ("default.pasword = 'x'\n", "sets pasword, which is no setting (line 1). Did you mean password?"),
        ("[default]\nzzz = 1\n", "sets zzz, which is no setting (line 2). Keys are the long options"),
        ("[default]\noutput = 'x'\n", "sets output, which is for the command line only (line 2)."),
        (
            "[default]\npasword = 'x'\nprojekt = 'y'\n",
            "sets pasword, which is no setting (line 2). Did you mean password? It sets projekt, which",
        ),
        ("[default]\nproject = 'x'\nproject = 'y'\n", "cannot be read: Cannot overwrite a value (at line 3"),
        ("default = 'x'\n", "sets default outside a profile"),
    ],
)
@pytest.mark.parametrize("command", ["ls", "whoami"])
def test_a_wrong_key_is_told_with_its_line_and_what_was_meant(run, profile, text, said, command):
    path = profile(text)
    result = run(command)
    assert result.code == 2
    told = " ".join(result.err.replace("│", " ").split())
    assert f"{path} {said}" in told
    assert "Invalid value for '--profile'" not in told
    assert "'x'" not in told  # it may be a secret


@pytest.mark.parametrize("content", [b"\xff\xfe[default]", b"[default]\nproject = 'Gr\xf6\xdfe'"])
def test_a_file_in_another_encoding_is_told(run, profile, content):
    profile("").write_bytes(content)
    assert "it is not UTF-8" in run("ls").err


@pytest.mark.usefixtures("server")
def test_a_byte_order_mark_is_no_part_of_the_file(run, profile):
    profile("").write_bytes(b"\xef\xbb\xbf[default]\nproject = 'Simulated Retail'\n")
    assert run("ls").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="a folder is no file there in other words")
def test_a_folder_in_place_of_the_file_is_told(run, tmp_path, monkeypatch):
    monkeypatch.setenv("MSTR_ARROW_CONFIG", str(tmp_path))
    assert f"'{tmp_path}' cannot be read: Is a directory." in run("ls").err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nigthly", "Did you mean 'nightly'?"),
        ("NIGHTLY", "Did you mean 'nightly'?"),
        ("x", "There are: 'a b', 'nightly'."),
    ],
)
def test_a_profile_that_is_not_there_is_told_with_near_ones(run, profile, name, said):
    profile(f"[nightly]\n{URL}['a b']\n{URL}")
    result = run("ls", "--profile", name)
    assert result.code == 2
    assert said in result.err


@pytest.mark.parametrize(
    ("command", "key", "value"),
    [("fetch", "concurrency", '"twelve"'), ("ls", "type", '"cubes"'), ("ls", "connect-timeout", '"soon"')],
)
def test_a_wrong_value_is_told_with_its_line(run, profile, command, key, value):
    path = profile(f"[default]\n{URL}{key} = {value}\n")
    told = " ".join(run(command, *(["X"] if command == "fetch" else [])).err.replace("│", " ").split())
    assert f"It is set in profile 'default' of {path}, line 3." in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ls", "--columns", "a"], "It is an option of mstr-arrow fetch."),
        (["fetch", "X", "--attribute", "a"], "It is an option of mstr-arrow push."),
        (["pages", "X", "--colums", "a"], "Did you mean --columns, an option of mstr-arrow fetch?"),
        (["fetch", "X", "--colums", "a"], "--columns"),
        (["--url", "http://x", "ls"], "Options stand after the command: mstr-arrow ls --url …"),
        (["describe", "Sales", "Cube"], "A name with blanks is put in quotes"),
        (["lss"], "Did you mean 'ls'?"),
        (["ls", "--zzzzzz"], "No such option: --zzzzzz"),
    ],
)
def test_what_was_meant_is_told(run, arguments, said):
    result = run(*arguments)
    assert result.code == 2
    assert said in " ".join(result.err.replace("│", " ").split())


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("MSTR_PROJEKT", "MSTR_PROJECT"),
        ("MSTR_PROFIL", "MSTR_PROFILE"),
        ("MSTR_APIKEY", "MSTR_API_KEY"),
        ("MSTR_PROXY_PASSWD", "MSTR_PROXY_PASSWORD"),
        ("MSTR_ARROW_CONF", None),
        ("MSTR_USER", None),
        ("MSTR_HOME", None),
        ("MSTR_X", None),
    ],
)
def test_a_variable_that_nothing_reads_is_told(run, monkeypatch, name, meant):
    monkeypatch.setenv(name, "secret")
    result = run("ls", "sales*")
    assert result.code == 0
    assert result.err == (f"Warning: nothing reads {name}; did you mean {meant}?\n" if meant else "")


def test_a_user_by_another_variable_is_told_before_the_log_in_fails(run, simulator, monkeypatch):
    monkeypatch.setenv("MSTR_URL", simulator.url)
    monkeypatch.setenv("MSTR_USER", "demo")
    monkeypatch.setenv("MSTR_PASSWD", "demo")
    told = run("ls").err
    assert "nothing reads MSTR_USER; did you mean MSTR_USERNAME?" in told
    assert "nothing reads MSTR_PASSWD; did you mean MSTR_PASSWORD?" in told


def test_a_profile_file_that_is_named_and_not_there_is_told(run):
    assert f"MSTR_ARROW_CONFIG names {os.environ['MSTR_ARROW_CONFIG']}, which is not there" in run("ls").err


def test_the_profile_file_may_be_named_from_home(run, simulator, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("MSTR_ARROW_CONFIG", "~/mine.toml")
    (tmp_path / "mine.toml").write_text(
        f'[default]\nurl = "{simulator.url}"\nusername = "demo"\npassword = "demo"\n'
    )
    (tmp_path / "mine.toml").chmod(0o600)
    assert run("ls").code == 0


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("wanted", ["simulated retail", "SIMULATED RETAIL", " Simulated  Retail "])
def test_a_project_is_chosen_in_any_case(run, wanted):
    assert run("ls", "sales*", "--project", wanted).code == 0


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["describe", "Plain Report", "--type", "cube"],
            "no cube but a report, 'Plain Report'.\nLeave --type cube away",
        ),
        (["pages", "Sales Cube"], "no report but a cube, 'Sales Cube'.\nIt has neither prompts nor pages"),
        (["prompts", "sales cube"], "no report but a cube, 'Sales Cube'.\nIt has neither prompts nor pages"),
        (["fetch", "Public Objects", "-o", "x.csv"], "but a folder"),
        (["fetch", "Shortcut To Sales", "-o", "x.csv"], "but a shortcut"),
    ],
)
def test_what_has_the_name_is_told(run, arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.code == 1
    assert said in result.err


BYTES = "\udcff\udcd0"
"""What Python makes of the bytes FF D0 in an argument."""


@pytest.mark.parametrize(
    "arguments",
    [
        ["ls", BYTES],
        ["ls", "--username", BYTES],
        ["ls", "--url", BYTES],
        ["ls", "--proxy", BYTES],
        ["fetch", "One Row", "-o", f"{BYTES}.csv"],
        ["sql", BYTES],
        ["push", BYTES, "--name", "x"],
    ],
)
def test_an_argument_that_is_no_text_is_told(run, arguments):
    result = run(*arguments)
    assert result.code == 2
    assert "is no text in UTF-8" in " ".join(result.err.replace("│", " ").split())


@pytest.mark.usefixtures("server")
def test_an_argument_is_read_as_utf8_in_any_locale(run):
    typed = "Été".encode().decode("ascii", "surrogateescape")
    assert "No objects have the name 'Été'" in run("ls", typed).err


@pytest.mark.parametrize("option", ["--url", "--proxy"])
def test_a_host_that_no_name_server_knows_is_told(run, option):
    result = run("ls", "--url", "http://127.0.0.1:9/X", option, f"http://{'x' * 70}.example.com")
    assert result.code == 2
    assert "Traceback" not in result.err


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    "options",
    [["--head", 10**30], ["--columns", "Colour,"], ["--columns", ","], ["--sort", ","], ["--aggregate", ""]],
)
def test_odd_lists_and_numbers_are_told(run, options, tmp_path):
    result = run("fetch", "One Row", "-o", tmp_path / "x.csv", *options)
    assert (result.code, "Traceback" in result.err) == (2, False)


@pytest.mark.usefixtures("server")
def test_a_password_that_is_no_text_is_told(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\n"), encoding="utf-8"))
    result = run("ls", "--password-stdin")
    assert (result.code, "standard input is no text in UTF-8" in result.err) == (2, True)
    monkeypatch.setenv("MSTR_PASSWORD", "\udcff")
    result = run("ls")
    assert (result.code, "holds half a character" in result.err, "udcff" in result.err) == (2, True, False)


@pytest.mark.parametrize(
    ("option", "value"),
    [("--head", "0"), ("--head", "x"), ("--deadline", "x"), ("--layout", "tidyy"), ("--mode", "x")],
)
def test_a_value_that_does_not_fit_is_told_in_plain_words(run, option, value):
    said = run("fetch", "Sales Cube", "-o", "a.csv", option, value)
    assert said.code == 2
    assert f"Invalid value for '{option}'" in said.err
    assert "Input should" not in said.err
    assert "Value error" not in said.err
