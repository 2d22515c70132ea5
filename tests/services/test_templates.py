"""The message texts: what is brought along, what an operator may change, and what is refused."""

import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hufu.domain.verification import Purpose
from hufu.services.delivery import Channel, Language, Notice
from hufu.services.templates import TemplateRefused, Templates

FACTS = {"app": "虎符", "code": "482915", "minutes": "10", "identifier": "133****3695"}
NOTICE_FACTS = {"app": "虎符", "identifier": "133****3695"}
# GSM 03.38 without its extension table, as far as English texts need it.
GSM = re.compile(r"[A-Za-z0-9 @!\"#%&'()*+,./:;<=>?\n-]*")


@pytest.fixture(scope="module")
def shipped() -> Templates:
    return Templates.load(["fomo"])


def write(folder: Path, path: str, text: str) -> Path:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def refused(folder: Path, *apps: str) -> str:
    with pytest.raises(TemplateRefused) as caught:
        Templates.load(apps or ["fomo"], folder)
    return str(caught.value)


@pytest.mark.parametrize(("purpose", "channel", "language"), [*product(Purpose, Channel, Language)])
def test_every_code_has_a_text(
    shipped: Templates, purpose: Purpose, channel: Channel, language: Language
) -> None:
    subject, text = shipped.render("fomo", purpose, channel, language, **FACTS)
    for fact in ("app", "code", "minutes"):
        assert FACTS[fact] in text
    assert "{" not in text
    assert bool(subject) == (channel is Channel.EMAIL)
    assert FACTS["code"] not in subject


@pytest.mark.parametrize(("notice", "channel", "language"), [*product(Notice, Channel, Language)])
def test_every_notice_has_a_text(
    shipped: Templates, notice: Notice, channel: Channel, language: Language
) -> None:
    subject, text = shipped.render("fomo", notice, channel, language, **NOTICE_FACTS)
    assert "虎符" in text
    assert "{" not in text
    assert bool(subject) == (channel is Channel.EMAIL)


@pytest.mark.parametrize("purpose", [*Purpose, *Notice])
def test_an_sms_is_one_segment(shipped: Templates, purpose: str) -> None:
    facts = FACTS | {"code": "12345678"}
    _, chinese = shipped.render("fomo", purpose, "sms", "zh", **facts)
    assert len(chinese) <= 70  # One segment of UCS-2.
    assert "\n" not in chinese
    _, english = shipped.render("fomo", purpose, "sms", "en", **(facts | {"app": "Fomo"}))
    assert len(english) <= 160  # One segment of GSM 03.38.
    assert GSM.fullmatch(english)


@pytest.mark.parametrize(("purpose", "channel"), [*product((*Purpose, *Notice), Channel)])
def test_the_languages_are_not_mixed_up(shipped: Templates, purpose: str, channel: Channel) -> None:
    facts = FACTS | {"app": "X"}
    chinese = "".join(shipped.render("fomo", purpose, channel, "zh", **facts))
    english = "".join(shipped.render("fomo", purpose, channel, "en", **facts))
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert english.isascii()


def test_every_text_is_its_own(shipped: Templates) -> None:
    texts = [
        shipped.render("fomo", purpose, channel, language, **FACTS)
        for purpose, channel, language in product((*Purpose, *Notice), Channel, Language)
    ]
    assert len(set(texts)) == len(texts)


def test_an_app_wins_over_the_folder_and_the_folder_over_ours(tmp_path: Path) -> None:
    write(tmp_path, "zh/register.sms.txt", "folder {code}")
    write(tmp_path, "fomo/zh/register.sms.txt", "app {code}")
    write(tmp_path, "fomo/en/recover.email.txt", "Subject: For {app}\n\n{code}, {identifier}\n")
    templates = Templates.load(["fomo", "rental"], tmp_path)
    assert templates.render("fomo", "register", "sms", "zh", **FACTS) == ("", "app 482915")
    assert templates.render("rental", "register", "sms", "zh", **FACTS) == ("", "folder 482915")
    assert templates.render("fomo", "recover", "email", "en", **FACTS) == (
        "For 虎符",
        "482915, 133****3695",
    )
    ours = Templates.load(["rental"])
    for other in product(["recover"], Channel, Language):
        assert templates.render("rental", *other, **FACTS) == ours.render("rental", *other, **FACTS)


