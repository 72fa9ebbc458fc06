"""What the description of an option says of its value."""

# Names of values that are paths: models are directories or files, so both are completed wherever a path is.
PATHS = {"DENSE", "DIR", "F", "FILE", "FILE|DIR", "IN", "MODEL", "OUT", "PATH", "POLICY", "PROBE", "PRUNED", "RECORD"}


def is_flag(option: dict) -> bool:
    return "value" not in option


def takes_path(option: dict) -> bool:
    """"F.yaml" is a path as "F" is."""
    value = option.get("value", "")
    return value in PATHS or value.startswith(("F.", "FILE."))


def suggestions(option: dict) -> list:
    return option.get("suggestions", [])
