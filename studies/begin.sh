# begin PLACE WHAT...: keep what an earlier attempt left of PLACE (a run, predictions) if it was asked for the same,
# else remove it: the tools go on only with what is the same, and say so as an error.
begin() {
    local place=$1 asked
    asked=$(printf '%s\n' "${@:2}")
    if [ "$(cat "$place.asked" 2>/dev/null)" != "$asked" ]; then
        rm -rf -- "$place" "$place.part"
        mkdir -p -- "$(dirname -- "$place")"
        printf '%s\n' "$asked" > "$place.asked"
    fi
}
