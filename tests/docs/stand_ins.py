"""Tiny things under the names that the documentation uses, made when a command asks for them."""
import json
import pathlib
import shutil
import subprocess

OUTPUTS = ("--out", "--gguf", "--plan-out", "--json", "--markdown", "--adapter-out", "--tensorboard")  # what follows is written
FOLDERS = ("policies", "experiments")  # of the sources, in every folder that commands run in
TEXTS = ("alice.txt", "heldout.txt", "northanger_abbey.txt")


class StandIns:
    """In FOLDER, of the sources ROOT, made by PRUNENET, the shortened program."""

    def __init__(self, root: pathlib.Path, prunenet: pathlib.Path, folder: pathlib.Path):
        self.root, self.prunenet, self.folder = root, prunenet, folder
        small, large, data = self.model("small"), self.model("large"), self.root / "tests" / "data"
        self.makers = {
            "smollm2": small, "SmolLM2-135M-Instruct": small, "my-model": small, "my-model-large": large,
            "smollm2.gguf": self.gguf, "my-model.gguf": self.gguf, "m.gguf": self.gguf, "SmolLM2-135M-Instruct.Q4_1.gguf": self.gguf,
            "policy.safetensors": self.policy, "smollm2.safetensors": self.policy,
            "smollm2-30": self.pruned,
            "alice.txt": self.copy(data / "texts" / "alice.txt"),
            "my-text.txt": self.copy(data / "texts" / "alice.txt"),
            "pride_and_prejudice.txt": self.copy(data / "texts" / "northanger_abbey.txt"),
            **{name: self.tasks for name in ("piqa.jsonl", "piqa.400.jsonl", "winogrande.400.jsonl", "hellaswag.400.jsonl")},
        }

    def new_folder(self, name: str) -> pathlib.Path:
        """An empty place to run commands in, but for what the sources have."""
        place = self.folder / name
        for source in FOLDERS:
            shutil.copytree(self.root / source, place / source, ignore=shutil.ignore_patterns("work", "*.md", "*.py", "*.cpp"))
        data = place / "tests" / "data"
        (data / "texts").mkdir(parents=True)
        for text in TEXTS:
            shutil.copy(self.root / "tests" / "data" / "texts" / text, data / "texts")
        shutil.copytree(self.root / "tests" / "data" / "trained", data / "trained")
        return place

    def provide(self, words: list[str], place: pathlib.Path) -> None:
        """Puts into PLACE what a command reads, where nothing has made it there."""
        for before, word in zip(["", *words], words):
            if before not in OUTPUTS and word in self.makers and not (place / word).exists():
                self.makers[word](place / word)

    def model(self, name: str):
        return lambda place: shutil.copytree(self.root / "tests" / "data" / "trained" / name, place)

    @staticmethod
    def copy(source: pathlib.Path):
        return lambda place: shutil.copy(source, place)

    def made(self, name: str, *words: str) -> pathlib.Path:
        """FOLDER/NAME, by a command that ends with it; made once."""
        path = self.folder / name
        if not path.exists():
            subprocess.run([self.prunenet, *words, path, "--quiet"], check=True, stdout=subprocess.DEVNULL)
        return path

    def trained(self) -> str:
        return str(self.root / "tests" / "data" / "trained" / "small")

    def gguf(self, place: pathlib.Path) -> None:
        shutil.copy(self.made("made.gguf", "export", "--model", self.trained(), "--gguf"), place)

    def policy(self, place: pathlib.Path) -> None:
        shutil.copy(self.made("made.safetensors", "train", "--model", self.trained(), "--out"), place)

    def pruned(self, place: pathlib.Path) -> None:
        self.policy(self.folder / "for-pruning.safetensors")
        shutil.copytree(self.made("made-30", "apply", "--model", self.trained(), "--ratio", "0.3", "--policy",
                                  str(self.folder / "for-pruning.safetensors"), "--out"), place)

    @staticmethod
    def tasks(place: pathlib.Path) -> None:
        items = ({"id": str(number), "context": "Alice was", "choices": ["tired", "a rabbit"], "label": 0} for number in range(4))
        place.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
