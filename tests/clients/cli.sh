#!/usr/bin/env bash
# The life of a key by the command line. The environment is set by ./run.
set -euo pipefail
source "$(dirname "$0")/life.sh"

export UPLION_URL=$CONTROL_URL UPLION_ADMIN_KEY=$ADMIN_KEY
name=cli-$RANDOM$RANDOM
project=$("$UPLION" project create "$name" --json | field id)
is "$("$UPLION" model show "$MODEL" --json | field name)" "$MODEL"

issued=$("$UPLION" key create --project "$name" life --json)
key=$(field id <<<"$issued") secret=$(field secret <<<"$issued")
is "$("$UPLION" key show "$key" --json | field project)" "$project"
becomes 200 "$secret" "$MODEL"

"$UPLION" key change "$key" --model "$OTHER_MODEL" >/dev/null
becomes 404 "$secret" "$MODEL"
becomes 200 "$secret" "$OTHER_MODEL"

next=$("$UPLION" key rotate "$key" --grace 1h --json | field secret)
becomes 200 "$next" "$OTHER_MODEL"
becomes 200 "$secret" "$OTHER_MODEL"

"$UPLION" key disable "$key" >/dev/null
becomes 401 "$next" "$OTHER_MODEL"
"$UPLION" key enable "$key" >/dev/null
becomes 200 "$next" "$OTHER_MODEL"

"$UPLION" key revoke "$key" >/dev/null
becomes 401 "$secret" "$OTHER_MODEL"
becomes 401 "$next" "$OTHER_MODEL"
is "$("$UPLION" key show "$key" --json | field status)" revoked

# A name that is taken: 5. What is not a command: 2.
refused=0 && "$UPLION" project create "$name" 2>/dev/null || refused=$?
is "$refused" 5
unknown=0 && "$UPLION" key destroy "$key" 2>/dev/null || unknown=$?
is "$unknown" 2
