"""The policy of a page admits the page's own scripts and nothing else."""

import base64
import hashlib

from gatewright.faces.site.policy import content_security_policy, inline_scripts


def source(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def test_a_page_without_inline_scripts_may_run_files_of_its_origin_only() -> None:
    policy = content_security_policy('<script src="/kit/gw.js"></script>')
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_each_inline_script_is_named_by_its_hash() -> None:
    one, two = "\nconst a = '±';\n", "if (1 < 2 && '</p>') {}"
    html = f"<p>x</p><script type=module>{one}</script><SCRIPT>{two}</SCRIPT>"
    assert inline_scripts(html) == [one, two]
    policy = content_security_policy(html)
    assert source(one) in policy
    assert source(two) in policy


def test_line_ends_are_as_a_browser_s_parser_leaves_them() -> None:
    assert inline_scripts("<script>a\r\nb</script>") == ["a\nb"]


def test_what_is_no_script_is_not_named() -> None:
    html = "<!-- <script>no()</script> --><p onclick='no()'>x</p><style>a{}</style>"
    assert inline_scripts(html) == []
