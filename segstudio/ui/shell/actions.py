"""The table of everything a person can do: id, words, keys, icon, and the session's call behind it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from segstudio.core.errors import UserError
from segstudio.core.layer import LABELS, TRUTH
from segstudio.ui.compare.commands import CompareCommands
from segstudio.ui.shell.command_tables import TABLES
from segstudio.ui.shell.commands import Command, Later
from segstudio.ui.shell.origin_commands import text_under
from segstudio.ui.shell.preferences import change
from segstudio.ui.shell.theme import current_theme

if TYPE_CHECKING:
    from segstudio.ui.canvas.canvas import Pointed
    from segstudio.ui.shell.main_window import MainWindow

_OPENING, _CLASSES, _HELP = (f"segstudio.ui.shell.{name}" for name in ("open_dialogs", "class_dialog", "help_dialogs"))


class Actions:
    """Fills the window's commands and keeps enabled and checked what should be."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session
        self.tool_commands: list[str] = []
        self.compare = CompareCommands(window)
        self._more = [make(window) for make in TABLES]
        tables = (self._file(), self._edit(), self._view(), self._image(), self._model(), self._rest())
        for rows in (*tables, self.compare.rows(), *(table.rows() for table in self._more)):
            for row in rows:
                window.commands.add(row)
        self._tools()
        self._session.view.changed.connect(self._on_view)
        self._session.predictions.changed.connect(self._on_predictions)
        self._session.images.changed.connect(self._on_badge)
        self._session.document_changed.connect(self._on_badge)
        self._on_view(frozenset())

    # ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _file(self) -> list[Command]:
        w = self._window
        return [
            Command("file.demo", "Open the &demo", Later(_OPENING, "open_demo", w), icon="demo"),
            Command(
                "file.open_images",
                "Open &image or folder…",
                Later(_OPENING, "open_images", w),
                ("Ctrl+O",),
                "image",
            ),
            Command(
                "file.open_dataset",
                "Open data &set…",
                Later(_OPENING, "open_dataset", w),
                ("Ctrl+Shift+O",),
                "folder",
            ),
            Command(
                "file.open_project",
                "Open &project…",
                Later(_OPENING, "open_project", w),
                icon="project",
            ),
            Command(
                "file.save_copy",
                "&Save a copy of the project…",
                Later(_OPENING, "save_copy", w),
                ("Ctrl+S",),
            ),
            Command("file.export", "&Export…", self._export, ("Ctrl+E",), "export"),
            Command("file.quit", "&Quit", w.close, ("Ctrl+Q",)),
        ]

    def _edit(self) -> list[Command]:
        s = self._session
        return [
            Command("edit.undo", "&Undo", self._undo, ("Ctrl+Z",), "undo"),
            Command("edit.redo", "&Redo", s.redo, ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
            Command("edit.delete", "&Delete", lambda: self._window.canvas.delete_selection(), ("Delete",), "trash"),
            Command("edit.change_class", "Change &class of selection", self._change_class, ("Ctrl+Shift+C",)),
            Command("mode.semantic", "Semantic", lambda: s.view.set(mode="semantic"), icon="semantic", checkable=True),
            Command("mode.objects", "Objects", lambda: s.view.set(mode="objects"), icon="objects", checkable=True),
            Command("mode.toggle", "Switch semantic / objects", self._toggle_mode, ("M",)),
        ]

    def _view(self) -> list[Command]:
        v, w = self._session.view, self._window

        def toggle(name: str) -> Callable[[], None]:
            return lambda: v.set(**{name: not getattr(v.now, name)})

        return [
            Command("view.fit", "&Fit the image", lambda: w.viewer.fit(), ("Ctrl+F",), "fit"),
            Command("view.actual", "&100 %", lambda: w.viewer.actual_size(), ("Ctrl+0",)),
            Command("view.zoom_in", "Zoom &in", lambda: w.viewer.zoom_in(), ("Ctrl++", "Ctrl+=")),
            Command("view.zoom_out", "Zoom &out", lambda: w.viewer.zoom_out(), ("Ctrl+-",)),
            Command("view.errors", "&Errors against the truth", toggle("errors"), ("R",), "errors", checkable=True),
            Command(
                "view.error_class",
                "Errors of the active class &only",
                self._toggle_error_class,
                ("Shift+R",),
                checkable=True,
            ),
            Command("view.heat", "&Confidence of the prediction", self._toggle_heat, ("U",), "heat", checkable=True),
            Command(
                "view.overlays", "&Hide all overlays", toggle("overlays_hidden"), ("T",), "eye-off", checkable=True
            ),
            Command("view.labels", "Show &labels", lambda: self._toggle_layer(LABELS), ("Ctrl+1",)),
            Command("view.truth", "Show ground &truth", lambda: self._toggle_layer(TRUTH), ("Ctrl+2",)),
            Command(
                "view.prediction", "Show &prediction", lambda: self._toggle_layer(self.prediction_source()), ("Ctrl+3",)
            ),
            Command("view.colour_blind", "Colour-&blind-safe colours", toggle("colour_blind"), checkable=True),
            Command("view.theme", "&Dark / light", self._switch_theme, icon="theme"),
        ]

    def _image(self) -> list[Command]:
        s = self._session
        return [
            Command("image.next", "&Next image", s.next_image, ("D", "PgDown"), "next"),
            Command("image.previous", "&Previous image", s.previous_image, ("A", "PgUp"), "previous"),
            Command("image.first", "&First image", lambda: s.go(0), ("Home",)),
            Command(
                "image.reviewed",
                "Mark as &reviewed",
                lambda: s.set_status("reviewed"),
                ("Ctrl+Return",),
                checkable=True,
            ),
            Command(
                "image.rejected",
                "Mark as re&jected",
                Later("segstudio.ui.shell.review_dialog", "reject", self._window),
                ("Ctrl+Backspace",),
                checkable=True,
            ),
            Command("image.last", "&Last image", lambda: s.go(len(s.images) - 1), ("End",)),
        ]

    def _model(self) -> list[Command]:
        p = self._session.predictions
        return [
            Command(
                "model.predict", "&Predict", p.predict_image, ("Ctrl+R",), "play", tip="Run the model on this image"
            ),
            Command("model.predict_all", "Predict &all images", p.predict_all, ("Ctrl+Shift+R",), "play-all"),
            Command("model.cancel", "&Cancel the run", p.cancel, icon="stop"),
            Command("accept.here", "&Accept under the cursor", self._accept_here, ("Y",), "accept"),
            Command("accept.all", "Accept &all", self._accept_all, ("Shift+Y",), "accept-all"),
            Command("accept.class", "Accept the active &class", self._accept_class, ("Alt+Y",)),
            Command("accept.truth", "Copy ground &truth to labels", lambda: self.accept_layer(TRUTH)),
        ]

    def _rest(self) -> list[Command]:
        w, v = self._window, self._session.view
        rows = [
            Command("classes.add", "&Add a class…", Later(_CLASSES, "add_class", w)),
            Command("classes.edit", "&Edit the active class…", Later(_CLASSES, "edit_class", w)),
            Command("classes.swap", "&Swap with the previous class", v.swap_class, ("X",)),
            Command(
                "classes.hide",
                "&Hide or show the active class",
                lambda: self._flip(v.toggle_class_hidden),
                ("Shift+H",),
            ),
            Command(
                "classes.protect",
                "&Protect it from painting, or not",
                lambda: self._flip(v.toggle_class_protected),
                ("Shift+L",),
            ),
            Command("classes.search", "&Find a class", w.classes.filter.setFocus, ("/",)),
            Command("help.palette", "&Command palette", self._palette, ("Ctrl+Shift+P", "Ctrl+L"), "search"),
            Command(
                "help.keys",
                "&Keys and mouse",
                Later(_HELP, "show_keys", w),
                ("F1",),
                "help",
            ),
            Command("help.about", "&About SegStudio", Later(_HELP, "about", w)),
        ]
        for number in range(10):
            digit = "1234567890"[number]
            title = f"Class number {number + 1}"
            rows.append(Command(f"classes.choose_{number + 1}", title, partial(self.choose_class, number), (digit,)))
        return rows

    def _tools(self) -> None:
        commands, view = self._window.commands, self._session.view
        for tool in self._window.canvas.tools:
            name = f"tool.{tool.id}"
            keys = (tool.key,) if tool.key else ()
            commands.add(Command(name, tool.title, partial(self._take_tool, tool.id), keys, tool.icon, checkable=True))
            self.tool_commands.append(name)
        smaller = Command("tool.smaller", "Smaller brush", lambda: self._scale_brush(1 / 1.25), ("[",))
        larger = Command("tool.larger", "Larger brush", lambda: self._scale_brush(1.25), ("]",))
        repeat = Command("tool.repeat", "Repeat the last tool", self._repeat_tool, ("N",))
        for command in (smaller, larger, repeat):
            commands.add(command)
        self._previous_tool = view.now.tool

    # ── what the rows call ───────────────────────────────────────────────────────────────────────────────────────────

    def choose_class(self, position: int) -> None:
        """Draw with class number `position` of the list."""
        class_set = self._session.classes.current
        ordered = class_set.evaluated + tuple(c for c in class_set.classes if c.id not in class_set.index_of)
        if position < len(ordered):
            self._session.view.choose_class(ordered[position].id)
        elif position == 9:
            self._window.viewer.fit()

    def choose_tool(self, tool: str) -> None:
        """Take another tool in hand; what the old one had not committed is dropped."""
        if tool != self._session.view.now.tool:
            self._previous_tool = self._session.view.now.tool
            self._session.view.set(tool=tool)

    def _take_tool(self, tool: str) -> None:
        self.choose_tool(tool)
        self._on_view(frozenset())

    def accept_layer(self, name: str) -> None:
        """Take a whole layer into the labels."""
        document = self._session.document
        if document is None or name not in document.layer_names:
            self._session.notify.tell("warning", "there is nothing to accept", hint="run a model first (Ctrl+R)")
            return
        from segstudio.session.edits.accept_sparing import accept_whole

        accept_whole(self._session, document, name)

    def show_pointed(self, pointed: Pointed | None) -> None:
        """Say in the status line what is under the cursor."""
        self._window.status.under_cursor.setText("" if pointed is None else text_under(self._session, pointed))

    def refresh(self) -> None:
        """Enable what makes sense now."""
        commands, session = self._window.commands, self._session
        open_now = session.document is not None
        files = ("demo", "open_images", "open_dataset", "open_project", "open_team", "settings", "quit")
        always = {"view.theme", *(f"file.{name}" for name in files)}
        for name in commands.ids():
            if name not in always and not name.startswith("help."):
                commands.action(name).setEnabled(open_now)
        self._on_predictions(None)

    def refresh_checks(self) -> None:
        """Check what is on now."""
        self._on_view(frozenset())

    def _on_view(self, names: frozenset[str]) -> None:
        view, commands = self._session.view.now, self._window.commands
        checks = {
            "mode.semantic": view.mode == "semantic",
            "mode.objects": view.mode == "objects",
            "view.errors": view.errors,
            "view.error_class": view.error_class is not None,
            "view.heat": view.heat_map,
            "view.overlays": view.overlays_hidden,
            "view.colour_blind": view.colour_blind,
            **{name: name == f"tool.{view.tool}" for name in self.tool_commands},
        }
        for table in self._more:
            checks |= table.checks()
        for name, checked in checks.items():
            commands.action(name).setChecked(checked)

    def _on_predictions(self, _: None) -> None:
        commands, predictions = self._window.commands, self._session.predictions
        commands.action("model.cancel").setEnabled(predictions.is_running)
        ready = self._session.document is not None and bool(predictions.model)
        commands.action("model.predict").setEnabled(predictions.can_predict_image)
        commands.action("model.predict_all").setEnabled(ready and not predictions.is_running)

    def _undo(self) -> None:
        if not self._window.canvas.undo_in_tool():
            self._session.undo()

    def _flip(self, toggle: Callable[[int], None]) -> None:
        active = self._session.view.now.active_class
        if active is not None:
            toggle(active)

    def _toggle_mode(self) -> None:
        view = self._session.view
        view.set(mode="objects" if view.now.mode == "semantic" else "semantic")

    def _on_badge(self, _: object) -> None:
        index = self._session.index
        status = self._session.images.badge(index).status if index is not None else ""
        for name in ("reviewed", "rejected"):
            self._window.commands.action(f"image.{name}").setChecked(status == name)

    def _toggle_error_class(self) -> None:
        view = self._session.view
        view.toggle_error_class()
        if view.now.error_class is not None:
            view.set(errors=True)
        self._on_view(frozenset())

    def _toggle_heat(self) -> None:
        view, source = self._session.view, self.prediction_source()
        if not view.now.heat_map and source is None:
            self._session.notify.tell("warning", "there is no prediction to be sure of", hint="run a model (Ctrl+R)")
        elif source is not None:
            if not view.now.heat_map:
                view.show_layer(source, True)
            view.set(heat_map=not view.now.heat_map)
        else:
            view.set(heat_map=False)
        self._on_view(frozenset())

    def _toggle_layer(self, name: str | None) -> None:
        view = self._session.view
        if name is not None:
            view.show_layer(name, not view.now.shown.get(name, True))

    def prediction_source(self) -> str | None:
        """The prediction that accept takes from: the newest shown one, else the newest."""
        document = self._session.document
        names = list(document.predictions) if document is not None else []
        shown = [name for name in names if self._session.view.now.shown.get(name, True)]
        candidates = shown or names
        return candidates[-1] if candidates else None

    def _accept_here(self) -> None:
        document, source = self._session.document, self.prediction_source()
        point = self._window.canvas.cursor_image_point()
        if document is None or source is None:
            self.accept_layer("")
        elif point is not None:
            from segstudio.session.edits import accept, accept_sparing

            if self._session.view.now.mode == "objects":
                self._try(lambda: accept.accept_object_at(document, source, point))
            else:
                self._try(lambda: accept_sparing.accept_region(self._session, document, source, point))

    def _accept_all(self) -> None:
        self.accept_layer(self.prediction_source() or "")

    def _accept_class(self) -> None:
        document, source = self._session.document, self.prediction_source()
        chosen = self._session.view.now.active_class
        if document is None or source is None or chosen is None:
            self.accept_layer("")
        else:
            from segstudio.session.edits.accept_sparing import accept_whole

            accept_whole(self._session, document, source, class_id=chosen)

    def _change_class(self) -> None:
        self._try(self._window.canvas.change_class_of_selection)

    def _scale_brush(self, factor: float) -> None:
        view = self._session.view
        radius = view.now.brush_radius * factor
        step = radius + (0.5 if factor > 1 else -0.5)
        view.set(brush_radius=round(2 * step) / 2)

    def _repeat_tool(self) -> None:
        if self._session.forest.is_on:
            self._window.commands.run("assist.next_doubtful")
            return
        self.choose_tool(self._previous_tool)

    def _switch_theme(self) -> None:
        change(self._window, theme="light" if current_theme().is_dark else "dark")

    def _export(self) -> None:
        from segstudio.ui.shell.export_dialog import ExportDialog

        ExportDialog(self._window).open()

    def _palette(self) -> None:
        from segstudio.ui.shell.palette import CommandPalette

        CommandPalette(self._window.commands, self._window).open()

    def _try(self, call: Callable[[], object]) -> None:
        try:
            call()
        except UserError as error:
            self._session.notify.fault(error)
