# Ingestion into a store that holds 2 million events, against an empty one; deliveries are held in both.
# What is not set here is set by `scripts/bench` or `common.sh`.
# shellcheck shell=bash disable=SC2154

stored_events=${BENCH_STORED:-2000000}

measure_stored() {
  local round stored begun=$SECONDS
  start_holding filled filled
  stored=$(fill filled "$stored_events")
  show 'filled' "$stored" events "in $((SECONDS - begun)) s; $(du -sm "$folder/filled" | cut -f1) MB on disk"
  for ((round = 0; round < rounds; round++)); do stored_round; done
  show_loop 'ingest, empty store' empty
  show_loop "ingest, $stored events stored" full
  show_ratio '/ empty store' full_empty 0.85
  show 'RSS of the filled kit' "$(memory_mb filled VmRSS)" MB "at most $(memory_mb filled VmHWM) MB"
  discard filled filled
}

# Both kits hold their deliveries at one target. The filled one goes on from round to round, with its caches warm.
stored_round() {
  start_kit empty empty KIT_DELIVERIES_AT_ONCE=1
  row empty "$(closed_loop "${url[empty]}/$ingestion")"
  stop_hard empty
  rm -rf "${folder:?}/empty"
  row full "$(closed_loop "${url[filled]}/$ingestion")"
  row full_empty "$(ratio "$(last_row full)" "$(last_row empty)")"
}
