"""What the LoRA page may ask of the lab. Each call takes the person who asks, as in `services`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipelines import loras
from workbench.access import User, authorize
from workbench.services import Entry, Services

if TYPE_CHECKING:
    from data.records import JobInfo, StepInfo
    from pipelines.loras import LoraInfo, Point
    from pipelines.models import ModelInfo

__all__ = ["LoraDesk"]

_SHOWN = 20


class LoraDesk:
    """One lab, as the page that trains LoRAs sees it."""

    def __init__(self, services: Services) -> None:
        self.lab, self._services = services.lab, services

    def models(self, user: User) -> list[str]:
        """Names of base models, "" first: the lab's own."""
        authorize(user, "view", "models")
        return ["", *(one.name for one in self.lab.models() if one.kind == "generate" and one.file)]

    def loras(self, user: User) -> list[LoraInfo]:
        """Newest first."""
        authorize(user, "view", "LoRAs")
        return loras.loras(self.lab, _SHOWN)

    def lora(self, user: User, job: str) -> LoraInfo:
        """One of them; `UnknownName` if there is none."""
        authorize(user, "view", f"job {job}")
        return loras.lora_of(self.lab, job)

    def steps(self, user: User, job: str) -> dict[str, StepInfo]:
        """Its steps by name."""
        authorize(user, "view", f"job {job}")
        return {step.name: step for step in self.lab.steps(job)}

    def curve(self, user: User, job: str) -> list[Point]:
        """How its training goes, as far as it is."""
        authorize(user, "view", f"job {job}")
        return loras.curve_of(self.lab, job)

    def begin(
        self,
        user: User,
        chosen: Sequence[Entry],
        trigger: str,
        *,
        only_advice: bool,
        once: str = "",
        captions: Mapping[str, str] | None = None,
        **inputs: Any,
    ) -> JobInfo:
        """Look at a dataset, or train on it; the same request with the same `once` again is the same job.

        Raises:
            InputError: nothing is chosen, no trigger word is given, or a setting cannot be met.
        """
        authorize(user, "run", "a training")
        files = [self.lab.file(item.digest) for item in self._services.items(user, chosen)]
        token = f"{user.name}/lora/{once}" if once else None
        return loras.train(
            self.lab,
            files,
            trigger,
            captions=captions,
            only_advice=only_advice,
            once=token,
            user=user.name,
            **inputs,
        )

    def stop(self, user: User, job: str) -> JobInfo:
        """Stop a training; what it came to is kept."""
        return self._services.cancel(user, job)

    def resume(self, user: User, job: str) -> JobInfo:
        """Go on with one that was stopped or failed."""
        return self._services.retry(user, job)

    def pick(self, user: User, job: str, version: int) -> JobInfo:
        """Write the files of another version than the one that was chosen."""
        authorize(user, "run", f"job {job}")
        return loras.export(self.lab, job, version, user=user.name)

    def use(self, user: User, job: str) -> ModelInfo:
        """Put a LoRA among the models."""
        authorize(user, "manage", f"job {job}")
        known = loras.lora_of(self.lab, job)
        return loras.use(self.lab, known.files[0], user=user.name)
