"""Completion for zsh, by its _arguments."""
import options as of

SCRIPT = r"""#compdef prunenet
# zsh completion of prunenet, made from its options

_prunenet() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  _arguments -C '(- *)--help[show the verbs]' '(- *)--version[show the version]' '1:verb:->verb' '*::argument:->arguments'
  case $state in
    verb)
      local -a verbs=(
@verbs@
      )
      _describe -t verbs verb verbs
      ;;
    arguments)
      case $line[1] in
@cases@
      esac
      ;;
  esac
}

_prunenet "$@"
"""


def escape(text: str, more: str = "") -> str:
    """For a specification between single quotes."""
    for character in "\\[]:" + more:
        text = text.replace(character, "\\" + character)
    return text.replace("'", "'\\''")


def action(option: dict) -> str:
    words = " ".join(of.suggestions(option))
    if of.takes_path(option) and words:
        return f'{{_alternative "names\\:name\\:({words})" "files\\:file\\:_files"}}'
    return "_files" if of.takes_path(option) else f"({words})" if words else " "


def specification(option: dict) -> str:
    spec = f"--{option['name']}[{escape(option['description'])}]"
    if of.is_flag(option):
        return f"'{spec}'"
    return f"'*{spec}:{escape(option['value'])}:{action(option)}'"


def verb_case(verb: dict) -> str:
    specifications = [specification(option) for option in verb["options"]]
    # Arguments without an option, and what follows the first value of one that takes several.
    option = next((option for option in verb["options"]
                   if option["name"] == verb.get("positional") or option.get("several") and of.takes_path(option)), None)
    if option is not None:
        specifications.append(f"'*:{escape(option['value'])}:{action(option)}'")
    lines = " \\\n".join(f"            {spec}" for spec in specifications)
    return f"        {verb['verb']})\n          _arguments \\\n{lines}\n          ;;"


def completion(command: dict, verbs: list) -> str:
    names = "\n".join(f"        '{verb['name']}:{escape(verb['summary'])}'" for verb in command["verbs"])
    return SCRIPT.replace("@verbs@", names).replace("@cases@", "\n".join(map(verb_case, verbs)))
