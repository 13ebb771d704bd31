# A kit with its own store, ingesting at full speed, against a second one that is its events service. What is left when
# the load ends is published with nothing else going on: that stretch is measured.
# What is not set here is set by `scripts/bench` or `common.sh`.
# shellcheck shell=bash disable=SC2154

measure_published() {
  local requests failed before cpu begun elapsed events
  start_service
  start_publisher
  read -r _ _ _ requests failed < <(closed_loop "${url[publisher]}/$ingestion")
  before=$(published)
  cpu=$(cpu_ms publisher service)
  begun=$(now_ms)
  wait_for_published $((requests - failed))
  elapsed=$(($(now_ms) - begun))
  events=$(($(published) - before))
  cpu=$(($(cpu_ms publisher service) - cpu))
  show 'published, ingestion over' "$(per_second "$events" "$elapsed")" events/s \
    "$events events in $elapsed ms; $(rows service 'event') stored at the service"
  show 'CPU of both kits' "$(per $((cpu * 1000)) "$events")" us/event
  stop publisher
  stop service
  rm -rf "${folder:?}/publisher" "${folder:?}/service"
  # The client's ids and secrets are no settings of the kits that follow.
  forget_settings
}

# The events service, with a client of its own and a registration that keeps a journal.
start_service() {
  local service=(env KIT_ROLE=events-service KIT_DATA="$folder/service")
  "${service[@]}" "$kit" credential create bench >"$folder/client" 2>/dev/null
  start service "${service[@]}" "${kit_settings[@]}" "$kit" serve
  set -a
  # shellcheck disable=SC1091
  source "$folder/client"
  set +a
  local form token provider headers
  form="grant_type=client_credentials&client_id=$OAUTH_CLIENT_ID&client_secret=$OAUTH_CLIENT_SECRET&scope=openid,adobeio_api"
  token=$(curl -fsS -d "$form" "${url[service]}/ims/token/v3" | jq -r .access_token)
  headers=(-H "Authorization: Bearer $token" -H "x-api-key: $OAUTH_CLIENT_ID")
  provider=$(curl -fsS "${headers[@]}" "${url[service]}/events/$IO_CONSUMER_ID/providers" |
    jq -r '._embedded.providers[] | select(.label == "Backoffice Provider - local").id')
  jq -n --arg client "$OAUTH_CLIENT_ID" --arg provider "$provider" '{client_id: $client, name: "Bench",
    delivery_type: "journal",
    events_of_interest: [{provider_id: $provider, event_code: "be-observer.catalog_product_create"}]}' |
    curl -fsS -o /dev/null "${headers[@]}" --json @- \
      "${url[service]}/events/$IO_CONSUMER_ID/$IO_PROJECT_ID/$IO_WORKSPACE_ID/registrations"
}

start_publisher() {
  start publisher env "${kit_settings[@]}" KIT_DATA="$folder/publisher" COMMERCE_BASE_URL=http://127.0.0.1:9/ \
    KIT_EVENTS_API=adobe KIT_EVENTS_INGRESS_URL="${url[service]}/" IO_MANAGEMENT_BASE_URL="${url[service]}/events/" \
    OAUTH_BASE_URL="${url[service]}/ims/token/" "$kit" serve
}

# rows NAME TABLE [WHERE...]
rows() { sqlite3 -readonly "$folder/$1/kit.db" "SELECT count(*) FROM ${*:2}"; }

published() { rows publisher delivery WHERE registration = 0 AND state = 3; }

wait_for_published() {
  local deadline=$((SECONDS + wait_seconds_max))
  until (($(published) >= $1)); do
    ((SECONDS < deadline)) || fail "only $(published) of $1 events are published after $wait_seconds_max s"
    sleep 0.1
  done
}
