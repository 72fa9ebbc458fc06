"""Manual pages, in the man(7) macros."""
import datetime
import itertools
import os
import re
import textwrap

import options as of

COLUMNS = 78  # of a page's source
POLICY_PATH = ("Directories, separated by colons, in which a policy that is given by name is looked for before those "
               "that were installed with the program.")


def escape(text: str) -> str:
    for character, sequence in (("\\", "\\e"), ("-", "\\-"), ("^", "\\(ha"), ("~", "\\(ti"), ("`", "\\(ga")):
        text = text.replace(character, sequence)
    return text


def lines(text: str) -> str:
    """Escaped lines, none of which is taken for a macro."""
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in text.split("\n"))


def filled(text: str) -> str:
    return lines("\n".join(textwrap.wrap(escape(text), COLUMNS, break_long_words=False, break_on_hyphens=False)))


def literal(text: str) -> str:
    return f".EX\n{lines(escape(text))}\n.EE"


def prose(text: str) -> str:
    """Sentences that were wrapped by hand are wrapped anew; lines that are indented stay as they are."""
    parts = []
    for indented, group in itertools.groupby(text.rstrip("\n").split("\n"), key=lambda line: line.startswith("  ")):
        if indented:
            parts.append(".RS 4\n" + literal("\n".join(line[2:] for line in group)) + "\n.RE")
        else:
            parts.append(filled(" ".join(group)))
    return "\n".join(parts)


def heading(page: str, command: dict) -> str:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    day = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc) if epoch else datetime.datetime.now()
    return f'.TH {page.upper()} 1 {day:%Y-%m-%d} "prunenet {command["version"]}" "User Commands"'


def section(title: str, body: str) -> str:
    return f".SH {title}\n{body}"


def option_text(option: dict) -> str:
    term = f"\\fB\\-\\-{escape(option['name'])}\\fR"
    if not of.is_flag(option):
        term += f" \\fI{escape(option['value'])}\\fR"
    text = option["description"] + (f" (default: {option['default']})" if "default" in option else "")
    return f".TP\n{term}\n{filled(text)}"


def exit_status(command: dict) -> str:
    return "\n".join(f".TP\n.B {code['code']}\n{filled(code['meaning'])}" for code in command["exit_codes"])


def see_also(names: list) -> str:
    return "\n".join(f".BR {escape(name)} (1){'' if name == names[-1] else ','}" for name in names)


def verb_page(command: dict, verb: dict) -> str:
    name = f"prunenet-{verb['verb']}"
    summary = next(known["summary"] for known in command["verbs"] if known["name"] == verb["verb"])
    own = [option for option in verb["options"] if not option["shared"]]
    shared = [option for option in verb["options"] if option["shared"]]
    parts = [
        heading(name, command),
        section("NAME", f"{escape(name)} \\-\n{filled(summary)}"),
        section("SYNOPSIS", f".B prunenet {escape(verb['verb'])}\n{filled(verb['synopsis'])}"),
        section("DESCRIPTION", prose(verb["summary"])),
        section("OPTIONS", "\n".join([*map(option_text, own), ".SS Every verb has", *map(option_text, shared)])),
    ]
    if verb["details"]:
        parts.append(section("DETAILS", prose(verb["details"])))
    if any(option["name"] == "policy" for option in own):
        parts.append(section("ENVIRONMENT", f".TP\n.B PRUNENET_POLICY_PATH\n{filled(POLICY_PATH)}"))
    parts.append(section("EXIT STATUS", exit_status(command)))
    parts.append(section("EXAMPLES", literal(verb["example"])))
    mentioned = re.findall(r"prunenet ([a-z]+)", " ".join([verb["summary"], verb["details"], verb["example"]] +
                                                           [option["description"] for option in own]))
    known = {other["name"] for other in command["verbs"]}
    others = sorted({f"prunenet-{word}" for word in mentioned if word in known and word != verb["verb"]})
    parts.append(section("SEE ALSO", see_also(["prunenet", *others])))
    return "\n".join(parts) + "\n"


def command_page(command: dict) -> str:
    verbs = "\n".join(f".TP\n.BR prunenet\\-{escape(verb['name'])} (1)\n{filled(verb['summary'])}"
                      for verb in command["verbs"])
    return "\n".join([
        heading("prunenet", command),
        section("NAME", f"prunenet \\-\n{filled(command['summary'])}"),
        section("SYNOPSIS", ".B prunenet\n.I verb\n[\\fIoptions\\fR]\n.br\n.B prunenet\n\\fIverb\\fR \\fB\\-\\-help\\fR\n.br\n"
                            ".B prunenet \\-\\-version"),
        section("VERBS", verbs),
        section("ENVIRONMENT", f".TP\n.B PRUNENET_POLICY_PATH\n{filled(POLICY_PATH)}"),
        section("EXIT STATUS", exit_status(command)),
        section("SEE ALSO", see_also([f"prunenet-{verb['name']}" for verb in command["verbs"]])),
    ]) + "\n"


def pages(command: dict, verbs: list) -> dict:
    """Name of each page -> its text."""
    return {"prunenet": command_page(command),
            **{f"prunenet-{verb['verb']}": verb_page(command, verb) for verb in verbs}}
