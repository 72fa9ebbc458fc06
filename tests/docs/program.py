"""What the program says of its own options: `prunenet --describe`."""
import json
import re
import subprocess


class Program:
    def __init__(self, path: str):
        run = subprocess.run([path, "--describe"], check=True, capture_output=True, text=True)
        verbs = [json.loads(line) for line in run.stdout.splitlines()[1:]]
        self.options = {verb["verb"]: {"--" + option["name"] for option in verb["options"]} for verb in verbs}
        self.keys = set()  # of recipes, as train.steps
        for verb in verbs:
            section = ""
            for line in verb["details"].splitlines():
                if match := re.match(r"  (\w+):$", line):
                    section = match[1]
                elif match := re.match(r"    (\w+): ", line):
                    self.keys.add(f"{section}.{match[1]}")
        self.keys.add("policy")

    def complaints(self, words: list[str]) -> list[str]:
        """Of a command without its first word 'prunenet'."""
        verb = words[0] if words else ""
        if verb.startswith("--") or not verb:
            return [] if verb in ("", "--help", "--version", "--describe") else [f"there is no option {verb}"]
        if verb not in self.options:
            return [f"there is no verb {verb}"]
        given = [word.split("=")[0] for word in words[1:] if re.match(r"--[a-z]", word)]
        found = [f"{verb} has no option {option}" for option in given if option not in self.options[verb]]
        for setting in (after for word, after in zip(words, words[1:]) if word == "--set"):
            key = setting.split("=")[0]
            if key not in self.keys and not re.search(r"KEY", key):
                found.append(f"no recipe has the key {key}")
        return found
