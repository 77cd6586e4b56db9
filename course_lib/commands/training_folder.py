"""The folder of a training: what it needs to go on, and in the end the model."""

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

from course_lib.commands.mistakes import Mistake

TRAINING = "training"


class TrainingFolder:
    """A new folder, or one whose training has not ended.

    While the training runs, all that is needed to go on lies in `training/`. When it
    has ended, the model and its card take its place.

    Args:
        path: the folder that the user named.

    Raises:
        Mistake: if there is something else in it, or it cannot be written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.training = path / TRAINING
        self.checkpoints = self.training / "checkpoints"
        self.log = self.training / "log.csv"
        self.model = self.training / "model"
        self._settings = self.training / "settings.json"
        if path.exists() and not path.is_dir():
            raise Mistake(f"`--out` must be a folder. {path} is a file.")
        if path.is_dir() and not self.training.is_dir() and any(path.iterdir()):
            what = "a trained model" if (path / "card.json").exists() else "other files"
            raise Mistake(
                f"`--out` must be a new folder. There is {what} in {path}: "
                "delete it, or choose another."
            )

    def settings(self, asked: dict[str, Any], make: Any) -> dict[str, Any]:
        """The settings of the training that was begun here, or new ones.

        Args:
            asked: all that the user and the corpus decide.
            make: a function of no arguments that gives new settings, fit for JSON.

        Returns:
            What `make` returned when the training began.

        Raises:
            Mistake: if it began with something else asked.
        """
        if self._settings.is_file():
            begun = json.loads(self._settings.read_text("utf-8"))
            for name, value in asked.items():
                if begun["asked"][name] != value:
                    raise Mistake(
                        f"The training in {self.path} began with another {name} "
                        f"({begun['asked'][name]}, not {value}): choose another "
                        f"`--out`, or delete {self.training} to begin anew."
                    )
            return begun["settings"]
        settings = make()
        try:
            self.training.mkdir(parents=True, exist_ok=True)
            write_json(self._settings, {"asked": asked, "settings": settings})
        except OSError as error:
            raise Mistake(
                f"`--out` must be a folder that can be written to: {error}"
            ) from None
        return settings

    def epochs(self) -> list[dict[str, float]]:
        """What was logged of each epoch; of one that was repeated, the last time."""
        with self.log.open(encoding="utf-8", newline="") as file:
            rows = {int(row["epoch"]): row for row in csv.DictReader(file)}
        return [
            {name: float(value) for name, value in rows[epoch].items()}
            for epoch in sorted(rows)
        ]

    def finish(self) -> None:
        """Let the model take the place of what was needed to train it."""
        for path in self.model.iterdir():
            target = self.path / path.name
            if target.is_dir():  # moved before this process was killed the last time
                shutil.rmtree(target)
            os.replace(path, target)
        old = self.path / ".finished"  # or a kill now could look like a beginning
        os.replace(self.training, old)
        shutil.rmtree(old)


def write_json(path: Path, content: Any) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, path)
