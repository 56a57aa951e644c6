"""The widget's files as they are sent: nothing is lost but what no browser needs."""

import re
from pathlib import Path

import pytest

from nb_oauth.surfaces import static_files

JS = """\
/** types
 * x */
import { x } from "./other.js";
import {
  y,
} from "./other.js";
a = "//b"; // out
  b = "a // b";
// left out
/* out */
c = 1

if (a !== b) { d = [a, 'x = "y"']; }
const e = (f, g) => `${f} = ${ g }`;
h = "it's"; i = "\\"";
export { c, e };
"""
CSS = """\
/* out */
.a :is(b, c) d, .e:hover > f {
  content: "x, y: z; {" / "";
  margin: 0 -1px;
}
"""


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(static_files, "_STATIC", tmp_path)
    return tmp_path


def test_a_script_loses_what_no_browser_needs(static: Path) -> None:
    (static / "some.js").write_text(JS)
    assert static_files.script("some") == (
        "a='//b';b='a // b';c=1\n"
        "if(a!==b){d=[a,'x = \"y\"']}\n"
        "const e=(f,g)=>`${f} = ${ g }`;"
        'h="it\'s";i="\\"";'
    )


def test_a_style_sheet_keeps_its_descendants(static: Path) -> None:
    (static / "some.css").write_text(CSS)
    assert static_files.style("some") == (
        ".a :is(b,c) d,.e:hover>f{content:'x, y: z; {' / '';margin:0 -1px}"
    )


def test_files_are_joined_in_order(static: Path) -> None:
    for name in ("one", "two"):
        (static / f"{name}.js").write_text(f"const {name} = 1\n")
    (static / "two.css").write_text("a { b: c }\n")
    assert static_files.script("one", "two") == "const one=1\nconst two=1"
    assert static_files.style("one", "two") == "a{b:c}"


@pytest.mark.parametrize("names", [("login",), ("login", "code", "password")])
def test_every_text_for_people_is_sent_as_it_is_written(names: tuple[str, ...]) -> None:
    sent = static_files.script(*names)
    for name in names:
        source = (static_files._STATIC / f"{name}.js").read_text(encoding="utf-8")
        for text in re.findall(r'^  \w+: (["`].*["`]),$', source, re.MULTILINE):
            assert text in sent or text.replace('"', "'") in sent
