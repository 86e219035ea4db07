"""Files of a folder as they are served."""

import gzip
from pathlib import Path

from gatewright.faces.site.assets import load_assets, make_asset


def test_compressed_copies_beside_a_file_are_used(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_bytes(b"long" * 100)
    (tmp_path / "a.js.gz").write_bytes(gzip.compress(b"long" * 100))
    (tmp_path / "a.js.br").write_bytes(b"brotli")
    (tmp_path / "types.d.ts").write_bytes(b"not served")
    (tmp_path / "p.png").write_bytes(b"png")
    assets = load_assets(tmp_path)
    assert sorted(assets.files) == ["a.js", "p.png"]
    assert set(assets.files["a.js"].encodings) == {"br", "gzip"}
    assert assets.files["p.png"].encodings == {}


def test_a_version_names_all_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_bytes(b"1")
    before = load_assets(tmp_path).version
    (tmp_path / "a.js").write_bytes(b"2")
    assert load_assets(tmp_path).version != before
    assert make_asset(b"<p>", ".html").policy.startswith("default-src 'none'")
    assert make_asset(b"<p>", ".js").policy == ""


def test_scripts_are_sent_without_their_documentation(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text(
        "/** What it is. */\n"
        "export class A {\n"
        "  /**\n   * Does it.\n   * @param {number} x\n   */\n"
        "  act(x) {\n"
        "    /** @type {any} */ (this).x = x; // kept\n"
        '    return "/** kept */";\n'
        "  }\n"
        "  /** Ends it. */\n"
        "  end() {}\n"
        "}\n"
    )
    assert load_assets(tmp_path).files["a.js"].body.decode() == (
        "export class A {\n"
        "  act(x) {\n"
        "    /** @type {any} */ (this).x = x; // kept\n"
        '    return "/** kept */";\n'
        "  }\n"
        "  end() {}\n"
        "}\n"
    )