def test_files_of_other_systems_are_read(tmp_path: Path) -> None:
    file = tmp_path / "zh" / "bind.email.txt"
    file.parent.mkdir()
    file.write_bytes("\ufeffSubject: 绑定\r\n\r\n一 {code}\r\n二\r\n".encode())
    templates = Templates.load(["fomo"], tmp_path)
    assert templates.render("fomo", "bind", "email", "zh", **FACTS) == ("绑定", "一 482915\n二")


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("register.sms.txt", "{code} {phone}", "{phone}"),
        ("register.sms.txt", "{code.__class__}", "{code.__class__}"),
        ("register.sms.txt", "{code!r}", "{code!r}"),
        ("register.sms.txt", "{code:>9}", "{code:>9}"),
        ("register.sms.txt", "{code} {}", "{}"),
        ("register.sms.txt", "{code} {0}", "{0}"),
        ("register.sms.txt", "{code} {Code}", "{Code}"),
        ("register.sms.txt", "{{code}}", "brace"),
        ("register.sms.txt", "{code} {", "brace"),
        ("register.sms.txt", "{code} }", "brace"),
        ("register.sms.txt", "no code", "{code}"),
        ("register.sms.txt", "", "{code}"),
        ("register.email.txt", "{code}", "Subject"),
        ("register.email.txt", "Subject: x\n{code}", "Subject"),
        ("register.email.txt", "subject: x\n\n{code}", "Subject"),
        ("register.email.txt", "Subject: {code}\n\nbody", "{code}"),
        ("register.email.txt", "Subject: {name}\n\n{code}", "{name}"),
        ("notice_bound.sms.txt", "{code}", "{code}"),
        ("notice_bound.sms.txt", "{minutes}", "{minutes}"),
        ("notice_bound.sms.txt", " \n", "empty"),
    ],
)
def test_a_text_with_a_mistake_is_refused_by_name(
    tmp_path: Path, name: str, text: str, why: str
) -> None:
    file = write(tmp_path, f"fomo/zh/{name}", text)
    message = refused(tmp_path)
    assert str(file) in message
    assert why in message


def test_a_text_that_is_not_utf_8_is_refused_by_name(tmp_path: Path) -> None:
    file = write(tmp_path, "zh/register.sms.txt", "")
    file.write_bytes("验证码 {code}".encode("gb18030"))
    assert str(file) in refused(tmp_path)


@pytest.mark.parametrize(
    "path",
    [
        "register.sms.txt",
        "zh/registre.sms.txt",
        "zh/register.txt",
        "zh/register.post.txt",
        "fr/register.sms.txt",
        "fomoo/zh/register.sms.txt",
        "fomo/register.sms.txt",
        "fomo/zh/old/register.sms.txt",
        "zh/fomo/register.sms.txt",
    ],
)
def test_a_file_that_nothing_would_use_is_refused_by_name(tmp_path: Path, path: str) -> None:
    file = write(tmp_path, path, "{code}")
    assert str(file) in refused(tmp_path)


def test_a_missing_folder_is_refused_by_name(tmp_path: Path) -> None:
    assert str(tmp_path / "none") in refused(tmp_path / "none")


def test_other_files_may_lie_in_the_folder(tmp_path: Path) -> None:
    write(tmp_path, "README.md", "{anything}")
    Templates.load(["fomo"], tmp_path)


def test_a_missing_fact_is_not_left_out(shipped: Templates) -> None:
    with pytest.raises(KeyError, match="code"):
        shipped.render("fomo", "register", "sms", "zh", app="虎符", minutes="5")


def test_an_unknown_app_has_no_texts(shipped: Templates) -> None:
    with pytest.raises(KeyError):
        shipped.render("rental", "register", "sms", "zh", **FACTS)


def test_a_title_with_a_line_break_adds_no_header(shipped: Templates) -> None:
    facts = FACTS | {"app": "Fomo\r\nBcc: x@example.com"}
    subject, _ = shipped.render("fomo", "register", "email", "en", **facts)
    assert len(subject.splitlines()) == 1


@given(st.text(), st.text())
def test_what_a_fact_says_is_never_looked_at(title: str, identifier: str) -> None:
    templates = Templates.load(["fomo"])
    facts = FACTS | {"app": f"{{code}}{title}", "identifier": f"{{app.__class__}}{identifier}"}
    _, text = templates.render("fomo", "notice_bound", "sms", "en", **facts)
    expected = f"{facts['app']}: {facts['identifier']} was added to your account."
    assert text.startswith(expected)
