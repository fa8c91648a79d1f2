#!/usr/bin/env bash
# The life of a key by curl. The environment is set by ./run.
set -euo pipefail
source "$(dirname "$0")/life.sh"

api=$CONTROL_URL/control/v1
call() {
    curl --silent --show-error --header "Authorization: Bearer $ADMIN_KEY" "$@"
}

name=curl-$RANDOM$RANDOM
project=$(call "$api/projects" --header "Idempotency-Key: $name" --json "{\"name\":\"$name\"}" | field id)
again=$(call "$api/projects" --header "Idempotency-Key: $name" --json "{\"name\":\"$name\"}")
is "$(field id <<<"$again") $(field repeated <<<"$again")" "$project True"
is "$(call "$api/models/$MODEL" | field name)" "$MODEL"

issued=$(call "$api/keys" --json "{\"project\":\"$project\",\"name\":\"life\"}")
key=$(field id <<<"$issued") secret=$(field secret <<<"$issued")
becomes 200 "$secret" "$MODEL"

seen=$(call --head "$api/keys/$key" --request GET --output /dev/null --write-out '%header{etag}')
only="{\"models\":[\"$OTHER_MODEL\"]}"
call --fail --output /dev/null --request PUT "$api/keys/$key/models" --header "If-Match: $seen" --json "$only"
becomes 404 "$secret" "$MODEL"
becomes 200 "$secret" "$OTHER_MODEL"
late=$(call --request PUT "$api/keys/$key/models" --header "If-Match: $seen" --json "$only")
is "$(field status <<<"$late") $(field code <<<"$late") $(field version <<<"$late")" "412 changed 2"

next=$(call "$api/keys/$key/rotate" --json '{"grace_seconds":3600}' | field secret)
becomes 200 "$next" "$OTHER_MODEL"
becomes 200 "$secret" "$OTHER_MODEL"

position=$(call --request POST "$api/keys/$key/revoke" | field position)
becomes 401 "$secret" "$OTHER_MODEL"
becomes 401 "$next" "$OTHER_MODEL"
is "$(call "$api/keys?limit=1000&project=$project&at=$position" | python3 -c '
import json, sys
print(*(key["status"] for key in json.load(sys.stdin)["data"]))')" revoked
