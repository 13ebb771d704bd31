# Durable ingestion against a bare echo: with deliveries held, and while delivering to a target that answers at once.
# What is not set here is set by `scripts/bench` or `common.sh`.
# shellcheck shell=bash disable=SC2154

measure_ingest() {
  local round
  for ((round = 0; round < rounds; round++)); do ingest_round; done
  show_loop 'echo' echo
  show_loop 'ingest, deliveries held' held
  show_ratio '/ echo' held_echo 0.45
  show_loop 'ingest while delivering' delivering
  show_ratio '/ echo' delivering_echo '0.45 (claims and acks on)'
  show 'start to listening' "$(column start)" ms
  show 'RSS idle' "$(column idle)" MB
  show 'RSS under load, at most' "$(column busy)" MB "deliveries held; $(column busy_delivering) MB while delivering"
}

ingest_round() {
  start_echo
  row echo "$(closed_loop "${url[echo]}/")"
  stop echo

  start_target hang
  local begun
  begun=$(now_ms)
  start_kit kit held KIT_DELIVERIES_AT_ONCE=1
  row start $(($(now_ms) - begun))
  row idle "$(memory_mb kit VmRSS)"
  row held "$(closed_loop "${url[kit]}/$ingestion")"
  row busy "$(memory_mb kit VmHWM)"
  discard kit held

  start_delivering kit delivering
  row delivering "$(closed_loop "${url[kit]}/$ingestion")"
  row busy_delivering "$(memory_mb kit VmHWM)"
  discard kit delivering

  row held_echo "$(ratio "$(last_row held)" "$(last_row echo)")"
  row delivering_echo "$(ratio "$(last_row delivering)" "$(last_row echo)")"
}
