"""The registry in the process that owns the home: what was decided of models, asked before anything runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.errors import Conflict, InputError, UnknownName
from blocks.models.digest import model_digest
from blocks.models.places import DEFAULT, place_of
from data import audit, folders
from data.approvals import APPROVALS, Approval, Decision, decide, decisions
from data.records import JobInfo
from data.store import Connection, Store
from pipelines.access import authorize
from pipelines.engine.allowed import DIGESTS, Allowed, models_of
from pipelines.engine.plan import Plan, Value
from pipelines.engine.values import as_plain
from pipelines.models import ModelInfo, add_model, any_model, find_model, models_in
from pipelines.registry import APPROVE, PULL, Registry
from pipelines.settings import Settings

if TYPE_CHECKING:
    from blocks.models.form import Form
    from blocks.prompts import Prompt

__all__ = ["Registrar", "arrived"]

_POCKET = Path(__file__).parents[1] / "blocks" / "pocket"


class Registrar(Registry):
    """Keeps the registry of an owned home; `pipelines.owner.OwnerLab` adds the rest."""

    settings: Settings
    _store: Store

    # -- what there is ------------------------------------------------------------------------------------------

    def models(self) -> list[ModelInfo]:
        known = decisions(self._store)
        return [_judged(info, known) for info in models_in(self.settings.models)]

    def removed_models(self) -> list[str]:
        return list(folders.set_aside(self._removed))[::-1]

    def model_form(self, model: str = "") -> Form:
        from pipelines.drawing_models import form_for

        known = self.models()
        device = "cuda" if any(slot.startswith("cuda") for slot in self.settings.slots()) else "cpu"
        return form_for(any_model(model or DEFAULT, known), known, self.settings.models, device)

    def prompt_report(self, model: str, text: str) -> Prompt:
        from blocks.prompts import prompt_report

        return prompt_report(place_of(model, self.settings.models), text)

    # -- models come and go -------------------------------------------------------------------------------------

    def add_model(self, path: Path, name: str = "", *, approve: bool = False, user: str = "admin") -> ModelInfo:
        authorize(user, "add", f"model {name or Path(path).name}")
        before = {info.file for info in self.models()}
        added = add_model(Path(path), self.settings.models, name)
        if added.file not in before:
            self._record_model(user, "model.add", added)
        if approve:
            return self.approve_model(added.file, user=user)
        return _judged(added, decisions(self._store))

    def remove_model(self, name: str, user: str = "admin") -> str:
        authorize(user, "remove", f"model {name}")
        info = find_model(name, self.models())
        folders.put_aside(self.settings.models / info.file, self._removed, info.file)
        self._record_model(user, "model.remove", info)
        return info.file

    def restore_model(self, file: str, user: str = "admin") -> ModelInfo:
        authorize(user, "restore", f"model {file}")
        folders.take_back(self._removed, self.settings.models, file)
        info = find_model(file, self.models())
        self._record_model(user, "model.restore", info)
        return info

    # -- what may run -------------------------------------------------------------------------------------------

    def approve_model(
        self, name: str, state: Approval = "approved", *, why: str = "", digest: str = "", user: str = "admin"
    ) -> ModelInfo:
        authorize(user, "approve", f"model {name}")
        if state not in APPROVALS:
            raise InputError(f"A model is {', '.join(APPROVALS)}; not {state!r}.")
        info = any_model(name, self.models())
        if info.state != "here":
            raise UnknownName(f"{info.name} cannot be approved, because it cannot be used: {info.why}")
        now = info.digest or model_digest(self.settings.models / info.file, self.settings.models / DIGESTS)
        if digest and digest != now:
            raise Conflict(f"{info.name} has changed since you looked at it, so nothing was decided; look again.")
        if not now:
            raise InputError(f"{info.name} has no file of its own; there is nothing to decide.")
        info = replace(info, digest=now)
        decision = _decision(info, state, why[:500], user)
        self._store.write(lambda conn: decide(conn, decision)).result()
        return _judged(info, {now: decision})

    def allowed(self) -> Allowed:
        """Which models may run now; asked of the store each time, so that a decision counts from its commit on."""
        found = decisions(self._store).values()
        own = (Path(os.path.normpath(_POCKET / "weights")),)
        by_state = {state: frozenset(d.digest for d in found if d.state == state) for state in APPROVALS}
        return Allowed(self.settings.models, own, by_state["approved"], by_state["blocked"])

    def _check_models(self, plan: Plan) -> None:
        """Refuse a plan that would run a model which may not; what earlier steps give is checked when it is there."""
        for step in plan.steps:
            if step.block.models is None:
                continue
            sources = {port: plan.source(step, port) for port in step.inputs}
            known = {port: as_plain(one.value) for port, one in sources.items() if isinstance(one, Value)}
            self.allowed().check(models_of(step.block.models, known))

    # -- inside -------------------------------------------------------------------------------------------------

    @property
    def _removed(self) -> Path:
        return self.settings.home / "models-trash"

    def _record_model(self, user: str, action: str, info: ModelInfo) -> None:
        detail = {"digest": info.digest, "bytes": info.size, "family": info.family}
        self._store.write(lambda conn: audit.append(conn, user, action, info.file, detail)).result()


def arrived(job: JobInfo, outputs: Mapping[str, Any]) -> Callable[[Connection], Any] | None:
    """The change that enters what a download brought, or None if this job was none."""
    about = outputs.get("model")
    if job.pipeline != PULL or not isinstance(about, dict) or not about.get("digest"):
        return None
    state: Approval = "approved" if job.options.get(APPROVE) else "pending"
    decision = Decision(
        digest=str(about["digest"]),
        name=str(about["name"]),
        kind=str(about["kind"]),
        family=str(about["family"]),
        capabilities=(),
        licence=str(about["licence"]),
        commercial=about.get("commercial"),
        source=str(about["source"]),
        state=state,
        why="asked for with the download" if state == "approved" else "",
        who=job.user,
        at=time.time(),
    )

    def enter(connection: Connection) -> None:
        earlier = connection.rows("SELECT state FROM models WHERE digest = ?", [decision.digest])
        if not earlier or (state == "approved" and earlier[0]["state"] == "pending"):  # what was decided stays
            decide(connection, decision)

    return enter


def _judged(info: ModelInfo, known: Mapping[str, Decision]) -> ModelInfo:
    """An entry with what was decided of its bytes."""
    decision = known.get(info.digest) if info.digest else None
    if decision is None:
        return replace(info, approval="pending") if info.file else info
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(decision.at))
    said = f"{decision.state} by {decision.who}, {when}" + (f": {decision.why}" if decision.why else "")
    source = decision.source if info.file and decision.source else info.source
    licence, commercial = (
        (decision.licence, decision.commercial)
        if info.commercial is None and decision.licence
        else (info.licence, info.commercial)
    )
    return replace(info, approval=decision.state, decided=said, source=source, licence=licence, commercial=commercial)


def _decision(info: ModelInfo, state: Approval, why: str, user: str) -> Decision:
    return Decision(
        info.digest,
        info.file or info.name,
        info.kind,
        info.family,
        info.capabilities,
        info.licence,
        info.commercial,
        info.source,
        state,
        why,
        user,
        time.time(),
    )
