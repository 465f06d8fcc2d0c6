"""The tables of a project file; every row that cannot be recomputed carries a `seal` over its values."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

APPLICATION_ID = 0x53454753
"""The file's signature, "SEGS", in SQLite's header."""

VERSION = 5
"""The schema's number, SQLite's `user_version`; `migrations.py` leads from each to the next."""

tables = MetaData()


def _owner(column: str) -> Column[int]:
    return Column(column.replace(".", "_"), ForeignKey(column, ondelete="CASCADE"), nullable=False)


def _seal() -> Column[int]:
    return Column("seal", BigInteger, nullable=False)


# "name", "class_set", "dataset_source", "images" (count and digest of the image rows), "open" (a writer is at work)
meta = Table(
    "meta",
    tables,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
    _seal(),
)

# `root` says what `file` starts from: "dataset" or "project" for relative paths, "" for absolute ones.
image = Table(
    "image",
    tables,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("root", String, nullable=False),
    Column("file", String, nullable=False),
    Column("height", Integer),
    Column("width", Integer),
    Column("split", String, nullable=False),
    Column("sequence", String, nullable=False),
    Column("status", String, nullable=False),
    Column("note", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("extra", Text, nullable=False),
    _seal(),
)

run = Table(
    "run",
    tables,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("model", String, nullable=False),
    Column("weights_hash", String, nullable=False),
    Column("settings", Text, nullable=False),
    Column("device", String, nullable=False),
    Column("at", String, nullable=False),
    _seal(),
)

# `digest` is the exclusive or of the seals of the layer's tiles, segments, objects and confidence.
layer = Table(
    "layer",
    tables,
    Column("id", Integer, primary_key=True),
    _owner("image.id"),
    Column("name", String, nullable=False),
    Column("height", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("has_raster", Integer, nullable=False),
    Column("locked", Integer, nullable=False),
    Column("run", String, nullable=False),
    Column("extra", Text, nullable=False),
    Column("digest", BigInteger, nullable=False),
    _seal(),
    UniqueConstraint("image_id", "name"),
)

# Tiles without a labelled pixel have no row.
tile = Table(
    "tile",
    tables,
    Column("layer_id", ForeignKey("layer.id", ondelete="CASCADE"), primary_key=True),
    Column("ty", Integer, primary_key=True),
    Column("tx", Integer, primary_key=True),
    Column("packed", LargeBinary, nullable=False),
    _seal(),
)

confidence = Table(
    "confidence",
    tables,
    Column("layer_id", ForeignKey("layer.id", ondelete="CASCADE"), primary_key=True),
    Column("packed", LargeBinary, nullable=False),
    _seal(),
)

segment = Table(
    "segment",
    tables,
    Column("layer_id", ForeignKey("layer.id", ondelete="CASCADE"), primary_key=True),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("class_id", Integer, nullable=False),
    Column("instance", Integer, nullable=False),
    Column("is_crowd", Integer, nullable=False),
    Column("attributes", Text, nullable=False),
    _seal(),
)

# "object" is a reserved word in some dialects; SQLAlchemy quotes where it must.
object_ = Table(
    "object",
    tables,
    Column("layer_id", ForeignKey("layer.id", ondelete="CASCADE"), primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("class_id", Integer, nullable=False),
    Column("z", Integer, nullable=False),
    Column("score", Float),
    Column("is_crowd", Integer, nullable=False),
    Column("locked", Integer, nullable=False),
    Column("shape", LargeBinary, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("extra", Text, nullable=False),
    _seal(),
    Index("object_by_class", "class_id", "layer_id"),
)

edit = Table(
    "edit",
    tables,
    Column("id", Integer, primary_key=True),
    _owner("image.id"),
    Column("layer", String, nullable=False),
    Column("name", String, nullable=False),
    Column("at", String, nullable=False),
    Column("person", String, nullable=False),
    Column("tool", String, nullable=False),
    Column("pixels", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("is_undo", Integer, nullable=False),
    Column("provenance", Text, nullable=False),
    # Told apart by it, an edit that is written again because an answer was lost is there once.
    Column("token", String),
    _seal(),
    Index("edit_by_image", "image_id", "id"),
    Index("edit_by_token", "token", unique=True),
    sqlite_autoincrement=True,
)

# What an edit replaced, kept as long as the history's budget allows: the way back to every earlier state.
preimage = Table(
    "preimage",
    tables,
    Column("edit_id", ForeignKey("edit.id", ondelete="CASCADE"), primary_key=True),
    Column("packed", LargeBinary, nullable=False),
    _seal(),
)

# A name for the state after an edit, of the whole project.
version = Table(
    "version",
    tables,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("edit_id", Integer, nullable=False),
    Column("at", String, nullable=False),
    Column("person", String, nullable=False),
    _seal(),
)

# The same for one image; names are told apart within it.
image_version = Table(
    "image_version",
    tables,
    Column("id", Integer, primary_key=True),
    _owner("image.id"),
    Column("name", String, nullable=False),
    Column("edit_id", Integer, nullable=False),
    Column("at", String, nullable=False),
    Column("person", String, nullable=False),
    _seal(),
    UniqueConstraint("image_id", "name"),
)

image_score = Table(
    "image_score",
    tables,
    Column("image_id", ForeignKey("image.id", ondelete="CASCADE"), primary_key=True),
    Column("layer", String, primary_key=True),
    Column("classes", Integer, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    _seal(),
)

# What reviewers said: each time a person set a status, with the comment.
review = Table(
    "review",
    tables,
    Column("id", Integer, primary_key=True),
    _owner("image.id"),
    Column("at", String, nullable=False),
    Column("person", String, nullable=False),
    Column("status", String, nullable=False),
    Column("comment", Text, nullable=False),
    _seal(),
    Index("review_by_image", "image_id", "id"),
)

# Who works on an image of a team's project now; of no worth an hour later, so without a seal. Seconds since 1970.
image_lease = Table(
    "image_lease",
    tables,
    Column("image_id", ForeignKey("image.id", ondelete="CASCADE"), primary_key=True),
    Column("holder", String, nullable=False),
    Column("person", String, nullable=False),
    Column("host", String, nullable=False),
    Column("until", Float, nullable=False),
)

# What is known of a layer without reading it (see image_facts.py); it can be found anew from the layer.
image_facts = Table(
    "image_facts",
    tables,
    Column("image_id", ForeignKey("image.id", ondelete="CASCADE"), primary_key=True),
    Column("layer", String, primary_key=True),
    Column("packed", LargeBinary, nullable=False),
    _seal(),
)

# Who made the pixels and objects of a layer as they were after an edit: where its kept history begins (see
# origin_rows.py). A layer without a row began empty or with what the data set brought.
origin_base = Table(
    "origin_base",
    tables,
    Column("image_id", ForeignKey("image.id", ondelete="CASCADE"), primary_key=True),
    Column("layer", String, primary_key=True),
    Column("edit_id", Integer, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    _seal(),
)

# How many labelled pixels each origin has after the layer's newest edit; it can be found anew from the layer.
origin_sum = Table(
    "origin_sum",
    tables,
    Column("image_id", ForeignKey("image.id", ondelete="CASCADE"), primary_key=True),
    Column("layer", String, primary_key=True),
    Column("edit_id", Integer, nullable=False),
    Column("told", Text, nullable=False),
    _seal(),
)
