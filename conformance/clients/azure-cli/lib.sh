# What the scripts here share.

# want TEXT COMMAND...: the command prints exactly that.
want() {
  local text=$1 got
  shift
  got=$("$@") || { echo "failed: $*" && return 1; }
  [ "$got" = "$text" ] || { printf '%s\nprinted %s\nwant    %s\n' "$*" "$got" "$text" && return 1; }
}

# refused TEXT COMMAND...: the command fails and says so.
refused() {
  local text=$1 said
  shift
  if said=$("$@" 2>&1); then echo "did not fail: $*" && return 1; fi
  [[ $said == *"$text"* ]] || { printf '%s\nsaid %s\nwant %s\n' "$*" "$said" "$text" && return 1; }
}

kv() { az keyvault "$@" --only-show-errors -o tsv; }
