"""Text of several lines in the field of a form."""


def unix_lines(text: str) -> str:
    """Return a field's text with the line ends that it had in the page.

    Every browser ends the lines of a form's field with CR LF, whatever was typed (HTML,
    section 4.10.22, "Form submission"), and no shell reads these.
    """
    return text.replace("\r\n", "\n")
