"""Completion for bash. It needs nothing but bash itself."""
import shlex

import options as of

SCRIPT = r"""# bash completion of prunenet, made from its options

# VERB OPTION: what follows the option: one line of "flag", "one" or "several" values, "path" where they are paths,
# and words that they may be.
_prunenet_value() {
  case "$1 $2" in
@values@
  esac
}

# VERB: its options
_prunenet_options() {
  case "$1" in
@options@
  esac
}

# VERB: as _prunenet_value, of arguments without an option
_prunenet_positional() {
  case "$1" in
@positional@
  esac
}

_prunenet() {
  local cur=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words='' place given=0 value
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W @verbs@ -- "$cur")
    return
  fi
  if [[ $cur == --* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_prunenet_options "$verb")" -- "$cur")
    return
  fi

  # The last option before this word, and how many values it has already; "--option=value" is three words.
  [[ $cur == = ]] && cur=''
  for ((place = COMP_CWORD - 1; place > 1; place--)); do
    [[ ${COMP_WORDS[place]} == --* ]] && break
    [[ ${COMP_WORDS[place]} == = ]] || ((given += 1))
  done
  value=''
  ((place > 1)) && value=$(_prunenet_value "$verb" "${COMP_WORDS[place]}")
  case "$value" in
    several* ) ;;
    one* ) ((given == 0)) || value=$(_prunenet_positional "$verb") ;;
    * ) value=$(_prunenet_positional "$verb") ;;
  esac

  words=${value#* }
  if [[ $words == path* ]]; then
    words=${words#path}
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    compopt -o filenames 2> /dev/null
  elif [[ $words == "$value" ]]; then
    words=''
  fi
  mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _prunenet prunenet
"""


def value(option: dict) -> str:
    if of.is_flag(option):
        return "flag"
    words = (["path"] if of.takes_path(option) else []) + of.suggestions(option)
    return " ".join(["several" if option["several"] else "one", *words])


def cases(pairs: list, indent: str = "    ") -> str:
    return "\n".join(f"{indent}{shlex.quote(pattern)}) echo {shlex.quote(words)} ;;" for pattern, words in pairs)


def positional(verb: dict) -> str:
    option = next(option for option in verb["options"] if option["name"] == verb["positional"])
    return value(option)


def completion(command: dict, verbs: list) -> str:
    values = [(f"{verb['verb']} --{option['name']}", value(option)) for verb in verbs for option in verb["options"]
              if not of.is_flag(option)]
    names = [(verb["verb"], " ".join(f"--{option['name']}" for option in verb["options"])) for verb in verbs]
    plain = [(verb["verb"], positional(verb)) for verb in verbs if "positional" in verb]
    first = " ".join([verb["name"] for verb in command["verbs"]] + ["--help", "--version"])
    script = SCRIPT.replace("@values@", cases(values)).replace("@options@", cases(names))
    return script.replace("@positional@", cases(plain)).replace("@verbs@", shlex.quote(first))
