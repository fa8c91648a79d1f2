# The life of a key, as curl.sh and cli.sh walk it: how the gateway answers, and what is expected.

fail() {
    echo "$0: $*" >&2
    exit 1
}

# field NAME: a field of the JSON on standard input.
field() {
    python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

is() {
    [ "$1" = "$2" ] || fail "$1, not $2"
}

# ask SECRET MODEL: the status of a chat completion.
ask() {
    curl --silent --output /dev/null --write-out '%{http_code}' "$BASE_URL/chat/completions" \
        --header "Authorization: Bearer $1" --json \
        "{\"model\":\"$2\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello!\"}],\"max_tokens\":4}"
}

# becomes STATUS SECRET MODEL: changes are at every gateway within two seconds of their answer.
becomes() {
    local end=$((SECONDS + 3))
    until [ "$(ask "$2" "$3")" = "$1" ]; do
        [ $SECONDS -lt $end ] || fail "$3 was not answered with $1 within two seconds"
    done
}
