"""XML from strangers: no entities, no huge files, one line for whatever is wrong."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

from segstudio.core.errors import UserError
from segstudio.formats.files import read_bytes

MAX_BYTES = 256 << 20
_DOCTYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


def read_xml(path: Path) -> ET.Element:
    """The root element of an XML file.

    Document types and entities are refused: no annotation tool writes them, and they are how a small file becomes
    gigabytes. Raises `UserError` naming the file.
    """
    content = read_bytes(path)
    if len(content) > MAX_BYTES:
        raise UserError(f"{path}: {len(content) >> 20} MB of XML are too much")
    if _DOCTYPE.search(content):
        raise UserError(f"{path}: XML with a document type or entities is not read")
    try:
        return ET.fromstring(content)
    except (ET.ParseError, ValueError, LookupError) as error:
        raise UserError(f"{path}: not XML: {error}") from None
    except RecursionError:
        raise UserError(f"{path}: not XML that can be read: nested too deeply") from None
